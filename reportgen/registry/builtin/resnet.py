"""Residual networks, by He, Zhang, Ren and Sun, 2015.

Stage, block and layer names are those in common use. Where a bottleneck halves the image, its 3×3 convolution strides
(the paper strides in the first 1×1): the published counts are the same, and this is what is trained today.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional

from reportgen.registry.builtin._registry import image, register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

PAPER = "https://arxiv.org/abs/1512.03385"


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Without a bias, for a batch normalisation follows."""
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions around a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _convolution(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, height, width) → (batch, expansion · width, height / stride, width / stride)."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + self.downsample(x))


class Bottleneck(nn.Module):
    """A 3×3 convolution between two 1×1 ones, which narrow and widen by four, around a shortcut."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _convolution(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _convolution(width, width * self.expansion, 1)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.downsample = _shortcut(inputs, width * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, height, width) → (batch, expansion · width, height / stride, width / stride)."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + self.downsample(x))


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """The identity where shapes agree, else a projection (option B of the paper)."""
    if stride == 1 and inputs == outputs:
        return nn.Sequential()
    return nn.Sequential(_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


class ResNet(nn.Module):
    """A stem, four stages of residual blocks at widths 64, 128, 256 and 512, and a linear classifier."""

    def __init__(self, block: type[BasicBlock | Bottleneck], depths: Sequence[int], classes: int) -> None:
        super().__init__()
        self.conv1 = _convolution(3, 64, 7, stride=2)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        widths = [64 * block.expansion << stage for stage in range(4)]
        self.layer1 = _stage(block, depths[0], 64, 64, stride=1)
        self.layer2 = _stage(block, depths[1], widths[0], 128, stride=2)
        self.layer3 = _stage(block, depths[2], widths[1], 256, stride=2)
        self.layer4 = _stage(block, depths[3], widths[2], 512, stride=2)
        self.fc = nn.Linear(widths[3], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels (batch, 3, height, width) → logits (batch, classes)."""
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        logits: Tensor = self.fc(x.mean(dim=(2, 3)))
        return logits


def _stage(block: type[BasicBlock | Bottleneck], depth: int, inputs: int, width: int, *, stride: int) -> nn.Sequential:
    """``depth`` blocks, of which the first strides."""
    rest = [block(width * block.expansion, width, 1) for _ in range(depth - 1)]
    return nn.Sequential(block(inputs, width, stride), *rest)


@register("resnet18", inputs=image(size=224), citation=PAPER)
def resnet18(*, classes: int = 1000) -> ResNet:
    """ResNet-18: 17 convolutions in residual blocks of two, and a linear classifier."""
    return ResNet(BasicBlock, (2, 2, 2, 2), classes)


@register("resnet50", inputs=image(size=224), citation=PAPER)
def resnet50(*, classes: int = 1000) -> ResNet:
    """ResNet-50: 49 convolutions in residual bottlenecks of three, and a linear classifier."""
    return ResNet(Bottleneck, (3, 4, 6, 3), classes)
