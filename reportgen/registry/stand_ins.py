"""Torchvision's compiled operators in plain torch, for where the compiled ones do not load.

Those that the models of its registry call: suppression of overlapping boxes, and the pooling of regions with its
gradient. They give what the compiled ones give, only slower. On meta, pooling has a shape; how many boxes are left
depends on values, so that torchvision's own meta function of `nms` raises there.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor

_GRID = "Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width"
_SIZE = "SymInt batch_size, SymInt channels, SymInt height, SymInt width"
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    f"roi_align(Tensor input, {_GRID}, int sampling_ratio, bool aligned) -> Tensor",
    f"_roi_align_backward(Tensor grad, {_GRID}, {_SIZE}, int sampling_ratio, bool aligned) -> Tensor",
)


def declare() -> torch.library.Library:
    """Declares the operators; they live as long as the library that is given back. To be called before the import."""
    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call] # torch does not say
    for schema in _SCHEMAS:
        library.define(schema, tags=(torch.Tag.dynamic_output_shape,) if "nms" in schema else ())
    for function in (nms, roi_align, _roi_align_backward):
        library.impl(function.__name__, function, "CompositeExplicitAutograd")
    library.impl("roi_align", _roi_align_on_meta, "Meta")
    library.impl("_roi_align_backward", _roi_align_backward_on_meta, "Meta")
    torch.library.register_autograd("torchvision::roi_align", _differentiate, setup_context=_remember, lib=library)
    return cast("torch.library.Library", library)


def connect() -> None:
    """Lets torchvision's functions call them: its modules refuse to while its library is not loaded."""
    boxes, pooling = (importlib.import_module(f"torchvision.ops.{name}") for name in ("boxes", "roi_align"))
    for module in (boxes, pooling):
        module._assert_has_ops = lambda: None  # type: ignore[attr-defined] # noqa: SLF001 (there is no public switch)
    pooling._has_ops = lambda: True  # type: ignore[attr-defined] # noqa: SLF001 (or it compiles a function of its own)


def nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """The indices of the boxes (x1, y1, x2, y2) that no better one overlaps by more than the threshold, best first.

    A box is kept unless one that is kept, and better, overlaps it. Starting from all boxes, each round settles at least
    the next one for good, so that the rounds end at the greedy result; a handful is enough in practice.
    """
    order = scores.argsort(descending=True, stable=True)
    left, top, right, bottom = dets[order].unbind(1)
    area = (right - left) * (bottom - top)
    shared = (torch.minimum(right[:, None], right) - torch.maximum(left[:, None], left)).clamp(min=0)
    shared *= (torch.minimum(bottom[:, None], bottom) - torch.maximum(top[:, None], top)).clamp(min=0)
    overlaps = (shared / (area[:, None] + area - shared) > iou_threshold).triu(1)  # row: the better box
    kept = torch.ones_like(order, dtype=torch.bool)
    while True:
        still = ~overlaps[kept].any(0)
        if torch.equal(still, kept):
            return order[kept]
        kept = still


def roi_align(  # noqa: PLR0917 (as its schema has them)
    input: Tensor,  # noqa: A002 (its name in the schema)
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """Regions (image, x1, y1, x2, y2) of feature maps, as grids of averages (K, C, pooled_height, pooled_width).

    He et al. 2017, Mask R-CNN, section 3: every cell is the mean of points sampled by bilinear interpolation. Both are
    linear in either axis, so that a region is a product: weights of rows × map × weights of columns.
    """
    grid = (pooled_height, pooled_width)
    out = input.new_empty(len(rois), input.shape[1], *grid)
    regions = _regions(rois, spatial_scale, grid, input.shape[2:], sampling_ratio=sampling_ratio, aligned=aligned)
    for index, (image, rows, columns, by_row, by_column) in enumerate(regions):
        out[index] = by_row @ input[image, :, rows, columns] @ by_column.T
    return out


def _roi_align_backward(  # noqa: PLR0917 (as its schema has them)
    grad: Tensor,
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    batch_size: int,
    channels: int,
    height: int,
    width: int,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """The gradient of the feature maps: each region's product the other way round, added up."""
    out = grad.new_zeros(batch_size, channels, height, width)
    regions = _regions(
        rois,
        spatial_scale,
        (pooled_height, pooled_width),
        (height, width),
        sampling_ratio=sampling_ratio,
        aligned=aligned,
    )
    for index, (image, rows, columns, by_row, by_column) in enumerate(regions):
        out[image, :, rows, columns] += by_row.T @ grad[index] @ by_column
    return out


_Region = tuple[int, slice, slice, Tensor, Tensor]
"""The image, the window that is read, and the weights of its rows and columns: (cells, rows), (cells, columns)."""


def _regions(
    rois: Tensor, scale: float, grid: tuple[int, int], size: tuple[int, ...], *, sampling_ratio: int, aligned: bool
) -> Iterator[_Region]:
    x1, y1, x2, y2 = (rois[:, 1:] * scale - (0.5 if aligned else 0.0)).unbind(1)
    shortest = 0.0 if aligned else 1.0
    by_row = _weights(y1, (y2 - y1).clamp(min=shortest), grid[0], size[0], sampling_ratio)
    by_column = _weights(x1, (x2 - x1).clamp(min=shortest), grid[1], size[1], sampling_ratio)
    windows = zip(rois[:, 0].long().tolist(), _windows(by_row), _windows(by_column), strict=True)
    for index, (image, rows, columns) in enumerate(windows):
        yield image, rows, columns, by_row[index, :, rows], by_column[index, :, columns]


def _weights(start: Tensor, length: Tensor, cells: int, size: int, sampling_ratio: int) -> Tensor:
    """How much of each position along an axis is in each cell of each region: (K, cells, size).

    A cell's points are evenly spaced, ``sampling_ratio`` of them or, where that is not positive, about one for each
    position. A point more than one position outside the map counts as zero, one nearer by as the map's edge.
    """
    adaptive = (length / cells).ceil()
    points = torch.full_like(length, sampling_ratio) if sampling_ratio > 0 else adaptive
    most = int(points.max()) if len(points) else 0
    cell, step = (torch.arange(count, device=start.device) for count in (cells, most))
    points = points[:, None, None]
    offset = cell[:, None] + (step + 0.5) / points.clamp(min=1)
    at = start[:, None, None] + offset * (length / cells)[:, None, None]
    share = ((step < points) & (at >= -1) & (at <= size)) / points.clamp(min=1)
    at = at.clamp(0, size - 1)
    low = at.long()
    upper = at - low
    out = start.new_zeros(len(start), cells, size)
    out.scatter_add_(2, low, (share * (1 - upper)).to(out.dtype))
    return out.scatter_add_(2, (low + 1).clamp(max=size - 1), (share * upper).to(out.dtype))


def _windows(weights: Tensor) -> Iterator[slice]:
    """For each region, the positions from the first to the last that has any weight."""
    used = weights.any(1).int()
    starts, ends = used.argmax(1), used.shape[1] - used.flip(1).argmax(1)
    return (slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True))


def _remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG001 (what torch calls it with)
    features, rois, *ctx.settings = inputs
    ctx.shape = features.shape
    ctx.save_for_backward(rois)


def _differentiate(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    (rois,) = ctx.saved_tensors
    scale, height, width, sampling_ratio, aligned = ctx.settings
    backward = torch.ops.torchvision._roi_align_backward  # noqa: SLF001 (its name in torchvision)
    return backward(grad, rois, scale, height, width, *ctx.shape, sampling_ratio, aligned), *(None,) * 6


def _roi_align_on_meta(features: Tensor, rois: Tensor, _scale: float, height: int, width: int, *_: Any) -> Tensor:
    return features.new_empty(len(rois), features.shape[1], height, width)


def _roi_align_backward_on_meta(
    grad: Tensor, _rois: Tensor, _scale: float, _height: int, _width: int, *shape: Any
) -> Tensor:
    return grad.new_empty(shape[:4])
