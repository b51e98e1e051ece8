"""Torchvision's weight entries: ``num_params`` and ``_ops`` as published, against the probe's figures."""

from __future__ import annotations

import runpy
from collections import Counter
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

if find_spec("torchvision") is None:
    pytest.skip("torchvision is not installed", allow_module_level=True)

from reportgen.registry.base import ModelRef
from reportgen.registry.torchvision_source import TorchvisionSource

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "torchvision_truth.py"


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    """What the benchmark that compares all entries is made of."""
    return runpy.run_path(str(BENCHMARK))


@pytest.mark.skipif(not version("torchvision").startswith("0.28"), reason="other versions list other weights")
def test_every_weight_entry_is_compared(truth: dict[str, Any]) -> None:
    """All 166 entries of the 121 models, by family."""
    entries = truth["entries"]()
    assert (166, 121) == (len(entries), len({entry.model for entry in entries}))
    assert {
        "": 115,
        "detection": 13,
        "optical_flow": 8,
        "quantization": 14,
        "segmentation": 6,
        "video": 10,
    } == Counter(entry.family for entry in entries)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["", "optical_flow", "quantization", "segmentation", "video"])
def test_published_figures(truth: dict[str, Any], family: str) -> None:
    """Parameters exactly, multiply-adds to the third decimal of a GMAC, of every entry; nothing to explain."""
    compared = [truth["compare"](entry) for entry in truth["entries"]() if entry.family == family]
    assert [] == [row for row in compared if not row.agrees or row.why]


def test_parameters_of_detectors(truth: dict[str, Any]) -> None:
    """Exactly the published ones, where those of frozen batch normalisation in the backbone count as buffers."""
    for entry in truth["entries"]():
        if entry.family != "detection":
            continue
        with torch.device("meta"):
            model = TorchvisionSource().spec(ModelRef("torchvision", entry.model)).build()
        frozen = sum(
            parameter.numel()
            for layer in model.backbone.modules()
            if isinstance(layer, torch.nn.BatchNorm2d) and truth["freezes"](entry)
            for parameter in layer.parameters()
        )
        total = sum(parameter.numel() for parameter in model.parameters())
        assert (entry.model, entry.parameters) == (entry.model, total - frozen)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("ssdlite320_mobilenet_v3_large", ()),
        (
            "fasterrcnn_mobilenet_v3_large_320_fpn",
            (
                "24,400 parameters of frozen batch normalisation are buffers there",
                "0 regions reached the heads there, 150 here",
            ),
        ),
    ],
)
def test_operations_of_small_detectors(truth: dict[str, Any], model: str, why: tuple[str, ...]) -> None:
    """The difference is what the heads do for regions that the published weights let not pass; the rest is equal."""
    (entry,) = (entry for entry in truth["entries"]() if entry.model == model)
    row = truth["compare"](entry)
    assert (True, why) == (row.agrees, row.why)
