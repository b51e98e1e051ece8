"""Products of matrices and vectors, and distances, which are products too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from torch import Tensor

from reportgen.probe.formulas.base import factor, formula


def product(left: Tensor, right: Tensor) -> int:
    """``left @ right``: (…, n, k) with (k, m), (…, k, m) or (k,). The batch is the left one's."""
    columns = right.shape[-1] if right.dim() > 1 else 1
    return int(2 * left.numel() * columns * factor(left))


@formula("mm", "bmm", "mv", "_int_mm", "_scaled_mm")
def _matmul(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return product(args[0], args[1])


@formula("addmm", "baddbmm", "addbmm", "addmv", "_addmm_activation")
def _add_matmul(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return product(args[1], args[2])


@formula("dot", "vdot")
def _dot(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return 2 * int(args[0].numel()) * factor(args[0])


@formula("_grouped_mm")
def _grouped(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    """Groups along rows, columns or the inner dimension: every inner step of every output element once in all groups.

    2-D by 2-D shares the inner dimension among the groups, so each group's output sees its own part of it.
    """
    left, right = args[0], args[1]
    if left.dim() == right.dim() == 2:  # (n, k) by (k, m), k cut into groups: out is (groups, n, m)
        return int(2 * left.numel() * right.shape[1])
    return int(2 * out.numel() * left.shape[-1])


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


@formula("_cdist_forward")
def _cdist(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return 2 * out.numel() * int(args[0].shape[-1])


@formula("_cdist_backward")
def _cdist_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    grad, left = args[0], args[1]
    return 2 * int(grad.numel()) * int(left.shape[-1])
