"""Shape rules: the result of an operation on meta, known in a line.

A rule *declines* whenever an argument is not of the plain kind it was made for; then torch's own kernel is asked, so
that whatever is wrong with a model is still found, and said, by torch. Every rule is fuzzed against torch's kernel in
``tests/probe/test_kernels.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

import torch
from torch import Tensor

Rule: TypeAlias = Callable[..., Any]
"""Takes an operation's arguments; gives its result, or `DECLINED`."""

DECLINED = object()
RULES: dict[Any, Rule] = {}
NEEDED = frozenset(
    {
        torch.ops.aten._grouped_mm.default,
        torch.ops.aten.mkldnn_rnn_layer.default,
        torch.ops.aten.mkldnn_rnn_layer_backward.default,
        torch.ops.aten.clone.default,
    }
)
"""Operations whose meta kernel takes less, or gives less, than those of real devices."""

FLOATS = frozenset({torch.float32, torch.float64, torch.bfloat16, torch.float16})
aten = torch.ops.aten


def rule(*operations: Any) -> Callable[[Rule], Rule]:
    """Makes a function the rule of these operations."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(operations, function))
        return function

    return register


def plain(*tensors: Any) -> bool:
    """Whether all are meta tensors of one floating dtype, with the strides of a new tensor."""
    dtype = tensors[0].dtype
    return dtype in FLOATS and all(
        isinstance(tensor, Tensor)
        and tensor.is_meta
        and tensor.dtype is dtype
        and tensor.stride() == new_strides(tensor.shape)
        for tensor in tensors
    )


@cache
def new_strides(shape: torch.Size) -> tuple[int, ...]:
    """Stricter than ``is_contiguous()``, which accepts any stride where a size is one; the kernels keep those."""
    strides = [1]
    for size in reversed(shape[1:]):
        strides.append(strides[-1] * max(size, 1))
    return tuple(reversed(strides)) if shape else ()


def like(tensor: Tensor, shape: Sequence[int] | None = None, dtype: torch.dtype | None = None) -> Tensor:
    """A new tensor on meta, like that one but for what is given."""
    return torch.empty(tensor.shape if shape is None else shape, dtype=dtype or tensor.dtype, device="meta")


def statistics_dtype(dtype: torch.dtype) -> torch.dtype:
    """Normalisation keeps its statistics in at least single precision."""
    return dtype if dtype is torch.float64 else torch.float32
