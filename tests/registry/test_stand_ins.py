"""Torchvision's operators in plain torch, against hand calculation and against torchvision's own Python."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest
import torch
from torch import Tensor

if find_spec("torchvision") is None:
    pytest.skip("torchvision is not installed", allow_module_level=True)

from reportgen.registry import stand_ins
from reportgen.registry.library import load


@pytest.mark.parametrize(
    ("boxes", "scores", "threshold", "kept"),
    [
        ([[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]], [0.5, 0.9, 0.1], 0.5, [1, 2]),  # 81 / 119 overlap
        ([[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]], [0.5, 0.9, 0.1], 0.7, [1, 0, 2]),
        ([[0, 0, 4, 1], [2, 0, 6, 1], [4, 0, 8, 1]], [0.9, 0.8, 0.7], 0.3, [0, 2]),  # what is gone suppresses nothing
        ([[0, 0, 4, 1], [0, 0, 4, 1]], [0.5, 0.5], 0.5, [0]),  # of equals, the first
        ([[0, 0, 4, 1], [0, 0, 2, 1]], [0.9, 0.5], 0.5, [0, 1]),  # exactly the threshold is not more
        ([], [], 0.5, []),
    ],
)
def test_overlapping_boxes_are_suppressed(
    boxes: list[list[float]], scores: list[float], threshold: float, kept: list[int]
) -> None:
    """The best box stays, and what overlaps it by more than the threshold goes; then the next best that is left."""
    given = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    assert kept == stand_ins.nms(given, torch.tensor(scores), threshold).tolist()


def test_suppression_is_the_greedy_one() -> None:
    """A long chain of overlaps, box by box: the fixed point is what going through them in order gives."""
    generator = torch.Generator().manual_seed(0)
    corner, size = torch.rand(300, 2, generator=generator) * 60, torch.rand(300, 2, generator=generator) * 30
    boxes, scores = torch.cat([corner, corner + size], 1), torch.rand(300, generator=generator)
    expected: list[int] = []
    for index in scores.argsort(descending=True).tolist():
        if all(_overlap(boxes[index], boxes[other]) <= 0.3 for other in expected):
            expected.append(index)
    assert expected == stand_ins.nms(boxes, scores, 0.3).tolist()


def _overlap(one: Tensor, two: Tensor) -> float:
    width, height = (torch.minimum(one[2:], two[2:]) - torch.maximum(one[:2], two[:2])).clamp(min=0).tolist()
    areas = [((box[2] - box[0]) * (box[3] - box[1])).item() for box in (one, two)]
    return float(width * height / (sum(areas) - width * height))


def test_a_region_is_pooled_by_hand() -> None:
    """On a map whose value is its column, a cell's mean is the mean column of its points; outside the map is zero."""
    features = torch.arange(8.0).expand(1, 1, 8, 8)
    regions = torch.tensor([[0.0, 1, 1, 5, 5], [0, 4, 4, 12, 12]])
    pooled = stand_ins.roi_align(features, regions, 1.0, 1, 2, 2, False)
    # Points of the first at columns 1.5, 2.5 | 3.5, 4.5; of the second at 5, 7 | 9, 11 and rows 6, 10, partly outside.
    assert [[[[2.0, 4.0]]], [[[(5 + 7) / 4, 0.0]]]] == pooled.tolist()


@pytest.mark.parametrize("sampling_ratio", [2, 3, -1])
@pytest.mark.parametrize("aligned", [False, True])
def test_pooling_and_its_gradient_are_torchvisions(sampling_ratio: int, aligned: bool) -> None:
    """Forward and backward equal torchvision's own function in Python, which autograd differentiates."""
    load("torchvision")
    reference = sys.modules["torchvision.ops.roi_align"]._roi_align.__wrapped__
    generator = torch.Generator().manual_seed(0)
    draw = {"generator": generator, "dtype": torch.float64}
    features = torch.randn(2, 3, 20, 30, **draw).requires_grad_()
    corner, size = torch.rand(6, 2, **draw) * torch.tensor([60, 40]), torch.rand(6, 2, **draw) * 60
    image = torch.tensor([0, 1, 1, 0, 1, 0], dtype=torch.float64)[:, None]
    regions = torch.cat([image, corner, torch.minimum(corner + size, torch.tensor([119.0, 79.0]))], 1)
    settings = (0.25, 4, 5, sampling_ratio, aligned)
    expected = reference(features, regions, *settings)
    pooled = torch.ops.torchvision.roi_align(features, regions, *settings)
    weights = torch.randn(expected.shape, **draw)
    torch.testing.assert_close(pooled, expected)
    torch.testing.assert_close(
        torch.autograd.grad(pooled, features, weights), torch.autograd.grad(expected, features, weights)
    )


def test_pooling_has_a_shape_on_meta() -> None:
    """On meta a region's grid is known, forward and backward; how many boxes are left is not."""
    load("torchvision")
    features = torch.empty(2, 3, 20, 30, device="meta", requires_grad=True)
    pooled = torch.ops.torchvision.roi_align(features, torch.empty(6, 5, device="meta"), 0.25, 4, 5, 2, False)
    pooled.sum().backward()
    assert features.grad is not None
    assert ((6, 3, 4, 5), (2, 3, 20, 30)) == (tuple(pooled.shape), tuple(features.grad.shape))
    with pytest.raises(RuntimeError, match="meta"):
        torch.ops.torchvision.nms(torch.empty(5, 4, device="meta"), torch.empty(5, device="meta"), 0.5)


def test_no_region_gives_nothing() -> None:
    """Where nothing was detected, nothing is pooled."""
    pooled = stand_ins.roi_align(torch.ones(1, 3, 8, 8), torch.empty(0, 5), 1.0, 2, 2, -1, False)
    assert (0, 3, 2, 2) == tuple(pooled.shape)
