"""Points on two scales, each a link to its report; series differ in colour and in shape, or areas mean something."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
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
    from reportgen.view.chart import Dot, Scatter

LEFT, RIGHT, TOP, BOTTOM = 62, 26, 30, 46  # around the plot
HIGH = 420
LARGEST = 26  # units, the radius of the largest dot where areas mean something
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
    if chart.area is None:
        for number in range(len(chart.series)):
            yield _marks(number, tuple(_point(dot) for dot in chart.dots if dot.series == number))
    else:
        for dot in chart.dots:
            yield Marks((_point(dot),), COLOURS[dot.series % len(COLOURS)], None, _radius(dot))
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
    """The series from left to right, as far as there is room; or what areas mean, where each dot has its name."""
    x = LEFT + 8.0
    if chart.area is not None:
        yield text(chart.area, WIDTH - RIGHT, 16, size=VALUE, anchor="end", kind="muted")
        return
    for number, name in enumerate(chart.series if len(chart.series) > 1 else ()):
        label = shortened(name, NAME, VALUE) or ""
        if x + 16 + text_width(label, VALUE) > WIDTH - RIGHT:
            return
        yield _marks(number, ((x + 6, 12, name, None),))
        yield text(label, x + 16, 16, size=VALUE, kind="ink")
        x += 16 + text_width(label, VALUE) + 18


def _point(dot: Dot) -> tuple[float, float, str, str | None]:
    return _x(dot.x), _y(dot.y), f"{dot.label}: {dot.hint}", dot.href


def _radius(dot: Dot) -> float:
    """By area: the largest is `LARGEST`, and none is smaller than can be seen."""
    return max(LARGEST * sqrt(dot.size or 0), 2.5)


def _marks(series: int, points: tuple[tuple[float, float, str, str | None], ...]) -> Marks:
    return Marks(points, COLOURS[series % len(COLOURS)], FORMS[series % len(FORMS)])


def _names(chart: Scatter) -> Iterator[Shape]:
    """Each name beside its dot, where it lies on no other; those that find no room are told by tooltips alone."""
    taken: list[tuple[float, float, float]] = []
    for dot in chart.dots:
        label = shortened(dot.label, NAME, VALUE) if dot.named else None
        if label is None:
            continue
        width = text_width(label, VALUE)
        for left, y in _beside(dot, width, areas=chart.area is not None):
            inside = left > LEFT and left + width < WIDTH - RIGHT and y > TOP
            if inside and not any(abs(y - at) < 12 and left < end and start < left + width for at, start, end in taken):
                taken.append((y, left, left + width))
                yield text(label, left, y + 3.5, size=VALUE, kind="ink")
                break


def _beside(dot: Dot, width: float, *, areas: bool) -> Iterator[tuple[float, float]]:
    """Where a name so wide may begin: to the right of its dot, to the left, and of one with an area above and below."""
    x, y = _x(dot.x), _y(dot.y)
    gap = _radius(dot) + 4 if areas else 8
    yield x + gap, y
    yield x - gap - width, y
    if areas:
        yield x - width / 2, y - gap - 5
        yield x - width / 2, y + gap + 5


def _x(place: float) -> float:
    return LEFT + place * (WIDTH - RIGHT - LEFT)


def _y(place: float) -> float:
    return HIGH - BOTTOM - place * (HIGH - BOTTOM - TOP)
