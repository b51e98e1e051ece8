"""Tests of `reportgen.view.baseline`: one line a model."""

from __future__ import annotations

import pytest

from reportgen.analysis.baseline import drifts, snapshot
from reportgen.view.baseline import conditions, line


@pytest.fixture
def told(tied_gpt):
    """The lines on what became of the small GPT, and of a model that is there on one side alone."""
    old = {"gpt": snapshot(tied_gpt)}
    return lambda new: [line(drift) for drift in drifts(old, new)]


def test_added_and_removed(told, constructor_failed):
    """One word each."""
    assert ["gpt: removed", "other: added"] == told({"other": snapshot(constructor_failed)})


def test_what_differs(told, tied_gpt, replace):
    """What changed alike stands together, exactly."""
    old = snapshot(tied_gpt)
    totals = old.totals | {"parameters.unique": 2_625, "parameters.storage": 2_625, "flops.forward": None}
    measured = replace(old.conditions, mode="eval", dtype="bfloat16", inputs=())
    new = replace(
        old, ref="builtin:other", fingerprint="sha256:1", totals=totals, conditions=measured, status="partial"
    )
    unlike = ("dtype – → bfloat16", "mode train → eval", "inputs input_ids=2x16:int64 → none")
    assert unlike == conditions(old, new)
    parts = (
        "complete → partial",
        f"{old.ref} → builtin:other",
        *unlike,
        "fingerprint",
        "parameters.unique, parameters.storage 2,624 → 2,625",
        f"flops.forward {old.totals['flops.forward']:,} → unknown",
    )
    assert [f"gpt: {'; '.join(parts)}"] == told({"gpt": new})


def test_a_model_that_fails(told, constructor_failed, tied_gpt, replace):
    """Its figures are not told one by one."""
    failed = replace(snapshot(constructor_failed), ref=tied_gpt.model.ref)
    assert ["gpt: complete → failed"] == told({"gpt": failed})
