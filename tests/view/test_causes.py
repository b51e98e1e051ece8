"""Failures by their cause."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reportgen.view.causes import UNSAID, causes, pattern
from reportgen.view.entries import IndexEntry

MakeEntry = Callable[..., IndexEntry]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "mat1 and mat2 shapes cannot be multiplied (1x8 and 9x2)",
            "mat1 and mat2 shapes cannot be multiplied (… and …)",
        ),
        ("expected shape [1, 3, 224, 224], got [2,16]", "expected shape […], got […]"),
        ("size 1,024 at dimension -1 after 0.5 s", "size … at dimension -… after … s"),
        ("<object at 0x7f00dead>", "<object at 0x…>"),
        ("conv2d() of layer3.1 wants BF16, v2.0", "conv2d() of layer3.1 wants BF16, v2.0"),
        ("No module named 'natten'", "No module named 'natten'"),
    ],
)
def test_pattern(message: str, expected: str) -> None:
    """Figures differ from model to model, names tell causes apart."""
    assert expected == pattern(message)


def test_the_most_frequent_first(make_entry: MakeEntry) -> None:
    """Models share a cause if code and words agree; the words of one alone are its own."""
    found = causes(
        [
            make_entry(
                "a", reason="RuntimeError: got 3 channels", code="forward-failed", stage="forward", remedy="one"
            ),
            make_entry(
                "b", reason="RuntimeError: got 4 channels", code="forward-failed", stage="backward", remedy="two"
            ),
            make_entry(
                "c", reason="RuntimeError: got 4 channels", code="forward-failed", stage="forward", remedy="two"
            ),
            make_entry("d", reason="RuntimeError: got 4 channels", code="audit-differs", status="complete"),
            make_entry("e", reason="its process was killed by signal 9", code="worker-lost", status="failed"),
            make_entry("f", status="complete"),
            make_entry("g", reason="report.pdf: no room", status="complete"),
            make_entry("h"),
        ]
    )
    assert [
        ("RuntimeError: got … channels", "RuntimeError", "abc"),
        (UNSAID, "a format", "h"),
        ("report.pdf: no room", "a format", "g"),
        ("RuntimeError: got 4 channels", "RuntimeError", "d"),
        ("its process was killed by signal 9", "worker-lost", "e"),
    ] == [(cause.message, cause.kind, "".join(entry.name for entry in cause.entries)) for cause in found]
    assert (("forward", "backward"), ("two", "one")) == (found[0].stages, found[0].remedies)
