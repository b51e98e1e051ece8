"""Convolutions of every kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from torch import Tensor

from reportgen.probe.formulas.base import factor, formula


def _convolution_flops(x: Tensor, weight: Tensor, out: Tensor, *, transposed: bool) -> int:
    """Each weight meets each position once: of the output, or of the input where transposed.

    ``weight`` is (C_out, C_in / groups, *kernel), or (C_in, C_out / groups, *kernel) where transposed, so that groups
    need no further factor.
    """
    positions = (x if transposed else out).shape
    return 2 * positions[0] * prod(positions[2:]) * weight.numel() * factor(weight)


@formula("convolution", "_convolution")
def _convolution(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return _convolution_flops(args[0], args[1], out, transposed=args[6])


@formula("convolution_backward")
def _convolution_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """The gradients of input and weight each cost what the forward did; the bias's is a sum."""
    grad_out, x, weight, transposed, wanted = args[0], args[1], args[2], args[7], args[10]
    return _convolution_flops(x, weight, grad_out, transposed=transposed) * (bool(wanted[0]) + bool(wanted[1]))


@formula("conv_tbc")
def _conv_tbc(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return 2 * int(out.shape[0] * out.shape[1] * args[1].numel())


@formula("conv_tbc_backward")
def _conv_tbc_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    grad_out, _x, weight = args[:3]
    return 2 * 2 * int(grad_out.shape[0] * grad_out.shape[1] * weight.numel())
