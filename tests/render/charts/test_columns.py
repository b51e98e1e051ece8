"""Tall layouts in columns."""

from __future__ import annotations

from reportgen.render.charts.columns import GAP, HEAD, TURN, columns
from reportgen.render.charts.graphviz import Curve, Layout


def _chain(boxes: int, *more: Curve, frames: tuple[tuple[float, float, float, float], ...] = ()) -> Layout:
    """Boxes of 100 by 40 under each other, 20 apart, each with an arrow to the next."""
    arrows = [
        Curve(
            ((50, 60 * i + 40), (50, 60 * i + 45), (50, 60 * i + 50), (50, 60 * i + 54)), (50, 60 * i + 60), None, 0.0
        )
        for i in range(boxes - 1)
    ]
    places = tuple((0.0, 60.0 * i, 100.0, 40.0) for i in range(boxes))
    return Layout(100, 60 * boxes - 20, places, (*arrows, *more), frames)


def test_a_chain_of_four_in_two_columns() -> None:
    """Two boxes stand beside the other two; the arrow between goes under the first column and over the second."""
    found = columns(_chain(4), 2)
    assert found is not None
    right = 100 + GAP
    assert ((0, TURN), (0, TURN + 60), (right, TURN + 10), (right, TURN + 70)) == tuple(p[:2] for p in found.boxes)
    assert (200 + GAP, 110 + 2 * TURN) == (found.width, found.height)
    bend = found.arrows[1]
    down, up, over = found.height - HEAD, 100 + GAP / 2, right + 50
    corners = [(50, TURN + 100), (50, down), (up, down), (up, HEAD), (over, HEAD), (over, TURN + 10 - HEAD)]
    assert corners == [bend.points[0], *bend.points[3::3]]
    assert (over, TURN + 10) == bend.tip


def test_no_cut_through_two_arrows_or_a_frame() -> None:
    """A shortcut from the first box to the last, or a frame around all, keeps them in one column."""
    shortcut = Curve(((80, 40), (90, 90), (90, 160), (80, 174)), (80, 180), None, 0.0)
    assert columns(_chain(4, shortcut), 2) is None
    assert columns(_chain(4, frames=((-5.0, -5.0, 110.0, 230.0),)), 2) is None


def test_no_column_of_one_box() -> None:
    """Five boxes make two columns, and no three."""
    assert columns(_chain(5), 2) is not None
    assert columns(_chain(5), 3) is None
    assert columns(_chain(1), 2) is None


def test_words_go_with_their_arrow() -> None:
    """Within a column they are moved with it; on an arrow that leaves it, they stand at its start."""
    words = Curve(((50, 40), (50, 45), (50, 50), (50, 54)), (50, 60), (80, 50), 40.0)
    leaving = Curve(((50, 100), (50, 105), (50, 110), (50, 114)), (50, 120), (80, 110), 40.0)
    chain = _chain(4)
    found = columns(Layout(100, 220, chain.boxes, (words, leaving, chain.arrows[2]), ()), 2)
    assert found is not None
    assert [(80, 50 + TURN), (50 + HEAD + 20, TURN + 100 + TURN), None] == [arrow.words for arrow in found.arrows]
