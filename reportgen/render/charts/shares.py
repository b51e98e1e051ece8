"""Shares of several quantities, one column each, on one scale: a part's bars stand beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reportgen.render.charts.canvas import (
    LABEL,
    VALUE,
    WIDTH,
    Drawing,
    Group,
    Shape,
    fill,
    line,
    rect,
    shortened,
    text,
    text_width,
)

if TYPE_CHECKING:
    from reportgen.view.chart import Part, Shares

NAMES = 200  # units for the parts' names
HEAD = 26
ROW = 26
BAR = 18
GAP = 18  # between the columns
FIGURE = text_width(">99.9 %", VALUE) + 6


def shares(chart: Shares) -> Drawing:
    """One row for each part, one column for each quantity; the largest share of all fills its column."""
    height = HEAD + ROW * len(chart.parts)
    return Drawing(height, tuple(_draw(chart, height)))


def _draw(chart: Shares, height: float) -> Iterator[Shape]:
    column = (WIDTH - NAMES) / len(chart.quantities)
    lefts = [NAMES + index * column for index in range(len(chart.quantities))]
    largest = max(share.size for part in chart.parts for share in part.shares)
    scale = (column - GAP - FIGURE) / largest
    for left, quantity in zip(lefts, chart.quantities, strict=True):
        yield text(quantity, left, 14, weight=600, kind="ink")
        yield line(left, HEAD - 4, left, height)
    for row, part in enumerate(chart.parts):
        yield from _part(part, HEAD + row * ROW, lefts, scale)


def _part(part: Part, y: float, lefts: list[float], scale: float) -> Iterator[Shape]:
    label = text(shortened(part.label, NAMES - 12) or "", 0, y + BAR / 2 + 4, size=LABEL, kind="ink")
    yield Group((label,), part.label)
    for left, share in zip(lefts, part.shares, strict=True):
        width = share.size * scale
        figure = text(share.text, left + width + 6, y + BAR / 2 + 4, size=VALUE, kind="muted")
        bar = [rect((left, y, width, BAR), fill(part.hue))] if share.size else []
        yield Group((*bar, figure), f"{part.label}: {share.exact}, {share.text}")
