"""Small models whose figures are known by hand; `known_values.toml` says them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from reportgen.registry.factory import describe


class TiedHead(nn.Module):
    """A language model's two ends: an embedding, and a head with the same weight."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        self.head = nn.Linear(64, 1000, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.embedding(ids))


class SelfAttention(nn.Module):
    """Queries, keys and values from the same sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(64, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


class DirectParameter(nn.Module):
    """A weight of the model itself, multiplied without a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 4))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight


class ListOfParameters(nn.Module):
    """Three products, of weights in a `nn.ParameterList`."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.ParameterList(torch.randn(8, 8) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        for weight in self.weights:
            x = x @ weight
        return x


class ForwardCalledDirectly(nn.Module):
    """A layer whose ``forward`` is called, so that no hook of it fires."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer.forward(x)


class SharedMemory(nn.Module):
    """Two parameters, a matrix and its transpose, over the same memory."""

    def __init__(self) -> None:
        super().__init__()
        matrix = torch.randn(4, 6)
        self.matrix = nn.Parameter(matrix)
        self.transpose = nn.Parameter(matrix.T)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.matrix @ self.transpose


class WrongWidth(nn.Module):
    """Its second layer takes 9 features and is given 8."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.second = nn.Linear(9, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


def _linear(dtype: torch.dtype) -> Callable[[], nn.Module]:
    @describe(inputs=f"2x8:{str(dtype).removeprefix('torch.')}")
    def build() -> nn.Module:
        return nn.Linear(8, 4, dtype=dtype)

    return build


linear_bfloat16 = _linear(torch.bfloat16)
linear_float64 = _linear(torch.float64)
linear_complex64 = _linear(torch.complex64)


@describe(inputs="1x10:int64:0-999")
def embedding() -> nn.Module:
    """A look-up alone."""
    return nn.Embedding(1000, 64)


@describe(inputs="1x10:int64:0-999")
def tied_head() -> nn.Module:
    """See `TiedHead`."""
    return TiedHead()


@describe(inputs="2x10x64")
def self_attention() -> nn.Module:
    """See `SelfAttention`."""
    return SelfAttention()


@describe(inputs="5x3x8")
def lstm() -> nn.Module:
    """Five steps of three sequences of width 8, with a state of 16."""
    return nn.LSTM(8, 16)


@describe(inputs="1x16x8x8")
def transposed_convolution() -> nn.Module:
    """Twice the height and width."""
    return nn.ConvTranspose2d(16, 32, 4, stride=2, padding=1)


@describe(inputs="2x8")
def direct_parameter() -> nn.Module:
    """See `DirectParameter`."""
    return DirectParameter()


@describe(inputs="2x8")
def list_of_parameters() -> nn.Module:
    """See `ListOfParameters`."""
    return ListOfParameters()


@describe(inputs="2x8")
def forward_called_directly() -> nn.Module:
    """See `ForwardCalledDirectly`."""
    return ForwardCalledDirectly()


@describe(inputs="2x4")
def shared_memory() -> nn.Module:
    """See `SharedMemory`."""
    return SharedMemory()


@describe(inputs="2x4")
def wrong_width() -> nn.Module:
    """See `WrongWidth`."""
    return WrongWidth()


@describe(inputs="4x16")
def batch_norm() -> nn.Module:
    """Running mean and variance, and a count of batches."""
    return nn.BatchNorm1d(16)


@describe(inputs="2x10")
def quantised() -> nn.Module:
    """A linear layer of eight-bit integers, packed by its kernel."""
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(10, 10)), {nn.Linear})
