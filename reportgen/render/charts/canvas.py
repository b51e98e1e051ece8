"""What all charts are drawn with: one palette, texts of a known width, and tiles.

Only presentation attributes and six-digit colours are used, which is all that WeasyPrint's SVG renderer supports. What
lies outside coloured tiles also has a class, so that a page with a dark mode can give it other colours: ``ink`` and
``muted`` fills, ``line`` and ``arrow`` strokes, and the ``ground`` under it all, on which a chart is legible as a file
of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from markupsafe import escape

from reportgen.render.text import anchor, display, isolate, text_cells

if TYPE_CHECKING:
    from reportgen.view.page import Chart

WIDTH = 840
LABEL, VALUE = 12, 10.5  # font sizes
ADVANCE = 0.6  # em a character, in nearly every monospaced font
PADDING = 6  # of a text within its tile
FONTS = "Report Mono, Report Signs, Report Han, ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"
SHORTEST = 9  # characters of a name that is cut in the middle

INK = "#14202b"
MUTED = "#55606e"
LINE = "#b9c1cb"
GROUND = "#ffffff"
NEUTRAL = ("#ccd2da", "#dde1e7")  # what is no one's part: the model itself, or the rest of it
# Tints of the Okabe-Ito colours, which stay apart for every kind of colour blindness; ink on the darkest of them has a
# contrast above 7. Each comes in two shades, for neighbours of one colour.
PALETTE = (
    ("#86b4d8", "#a3c7e3"),  # blue
    ("#e3ab62", "#ecc38c"),  # orange
    ("#79bd9f", "#9bcfb8"),  # green
    ("#cf9dbd", "#dcb7cf"),  # purple
    ("#d8cb76", "#e4da99"),  # yellow
    ("#dd9a7d", "#e8b49d"),  # vermilion
    ("#94cddb", "#b3dce6"),  # sky
    ("#adabd8", "#c4c2e4"),  # violet
)
Anchor = Literal["start", "middle", "end"]
Place = tuple[float, float, float, float]  # x, y, width, height
Drawn = tuple[float, Iterable[str]]  # how high it is, and its elements
_COLOURS = {"ink": INK, "muted": MUTED}


def document(chart: Chart, drawn: Drawn, margin: float) -> str:
    """One ``<svg>`` element with what was drawn on the chart's ground; ``alt`` is its ``<desc>``."""
    name = anchor(chart.id)
    wide, high = f"{WIDTH + 2 * margin:g}", f"{drawn[0] + 2 * margin:g}"
    corner = f"{-margin:g}" if margin else "0"
    size = f'viewBox="{corner} {corner} {wide} {high}" width="{wide}" height="{high}"'
    labels = f'role="img" aria-labelledby="chart-{name}-title chart-{name}-desc"'
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {labels} font-family="{FONTS}">',
        f'<title id="chart-{name}-title">{xml(chart.title)}</title>',
        f'<desc id="chart-{name}-desc">{xml(chart.alt)}</desc>',
        f'<rect class="ground" x="{corner}" y="{corner}" width="{wide}" height="{high}" fill="{GROUND}"/>',
        *drawn[1],
        "</svg>",
    )
    return "\n".join(parts) + "\n"


def xml(text: str) -> str:
    """``text`` as it may stand in an element or an attribute; invisible in it are only marks that keep its order."""
    return str(escape(isolate(display(text))))


def fill(hue: int | None, shade: int = 0) -> str:
    """The colour of a part of the model; ``shade`` tells neighbours of one colour apart."""
    return (NEUTRAL if hue is None else PALETTE[hue % len(PALETTE)])[shade % 2]


def text_width(text: str, size: float = LABEL) -> float:
    """How wide a text is drawn."""
    return text_cells(text) * ADVANCE * size


def shortened(text: str, width: float, size: float = LABEL) -> str | None:
    """``text`` as it fits into ``width``: whole, or with its middle left out; None where too little would be left."""
    text = display(text)
    if text_width(text, size) <= width:
        return text
    room = int(width / (ADVANCE * size)) - 1  # for the ellipsis
    if room + 1 < SHORTEST:
        return None
    tail = _within(reversed(text), room // 2)[::-1]
    return f"{_within(text, room - text_cells(tail))}…{tail}"


def _within(text: Iterable[str], cells: int) -> str:
    """The first characters of ``text`` that take no more than so many cells."""
    taken = ""
    for char in text:
        cells -= text_cells(char)
        if cells < 0:
            break
        taken += char
    return taken


def text(
    words: str,
    x: float,
    y: float,
    *,
    size: float = LABEL,
    weight: int = 400,
    anchor: Anchor = "start",
    kind: Literal["ink", "muted"] | None = None,
) -> str:
    """One line of text. ``kind`` is for texts outside coloured tiles: on those, ink is ink in dark mode too."""
    place = f'x="{x:.2f}" y="{y:.6g}" font-size="{size:g}" font-weight="{weight}"'
    side = "" if anchor == "start" else f' text-anchor="{anchor}"'
    colour = f'class="{kind}" fill="{_COLOURS[kind]}"' if kind else f'fill="{INK}"'
    return f"<text {place}{side} {colour}>{xml(words)}</text>"


def line(x1: float, y1: float, x2: float, y2: float) -> str:
    """A thin line."""
    ends = f'x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"'
    return f'<line class="line" {ends} stroke="{LINE}" stroke-width="1"/>'


def rect(place: Place, colour: str) -> str:
    """A tile; its corners are round where there is room for that."""
    x, y, width, height = place
    size = f'x="{x:.2f}" y="{y:.6g}" width="{width:.2f}" height="{height:g}" rx="{min(3, width / 4):.2f}"'
    return f'<rect {size} fill="{colour}"/>'


def outline(place: Place, radius: float, kind: str, colour: str, *, dashes: str | None = None) -> str:
    """A rectangle that is a thin line, of that class."""
    x, y, width, height = place
    size = f'x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" rx="{radius:g}"'
    pattern = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<rect class="{kind}" {size} fill="none" stroke="{colour}" stroke-width="1"{pattern}/>'


def titled(tooltip: str, *shapes: str) -> Iterator[str]:
    """Shapes that share a tooltip."""
    yield f"<g><title>{xml(tooltip)}</title>"
    yield from shapes
    yield "</g>"


def tile(place: Place, colour: str, label: str, value: str = "") -> Iterator[str]:
    """A tile with its label where that fits, at least without its middle, and its value below where that fits too."""
    yield rect(place, colour)
    x, y, width, height = place
    room = width - 2 * PADDING
    shown = shortened(label, room)
    if shown is None:
        return
    has_value = bool(value) and text_width(value, VALUE) <= room
    middle = y + height / 2
    yield text(shown, x + PADDING, middle + (-3 if has_value else 4.5), weight=600)
    if has_value:
        yield text(value, x + PADDING, middle + 12, size=VALUE)
