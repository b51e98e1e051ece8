"""LeNet-5, by LeCun, Bottou, Bengio and Haffner, 1998."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from reportgen.registry.builtin._registry import image, register

if TYPE_CHECKING:
    from torch import Tensor


@register("lenet5", inputs=image(size=32, channels=1), citation="https://doi.org/10.1109/5.726791")
class LeNet5(nn.Module):
    """LeNet-5, for digits of 32×32 pixels.

    As it is usually built today: every map of C3 sees all six of S2, subsampling has no weights of its own, and a
    linear layer stands for the radial basis functions.
    """

    def __init__(self, *, classes: int = 10) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.s2 = nn.AvgPool2d(2)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.s4 = nn.AvgPool2d(2)
        self.c5 = nn.Linear(16 * 5 * 5, 120)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels (batch, 1, 32, 32) → logits (batch, classes)."""
        x = self.s2(self.c1(x).tanh())
        x = self.s4(self.c3(x).tanh())
        x = self.c5(x.flatten(1)).tanh()
        logits: Tensor = self.output(self.f6(x).tanh())
        return logits
