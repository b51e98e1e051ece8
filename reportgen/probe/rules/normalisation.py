"""Batch and layer normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from reportgen.probe.rules.base import DECLINED, aten, like, plain, rule, statistics_dtype


@rule(aten.native_batch_norm.default)
def _batch_norm(  # noqa: PLR0917 (torch's own signature)
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor | None,
    variance: Tensor | None,
    training: bool,
    *_: Any,
) -> Any:
    given = [tensor for tensor in (weight, bias, mean, variance) if tensor is not None]
    kept = x.shape[1:2]
    if x.dim() < 2 or not x.numel() or not plain(x, *given) or any(tensor.shape != kept for tensor in given):
        return DECLINED
    if not training and (mean is None or variance is None):
        return DECLINED
    dtype = statistics_dtype(x.dtype)
    return like(x), like(x, kept, dtype), like(x, kept, dtype)


@rule(aten.native_batch_norm_backward.default)
def _batch_norm_backward(  # noqa: PLR0917 (torch's own signature)
    grad: Tensor,
    x: Tensor,
    weight: Tensor | None,
    mean: Tensor | None,
    variance: Tensor | None,
    _mean: Tensor,
    _invstd: Tensor,
    training: bool,
    _eps: float,
    wanted: Sequence[bool],
) -> Any:
    row = x.shape[1:2]
    if x.dim() < 2 or not x.numel() or grad.shape != x.shape or weight is None or weight.shape != row:
        return DECLINED
    if not plain(grad, x, weight) or (not training and (mean is None or variance is None)):
        return DECLINED
    return like(x), *(like(x, row) if want else None for want in wanted[1:])


@rule(aten.native_layer_norm.default)
def _layer_norm(x: Tensor, shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, _eps: float) -> Any:
    given = [tensor for tensor in (weight, bias) if tensor is not None]
    shape = tuple(shape)
    outer = x.dim() - len(shape)
    if outer < 0 or x.shape[outer:] != shape or not plain(x, *given):
        return DECLINED
    if any(tensor.shape != shape for tensor in given):
        return DECLINED
    kept = (*x.shape[:outer], *(1 for _ in shape))
    dtype = statistics_dtype(x.dtype)
    return like(x), like(x, kept, dtype), like(x, kept, dtype)


@rule(aten.native_layer_norm_backward.default)
def _layer_norm_backward(  # noqa: PLR0917 (torch's own signature)
    grad: Tensor,
    x: Tensor,
    shape: Sequence[int],
    _mean: Tensor,
    _rstd: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    wanted: Sequence[bool],
) -> Any:
    given = [tensor for tensor in (weight, bias) if tensor is not None]
    if not plain(grad, x, *given) or grad.shape != x.shape or len(given) < sum(wanted[1:]):
        return DECLINED
    shapes = (x.shape, shape, shape)
    return tuple(like(x, size) if want else None for size, want in zip(shapes, wanted, strict=True))
