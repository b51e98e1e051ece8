"""A tall layout in columns side by side, cut where a single arrow leads from one part to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from reportgen.render.charts.graphviz import Curve, Layout, Place, Point

GAP = 40  # between columns; the arrow from one to the next goes up in it
TURN = 26  # below a column and above the next one, where that arrow turns
HEAD = 6  # of an arrow
FEWEST = 2  # boxes in a column


@dataclass(frozen=True, slots=True)
class _Column:
    """What of a layout lies above ``bottom`` and below the column before: where it begins, and how far it is moved."""

    bottom: float
    left: float
    dx: float
    dy: float

    def point(self, point: Point) -> Point:
        """Where a point of the column goes."""
        return point[0] + self.dx, point[1] + self.dy

    def place(self, place: Place) -> Place:
        """Where a rectangle goes."""
        return (*self.point(place[:2]), *place[2:])


def columns(layout: Layout, number: int) -> Layout | None:
    """The layout in so many columns of about one height; None where it cannot be cut so."""
    cuts = _cuts(layout)
    wanted = [layout.height * part / number for part in range(1, number)]
    chosen = sorted({min(cuts, key=lambda cut: abs(cut - place)) for place in wanted}) if cuts else []
    if len(chosen) != number - 1:
        return None
    stretches = list(pairwise((0.0, *chosen, layout.height)))
    if min(sum(top <= y < bottom for _, y, _, _ in layout.boxes) for top, bottom in stretches) < FEWEST:
        return None
    parts: list[_Column] = []
    x = 0.0
    for top, bottom in stretches:
        left, right = _extent(layout, top, bottom)
        parts.append(_Column(bottom, x, x - left, TURN - top))
        x += right - left + GAP
    height = 2 * TURN + max(bottom - top for top, bottom in stretches)

    def of(y: float) -> _Column:
        return next((part for part in parts if y < part.bottom), parts[-1])

    return Layout(
        width=x - GAP,
        height=height,
        boxes=tuple(of(place[1]).place(place) for place in layout.boxes),
        arrows=tuple(_arrow(arrow, of(arrow.points[0][1]), of(arrow.tip[1]), height) for arrow in layout.arrows),
        frames=tuple(of(place[1]).place(place) for place in layout.frames),
    )


def _cuts(layout: Layout) -> list[float]:
    """The middles of gaps between boxes, and between frames, that one arrow crosses."""
    spans = sorted((y, y + height) for _, y, _, height in (*layout.boxes, *layout.frames))
    arrows = [sorted((arrow.points[0][1], arrow.tip[1])) for arrow in layout.arrows]
    reached = accumulate((bottom for _, bottom in spans), max)
    gaps = [(bottom, top) for bottom, (top, _) in zip(reached, spans[1:], strict=False) if top > bottom]
    cuts = [(bottom + top) / 2 for bottom, top in gaps]
    return [cut for cut in cuts if sum(low < cut < high for low, high in arrows) == 1]


def _extent(layout: Layout, top: float, bottom: float) -> tuple[float, float]:
    """How far what lies between two heights reaches to the left and to the right."""
    inside = [(x, x + width) for x, y, width, _ in (*layout.boxes, *layout.frames) if top <= y < bottom]
    for arrow in layout.arrows:
        if top <= arrow.points[0][1] < bottom:
            inside.extend(_reach(arrow, leaves=arrow.tip[1] >= bottom))
    return min(left for left, _ in inside), max(right for _, right in inside)


def _reach(arrow: Curve, *, leaves: bool) -> Iterator[tuple[float, float]]:
    """From where to where an arrow and its words reach; of one that leaves its column, the words at its start."""
    if leaves:
        x = arrow.points[0][0]
        yield x, x + arrow.width + HEAD
        return
    yield from ((x, x) for x, _ in arrow.points)
    if arrow.words is not None:
        yield arrow.words[0] - arrow.width / 2, arrow.words[0] + arrow.width / 2


def _arrow(arrow: Curve, source: _Column, target: _Column, height: float) -> Curve:
    """An arrow where its column is now; one that leaves it goes down, up in the gap, and into the next from above."""
    (x, y), tip = source.point(arrow.points[0]), target.point(arrow.tip)
    if source is target:
        words = source.point(arrow.words) if arrow.words is not None else None
        return Curve(tuple(map(source.point, arrow.points)), tip, words, arrow.width)
    gap = target.left - GAP / 2
    corners = ((x, y), (x, height - HEAD), (gap, height - HEAD), (gap, HEAD), (tip[0], HEAD), (tip[0], tip[1] - HEAD))
    points = [corners[0]]
    for here, there in pairwise(corners):
        points += [here, there, there]
    words = (x + HEAD + arrow.width / 2, y + TURN) if arrow.words is not None else None
    return Curve(tuple(points), tip, words, arrow.width)
