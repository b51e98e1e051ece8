"""Lines of keys."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from reportgen.manifest.toml_lines import lines_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a = 1\n\n# a remark\nb.c = 2 # another", {("a",): 1, ("b",): 4, ("b", "c"): 4}),
        (
            "[defaults]\nmode = 'eval'\n[[model]]\nref = 'a'\n[[model]]\nref = 'b'\n[model.kwargs]\ndepth = 2",
            {
                ("defaults",): 1,
                ("defaults", "mode"): 2,
                ("model", 0): 3,
                ("model", 0, "ref"): 4,
                ("model", 1): 5,
                ("model", 1, "ref"): 6,
                ("model", 1, "kwargs"): 7,
                ("model", 1, "kwargs", "depth"): 8,
            },
        ),
        (
            'a = """\n[[model]]\nb = 1\n"""\nc = [\n  1, # one\n]\r\nd = 3',
            {("a",): 1, ("c",): 5, ("d",): 8},
        ),
        (
            'model = [{ref = "a"},\n{ref = "b", kwargs = {x = 1}}]',
            {
                ("model",): 1,
                ("model", 0): 1,
                ("model", 0, "ref"): 1,
                ("model", 1): 1,
                ("model", 1, "ref"): 1,
                ("model", 1, "kwargs"): 1,
                ("model", 1, "kwargs", "x"): 1,
            },
        ),
        (
            '[tool."report.gen"]\n[[tool."report.gen".model]]\n  ref = "a"\n[other]\n"=" = 1',
            {
                ("tool", "report.gen"): 1,
                ("tool", "report.gen", "model", 0): 2,
                ("tool", "report.gen", "model", 0, "ref"): 3,
                ("other",): 4,
                ("other", "="): 5,
            },
        ),
        ("[[a]]\n[[a.b]]\n[[a.b]]\n[[a]]\n[[a.b]]", {("a", 0): 1, ("a", 0, "b", 0): 2, ("a", 0, "b", 1): 3}
         | {("a", 1): 4, ("a", 1, "b", 0): 5}),
    ],
)  # fmt: skip
def test_lines(text: str, expected: dict[tuple[str | int, ...], int]) -> None:
    """Every key is where it stands: under its header, behind values of many lines, in inline tables."""
    assert expected == lines_of(text)
    assert set(expected) <= set(places(tomllib.loads(text)))


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of every value of a document."""
    yield place
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*place, key))
