"""The small networks behind three often asked questions.

How does ``Module.parameters()`` work, how does one list the parameters of a network, and how does one get all of them?
Each network shows one part of the answer: its parameters, those of the modules within, frozen ones, and buffers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from reportgen.registry.builtin._registry import image, register

if TYPE_CHECKING:
    from torch import Tensor

MODULE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html"


@register("linear", inputs=("input=1x4",), citation=MODULE)
def linear(*, width: int = 4, outputs: int = 2) -> nn.Linear:
    """One linear layer: the smallest module that has parameters, a weight and a bias."""
    return nn.Linear(width, outputs)


class Block(nn.Module):
    """A linear layer and its activation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs) → (batch, outputs)."""
        activated: Tensor = self.activation(self.linear(x))
        return activated


@register("mlp", inputs=("x=1x8",), citation=MODULE)
class MLP(nn.Module):
    """A multi-layer perceptron of modules within modules: parameters() finds those of every level."""

    def __init__(self, *, width: int = 16, layers: int = 2, outputs: int = 4) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Block(width if index else 8, width) for index in range(layers))
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 8) → (batch, outputs)."""
        for layer in self.layers:
            x = layer(x)
        logits: Tensor = self.head(x)
        return logits


@register("frozen_sequential", inputs=("input=1x8",), citation=MODULE)
def frozen_sequential() -> nn.Sequential:
    """A Sequential whose first layer is frozen: it stays among its parameters(), but is not trained."""
    network = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    network[0].requires_grad_(requires_grad=False)
    return network


@register("batchnorm_mlp", inputs=("input=4x8",), citation=MODULE)
def batchnorm_mlp() -> nn.Sequential:
    """A linear layer with batch normalisation, whose running statistics are buffers and no parameters."""
    return nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4))


@register("simplenet", inputs=image(size=28), loss="cross_entropy", citation=MODULE)
class SimpleNet(nn.Module):
    """One convolution and one linear layer, for images of 28×28 pixels in three channels and ten classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)
        self.fc = nn.Linear(16 * 26 * 26, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels (batch, 3, 28, 28) → logits (batch, 10)."""
        logits: Tensor = self.fc(self.conv(x).relu().flatten(1))
        return logits
