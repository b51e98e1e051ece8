"""Shares in columns: where the bars lie, and what stands beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from reportgen.render.charts.canvas import NEUTRAL, PALETTE, WIDTH
from reportgen.render.charts.shares import BAR, FIGURE, GAP, HEAD, NAMES, ROW
from reportgen.view.chart import Part, Share, Shares

if TYPE_CHECKING:
    from tests.render.charts.conftest import Drawing

Draw = Callable[..., "Drawing"]


def test_bars_side_by_side_on_one_scale(draw: Draw) -> None:
    """The largest share of all fills its column but for its figure, others are in proportion, nothing has none."""
    parts = (
        Part("a", (Share(0.8, "80.0 %", "8 parameters"), Share(0.4, "40.0 %", "4 MACs")), 0),
        Part("rest", (Share(0.2, "20.0 %", "2 parameters"), Share(0.0, "0 %", "0 MACs")), None),
    )
    drawing = draw(Shares("shares", "Shares", "a has most.", ("parameters", "MACs"), parts))
    column = (WIDTH - NAMES) / 2
    whole = column - GAP - FIGURE
    assert drawing.boxes() == [
        pytest.approx(place)
        for place in (
            (NAMES, HEAD, whole, BAR),
            (NAMES + column, HEAD, whole / 2, BAR),
            (NAMES, HEAD + ROW, whole / 4, BAR),
        )
    ]
    assert [rect.attrib["fill"] for rect in drawing.all("rect")] == [PALETTE[0][0], PALETTE[0][0], NEUTRAL[0]]
    assert drawing.texts == ["parameters", "MACs", "a", "80.0 %", "40.0 %", "rest", "20.0 %", "0 %"]
    assert drawing.tooltips == [
        "a",
        "a: 8 parameters, 80.0 %",
        "a: 4 MACs, 40.0 %",
        "rest",
        "rest: 2 parameters, 20.0 %",
        "rest: 0 MACs, 0 %",
    ]


def test_long_names_lose_their_middle(draw: Draw) -> None:
    """A name is as long as its room, and whole in its tooltip."""
    name = "block." * 50
    drawing = draw(Shares("s", "S", "S.", ("parameters",), (Part(name, (Share(1.0, "100 %", "1"),), 0),)))
    assert drawing.texts == ["parameters", "block.block.b…block.block.", "100 %"]
    assert drawing.tooltips == [name, f"{name}: 1, 100 %"]
