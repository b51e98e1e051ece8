"""A record in one row."""

from __future__ import annotations

import pytest

from reportgen.analysis.summary import Summary, family, summarise
from reportgen.report.schema import ModelReport


def test_a_complete_model(frozen_sequential: ModelReport) -> None:
    """Linear(4, 8) is frozen, Linear(8, 2) is not; 64 + 32 FLOPs are 48 MACs."""
    row = summarise(frozen_sequential)
    assert (40, 18, 4, 2, 2) == (row.frozen, row.trainable, row.tensors, row.gradients_computed, row.gradients_none)
    assert (48, "exact", 58 * 4) == (row.macs, row.bound, row.state_dict_bytes)
    assert (None, None, None) == (row.code, row.stage, row.module)


def test_a_model_whose_forward_fails(forward_failed: ModelReport) -> None:
    """What never ran is not known, and the first error says where it ended."""
    row = summarise(forward_failed)
    assert ("forward-failed", "forward", "fc2") == (row.code, row.stage, row.module)
    assert (None, None, None, None) == (row.macs, row.bound, row.gradients_none, row.peak_training)
    assert ("models", 4, 60) == (row.family, row.tensors, row.trainable)


def test_a_model_that_was_never_built(constructor_failed: ModelReport) -> None:
    """Nothing but its source and why."""
    expected = Summary(source=constructor_failed.model.source, code="instantiate-failed", stage="instantiate")
    assert expected == summarise(constructor_failed)


@pytest.mark.parametrize(
    ("class_name", "expected"),
    [
        ("timm.models.vision_transformer.VisionTransformer", "vision_transformer"),
        ("torchvision.models.detection.faster_rcnn.FasterRCNN", "faster_rcnn"),
        ("transformers.models.bert.modeling_bert.BertModel", "bert"),
        ("torch.nn.modules.container.Sequential", None),
        ("Sequential", None),
        (None, None),
    ],
)
def test_family(class_name: str | None, expected: str | None) -> None:
    """It is the module that defines the class; torch's own classes have none."""
    assert expected == family(class_name)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"exact": True}, "exact"),
        ({"exact": False, "uncounted": ("aten.foo",)}, "lower"),
        ({"exact": False, "upper_bound": True}, "upper"),
        ({"exact": False, "upper_bound": True, "uncounted": ("aten.foo",)}, "approximate"),
    ],
)
def test_bound(frozen_sequential, replace, members, expected) -> None:
    """What the FLOPs are, in one word."""
    totals = frozen_sequential.totals
    flops = replace(totals.flops, **members)
    assert expected == summarise(replace(frozen_sequential, totals=replace(totals, flops=flops))).bound
