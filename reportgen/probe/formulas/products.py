"""Products of matrices and vectors: dense, sparse, grouped, scaled, quantised; and distances, which cost the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

from reportgen.probe.formulas.base import factor, formula

_PACKED_PAIRS = {torch.float4_e2m1fn_x2}  # two numbers an element


def _product(left: Tensor, right: Tensor) -> int | None:
    """``left @ right``: (…, n, k) with (k, m), (…, k, m) or (k,). The batch is the left one's."""
    elements: int | None = left.numel()
    if not (left.layout is right.layout is torch.strided):
        if left.layout is torch.strided:
            left, right = right.t(), left.t()
        if right.layout is not torch.strided:  # of two sparse factors, which elements meet is a matter of values
            return None
        elements = _stored(left)
    columns = right.shape[-1] if right.dim() > 1 else 1
    return None if elements is None else 2 * elements * columns * factor(left)


def _stored(tensor: Tensor) -> int | None:
    """Stored elements of a sparse tensor, which on meta nobody knows."""
    if tensor.is_meta:
        return None
    if tensor.layout in {torch.sparse_bsr, torch.sparse_bsc}:
        return tensor.values().numel()
    return tensor._nnz() * prod(tensor.shape[tensor.sparse_dim() :])


@formula("mm", "bmm", "mv", "_int_mm", "_sparse_sparse_matmul", "hspmm", "_sparse_mm_reduce_impl")
def _matmul(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int | None:
    return _product(args[0], args[1])


@formula("addmm", "baddbmm", "addbmm", "addmv", "_addmm_activation", "_sparse_addmm")
def _add_matmul(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int | None:
    return _product(args[1], args[2])


@formula("sparse_sampled_addmm")
def _sampled(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int | None:
    """Only the elements that the sparse summand stores are worked out."""
    elements = _stored(args[0])
    return None if elements is None else 2 * elements * int(args[1].shape[-1]) * factor(args[1])


@formula("_foreach_mm")
def _each_matmul(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return sum(_product(left, right) or 0 for left, right in zip(args[0], args[1], strict=True))


@formula("dot", "vdot")
def _dot(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return 2 * int(args[0].numel()) * factor(args[0])


@formula("addr")
def _outer(_args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return 2 * out.numel() * factor(out)


@formula(
    "linear",
    "mkldnn_linear",
    "_mixed_dtypes_linear",
    "_scaled_mm",
    "_scaled_mm_v2",
    "_weight_int4pack_mm",
    "_weight_int4pack_mm_for_cpu",
    "_weight_int4pack_mm_with_scales_and_zeros",
    "_weight_int8pack_mm",
    "_dyn_quant_matmul_4bit",
    "quantized::linear",
    "quantized::linear_relu",
    "quantized::linear_dynamic",
    "quantized::linear_relu_dynamic",
    "quantized::linear_dynamic_fp16",
    "quantized::linear_relu_dynamic_fp16",
)
def _linear(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    """The weight may be packed, and the input ragged: its width and the output's elements tell all."""
    x = args[0]
    return 2 * out.numel() * int(x.size(-1)) * (2 if x.dtype in _PACKED_PAIRS else 1) * factor(x)


@formula("linear_backward", "mkldnn_linear_backward")
def _linear_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    x, grad, _weight, wanted = args
    return 2 * int(grad.numel() * x.size(-1)) * (bool(wanted[0]) + bool(wanted[1])) * factor(x)


@formula("_sparse_semi_structured_mm", "_sparse_semi_structured_addmm", "_cslt_sparse_mm")
def _half_sparse(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    """Two of four elements of the left factor are stored; the right one, which tells the inner size, is dense."""
    dense = next(value for value in reversed(args) if isinstance(value, Tensor) and value.dim() == 2)
    return out.numel() * int(dense.shape[0])


@formula("_sparse_semi_structured_linear")
def _half_sparse_linear(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return out.numel() * int(args[0].shape[-1])


@formula("_grouped_mm", "_scaled_grouped_mm", "_scaled_grouped_mm_v2")
def _grouped(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    """Groups along rows, columns or the inner dimension: every inner step of every output element once in all groups.

    2-D by 2-D shares the inner dimension among the groups, so each group's output sees its own part of it.
    """
    left, right = args[0], args[1]
    pair = 2 if left.dtype in _PACKED_PAIRS else 1
    if left.dim() == right.dim() == 2:  # (n, k) by (k, m), k cut into groups: out is (groups, n, m)
        return 2 * int(left.numel() * right.shape[1]) * pair
    return 2 * out.numel() * int(left.shape[-1]) * pair


@formula("_trilinear")
def _trilinear(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """`torch.nn.Bilinear`: the sum of three expanded factors, evaluated as two chained products."""
    one, two, three, expand1, expand2, expand3 = args[:6]
    sizes: dict[int, int] = {}
    for tensor, expand in ((one, expand1), (two, expand2), (three, expand3)):
        shape = list(tensor.shape)
        for dim in sorted(expand):
            shape.insert(dim, 1)
        for dim, size in enumerate(shape):
            sizes[dim] = max(sizes.get(dim, 1), size)
    return 2 * prod(sizes.values())


@formula("affine_grid_generator", "cudnn_affine_grid_generator")
def _affine_grid(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    """Every coordinate of the grid is a row of the matrix by a point."""
    return 2 * out.numel() * int(args[0].shape[-1])


@formula("_cdist_forward", "_euclidean_dist")
def _cdist(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return 2 * out.numel() * int(args[0].shape[-1])


@formula("_cdist_backward")
def _cdist_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    grad, left = args[0], args[1]
    return 2 * int(grad.numel()) * int(left.shape[-1])


@formula("_pdist_forward")
def _pdist(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return 2 * out.numel() * int(args[0].shape[-1])


@formula("_pdist_backward")
def _pdist_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """Both points of every pair get a gradient."""
    grad, points = args[0], args[1]
    return 2 * 2 * int(grad.numel()) * int(points.shape[-1])


def _looked_up(indices: Tensor, width: int) -> int:
    return indices.numel() * width


@formula("_embedding_bag", "_embedding_bag_forward_only")
def _embedding_bag(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """Rows weighted one by one are multiplied and added; a plain sum of rows is a reduction."""
    weight, indices, weighted = args[0], args[1], len(args) > 6 and args[6] is not None
    return 2 * _looked_up(indices, weight.shape[1]) if weighted else 0


@formula("_embedding_bag_dense_backward", "_embedding_bag_backward")
def _embedding_bag_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    grad, indices = args[0], args[1]
    weighted = any(isinstance(value, Tensor) for value in args[8:])
    return 2 * _looked_up(indices, grad.shape[1]) if weighted else 0


@formula("_embedding_bag_per_sample_weights_backward")
def _sample_weights_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return 2 * _looked_up(args[2], args[1].shape[1])
