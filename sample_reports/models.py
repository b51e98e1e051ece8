"""A model that fails, for the sample of a report on one."""

from __future__ import annotations

from torch import Tensor, nn


class Mismatched(nn.Module):
    """A small classifier whose head expects more features than its body gives."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.head = nn.Linear(32, 10)

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, H, W) → an error: the body gives 16 features."""
        return self.head(self.body(image))
