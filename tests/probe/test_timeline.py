"""Stretches of a pass of any length."""

from __future__ import annotations

import pytest

from reportgen.probe.timeline import Timeline


def of(*values: int) -> list[tuple[int, int]]:
    """The stretches of these values, each owned by its place."""
    timeline = Timeline()
    for place, value in enumerate(values):
        timeline.note(value, place)
    return timeline.stretches


def test_few_notes_are_a_stretch_each() -> None:
    """Up to 200, nothing is joined, zero included."""
    assert [] == of()
    assert [(5, 0), (0, 1), (7, 2)] == of(5, 0, 7)
    assert [(1, place) for place in range(200)] == of(*[1] * 200)


@pytest.mark.parametrize(("notes", "length"), [(201, 2), (400, 2), (401, 4), (450, 4), (3201, 32)])
def test_many_notes_share_stretches(notes: int, length: int) -> None:
    """Of rising values the last of each stretch is the largest; the last stretch has what is left."""
    expected = [(last, last) for last in range(length - 1, notes, length)]
    assert expected + [(notes - 1, notes - 1)] * bool(notes % length) == of(*range(notes))


def test_the_first_of_equals() -> None:
    """Of several values as large, the first has the stretch, joined or not."""
    assert [(3, place) for place in range(0, 300, 2)] == of(*[3] * 300)
