"""A variational autoencoder, by Kingma and Welling, 2013."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from reportgen.registry.builtin._registry import register

if TYPE_CHECKING:
    from torch import Tensor


def _inputs(*, batch: int = 1, pixels: int = 784) -> tuple[str, ...]:
    return (f"x={batch}x{pixels}",)


@register("vae", inputs=_inputs, citation="https://arxiv.org/abs/1312.6114")
class VAE(nn.Module):
    """A variational autoencoder for images of 28×28 pixels: the reconstruction, and the latent's mean and log variance.

    One hidden layer on either side (appendix C of the paper).
    """

    def __init__(self, *, pixels: int = 784, width: int = 400, latent: int = 20) -> None:
        super().__init__()
        self.encoder = nn.Linear(pixels, width)
        self.mean = nn.Linear(width, latent)
        self.log_variance = nn.Linear(width, latent)
        self.decoder = nn.Sequential(nn.Linear(latent, width), nn.Tanh(), nn.Linear(width, pixels), nn.Sigmoid())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pixels (batch, pixels) → their reconstruction, and mean and log variance (batch, latent)."""
        hidden = self.encoder(x).tanh()
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        latent = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        return self.decoder(latent), mean, log_variance
