"""A quantity over a pass: an area in steps, coloured by the part of the model that ran, with its peak marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reportgen.render.charts.canvas import (
    VALUE,
    WIDTH,
    Anchor,
    Dot,
    Drawing,
    Group,
    Path,
    Shape,
    Step,
    fill,
    line,
    shortened,
    text,
    text_width,
    tile,
)

if TYPE_CHECKING:
    from reportgen.view.chart import Band, Timeline

LEFT = 84  # for what the ticks say
TOP = 34  # for the words on the peak
PLOT = 190
STRIP = 24
GAP = 1
HEIGHT = TOP + PLOT + 6 + STRIP


def timeline(chart: Timeline) -> Drawing:
    """The area over a strip of the parts; time runs from left to right, one step as wide as another."""
    return Drawing(HEIGHT, tuple(_draw(chart)))


def _draw(chart: Timeline) -> Iterator[Shape]:
    for height, label in chart.ticks:
        y = _y(height)
        yield line(LEFT, y, WIDTH, y)
        yield text(label, LEFT - 8, y + 3.5, size=VALUE, anchor="end", kind="muted")
    shades: dict[int | None, int] = {}
    width = (WIDTH - LEFT) / len(chart.steps)
    for band in chart.bands:
        shade = shades[band.hue] = shades.get(band.hue, -1) + 1
        yield _band(band, chart.steps, width, fill(band.hue, shade))
    yield from _peak(chart, width)


def _y(height: float) -> float:
    return TOP + PLOT * (1 - height)


def _band(band: Band, heights: tuple[float, ...], width: float, colour: str) -> Group:
    x = LEFT + band.start * width
    steps: list[Step] = [("M", (x, _y(0)))]
    for height in heights[band.start : band.start + band.width]:
        steps += [("V", (_y(height),)), ("H", (x := x + width,))]
    area = Path((*steps, ("V", (_y(0),)), ("Z", ())), colour)
    strip = tile(
        (LEFT + band.start * width, TOP + PLOT + 6, max(band.width * width - GAP, 0.5), STRIP), colour, band.label
    )
    return Group((area, *strip), band.label)


def _peak(chart: Timeline, width: float) -> Iterator[Shape]:
    """A dot on the peak, and above it what it is; the words stay within the chart."""
    x, y = LEFT + (chart.peak + 0.5) * width, _y(chart.steps[chart.peak])
    words = shortened(chart.peak_label, WIDTH - LEFT) or ""
    half = text_width(words) / 2
    side: Anchor = "start" if x - half < LEFT else "end" if x + half > WIDTH else "middle"
    at = {"start": LEFT, "middle": x, "end": WIDTH}[side]
    yield text(words, at, 14, weight=600, anchor=side, kind="ink")
    yield line(x, 20, x, y)
    yield Dot(x, y)
