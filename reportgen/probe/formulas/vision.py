"""Torchvision's own operators.

A region is pooled by bilinear interpolation at some points of each cell, and their mean; torchvision's published
operation counts leave it out, as the convention of multiply-adds does. Where the number of points follows from the size
of the region, which is a value, one is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from reportgen.probe.formulas.base import factor, formula, rate


@formula("torchvision::deform_conv2d")
def _deformable(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    """A convolution that reads elsewhere: (C_out, C_in / groups, kH, kW) weights meet every output position."""
    weight = args[1]
    return int(2 * out.shape[0] * out.shape[2] * out.shape[3] * weight.numel()) * factor(weight)


@formula("torchvision::_deform_conv2d_backward")
def _deformable_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """The gradients of what was read, and of the weight."""
    grad, _x, weight = args[:3]
    return int(2 * 2 * grad.shape[0] * grad.shape[2] * grad.shape[3] * weight.numel()) * factor(weight)


def _pooled(elements: int, sampling_ratio: int) -> int:
    """Eight FLOPs for each point of each cell: four taps, and the mean; as many to give a gradient back to the taps."""
    return 8 * elements * max(sampling_ratio, 1) ** 2


rate("resampling", lambda args, _kwargs, out: _pooled(out.numel(), args[5]), "torchvision::roi_align")
rate("resampling", lambda args, _kwargs, _out: _pooled(args[0].numel(), args[9]), "torchvision::_roi_align_backward")
