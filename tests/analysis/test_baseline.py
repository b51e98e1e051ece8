"""Tests of `reportgen.analysis.baseline`: what is held of a record, and when it differs."""

from __future__ import annotations

import pytest

from reportgen.analysis.baseline import Drift, drifts, quantities, snapshot
from reportgen.analysis.budget import broken, parse_rules
from reportgen.report.baseline import Conditions
from reportgen.report.difference import Figure


@pytest.fixture
def changed(replace):
    """A snapshot with some totals changed."""

    def change(before, **totals):
        names = {name.replace("_", ".", 1): value for name, value in totals.items()}
        return replace(before, totals=before.totals | names)

    return change


def test_snapshot(tied_gpt, constructor_failed):
    """Reference, conditions, fingerprint and totals; of a failed model only that it failed."""
    held = snapshot(tied_gpt)
    assert ("complete", tied_gpt.fingerprint, 2_624) == (
        held.status,
        held.fingerprint,
        held.totals["parameters.unique"],
    )
    assert Conditions(device="meta", dtype=None, mode="train", loss="sum", inputs=("input_ids=2x16:int64",)) == (
        held.conditions
    )
    failed = snapshot(constructor_failed)
    assert ("failed", None, None, {}) == (failed.status, failed.conditions, failed.fingerprint, failed.totals)


def test_nothing_drifts_from_itself(any_report):
    """Whatever became of it."""
    held = {"net": snapshot(any_report)}
    assert () == drifts(held, held)


def test_models_on_one_side(tied_gpt, transformer12):
    """They are told in natural order, whatever order they come in."""
    first, second = snapshot(tied_gpt), snapshot(transformer12)
    assert (Drift("net2", None, second), Drift("net10", first, None)) == drifts({"net10": first}, {"net2": second})


def test_figures_that_differ(tied_gpt, changed):
    """Those alone, with both values; what the baseline does not have, a later reportgen may have added."""
    new = snapshot(tied_gpt)
    old = changed(new, parameters_unique=2_600, flops_forward=None)
    del old.totals["macs.forward"]
    (drift,) = drifts({"net": old}, {"net": new})
    forward = new.totals["flops.forward"]
    assert (Figure("parameters.unique", 2_600, 2_624), Figure("flops.forward", None, forward)) == drift.figures
    assert not drift.loses


def test_other_conditions(tied_gpt, replace):
    """The same figures of another input are not the same."""
    old = snapshot(tied_gpt)
    new = replace(old, conditions=replace(old.conditions, inputs=("input_ids=4x16:int64",)))
    assert (Drift("net", old, new),) == drifts({"net": old}, {"net": new})


def test_what_would_be_lost(tied_gpt, constructor_failed, changed):
    """A model that is gone or fails now, or a figure that nobody knows any more."""
    old, failed = snapshot(tied_gpt), snapshot(constructor_failed)
    unknown = changed(old, flops_forward=None)
    assert [True, True, True, False, False] == [
        drift.loses
        for before, after in ((old, None), (old, failed), (old, unknown), (failed, old), (None, old))
        for drift in drifts({"net": before} if before else {}, {"net": after} if after else {})
    ]


def test_rules(tied_gpt, constructor_failed, changed):
    """On the change since then; what a baseline does not have, or did not know, breaks them."""
    new = snapshot(tied_gpt)
    rules = parse_rules(("parameters > +1%", "parameters > 2624", "differs"))

    def judged(old, now=new):
        return [rule.text for rule, _ in broken(rules, quantities(old, now))]

    assert [] == judged(new)
    assert ["parameters > +1%", "differs"] == judged(changed(new, parameters_unique=2_598))
    assert ["differs"] == judged(changed(new, parameters_unique=2_599))
    assert ["parameters > +1%", "differs"] == judged(None)
    assert ["parameters > +1%", "parameters > 2624", "differs"] == judged(new, snapshot(constructor_failed))
