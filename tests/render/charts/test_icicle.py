"""Rows of tiles: where they lie, what is written on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.render.charts.canvas import NEUTRAL, PALETTE, WIDTH
from reportgen.render.charts.icicle import MARGIN
from reportgen.view.chart import Bars, Icicle, Tile

if TYPE_CHECKING:
    from tests.render.charts.conftest import Drawing

Draw = Callable[..., "Drawing"]


def _icicle(*tiles: Tile, depth: int = 2) -> Icicle:
    return Icicle("chart", "Parameters", "What it shows.", tiles, depth)


def test_tiles_lie_where_their_shares_are(draw: Draw) -> None:
    """Rectangles start and end at their shares of the width, less the gap, one row a level."""
    chart = _icicle(Tile("net", 0, 0, 1, "4", None), Tile("a", 1, 0, 0.25, "1", 1), Tile("b", 1, 0.25, 0.75, "3", 2))
    assert draw(chart).boxes() == [
        (0, 0, WIDTH - 2, 42),
        (0, 44, WIDTH / 4 - 2, 42),
        (WIDTH / 4, 44, WIDTH * 3 / 4 - 2, 42),
    ]


def test_colours_by_branch(draw: Draw) -> None:
    """A branch keeps its colour, its tiles in a row take turns between two shades, and the model itself has none."""
    tiles = (Tile("net", 0, 0, 1, "", None), Tile("a", 1, 0, 0.5, "", 3), Tile("b", 1, 0.5, 0.5, "", 3))
    fills = [rect.attrib["fill"] for rect in draw(_icicle(*tiles)).all("rect")]
    assert fills == [NEUTRAL[0], *PALETTE[3]]


def test_labels_only_where_they_fit(draw: Draw) -> None:
    """A label stands where there is room, and its figure below it where there is room for that, too."""
    label, value = "encoder", "12.5 M, 50.0 %"
    shares = [(7 * 7.2 + 12 + 2) / WIDTH, (14 * 6.3 + 12 + 2) / WIDTH]  # 0.6 em a character, padding and gap
    assert draw(_icicle(Tile(label, 0, 0, shares[0] - 0.001, value, 0))).texts == []
    assert draw(_icicle(Tile(label, 0, 0, shares[0] + 0.001, value, 0))).texts == [label]
    assert draw(_icicle(Tile(label, 0, 0, shares[1] + 0.001, value, 0))).texts == [label, value]


def test_slivers_are_drawn_together(draw: Draw) -> None:
    """Tiles too narrow to see become one box for each run of one colour, which says how many it stands for."""
    thin = 0.001
    drawing = draw(_icicle(*(Tile(f"p{i}", 1, i * thin, thin, "1", 0 if i < 4 else 1) for i in range(6))))
    assert drawing.tooltips == ["4 parts, p0 to p3", "2 parts, p4 to p5"]
    assert [box[0] for box in drawing.boxes()] == [0, round(4 * thin * WIDTH, 2)]


def test_bars_fill_the_room_right_of_their_labels(draw: Draw) -> None:
    """Each bar is one row, from the margin to the edge."""
    tiles = (Tile("a", 0, 0, 0.5, "1", 0), Tile("b", 0, 0.5, 0.5, "1", 1), Tile("c", 1, 0, 1, "2", 0))
    drawing = draw(Bars("make-up", "Make-up", "Halves.", ("dtype", "training"), tiles))
    room = WIDTH - MARGIN
    assert drawing.boxes() == [
        (MARGIN, 0, room / 2 - 2, 42),
        (MARGIN + room / 2, 0, room / 2 - 2, 42),
        (MARGIN, 44, room - 2, 42),
    ]
    assert drawing.texts == ["dtype", "training", "a", "1", "b", "1", "c", "2"]
