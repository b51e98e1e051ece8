"""Operations on each element, and softmax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from reportgen.probe.rules.base import DECLINED, aten, like, plain, rule


@rule(
    aten.relu.default,
    aten.gelu.default,
    aten.silu.default,
    aten.hardswish.default,
    aten.hardsigmoid.default,
    aten.hardtanh.default,
    aten.leaky_relu.default,
    aten.elu.default,
    aten.mish.default,
    aten.softplus.default,
    aten.sigmoid.default,
    aten.tanh.default,
    aten.neg.default,
    aten.exp.default,
    aten.log.default,
    aten.sqrt.default,
    aten.rsqrt.default,
    aten.sin.default,
    aten.cos.default,
)
def _unary(x: Tensor, *_: Any, **__: Any) -> Any:
    return like(x) if plain(x) else DECLINED


@rule(aten.add.Scalar, aten.sub.Scalar, aten.mul.Scalar, aten.div.Scalar, aten.pow.Tensor_Scalar)
def _with_scalar(x: Tensor, scalar: Any, *_: Any) -> Any:
    return like(x) if plain(x) and not isinstance(scalar, complex) else DECLINED


@rule(
    aten.relu_.default,
    aten.gelu_.default,
    aten.silu_.default,
    aten.hardswish_.default,
    aten.hardsigmoid_.default,
    aten.hardtanh_.default,
    aten.leaky_relu_.default,
    aten.elu_.default,
    aten.mish_.default,
    aten.sigmoid_.default,
    aten.tanh_.default,
)
def _unary_in_place(x: Tensor, *_: Any, **__: Any) -> Any:
    return x if plain(x) else DECLINED


@rule(aten.add_.Tensor)
def _add_in_place(x: Tensor, other: Any, **kwargs: Any) -> Any:
    """A residual, or a module's count of its batches."""
    if isinstance(kwargs.get("alpha"), complex):
        return DECLINED
    if type(other) is int:
        return x if x.is_meta and x.dtype is torch.int64 and x.dim() == 0 else DECLINED
    return x if isinstance(other, Tensor) and plain(x, other) and x.shape == other.shape else DECLINED


@rule(
    aten.threshold_backward.default,
    aten.gelu_backward.default,
    aten.silu_backward.default,
    aten.hardswish_backward.default,
    aten.hardsigmoid_backward.default,
    aten.hardtanh_backward.default,
    aten.sigmoid_backward.default,
    aten.tanh_backward.default,
)
def _unary_backward(grad: Tensor, x: Tensor, *_: Any, **__: Any) -> Any:
    return like(x) if plain(grad, x) and grad.shape == x.shape else DECLINED


@rule(aten.add.Tensor, aten.sub.Tensor, aten.mul.Tensor, aten.div.Tensor)
def _binary(left: Any, right: Any, **kwargs: Any) -> Any:
    if not isinstance(left, Tensor) or isinstance(kwargs.get("alpha"), complex):
        return DECLINED
    if isinstance(right, int | float):
        return like(left) if plain(left) else DECLINED
    if not plain(left, right):
        return DECLINED
    if left.shape == right.shape:
        return like(left)
    shape = _broadcast(left.shape, right.shape)
    return DECLINED if shape is None else like(left, shape)


def _broadcast(left: torch.Size, right: torch.Size) -> Sequence[int] | None:
    """The longer shape, where the shorter is the end of it; torch broadcasts more, and is asked where that is meant."""
    longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
    return longer if shorter and longer[len(longer) - len(shorter) :] == shorter else None


@rule(aten._softmax.default, aten._log_softmax.default)
def _softmax(x: Tensor, dim: int, half_to_float: bool) -> Any:
    return like(x) if plain(x) and not half_to_float and -x.dim() <= dim < x.dim() else DECLINED


@rule(aten._safe_softmax.default)
def _safe_softmax(x: Tensor, dim: int, dtype: torch.dtype | None = None) -> Any:
    return like(x) if plain(x) and dtype in {None, x.dtype} and -x.dim() <= dim < x.dim() else DECLINED


@rule(aten._softmax_backward_data.default, aten._log_softmax_backward_data.default)
def _softmax_backward(grad: Tensor, output: Tensor, dim: int, dtype: torch.dtype) -> Any:
    fits = plain(grad, output) and grad.shape == output.shape and dtype is grad.dtype
    return like(grad) if fits and -grad.dim() <= dim < grad.dim() else DECLINED
