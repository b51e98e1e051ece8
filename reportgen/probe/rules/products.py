"""Matrix products."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from reportgen.probe.rules.base import DECLINED, FLOATS, aten, like, new_strides, rule


@rule(aten.mm.default)
def _mm(left: Tensor, right: Tensor) -> Any:
    if left.dim() != 2 or right.dim() != 2 or left.shape[1] != right.shape[0] or not _same(left, right):
        return DECLINED
    return like(left, (left.shape[0], right.shape[1]))


@rule(aten.bmm.default)
def _bmm(left: Tensor, right: Tensor) -> Any:
    if left.dim() != 3 or right.dim() != 3 or not _same(left, right):
        return DECLINED
    if left.shape[0] != right.shape[0] or left.shape[2] != right.shape[1]:
        return DECLINED
    return like(left, (left.shape[0], left.shape[1], right.shape[2]))


@rule(aten.addmm.default)
def _addmm(bias: Tensor, left: Tensor, right: Tensor, **scales: Any) -> Any:
    """The linear layer's: a bias of one row."""
    if left.dim() != 2 or right.dim() != 2 or left.shape[1] != right.shape[0] or scales:
        return DECLINED
    return (
        like(left, (left.shape[0], right.shape[1]))
        if bias.shape == right.shape[1:] and _same(bias, left, right)
        else DECLINED
    )


@rule(aten._grouped_mm.default)
def _grouped_mm(
    left: Tensor,
    right: Tensor,
    offsets: Tensor | None = None,
    bias: Tensor | None = None,
    dtype: torch.dtype | None = None,
) -> Any:
    """Products of groups, which the meta kernel has in bfloat16 alone, and the CPU and CUDA in these types too."""
    if left.dtype not in {torch.float32, torch.float16} or not _same(left, right) or not _aligned(left, right):
        return DECLINED
    if offsets is None or bias is not None or dtype not in {None, left.dtype} or left.shape[-1] != right.shape[-2]:
        return DECLINED
    dims = left.dim(), right.dim()
    if dims == (2, 3):  # groups of rows
        return _padded(left, (left.shape[0], right.shape[2]))
    if dims == (3, 2):  # of columns
        return _padded(left, (left.shape[1], right.shape[1]))
    if dims == (2, 2):  # of inner steps
        return _padded(left, (offsets.shape[0], left.shape[0], right.shape[1]))
    return DECLINED


def _aligned(*tensors: Tensor) -> bool:
    """Whether every row starts at a multiple of 16 bytes, as the kernels demand."""
    return all(step == 1 or step * tensor.element_size() % 16 == 0 for tensor in tensors for step in tensor.stride())


def _padded(like: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A tensor whose rows start at multiples of 16 bytes."""
    unit = 16 // like.element_size()
    row = -(-shape[-1] // unit) * unit
    return torch.empty_strided(shape, new_strides(torch.Size((*shape[:-1], row))), dtype=like.dtype, device="meta")


def _same(*tensors: Tensor) -> bool:
    """Whether all are meta tensors of one floating dtype; a product's result is contiguous whatever its factors are."""
    dtype = tensors[0].dtype
    return dtype in FLOATS and all(tensor.is_meta and tensor.dtype is dtype for tensor in tensors)
