"""Closed forms of layers, against products written out by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from reportgen.probe.closed_forms import flops_of_call


def ones(*shape: int) -> torch.Tensor:
    """A real tensor: a form may look at shapes only, and a wrong one would be found out by the call."""
    return torch.ones(shape)


PACKED = nn.utils.rnn.pack_padded_sequence(ones(2, 3, 4), torch.tensor([3, 2]), batch_first=True)
SELF = (ones(2, 7, 8),) * 3

CASES: list[tuple[nn.Module, tuple[Any, ...], int]] = [
    (nn.Linear(4, 3), (ones(2, 5, 4),), 2 * 2 * 5 * 4 * 3),
    (nn.Linear(4, 3, dtype=torch.complex64), (ones(2, 4).to(torch.complex64),), 4 * 2 * 2 * 4 * 3),
    (nn.Bilinear(3, 4, 5), (ones(2, 3), ones(2, 4)), 2 * 2 * 5 * 3 * 4),
    (nn.Conv1d(4, 6, 3), (ones(2, 4, 10),), 2 * 2 * 6 * 8 * 4 * 3),
    (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (ones(1, 4, 8, 8),), 2 * 6 * 4 * 4 * 2 * 9),
    (nn.Conv2d(4, 6, 3), (ones(4, 8, 8),), 2 * 6 * 6 * 6 * 4 * 9),  # without a batch
    (nn.Conv3d(1, 2, 2), (ones(1, 1, 3, 3, 3),), 2 * 2 * 8 * 8),
    (nn.ConvTranspose2d(16, 32, 4, stride=2, padding=1), (ones(1, 16, 8, 8),), 2 * 16 * 64 * 32 * 16),
    (nn.MultiheadAttention(8, 2, batch_first=True), SELF, 2 * 2 * (4 * 7 * 64 + 2 * 7 * 7 * 8)),
    (nn.MultiheadAttention(8, 2), SELF, 2 * 7 * (4 * 2 * 64 + 2 * 2 * 2 * 8)),
    (
        nn.MultiheadAttention(8, 2, kdim=4, vdim=6, add_bias_kv=True, add_zero_attn=True),
        (ones(5, 8), ones(3, 4), ones(3, 6)),
        2 * (2 * 5 * 64 + 3 * 4 * 8 + 3 * 6 * 8 + 2 * 5 * (3 + 2) * 8),
    ),
    (nn.LSTM(4, 5, num_layers=2, bidirectional=True), (ones(3, 2, 4),), 2 * 6 * 2 * (20 * (4 + 5) + 20 * (10 + 5))),
    (nn.LSTM(4, 5, proj_size=3), (ones(3, 2, 4),), 2 * 6 * (20 * (4 + 3) + 3 * 5)),
    (nn.GRU(4, 5), (ones(3, 4),), 2 * 3 * 15 * (4 + 5)),
    (nn.RNN(4, 5, batch_first=True), (PACKED,), 2 * 5 * 5 * (4 + 5)),
    (nn.LSTMCell(4, 5), (ones(2, 4),), 2 * 2 * 20 * (4 + 5)),
    (nn.GRUCell(4, 5), (ones(4),), 2 * 15 * (4 + 5)),
    (nn.Embedding(10, 4), (torch.ones(2, 3, dtype=torch.int64),), 0),
    (nn.BatchNorm2d(3), (ones(2, 3, 4, 4),), 0),
    (nn.GELU(), (ones(2, 3),), 0),
]


@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@pytest.mark.parametrize(("layer", "args", "expected"), CASES, ids=[type(layer).__name__ for layer, _, _ in CASES])
def test_closed_forms(layer: nn.Module, args: tuple[Any, ...], expected: int) -> None:
    """Multiply-adds by hand, two FLOPs each."""
    assert flops_of_call(layer, args, {}, layer(*args)) == expected


def test_arguments_by_name() -> None:
    """Attention is mostly called with names."""
    layer = nn.MultiheadAttention(8, 2)
    query, memory = ones(5, 2, 8), ones(3, 2, 8)
    given = {"key": memory, "query": query, "value": memory, "need_weights": False}
    assert flops_of_call(layer, (), given, layer(**given)) == 2 * 2 * (2 * 5 * 64 + 2 * 3 * 64 + 2 * 5 * 3 * 8)


class Scaled(nn.Linear):
    """Does more than its base."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) @ self.weight


def hooked() -> nn.Module:
    """A layer that does something else besides."""
    layer = nn.Linear(4, 4)
    layer.register_forward_hook(lambda _module, _args, out: out @ out.T)
    return layer


@pytest.mark.parametrize(
    "layer",
    [Scaled(4, 4), hooked(), nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4)), nn.Sequential(nn.Linear(4, 4))],
    ids=["own forward", "hook", "parametrization", "container"],
)
def test_what_is_not_covered(layer: nn.Module) -> None:
    """A form holds for the layer's own forward and nothing else."""
    assert flops_of_call(layer, (ones(4, 4),), {}, layer(ones(4, 4))) is None
