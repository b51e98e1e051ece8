"""U-Net, by Ronneberger, Fischer and Brox, 2015."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from reportgen.registry.builtin._registry import image, register

if TYPE_CHECKING:
    from torch import Tensor


def _double(inputs: int, outputs: int) -> nn.Sequential:
    """Two unpadded 3×3 convolutions: the image loses two pixels on each side."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3), nn.ReLU(), nn.Conv2d(outputs, outputs, 3), nn.ReLU())


class Up(nn.Module):
    """Doubles the resolution, joins the contracting path's map, cropped at its middle, and convolves both."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, inputs // 2, 2, stride=2)
        self.convolutions = _double(inputs, inputs // 2)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(batch, inputs, h, w) and a larger (batch, inputs / 2, …) → (batch, inputs / 2, 2h - 4, 2w - 4)."""
        x = self.up(x)
        top, left = ((skip.shape[axis] - x.shape[axis]) // 2 for axis in (2, 3))
        skip = skip[:, :, top : top + x.shape[2], left : left + x.shape[3]]
        joined: Tensor = self.convolutions(torch.cat((skip, x), dim=1))
        return joined


@register("unet", inputs=image(size=572, channels=1), citation="https://arxiv.org/abs/1505.04597")
class UNet(nn.Module):
    """U-Net, for the segmentation of biomedical images: 572×572 pixels in, two classes for the middle 388×388 out."""

    def __init__(self, *, width: int = 64, classes: int = 2) -> None:
        super().__init__()
        widths = [width << level for level in range(5)]
        self.down = nn.ModuleList(map(_double, [1, *widths[:-1]], widths))
        self.up = nn.ModuleList(map(Up, reversed(widths[1:])))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels (batch, 1, 572, 572) → logits (batch, classes, 388, 388)."""
        skips: list[Tensor] = []
        for level, convolutions in enumerate(self.down):
            x = convolutions(functional.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for up, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = up(x, skip)
        logits: Tensor = self.head(x)
        return logits
