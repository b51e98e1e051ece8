"""Points on two scales, each a link to its report; series differ in colour and in shape. For the screen alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reportgen.render.charts.canvas import (
    LABEL,
    VALUE,
    WIDTH,
    Drawing,
    Marks,
    Shape,
    Step,
    line,
    shortened,
    text,
    text_width,
)

if TYPE_CHECKING:
    from reportgen.view.page import Scatter

LEFT, RIGHT, TOP, BOTTOM = 62, 26, 30, 46  # around the plot
HIGH = 420
NAME = 150  # units for the name of a dot
# The Okabe-Ito colours, darkened where that takes for a contrast of 3 on white and on the dark ground alike.
COLOURS = ("#0b7abf", "#cf5a00", "#008f68", "#b8629b", "#8c7300", "#6a6fd0")


def _around(*corners: tuple[float, float]) -> tuple[Step, ...]:
    return (("M", corners[0]), *(("L", corner) for corner in corners[1:]), ("Z", ()))


FORMS = (  # of like area; the first is a disc
    None,
    _around((0, -5.3), (5.3, 0), (0, 5.3), (-5.3, 0)),
    _around((0, -5.2), (4.8, 3.1), (-4.8, 3.1)),
    _around((-3.7, -3.7), (3.7, -3.7), (3.7, 3.7), (-3.7, 3.7)),
    _around((0, 5.2), (4.8, -3.1), (-4.8, -3.1)),
    _around((-5, -1.8), (5, -1.8), (5, 1.8), (-5, 1.8)),
)


def scatter(chart: Scatter) -> Drawing:
    """The dots of a series together, and the names that have room beside theirs."""
    return Drawing(HIGH, tuple(_draw(chart)))


def _draw(chart: Scatter) -> Iterator[Shape]:
    yield from _axes(chart)
    yield from _legend(chart)
    for number in range(len(chart.series)):
        dots = [dot for dot in chart.dots if dot.series == number]
        points = tuple((_x(dot.x), _y(dot.y), f"{dot.label}: {dot.hint}", dot.href) for dot in dots)
        yield _marks(number, points)
    yield from _names(chart)


def _axes(chart: Scatter) -> Iterator[Shape]:
    right, bottom = WIDTH - RIGHT, HIGH - BOTTOM
    for place, mark in chart.across.marks:
        x = _x(place)
        yield line(x, TOP, x, bottom)
        yield text(mark, x, bottom + 16, size=VALUE, anchor="middle", kind="muted")
    for place, mark in chart.up.marks:
        y = _y(place)
        yield line(LEFT, y, right, y)
        yield text(mark, LEFT - 8, y + 4, size=VALUE, anchor="end", kind="muted")
    yield text(chart.across.label, right, HIGH - 8, size=LABEL, weight=600, anchor="end", kind="ink")
    yield text(chart.up.label, LEFT - 8, 16, size=LABEL, weight=600, anchor="end", kind="ink")


def _legend(chart: Scatter) -> Iterator[Shape]:
    """The series from left to right, as far as there is room."""
    x = LEFT + 8.0
    for number, name in enumerate(chart.series if len(chart.series) > 1 else ()):
        label = shortened(name, NAME, VALUE) or ""
        if x + 16 + text_width(label, VALUE) > WIDTH - RIGHT:
            return
        yield _marks(number, ((x + 6, 12, name, None),))
        yield text(label, x + 16, 16, size=VALUE, kind="ink")
        x += 16 + text_width(label, VALUE) + 18


def _marks(series: int, points: tuple[tuple[float, float, str, str | None], ...]) -> Marks:
    return Marks(points, COLOURS[series % len(COLOURS)], FORMS[series % len(FORMS)])


def _names(chart: Scatter) -> Iterator[Shape]:
    """Each name to the right of its dot, else to the left, and none where it would lie on another."""
    taken: list[tuple[float, float, float]] = []
    for dot in chart.dots:
        label = shortened(dot.label, NAME, VALUE) if dot.named else None
        if label is None:
            continue
        x, y, width = _x(dot.x), _y(dot.y), text_width(label, VALUE)
        for left in (x + 8, x - 8 - width):
            inside = left > LEFT and left + width < WIDTH - RIGHT
            if inside and not any(abs(y - at) < 12 and left < end and start < left + width for at, start, end in taken):
                taken.append((y, left, left + width))
                yield text(label, left, y + 3.5, size=VALUE, kind="ink")
                break


def _x(place: float) -> float:
    return LEFT + place * (WIDTH - RIGHT - LEFT)


def _y(place: float) -> float:
    return HIGH - BOTTOM - place * (HIGH - BOTTOM - TOP)
