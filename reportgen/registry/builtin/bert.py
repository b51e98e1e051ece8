"""BERT, by Devlin, Chang, Lee and Toutanova, 2018."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from reportgen.registry.builtin._registry import register

if TYPE_CHECKING:
    from torch import Tensor

EPSILON = 1e-12  # of the authors' layer normalisation


class Embeddings(nn.Module):
    """The sum of token, position and segment embeddings, normalised."""

    def __init__(self, vocabulary: int, positions: int, width: int, dropout: float) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(positions, width)
        self.segment = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> Tensor:
        """Ids (batch, tokens), both → (batch, tokens, width)."""
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        summed = self.token(input_ids) + self.position(positions) + self.segment(token_type_ids)
        embedded: Tensor = self.dropout(self.norm(summed))
        return embedded


class Attention(nn.Module):
    """Multi-head self-attention over the whole sequence."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(batch, tokens, width) → the same."""
        query, key, value = (
            project(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for project in (self.query, self.key, self.value)
        )
        dropout = self.dropout if self.training else 0.0
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)
        projected: Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return projected


class Layer(nn.Module):
    """Attention and a perceptron, each added to its input and normalised after."""

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width, heads, dropout)
        self.attention_norm = nn.LayerNorm(width, eps=EPSILON)
        self.intermediate = nn.Linear(width, hidden)
        self.output = nn.Linear(hidden, width)
        self.output_norm = nn.LayerNorm(width, eps=EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(batch, tokens, width) → the same."""
        x = self.attention_norm(x + self.dropout(self.attention(x, mask)))
        y = self.output(functional.gelu(self.intermediate(x)))
        normalised: Tensor = self.output_norm(x + self.dropout(y))
        return normalised


def _inputs(*, batch: int = 1, sequence: int = 512, vocabulary: int = 30_522) -> tuple[str, ...]:
    shape = f"{batch}x{sequence}"
    return (f"input_ids={shape}:int64:0-{vocabulary - 1}", f"token_type_ids={shape}:int64:0-1")


@register("bert_base", inputs=_inputs, citation="https://arxiv.org/abs/1810.04805")
class BERT(nn.Module):
    """BERT base, uncased: the encoder of 12 layers and width 768 with its pooler, without pre-training heads.

    ``attention_mask`` is true (or 1) at real tokens and false at padding; without it every token is real.
    """

    def __init__(
        self,
        *,
        vocabulary: int = 30_522,
        positions: int = 512,
        width: int = 768,
        layers: int = 12,
        heads: int = 12,
        hidden: int = 3072,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.embeddings = Embeddings(vocabulary, positions, width, dropout)
        self.layers = nn.ModuleList(Layer(width, heads, hidden, dropout) for _ in range(layers))
        self.pooler = nn.Linear(width, width)

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None, attention_mask: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Ids (batch, tokens) → the last layer's states (batch, tokens, width) and the pooled first (batch, width)."""
        segments = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        mask = None if attention_mask is None else attention_mask[:, None, None, :].bool()
        x = self.embeddings(input_ids, segments)
        for layer in self.layers:
            x = layer(x, mask)
        return {"last_hidden_state": x, "pooler_output": self.pooler(x[:, 0]).tanh()}
