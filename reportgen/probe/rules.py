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

from reportgen.probe.workspace import LSTM, lstm_workspace

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

_FLOATS = frozenset({torch.float32, torch.float64, torch.bfloat16, torch.float16})
_aten = torch.ops.aten


def _rule(*operations: Any) -> Callable[[Rule], Rule]:
    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(operations, function))
        return function

    return register


def _plain(*tensors: Any) -> bool:
    """Whether all are meta tensors of one floating dtype, with the strides of a new tensor."""
    dtype = tensors[0].dtype
    return dtype in _FLOATS and all(
        isinstance(tensor, Tensor)
        and tensor.is_meta
        and tensor.dtype is dtype
        and tensor.stride() == _new_strides(tensor.shape)
        for tensor in tensors
    )


@cache
def _new_strides(shape: torch.Size) -> tuple[int, ...]:
    """Stricter than ``is_contiguous()``, which accepts any stride where a size is one; the kernels keep those."""
    strides = [1]
    for size in reversed(shape[1:]):
        strides.append(strides[-1] * max(size, 1))
    return tuple(reversed(strides)) if shape else ()


def _like(tensor: Tensor, shape: Sequence[int] | None = None, dtype: torch.dtype | None = None) -> Tensor:
    return torch.empty(tensor.shape if shape is None else shape, dtype=dtype or tensor.dtype, device="meta")


def _statistics_dtype(dtype: torch.dtype) -> torch.dtype:
    """Normalisation keeps its statistics in at least single precision."""
    return dtype if dtype is torch.float64 else torch.float32


@_rule(
    _aten.relu.default,
    _aten.gelu.default,
    _aten.silu.default,
    _aten.hardswish.default,
    _aten.hardsigmoid.default,
    _aten.hardtanh.default,
    _aten.leaky_relu.default,
    _aten.elu.default,
    _aten.mish.default,
    _aten.softplus.default,
    _aten.sigmoid.default,
    _aten.tanh.default,
    _aten.neg.default,
    _aten.exp.default,
    _aten.log.default,
    _aten.sqrt.default,
    _aten.rsqrt.default,
    _aten.sin.default,
    _aten.cos.default,
)
def _unary(x: Tensor, *_: Any, **__: Any) -> Any:
    return _like(x) if _plain(x) else DECLINED


@_rule(_aten.add.Scalar, _aten.sub.Scalar, _aten.mul.Scalar, _aten.div.Scalar, _aten.pow.Tensor_Scalar)
def _with_scalar(x: Tensor, scalar: Any, *_: Any) -> Any:
    return _like(x) if _plain(x) and not isinstance(scalar, complex) else DECLINED


@_rule(
    _aten.relu_.default,
    _aten.gelu_.default,
    _aten.silu_.default,
    _aten.hardswish_.default,
    _aten.hardsigmoid_.default,
    _aten.hardtanh_.default,
    _aten.leaky_relu_.default,
    _aten.elu_.default,
    _aten.mish_.default,
    _aten.sigmoid_.default,
    _aten.tanh_.default,
)
def _unary_in_place(x: Tensor, *_: Any, **__: Any) -> Any:
    return x if _plain(x) else DECLINED


@_rule(_aten.add_.Tensor)
def _add_in_place(x: Tensor, other: Any, **kwargs: Any) -> Any:
    """A residual, or a module's count of its batches."""
    if isinstance(kwargs.get("alpha"), complex):
        return DECLINED
    if type(other) is int:
        return x if x.is_meta and x.dtype is torch.int64 and x.dim() == 0 else DECLINED
    return x if isinstance(other, Tensor) and _plain(x, other) and x.shape == other.shape else DECLINED


@_rule(
    _aten.threshold_backward.default,
    _aten.gelu_backward.default,
    _aten.silu_backward.default,
    _aten.hardswish_backward.default,
    _aten.hardsigmoid_backward.default,
    _aten.hardtanh_backward.default,
    _aten.sigmoid_backward.default,
    _aten.tanh_backward.default,
)
def _unary_backward(grad: Tensor, x: Tensor, *_: Any, **__: Any) -> Any:
    return _like(x) if _plain(grad, x) and grad.shape == x.shape else DECLINED


@_rule(_aten.add.Tensor, _aten.sub.Tensor, _aten.mul.Tensor, _aten.div.Tensor)
def _binary(left: Any, right: Any, **kwargs: Any) -> Any:
    if not isinstance(left, Tensor) or isinstance(kwargs.get("alpha"), complex):
        return DECLINED
    if isinstance(right, int | float):
        return _like(left) if _plain(left) else DECLINED
    if not _plain(left, right):
        return DECLINED
    if left.shape == right.shape:
        return _like(left)
    shape = _broadcast(left.shape, right.shape)
    return DECLINED if shape is None else _like(left, shape)


def _broadcast(left: torch.Size, right: torch.Size) -> Sequence[int] | None:
    """The longer shape, where the shorter is the end of it; torch broadcasts more, and is asked where that is meant."""
    longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
    return longer if shorter and longer[len(longer) - len(shorter) :] == shorter else None


@_rule(_aten._softmax.default, _aten._log_softmax.default)
def _softmax(x: Tensor, dim: int, half_to_float: bool) -> Any:
    return _like(x) if _plain(x) and not half_to_float and -x.dim() <= dim < x.dim() else DECLINED


@_rule(_aten._safe_softmax.default)
def _safe_softmax(x: Tensor, dim: int, dtype: torch.dtype | None = None) -> Any:
    return _like(x) if _plain(x) and dtype in {None, x.dtype} and -x.dim() <= dim < x.dim() else DECLINED


@_rule(_aten._softmax_backward_data.default, _aten._log_softmax_backward_data.default)
def _softmax_backward(grad: Tensor, output: Tensor, dim: int, dtype: torch.dtype) -> Any:
    fits = _plain(grad, output) and grad.shape == output.shape and dtype is grad.dtype
    return _like(grad) if fits and -grad.dim() <= dim < grad.dim() else DECLINED


@_rule(_aten.mm.default)
def _mm(left: Tensor, right: Tensor) -> Any:
    if left.dim() != 2 or right.dim() != 2 or left.shape[1] != right.shape[0] or not _same(left, right):
        return DECLINED
    return _like(left, (left.shape[0], right.shape[1]))


@_rule(_aten.bmm.default)
def _bmm(left: Tensor, right: Tensor) -> Any:
    if left.dim() != 3 or right.dim() != 3 or not _same(left, right):
        return DECLINED
    if left.shape[0] != right.shape[0] or left.shape[2] != right.shape[1]:
        return DECLINED
    return _like(left, (left.shape[0], left.shape[1], right.shape[2]))


@_rule(_aten.addmm.default)
def _addmm(bias: Tensor, left: Tensor, right: Tensor, **scales: Any) -> Any:
    """The linear layer's: a bias of one row."""
    if left.dim() != 2 or right.dim() != 2 or left.shape[1] != right.shape[0] or scales:
        return DECLINED
    return (
        _like(left, (left.shape[0], right.shape[1]))
        if bias.shape == right.shape[1:] and _same(bias, left, right)
        else DECLINED
    )


@_rule(_aten._grouped_mm.default)
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
    return torch.empty_strided(shape, _new_strides(torch.Size((*shape[:-1], row))), dtype=like.dtype, device="meta")


def _same(*tensors: Tensor) -> bool:
    """Whether all are meta tensors of one floating dtype; a product's result is contiguous whatever its factors are."""
    dtype = tensors[0].dtype
    return dtype in _FLOATS and all(tensor.is_meta and tensor.dtype is dtype for tensor in tensors)


@_rule(_aten.native_batch_norm.default)
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
    if x.dim() < 2 or not x.numel() or not _plain(x, *given) or any(tensor.shape != kept for tensor in given):
        return DECLINED
    if not training and (mean is None or variance is None):
        return DECLINED
    dtype = _statistics_dtype(x.dtype)
    return _like(x), _like(x, kept, dtype), _like(x, kept, dtype)


@_rule(_aten.native_batch_norm_backward.default)
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
    if not _plain(grad, x, weight) or (not training and (mean is None or variance is None)):
        return DECLINED
    return _like(x), *(_like(x, row) if want else None for want in wanted[1:])


@_rule(_aten.native_layer_norm.default)
def _layer_norm(x: Tensor, shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, _eps: float) -> Any:
    given = [tensor for tensor in (weight, bias) if tensor is not None]
    shape = tuple(shape)
    outer = x.dim() - len(shape)
    if outer < 0 or x.shape[outer:] != shape or not _plain(x, *given):
        return DECLINED
    if any(tensor.shape != shape for tensor in given):
        return DECLINED
    kept = (*x.shape[:outer], *(1 for _ in shape))
    dtype = _statistics_dtype(x.dtype)
    return _like(x), _like(x, kept, dtype), _like(x, kept, dtype)


@_rule(_aten.native_layer_norm_backward.default)
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
    if not _plain(grad, x, *given) or grad.shape != x.shape or len(given) < sum(wanted[1:]):
        return DECLINED
    shapes = (x.shape, shape, shape)
    return tuple(_like(x, size) if want else None for size, want in zip(shapes, wanted, strict=True))


@_rule(_aten.mkldnn_rnn_layer.default)
def _lstm_layer(x: Tensor, *rest: Any) -> Any:
    """As the CPU gives it, with the workspace for backward, which torch's own meta kernel leaves empty."""
    hidden, cells = rest[4], rest[5]
    if not _plain(x, hidden, cells) or x.dtype is not torch.float32 or rest[8] != LSTM:
        return DECLINED
    steps, batch, size = *x.shape[:2], hidden.shape[-1]
    kept = lstm_workspace(steps, batch, x.shape[2], size) if torch.is_grad_enabled() else 0
    workspace = torch.empty(kept, dtype=torch.uint8, device="meta")
    return _like(x, (steps, batch, size)), _like(hidden), _like(cells), workspace


@_rule(_aten.mkldnn_rnn_layer_backward.default)
def _lstm_layer_backward(x: Tensor, *rest: Any) -> Any:
    """As the CPU gives it: two tensors for the two biases, where torch's own meta kernel gives one twice."""
    if not x.is_meta:
        return DECLINED
    grads = _aten.mkldnn_rnn_layer_backward.default(x, *rest)
    return (*grads[:4], _like(grads[3]), *grads[5:])


@_rule(_aten.clone.default)
def _clone(x: Tensor, **_: Any) -> Any:
    """Of a sparse tensor, of which torch's own meta kernel forgets how many values there are."""
    if x.layout is not torch.sparse_coo or not x.is_meta:
        return DECLINED
    parts = torch.empty_like(x._indices()), torch.empty_like(x._values())
    return _aten._sparse_coo_tensor_with_dims_and_tensors(
        x.sparse_dim(), x.dense_dim(), x.shape, *parts, dtype=x.dtype, layout=x.layout, device=x.device
    )
