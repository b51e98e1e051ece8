"""Tests of `reportgen.analysis.likenames`."""

from __future__ import annotations

import pytest

from reportgen.analysis.likenames import likely_renames

MODEL = {
    "embed.weight": (9, 4),
    "layers.0.fc.weight": (4, 4),
    "layers.0.fc.bias": (4,),
    "layers.1.fc.weight": (4, 4),
    "layers.1.fc.bias": (4,),
    "head.weight": (9, 4),
    "head.bias": (9,),
}


def begun(old: str, new: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The same with keys that begin otherwise."""
    return {new + key.removeprefix(old) if key.startswith(old) else key: shape for key, shape in shapes.items()}


@pytest.mark.parametrize(
    "stored",
    [
        begun("", "module.", MODEL),
        begun("", "state.model.", MODEL),
        begun("layers.", "encoder.blocks.", MODEL),
        begun("head.", "classifier.out.", MODEL),
        begun("layers.0.", "layers.0._orig_mod.", MODEL),
        begun("head.", "cls.", begun("layers.", "h.", begun("", "_orig_mod.", MODEL))),
    ],
)
def test_keys_that_begin_otherwise(stored):
    """Wrappers anywhere, prefixes, and modules under other names: every key finds its own."""
    loose = {key: shape for key, shape in stored.items() if key not in MODEL}
    wanted = {key: shape for key, shape in MODEL.items() if key not in stored}
    assert dict(zip(loose, wanted, strict=True)) == likely_renames(loose, wanted)


def test_the_other_way_round():
    """A model inside a wrapper, and a plain checkpoint."""
    wanted = begun("", "backbone.", MODEL)
    assert dict(zip(MODEL, wanted, strict=True)) == likely_renames(MODEL, wanted)


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        ({"a.w": (2,), "b.w": (2,)}, {"c.w": (2,)}),  # either may be meant
        ({"student.x.w": (2,), "teacher.x.w": (2,)}, {"x.w": (2,)}),
        ({"proj.weight": (4, 4), "proj.bias": (4,)}, {"norm.weight": (4,), "norm.bias": (4,)}),  # bias alone is alike
        ({"a.w": (2,)}, {"b.w": (3,)}),
        (
            {"module.bn.n": (), "c.w": (2,), "d.w": (3,)},
            {"bn.n": (), "x.y": (4,), "z.y": (5,)},
        ),  # one of three, by chance
        ({}, {"a": (1,)}),
    ],
)
def test_what_may_be_another_is_left_out(stored, wanted):
    """No guesses."""
    assert {} == likely_renames(stored, wanted)
