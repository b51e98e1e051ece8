"""What all charts are drawn with: shapes, one palette, texts of a known width, and tiles.

A chart is shapes as data, in its own units with y downwards: `charts.svg` writes them as SVG, and paper is painted with
them. What lies outside coloured tiles also has a kind, so that a page with a dark mode can give it other colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from reportgen.render.text import display, text_cells

WIDTH = 840
LABEL, VALUE = 12, 10.5  # font sizes
ADVANCE = 0.6  # em a character, in nearly every monospaced font
PADDING = 6  # of a text within its tile
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
Kind = Literal["ground", "plate", "ink", "muted", "line", "arrow"]  # the last two are strokes, the others are filled
Place = tuple[float, float, float, float]  # x, y, width, height
Step = tuple[Literal["M", "L", "H", "V", "C", "Z"], tuple[float, ...]]  # of a path: SVG's commands and coordinates
_COLOURS: dict[Kind, str] = {"ink": INK, "muted": MUTED, "line": LINE, "arrow": MUTED}


class Rect(NamedTuple):
    """A rectangle, filled; or, with ``dashes`` or of the kind of a stroke, a thin line around one."""

    place: Place
    radius: float
    colour: str
    kind: Kind | None = None
    dashes: tuple[float, ...] = ()


class Path(NamedTuple):
    """A shape with corners and curves, filled; or, of the kind of a stroke, a thin line."""

    steps: Sequence[Step]
    colour: str
    kind: Kind | None = None


class Dot(NamedTuple):
    """A disc of ink with a rim of the ground's colour."""

    x: float
    y: float
    radius: float = 3.5


class Marks(NamedTuple):
    """Points of one series, each with a tooltip and a link, in half-clear ``colour`` of one ``form``."""

    points: Sequence[tuple[float, float, str, str | None]]  # x, y, tooltip, target
    colour: str
    form: Sequence[Step] | None  # a path around its middle; None is a disc
    radius: float = 4.2  # of a disc


class Text(NamedTuple):
    """One line of text on the baseline ``y``; ``x`` is where it starts, ends, or has its middle."""

    words: str
    x: float
    y: float
    size: float
    weight: int
    anchor: Anchor
    colour: str
    kind: Kind | None


class Group(NamedTuple):
    """Shapes that share a tooltip, or that are moved by ``at`` after being scaled."""

    shapes: Sequence[Shape]
    title: str | None = None
    at: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0


Shape: TypeAlias = Rect | Path | Dot | Marks | Text | Group


class Drawing(NamedTuple):
    """A chart as it is drawn, `WIDTH` units wide."""

    height: float
    shapes: Sequence[Shape]


def is_stroke(kind: Kind | None) -> bool:
    """Whether a shape of that kind is a line of the width of one unit."""
    return kind in {"line", "arrow"}


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
) -> Text:
    """One line of text. ``kind`` is for texts outside coloured tiles: on those, ink is ink in dark mode too."""
    return Text(words, x, y, size, weight, anchor, _COLOURS[kind] if kind else INK, kind)


def line(x1: float, y1: float, x2: float, y2: float) -> Path:
    """A thin line."""
    return stroke((("M", (x1, y1)), ("L", (x2, y2))), "line")


def stroke(steps: Sequence[Step], kind: Literal["line", "arrow"]) -> Path:
    """A thin line with corners and curves."""
    return Path(steps, _COLOURS[kind], kind)


def rect(place: Place, colour: str) -> Rect:
    """A tile; its corners are round where there is room for that."""
    return Rect(place, min(3, place[2] / 4), colour)


def outline(place: Place, radius: float, kind: Literal["line", "arrow"], *, dashes: tuple[float, ...] = ()) -> Rect:
    """A rectangle that is a thin line, of that kind."""
    return Rect(place, radius, _COLOURS[kind], kind, dashes)


def plate(words: str, x: float, y: float, *, size: float = LABEL, anchor: Anchor = "start") -> Iterator[Shape]:
    """One muted line of text on a ground of its own, which hides the lines that cross it."""
    if words:
        width = text_width(words, size) + 4
        left = x - 2 if anchor == "start" else x - width / 2
        yield Rect((left, y - size, width, 1.3 * size), 0, GROUND, "plate")
        yield text(words, x, y, size=size, anchor=anchor, kind="muted")


def tile(place: Place, colour: str, label: str, value: str = "") -> Iterator[Shape]:
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
