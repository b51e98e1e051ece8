"""Convolutions of every kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from torch import Tensor

from reportgen.probe.formulas.base import factor, formula


def _flops(x: Tensor, weight: Tensor, out: Tensor, *, transposed: bool = False) -> int:
    """Each weight meets each position once: of the output, or of the input where transposed.

    ``weight`` is (C_out, C_in / groups, *kernel), or (C_in, C_out / groups, *kernel) where transposed, so that groups
    need no further factor.
    """
    positions = (x if transposed else out).shape
    return 2 * positions[0] * prod(positions[2:]) * weight.numel() * factor(weight)


@formula("convolution", "_convolution", "convolution_overrideable")
def _convolution(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return _flops(args[0], args[1], out, transposed=args[6])


@formula(
    "mkldnn_convolution",
    "cudnn_convolution",
    "cudnn_convolution_relu",
    "cudnn_convolution_add_relu",
    "miopen_convolution",
    "miopen_convolution_relu",
    "miopen_convolution_add_relu",
    "miopen_depthwise_convolution",
    "_mps_convolution",
    "_nnpack_spatial_convolution",
    "_slow_conv2d_forward",
    "slow_conv3d_forward",
    "slow_conv_dilated2d",
    "slow_conv_dilated3d",
    "_conv_depthwise2d",
    "conv_depthwise3d",
)
def _forward(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return _flops(args[0], args[1], out)


@formula(
    "_mps_convolution_transpose",
    "cudnn_convolution_transpose",
    "miopen_convolution_transpose",
    "slow_conv_transpose2d",
    "slow_conv_transpose3d",
)
def _transposed(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return _flops(args[0], args[1], out, transposed=True)


@formula(
    "quantized::conv1d",
    "quantized::conv2d",
    "quantized::conv3d",
    "quantized::conv1d_relu",
    "quantized::conv2d_relu",
    "quantized::conv3d_relu",
    "quantized::conv1d_dynamic",
    "quantized::conv2d_dynamic",
    "quantized::conv3d_dynamic",
)
def _quantized(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    """The weight is packed, and unpacks to one of the plain shape."""
    return _flops(args[0], args[1].unpack()[0], out)


def _both_gradients(forward: int, wanted: Sequence[bool]) -> int:
    """The gradients of input and weight each cost what the forward did; the bias's is a sum."""
    return forward * (bool(wanted[0]) + bool(wanted[1]))


@formula("convolution_backward")
def _backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    grad, x, weight = args[:3]
    return _both_gradients(_flops(x, weight, grad, transposed=args[7]), args[10])


@formula("convolution_backward_overrideable")
def _backward_overrideable(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    grad, x, weight = args[:3]
    return _both_gradients(_flops(x, weight, grad, transposed=args[6]), args[9])


@formula("mps_convolution_backward")
def _mps_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    x, grad, weight = args[:3]
    return _both_gradients(_flops(x, weight, grad), args[7])


@formula("conv_tbc")
def _conv_tbc(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return 2 * int(out.shape[0] * out.shape[1] * args[1].numel())


@formula("conv_tbc_backward")
def _conv_tbc_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    grad_out, _x, weight = args[:3]
    return 2 * 2 * int(grad_out.shape[0] * grad_out.shape[1] * weight.numel())
