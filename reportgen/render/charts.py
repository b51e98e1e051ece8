"""Charts as SVG text, made from the page's data alone: the same string in HTML, on paper and as a file of its own.

Only presentation attributes and six-digit colours are used, which is all that WeasyPrint's SVG renderer supports, and
everything is drawn inside coloured tiles, so that it reads on a light and on a dark ground alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import escape

from reportgen.render.text import anchor, display, text_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reportgen.view.page import Chart, Icicle, Tile

WIDTH = 840
ROW = 44
GAP = 2
LABEL, VALUE = 12, 10.5  # font sizes
PADDING = 6
ADVANCE = 0.6  # em a character, in nearly every monospaced font
SLIVER = 3.0  # tiles narrower than this are drawn together
FONTS = "Report Mono, ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"

INK = "#14202b"
NEUTRAL = ("#ccd2da", "#dde1e7")  # the model itself, which is no one's part
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


@dataclass(frozen=True, slots=True)
class _Box:
    """One drawn rectangle, in pixels; several tiles where they are too narrow to be told apart."""

    depth: int
    x: float
    width: float
    tiles: tuple[Tile, ...]


def svg(chart: Chart) -> str:
    """The chart as one ``<svg>`` element, 840 units wide; ``alt`` is its ``<desc>``."""
    return _icicle(chart)


def _icicle(icicle: Icicle) -> str:
    """The icicle as one ``<svg>`` element, 840 units wide; ``alt`` is its ``<desc>``, each tile has a tooltip.

    A label is drawn only where it fits its tile, whole; a figure under it likewise.
    """
    name, height = anchor(icicle.id), max(icicle.depth, 1) * ROW - GAP
    shades: dict[tuple[int, int], int] = {}  # of (depth, hue): how many tiles so far
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    labels = f'role="img" aria-labelledby="chart-{name}-title chart-{name}-desc"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {labels} font-family="{FONTS}">',
        f'<title id="chart-{name}-title">{_xml(icicle.title)}</title>',
        f'<desc id="chart-{name}-desc">{_xml(icicle.alt)}</desc>',
    ]
    for box in _boxes(icicle.tiles):
        key = (box.depth, box.tiles[0].hue)
        shades[key] = shades.get(key, -1) + 1
        parts.extend(_draw(box, shades[key]))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _xml(text: str) -> str:
    return str(escape(display(text)))


def _boxes(tiles: Iterable[Tile]) -> Iterator[_Box]:
    """The tiles in pixels; runs of slivers of one colour, side by side, become one box."""
    run: list[Tile] = []
    for tile in sorted(tiles, key=lambda tile: (tile.depth, tile.start)):
        if run and not (_is_sliver(tile) and _touches(run[-1], tile)):
            yield _box(run)
            run = []
        if _is_sliver(tile):
            run.append(tile)
        else:
            yield _box([tile])
    if run:
        yield _box(run)


def _is_sliver(tile: Tile) -> bool:
    return tile.width * WIDTH < SLIVER


def _touches(left: Tile, right: Tile) -> bool:
    return (left.depth, left.hue) == (right.depth, right.hue) and right.start - left.start - left.width < 1e-6


def _box(tiles: list[Tile]) -> _Box:
    start, end = tiles[0].start * WIDTH, (tiles[-1].start + tiles[-1].width) * WIDTH
    return _Box(tiles[0].depth, start, end - start, tuple(tiles))


def _draw(box: _Box, shade: int) -> Iterator[str]:
    first = box.tiles[0]
    fill = (PALETTE[first.hue % len(PALETTE)] if first.depth else NEUTRAL)[shade % 2]
    y, width = box.depth * ROW, max(box.width - GAP, 0.5)
    if len(box.tiles) == 1:
        tooltip = f"{first.label}: {first.value}"
    else:
        tooltip = f"{len(box.tiles)} modules, {first.label} to {box.tiles[-1].label}"
    yield f"<g><title>{_xml(tooltip)}</title>"
    size = f'x="{box.x:.2f}" y="{y}" width="{width:.2f}" height="{ROW - GAP}" rx="{min(3, width / 4):.2f}"'
    yield f'<rect {size} fill="{fill}"/>'
    if len(box.tiles) == 1 and _fits(first.label, LABEL, width):
        has_value = _fits(first.value, VALUE, width)
        x = box.x + PADDING
        yield _text(first.label, x, y + (18 if has_value else 25.5), LABEL, 600)
        if has_value:
            yield _text(first.value, x, y + 33, VALUE, 400)
    yield "</g>"


def _fits(text: str, size: float, width: float) -> bool:
    return text_cells(text) * ADVANCE * size <= width - 2 * PADDING


def _text(text: str, x: float, y: float, size: float, weight: int) -> str:
    return f'<text x="{x:.2f}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{INK}">{_xml(text)}</text>'
