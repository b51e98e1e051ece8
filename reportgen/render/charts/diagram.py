"""The block diagram, drawn where Graphviz says that boxes and arrows lie; without it, a sentence that says so."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from math import hypot
from typing import TYPE_CHECKING, Literal

from reportgen.render.charts import graphviz
from reportgen.render.charts.canvas import (
    LABEL,
    MUTED,
    PADDING,
    VALUE,
    WIDTH,
    Drawing,
    Group,
    Path,
    Place,
    Shape,
    Step,
    fill,
    outline,
    plate,
    rect,
    shortened,
    stroke,
    text,
    text_width,
)
from reportgen.render.charts.columns import columns
from reportgen.render.charts.graphviz import Curve, Direction, Graph, Layout

if TYPE_CHECKING:
    from reportgen.view.chart import Box, Diagram

HEIGHT = 1080  # at most: with its caption, a diagram is to fit a page of paper
BOX = 38  # high
WORDS = (72, 220)  # the narrowest and the widest box
MARGIN = 2
LARGE = 0.9  # drawn at this scale, what is lower is better than what is larger
COLUMN = 1.25  # and a column more is worth it where it makes a diagram lower by a fifth
DIRECTIONS: tuple[Direction, ...] = ("LR", "TB")  # columns are cut of the last, the upright one

ABSENT = (
    "This diagram is laid out by Graphviz' dot, which is not installed here, or failed.",
    f"{graphviz.REMEDY}; then make this report again.",
)


def diagram(chart: Diagram) -> Drawing:
    """The diagram, laid out in the way in which it is largest; of several, the lowest."""
    layouts = tuple(_layouts(chart))
    if not layouts:
        return Drawing(44, [text(line, 0, 16 + 20 * row, kind="muted") for row, line in enumerate(ABSENT)])
    _, best = max(layouts, key=lambda weighed: (min(_scale(weighed[1]), LARGE), -weighed[0] * weighed[1].height))
    scale = _scale(best)
    picture = Group(tuple(_draw(chart, best)), at=((WIDTH - scale * best.width) / 2, MARGIN), scale=scale)
    return Drawing(round(scale * best.height + 2 * MARGIN, 1), (picture,))


def _layouts(chart: Diagram) -> Iterator[tuple[float, Layout]]:
    """On its side, upright, and in columns, each with the weight of its height; nothing where there is no Graphviz."""
    found = graphviz.layouts(*(_graph(chart, direction) for direction in DIRECTIONS))
    yield from ((1, layout) for layout in found)
    for number in (2, 3, 4) if found else ():
        if (cut := columns(found[-1], number)) is not None:
            yield COLUMN ** (number - 1), cut


def _scale(layout: Layout) -> float:
    return min(1.0, (WIDTH - 2 * MARGIN) / layout.width, HEIGHT / layout.height)


def _graph(chart: Diagram, direction: Direction) -> Graph:
    return Graph(
        boxes=tuple((_width(box), BOX, box.frame) for box in chart.boxes),
        arrows=tuple((arrow.source, arrow.target, _room(_words(arrow.label), VALUE)) for arrow in chart.arrows),
        frames=tuple((_room(_words(frame.label), LABEL), frame.frame) for frame in chart.frames),
        direction=direction,
    )


def _room(words: str, size: float) -> float:
    """The width of words and of the room around them."""
    return text_width(words, size) + 10 if words else 0.0


def _width(box: Box) -> float:
    wanted = max(text_width(box.label), text_width(box.detail, VALUE)) + 2 * PADDING + 1
    return max(WORDS[0], min(wanted, WORDS[1]))


def _words(label: str) -> str:
    return shortened(label, WORDS[1], VALUE) or ""


def _draw(chart: Diagram, layout: Layout) -> Iterator[Shape]:
    """Frames under arrows under words on plates under boxes."""
    for place in layout.frames:
        yield outline(place, 6, "line", dashes=(4, 3))
    for curve in layout.arrows:
        yield from _arrow(curve)
    for frame, place in zip(chart.frames, layout.frames, strict=True):
        yield from plate(_words(frame.label), place[0] + 8, place[1] + 17)
    for arrow, curve in zip(chart.arrows, layout.arrows, strict=True):
        if curve.words is not None:
            x, y = curve.words
            yield from plate(_words(arrow.label), x, y + 3.5, size=VALUE, anchor="middle")
    for box, place in zip(chart.boxes, layout.boxes, strict=True):
        yield Group(tuple(_box(box, place)), box.hint)


def _arrow(curve: Curve) -> Iterator[Shape]:
    """A Bézier curve with a head from its end to the tip."""
    start, *rest = curve.points
    bends: list[Step] = [("C", tuple(chain.from_iterable(rest[i : i + 3]))) for i in range(0, len(rest), 3)]
    yield stroke((("M", start), *bends), "arrow")
    (x, y), (tip_x, tip_y) = curve.points[-1], curve.tip
    length = hypot(tip_x - x, tip_y - y) or 1.0
    across = 3 * (tip_y - y) / length, 3 * (x - tip_x) / length
    corners = (x + across[0], y + across[1]), curve.tip, (x - across[0], y - across[1])
    yield Path((("M", corners[0]), ("L", corners[1]), ("L", corners[2]), ("Z", ())), MUTED, "muted")


def _box(box: Box, place: Place) -> Iterator[Shape]:
    """A tile with two lines in its middle; an end of the model is an outline, and its words are in the page's ink."""
    x, y, width, height = place
    kind: Literal["ink"] | None = "ink" if box.end else None
    yield outline(place, height / 2, "arrow") if box.end else rect(place, fill(box.hue))
    middle, room = x + width / 2, width - 2 * PADDING
    detail = shortened(box.detail, room, VALUE)
    line = y + height / 2 + (-3 if detail else 4.5)
    yield text(shortened(box.label, room) or "", middle, line, weight=600, anchor="middle", kind=kind)
    if detail:
        yield text(detail, middle, y + height / 2 + 12, size=VALUE, anchor="middle", kind=kind)
