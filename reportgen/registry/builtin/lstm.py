"""A text classifier on long short-term memory, by Hochreiter and Schmidhuber, 1997."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from reportgen.registry.builtin._registry import register, tokens

if TYPE_CHECKING:
    from torch import Tensor


@register(
    "lstm_classifier",
    inputs=tokens(vocabulary=20_000, sequence=64),
    loss="cross_entropy",
    citation="https://doi.org/10.1162/neco.1997.9.8.1735",
)
class LSTMClassifier(nn.Module):
    """Embedded tokens, a bidirectional LSTM of two layers, and a linear classifier on its last states."""

    def __init__(
        self, *, vocabulary: int = 20_000, embedding: int = 128, width: int = 256, layers: int = 2, classes: int = 2
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, width, num_layers=layers, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * width, classes)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Token ids (batch, tokens) → logits (batch, classes)."""
        _, (hidden, _) = self.lstm(self.embedding(input_ids))
        logits: Tensor = self.head(torch.cat((hidden[-2], hidden[-1]), dim=-1))  # the last layer's two directions
        return logits
