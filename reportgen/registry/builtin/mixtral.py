"""Mixtral, a sparse mixture of experts, by Jiang et al., 2024.

Each token goes to the two experts that its router scores highest. How many tokens an expert gets would depend on
values, so here every expert has room for its equal share of them, as in capacity-based mixtures (Switch Transformers,
https://arxiv.org/abs/2101.03961): shapes are static, and the work is that of exactly two experts a token, as under a
perfectly balanced router. Beyond an expert's room the tokens that weigh least there are dropped, which Mixtral does
not do; with ``capacity_factor`` = experts / chosen there is room for all, and the result is Mixtral's own.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import torch
from torch import nn

from reportgen.registry.builtin._registry import register, tokens
from reportgen.registry.builtin.llama import Attention, Decoder, FeedForward

if TYPE_CHECKING:
    from torch import Tensor

BALANCED = (
    "Every expert processes its equal share of the tokens, as under a perfectly balanced router; "
    "tokens beyond an expert's capacity are dropped."
)


class Experts(nn.Module):
    """A router and its experts, each a perceptron that sees its share of the tokens."""

    def __init__(self, width: int, hidden: int, experts: int, chosen: int, capacity_factor: float) -> None:
        super().__init__()
        self.chosen = chosen
        self.capacity_factor = capacity_factor
        self.gate = nn.Linear(width, experts, bias=False)
        self.experts = nn.ModuleList(FeedForward(width, hidden) for _ in range(experts))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, tokens, width) → the same."""
        flat = x.flatten(0, 1)
        scores, choices = self.gate(flat).topk(self.chosen, dim=-1)
        weights = flat.new_zeros(len(flat), len(self.experts)).scatter(1, choices, scores.softmax(dim=-1))
        kept, rows = weights.topk(self._capacity(len(flat)), dim=0)  # each expert's column: its heaviest tokens
        mixed = torch.zeros_like(flat)
        for expert, weight, row in zip(self.experts, kept.unbind(1), rows.unbind(1), strict=True):
            mixed = mixed.index_add(0, row, expert(flat.index_select(0, row)) * weight.unsqueeze(1))
        return mixed.view_as(x)

    def _capacity(self, count: int) -> int:
        share = count * self.chosen / len(self.experts)
        return min(count, ceil(share * self.capacity_factor))


class Layer(nn.Module):
    """Attention and experts, each normalised before and added to its input."""

    def __init__(self, attention: Attention, experts: Experts, width: int) -> None:
        super().__init__()
        self.attention = attention
        self.attention_norm = nn.RMSNorm(width, eps=1e-5)
        self.ffn_norm = nn.RMSNorm(width, eps=1e-5)
        self.block_sparse_moe = experts

    def forward(self, x: Tensor, turns: Tensor) -> Tensor:
        """(batch, tokens, width) → the same."""
        x = x + self.attention(self.attention_norm(x), turns)
        fed: Tensor = self.block_sparse_moe(self.ffn_norm(x))
        return x + fed


def active_parameters(
    *,
    vocabulary: int = 32_000,
    width: int = 4096,
    layers: int = 32,
    heads: int = 32,
    kv_heads: int = 8,
    hidden: int = 14_336,
    experts: int = 8,
    chosen: int = 2,
) -> int:
    """The parameters that one token meets: all but the experts it was not sent to.

    12,879,925,248 for Mixtral-8x7B; the paper says 13 B.
    """
    attention = 2 * width * width + 2 * width * (width // heads * kv_heads)
    layer = attention + width * experts + chosen * 3 * width * hidden + 2 * width
    return 2 * vocabulary * width + layers * layer + width


@register(
    "mixtral_8x7b",
    inputs=tokens(vocabulary=32_000, sequence=2048),
    citation="https://arxiv.org/abs/2401.04088",
    active=active_parameters,
    notes=(BALANCED,),
)
def mixtral_8x7b(
    *,
    vocabulary: int = 32_000,
    width: int = 4096,
    layers: int = 32,
    heads: int = 32,
    kv_heads: int = 8,
    hidden: int = 14_336,
    experts: int = 8,
    chosen: int = 2,
    capacity_factor: float = 1.0,
    dtype: str = "float32",
) -> Decoder:
    """A decoder of Mixtral-8x7B's sizes: 32 layers of width 4096, each with 8 experts of which a token meets 2."""
    blocks = [
        Layer(Attention(width, heads, kv_heads), Experts(width, hidden, experts, chosen, capacity_factor), width)
        for _ in range(layers)
    ]
    decoder = Decoder(blocks, vocabulary=vocabulary, width=width, heads=heads, theta=1_000_000.0)
    return decoder.to(getattr(torch, dtype))
