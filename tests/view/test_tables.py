"""Cells of tables."""

from __future__ import annotations

import pytest

from reportgen.view.page import Cell
from reportgen.view.tables import first_shapes


@pytest.mark.parametrize(
    ("tensors", "expected"),
    [
        (None, Cell("unknown", tone="muted")),
        ((), Cell("–", tone="muted")),
        (((1, 2), (), (3,)), Cell("1×2, (), 3")),
        (((1, 2), (3,), (4,), (5,)), Cell("1×2 and 3 more", hint="1×2, 3, 4, 5")),
    ],
)
def test_first_shapes(tensors: tuple[tuple[int, ...], ...] | None, expected: Cell) -> None:
    """A module that gives many tensors does not make its row of the tree many lines high."""
    assert expected == first_shapes(tensors)
