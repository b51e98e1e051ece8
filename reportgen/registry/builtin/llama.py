"""Llama decoders, by Touvron et al., 2023 (Llama 2) and Grattafiori et al., 2024 (Llama 3).

Parameter names are those of the authors' checkpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from reportgen.registry.builtin._registry import register, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor


def rotations(sequence: int, size: int, theta: float, device: torch.device) -> Tensor:
    """Rotary position embedding (https://arxiv.org/abs/2104.09864) as unit complex numbers, (sequence, size / 2).

    Pair ``i`` of a head of ``size`` turns by ``theta ** (-2 i / size)`` per position. In single precision whatever the
    model's: less confuses distant positions.
    """
    speeds = theta ** (-torch.arange(0, size, 2, dtype=torch.float32, device=device) / size)
    angles = torch.outer(torch.arange(sequence, dtype=torch.float32, device=device), speeds)
    return torch.polar(torch.ones_like(angles), angles)


def rotate(x: Tensor, turns: Tensor) -> Tensor:
    """Turns each neighbouring pair of ``x``, (batch, heads, sequence, size), as its position says."""
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * turns).flatten(-2).to(x.dtype)


class Attention(nn.Module):
    """Self-attention to the tokens before; ``heads`` queries share ``kv_heads`` keys and values in equal groups."""

    def __init__(self, width: int, heads: int, kv_heads: int) -> None:
        super().__init__()
        self.size = width // heads
        self.wq = nn.Linear(width, heads * self.size, bias=False)
        self.wk = nn.Linear(width, kv_heads * self.size, bias=False)
        self.wv = nn.Linear(width, kv_heads * self.size, bias=False)
        self.wo = nn.Linear(heads * self.size, width, bias=False)

    def forward(self, x: Tensor, turns: Tensor) -> Tensor:
        """(batch, tokens, width) → the same."""
        query, key, value = (
            project(x).unflatten(-1, (-1, self.size)).transpose(1, 2) for project in (self.wq, self.wk, self.wv)
        )
        attended = functional.scaled_dot_product_attention(
            rotate(query, turns), rotate(key, turns), value, is_causal=True, enable_gqa=True
        )
        projected: Tensor = self.wo(attended.transpose(1, 2).flatten(2))
        return projected


class FeedForward(nn.Module):
    """The SwiGLU perceptron (https://arxiv.org/abs/2002.05202): ``w2(silu(w1 x) * w3 x)``."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.w1 = nn.Linear(width, hidden, bias=False)
        self.w2 = nn.Linear(hidden, width, bias=False)
        self.w3 = nn.Linear(width, hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, tokens, width) → the same."""
        projected: Tensor = self.w2(functional.silu(self.w1(x)) * self.w3(x))
        return projected


class Layer(nn.Module):
    """Attention and a perceptron, each normalised before and added to its input."""

    def __init__(self, width: int, heads: int, kv_heads: int, hidden: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads, kv_heads)
        self.feed_forward = FeedForward(width, hidden)
        self.attention_norm = nn.RMSNorm(width, eps=1e-5)
        self.ffn_norm = nn.RMSNorm(width, eps=1e-5)

    def forward(self, x: Tensor, turns: Tensor) -> Tensor:
        """(batch, tokens, width) → the same."""
        x = x + self.attention(self.attention_norm(x), turns)
        fed: Tensor = self.feed_forward(self.ffn_norm(x))
        return x + fed


class Decoder(nn.Module):
    """Token embedding, decoder layers that know positions by rotation, and an output layer of its own."""

    def __init__(self, layers: Iterable[nn.Module], *, vocabulary: int, width: int, heads: int, theta: float) -> None:
        super().__init__()
        self.size = width // heads
        self.theta = theta
        self.tok_embeddings = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.RMSNorm(width, eps=1e-5)
        self.output = nn.Linear(width, vocabulary, bias=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Token ids (batch, tokens) → logits (batch, tokens, vocabulary)."""
        turns = rotations(input_ids.shape[1], self.size, self.theta, input_ids.device)
        x = self.tok_embeddings(input_ids)
        for layer in self.layers:
            x = layer(x, turns)
        logits: Tensor = self.output(self.norm(x))
        return logits


@register("llama2_7b", inputs=tokens(vocabulary=32_000, sequence=2048), citation="https://arxiv.org/abs/2307.09288")
def llama2_7b(
    *,
    vocabulary: int = 32_000,
    width: int = 4096,
    layers: int = 32,
    heads: int = 32,
    hidden: int = 11_008,
    dtype: str = "float32",
) -> Decoder:
    """A decoder of Llama-2-7B's sizes: 32 layers of width 4096, every head with keys and values of its own."""
    blocks = [Layer(width, heads, heads, hidden) for _ in range(layers)]
    decoder = Decoder(blocks, vocabulary=vocabulary, width=width, heads=heads, theta=10_000.0)
    return decoder.to(getattr(torch, dtype))


@register("llama3_405b", inputs=tokens(vocabulary=128_256, sequence=4096), citation="https://arxiv.org/abs/2407.21783")
def llama3_405b(
    *,
    vocabulary: int = 128_256,
    width: int = 16_384,
    layers: int = 126,
    heads: int = 128,
    kv_heads: int = 8,
    hidden: int = 53_248,
    dtype: str = "float32",
) -> Decoder:
    """A decoder of Llama-3.1-405B's sizes: 126 layers of width 16384, 16 heads to each of 8 key-value heads."""
    blocks = [Layer(width, heads, kv_heads, hidden) for _ in range(layers)]
    decoder = Decoder(blocks, vocabulary=vocabulary, width=width, heads=heads, theta=500_000.0)
    return decoder.to(getattr(torch, dtype))
