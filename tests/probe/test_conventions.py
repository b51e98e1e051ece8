"""Three ways to count one forward pass; expected figures are worked out by hand from the rates in the documentation."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import pytest
from torch import nn

import reportgen
from reportgen.report.schema import ModelReport
from reportgen.report.totals import FlopConventions, WorkCost

Run = Callable[..., ModelReport]


def conventions(report: ModelReport) -> FlopConventions:
    """Those of a report that must have them."""
    assert report.totals.flops.conventions is not None
    return report.totals.flops.conventions


X = 2 * 4 * 6 * 6  # elements of the input 2x4x6x6

# fvcore's handlers, applied by hand: 2 or 1 an element for running statistics, 5 or 4 for those of the batch
FVCORE = {
    "batch norm, training": (nn.BatchNorm2d(4), "train", 5 * X),
    "batch norm, training, no weight": (nn.BatchNorm2d(4, affine=False), "train", 4 * X),
    "batch norm, evaluation": (nn.BatchNorm2d(4), "eval", 2 * X),
    "batch norm, evaluation, no weight": (nn.BatchNorm2d(4, affine=False), "eval", X),
    "batch norm without running statistics": (nn.BatchNorm2d(4, track_running_stats=False), "eval", 5 * X),
    "layer norm": (nn.LayerNorm(6), "eval", 5 * X),
    "layer norm, no weight": (nn.LayerNorm(6, elementwise_affine=False), "eval", 4 * X),
    "group norm": (nn.GroupNorm(2, 4), "eval", 5 * X),
    "instance norm": (nn.InstanceNorm2d(4), "eval", 4 * X),
    "adaptive average pooling": (nn.AdaptiveAvgPool2d(2), "eval", X),
    "adaptive average pooling to one": (nn.AdaptiveAvgPool2d(1), "eval", X),
    "plain pooling": (nn.AvgPool2d(2), "eval", 0),
    "nearest": (nn.Upsample(scale_factor=2), "eval", 4 * X),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), "eval", 4 * 4 * X),
    "activation": (nn.GELU(), "eval", 0),
    "convolution": (nn.Conv2d(4, 8, 3, padding=1), "eval", X * 8 * 9),
}


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("case", FVCORE)
def test_fvcore(case: str, device: str, run: Run) -> None:
    """Normalisation, adaptive pooling and resampling count beside the multiply-adds of products."""
    module, mode, expected = FVCORE[case]
    assert conventions(run(module, "2x4x6x6", mode=mode, device=device)).fvcore == expected


EVERYTHING = {
    "ReLU": (nn.ReLU(), "eval", {"activation": X}),
    "softmax": (nn.Softmax(-1), "eval", {"activation": 5 * X}),
    "batch norm, training": (nn.BatchNorm2d(4), "train", {"normalisation": 8 * X}),
    "batch norm, evaluation": (nn.BatchNorm2d(4), "eval", {"normalisation": 4 * X}),
    "layer norm": (nn.LayerNorm(6), "eval", {"normalisation": 8 * X}),
    "dropout": (nn.Dropout(0.5), "train", {"elementwise": 2 * X}),
    "max pooling": (nn.MaxPool2d(2), "eval", {"resampling": X}),
    "average pooling": (nn.AvgPool2d(3, stride=1), "eval", {"resampling": 8 * 16 * 9}),
    "adaptive pooling": (nn.AdaptiveAvgPool2d(2), "eval", {"resampling": X}),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), "eval", {"resampling": 7 * 4 * X}),
    "moving data": (nn.PixelShuffle(2), "eval", {}),
    "convolution with bias": (nn.Conv2d(4, 8, 1), "eval", {"products": 2 * X * 8}),
}


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("case", EVERYTHING)
def test_everything(case: str, device: str, run: Run) -> None:
    """Each kind of work has its rate, and the total is their sum."""
    module, mode, expected = EVERYTHING[case]
    found = conventions(run(module, "2x4x6x6", mode=mode, device=device))
    assert {row.kind: row.forward for row in found.kinds if row.forward} == expected
    assert found.everything == sum(expected.values())


def test_side_by_side(run: Run) -> None:
    """A product, a normalisation and an activation, forward and backward, in all three conventions."""
    model = nn.Sequential(nn.Linear(6, 6, bias=False), nn.LayerNorm(6), nn.ReLU())
    macs = X * 6
    assert conventions(run(model, "2x4x6x6")) == FlopConventions(
        multiply_adds=macs,
        fvcore=macs + 5 * X,
        everything=2 * macs + 8 * X + X,
        kinds=(
            WorkCost("products", 2 * macs, 2 * macs),  # the input needs no gradient
            WorkCost("normalisation", 8 * X, 10 * X),
            WorkCost("activation", X, 2 * X),
            WorkCost("elementwise", 0, 0),
            WorkCost("reduction", 0, 0),
            WorkCost("resampling", 0, 0),
        ),
    )


def test_operations_forward_and_backward(run: Run) -> None:
    """Each kind of product says what it costs in either direction."""
    operations = run(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2)), "3x4").totals.flops.operations
    forward, backward = 2 * 3 * (32 + 16), 2 * 3 * (32 + 16 + 16)
    assert [(row.op, row.flops, row.forward, row.backward) for row in operations] == [
        ("aten.mm", backward, 0, backward),
        ("aten.addmm", forward, forward, 0),
    ]


# model, input side: GMACs that timm publishes (benchmark of inference, measured with fvcore; two decimals)
TIMM = {
    ("resnet50", 288): 6.80,
    ("densenet121", 288): 4.74,
    ("convnext_tiny", 288): 7.39,
    ("vit_base_patch16_224", 224): 17.58,
    ("swin_tiny_patch4_window7_224", 224): 4.51,
    ("regnety_032", 288): 5.29,
    ("nfnet_f0", 256): 12.62,
    ("mixer_b16_224", 224): 12.62,
}


@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")
@pytest.mark.parametrize(("name", "side"), TIMM)
def test_the_figures_that_timm_publishes(name: str, side: int) -> None:
    """To the last decimal."""
    report = reportgen.probe(f"timm:{name}", inputs=[f"1x3x{side}x{side}"], mode="eval", loss="none")
    assert round(conventions(report).fvcore / 1e9, 2) == TIMM[name, side]
