"""Tests of `reportgen.analysis.diff`: what holds for all pairs of models."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.analysis.diff import apply, diff, mirror
from reportgen.analysis.places import tensors

NAMES, CLASSES = st.sampled_from("ab01"), st.sampled_from(["Linear", "LayerNorm", "models.Block"])
SHAPES = st.sampled_from([(2,), (3,), (2, 3)])
PLACES = st.lists(st.lists(NAMES, min_size=1, max_size=3).map(".".join), max_size=6)


@st.composite
def models(draw):
    """Modules, parameters and buffers of a small model, as `make_report` takes them."""
    paths = {""}
    for path in draw(PLACES):
        parts = path.split(".")
        paths |= {".".join(parts[: end + 1]) for end in range(len(parts))}
    modules, parameters, buffers = {}, {}, {}
    firsts = []
    for path in sorted(paths, key=lambda path: path.split(".") if path else []):
        modules[path] = draw(CLASSES)
        for name in draw(st.sets(st.sampled_from(["weight", "bias"]))):
            full = f"{path}.{name}" if path else name
            shape = draw(SHAPES)
            tie = draw(st.sampled_from([None, *[first for first, other in firsts if other == shape]]))
            parameters[full] = {"shape": shape, "tied_to": tie, "trainable": draw(st.booleans())}
            firsts += [(full, shape)] if tie is None else []
        if draw(st.booleans()):
            buffers[f"{path}.mean" if path else "mean"] = {"shape": draw(SHAPES), "persistent": draw(st.booleans())}
    return {"modules": modules, "parameters": parameters, "buffers": buffers}


PROPERTY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PROPERTY
@given(model=models())
def test_nothing_differs_from_itself(make_report, model):
    """No change, and a checkpoint that loads."""
    report = make_report(**model)
    found = diff(report, report)
    assert found.is_empty
    assert found.checkpoint.verdict.loads


@PROPERTY
@given(old=models(), new=models())
def test_the_other_way_round(make_report, old, new):
    """The difference seen from the other side is the other difference, and turning it twice changes nothing."""
    first, second = make_report(**old), make_report(**new)
    found = diff(first, second)
    assert mirror(found) == diff(second, first)
    assert found == mirror(mirror(found))


@PROPERTY
@given(old=models(), new=models())
def test_the_difference_makes_the_new_ledger_of_the_old_one(make_report, old, new):
    """Every row, in order."""
    first, second = make_report(**old), make_report(**new)
    assert tensors(second) == apply(diff(first, second), tensors(first))


@PROPERTY
@given(old=models(), new=models())
def test_every_module_and_tensor_has_one_partner_at_most(make_report, old, new):
    """Nothing is told twice."""
    found = diff(make_report(**old), make_report(**new))
    for changes, key in ((found.modules, "path"), (found.tensors, "name")):
        for side in ("old", "new"):
            rows = [getattr(change, side) for change in changes]
            told = [getattr(row, key) for row in rows if row is not None]
            assert sorted(set(told)) == sorted(told)
