"""A quantity over a pass: an area in steps, coloured by the part of the model that ran, with its peak marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reportgen.render.charts.canvas import (
    INK,
    VALUE,
    WIDTH,
    Anchor,
    Drawn,
    fill,
    line,
    shortened,
    text,
    text_width,
    tile,
    titled,
)

if TYPE_CHECKING:
    from reportgen.view.page import Band, Timeline

LEFT = 84  # for what the ticks say
TOP = 34  # for the words on the peak
PLOT = 190
STRIP = 24
GAP = 1
HEIGHT = TOP + PLOT + 6 + STRIP


def timeline(chart: Timeline) -> Drawn:
    """The area over a strip of the parts; time runs from left to right, one step as wide as another."""
    return HEIGHT, _draw(chart)


def _draw(chart: Timeline) -> Iterator[str]:
    for height, label in chart.ticks:
        y = _y(height)
        yield line(LEFT, y, WIDTH, y)
        yield text(label, LEFT - 8, y + 3.5, size=VALUE, anchor="end", kind="muted")
    shades: dict[int | None, int] = {}
    width = (WIDTH - LEFT) / len(chart.steps)
    for band in chart.bands:
        shade = shades[band.hue] = shades.get(band.hue, -1) + 1
        yield from _band(band, chart.steps, width, fill(band.hue, shade))
    yield from _peak(chart, width)


def _y(height: float) -> float:
    return TOP + PLOT * (1 - height)


def _band(band: Band, steps: tuple[float, ...], width: float, colour: str) -> Iterator[str]:
    x = LEFT + band.start * width
    heights = enumerate(steps[band.start : band.start + band.width], band.start + 1)
    top = "".join(f"V{_y(height):.2f}H{LEFT + end * width:.2f}" for end, height in heights)
    area = f'<path d="M{x:.2f} {TOP + PLOT}{top}V{TOP + PLOT}Z" fill="{colour}"/>'
    strip = tile((x, TOP + PLOT + 6, max(band.width * width - GAP, 0.5), STRIP), colour, band.label)
    yield from titled(band.label, area, *strip)


def _peak(chart: Timeline, width: float) -> Iterator[str]:
    """A dot on the peak, and above it what it is; the words stay within the chart."""
    x, y = LEFT + (chart.peak + 0.5) * width, _y(chart.steps[chart.peak])
    words = shortened(chart.peak_label, WIDTH - LEFT) or ""
    half = text_width(words) / 2
    side: Anchor = "start" if x - half < LEFT else "end" if x + half > WIDTH else "middle"
    at = {"start": LEFT, "middle": x, "end": WIDTH}[side]
    yield text(words, at, 14, weight=600, anchor=side, kind="ink")
    yield line(x, 20, x, y)
    yield f'<circle cx="{x:.2f}" cy="{y:.2f}" r="3.5" fill="{INK}" stroke="#ffffff" stroke-width="1.5"/>'
