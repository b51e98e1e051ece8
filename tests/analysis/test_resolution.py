"""Tests of `reportgen.analysis.resolution`: how much narrower than the image features are."""

from __future__ import annotations

import pytest

from reportgen.analysis.fold import fold
from reportgen.analysis.resolution import Image
from reportgen.report.schema import InputFacts


def image(*shape, dtype="float32"):
    """An input of that shape."""
    return InputFacts(name="x", shape=shape, dtype=dtype, origin="source")


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([image(2, 3, 224, 192)], Image(2, 224, 192)),
        ([image(1, 3, 64, 64), image(1, 1, 64, 64)], Image(1, 64, 64)),  # an image and its mask
        ([image(1, 3, 64, 64), image(1, 3, 32, 32)], None),
        ([image(1, 128, dtype="int64")], None),
        ([image(1, 8, 16, 64)], None),  # heads, tokens, channels
        ([], None),
    ],
)
def test_what_is_an_image(inputs, expected):
    """Four dimensions, few channels, and one size of all."""
    assert expected == Image.of(inputs)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 64, 112, 112), 2),
        ((2, 64, 56, 56), 4),
        ((2, 3, 224, 224), 1),
        ((2, 192, 35, 35), 8),  # 224 / 35 is 6.4, and the nearest power of two is 8, for 6.4 / 4 > 8 / 6.4
        ((2, 56, 56, 96), 4),  # channels come last
        ((2, 197, 768), 16),  # 14 × 14 places and a token for the class
        ((2, 201, 768), 16),  # and four registers
        ((2, 3136, 96), 4),
        ((128, 49, 96), 4),  # 64 windows of 7 × 7 of each of two images
        ((2, 257, 1024), 16),  # 16 × 16 places at 1/14, and a token
        ((2, 100, 256), None),  # queries
        ((2, 2048), None),
        ((2, 2048, 1, 1), None),
        ((2, None, 768), None),
    ],
)
def test_reduction(make_report, shape, expected):
    """By height and width, or by the number of places where channels come last; pooled features have none."""
    report = make_report(modules={"": {"class_name": "Net", "outputs": (shape,)}})
    assert expected == Image(2, 224, 224).reduction((fold(report)[0],))


def test_what_says_nothing_has_that_of_its_holder(make_report):
    """A list of blocks gives nothing itself; a pooled head is no part of the last stage."""
    stage = {"class_name": "Stage", "outputs": ((1, 8, 28, 28),)}
    report = make_report(
        modules={"": "Net", "stage": stage, "stage.blocks": "ModuleList", "head": {"class_name": "Linear"}}
    )
    (root,) = fold(report)
    stage, head = root.children
    of = Image(1, 224, 224).reduction
    assert (8, 8, None) == (of((root, stage)), of((root, stage, stage.children[0])), of((root, head)))
