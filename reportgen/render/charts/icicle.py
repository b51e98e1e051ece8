"""The icicle, and bars that are each a whole: rows of tiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.render.charts.canvas import PADDING, WIDTH, Drawing, Group, Shape, fill, rect, shortened, text, tile

if TYPE_CHECKING:
    from reportgen.view.chart import Bars, Icicle, Tile

ROW = 44
GAP = 2
SLIVER = 3.0  # tiles narrower than this are drawn together
MARGIN = 110  # for the labels left of bars
NAMES = 150  # for the names of models


@dataclass(frozen=True, slots=True)
class _Run:
    """One drawn rectangle, in pixels; several tiles where they are too narrow to be told apart."""

    depth: int
    x: float
    width: float
    tiles: tuple[Tile, ...]


def icicle(chart: Icicle) -> Drawing:
    """The icicle, 44 units a level, right of its labels where it has any."""
    labels = [
        text(label, 0, row * ROW + ROW / 2 + 3, kind="ink")
        for row, name in chart.labels
        if (label := shortened(name, NAMES - PADDING))
    ]
    return Drawing(max(chart.depth, 1) * ROW - GAP, (*labels, *_tiles(chart.tiles, NAMES if chart.labels else 0)))


def bars(chart: Bars) -> Drawing:
    """One bar for each label, which stands left of it."""
    labels = (text(label, 0, row * ROW + ROW / 2 + 3, kind="muted") for row, label in enumerate(chart.labels))
    return Drawing(len(chart.labels) * ROW - GAP, (*labels, *_tiles(chart.tiles, MARGIN)))


def _tiles(tiles: Iterable[Tile], left: float) -> Iterator[Shape]:
    """The tiles between ``left`` and the right edge; a label is drawn only where it fits."""
    shades: dict[tuple[int, int | None], int] = {}  # of (depth, hue): how many tiles so far
    for run in _runs(tiles, left):
        first, last = run.tiles[0], run.tiles[-1]
        key = (run.depth, first.hue)
        shades[key] = shades.get(key, -1) + 1
        place, colour = (run.x, run.depth * ROW, max(run.width - GAP, 0.5), ROW - GAP), fill(first.hue, shades[key])
        if len(run.tiles) == 1:
            yield Group(tuple(tile(place, colour, first.label, first.value)), f"{first.label}: {first.value}")
        else:
            yield Group((rect(place, colour),), f"{len(run.tiles)} parts, {first.label} to {last.label}")


def _runs(tiles: Iterable[Tile], left: float) -> Iterator[_Run]:
    """The tiles in pixels; slivers of one colour, side by side, become one."""
    scale = WIDTH - left
    run: list[Tile] = []
    for item in sorted(tiles, key=lambda item: (item.depth, item.start)):
        sliver = item.width * scale < SLIVER
        if run and not (sliver and _touches(run[-1], item)):
            yield _run(run, left)
            run = []
        if sliver:
            run.append(item)
        else:
            yield _run([item], left)
    if run:
        yield _run(run, left)


def _touches(left: Tile, right: Tile) -> bool:
    return (left.depth, left.hue) == (right.depth, right.hue) and right.start - left.start - left.width < 1e-6


def _run(tiles: list[Tile], left: float) -> _Run:
    scale = WIDTH - left
    start, end = left + tiles[0].start * scale, left + (tiles[-1].start + tiles[-1].width) * scale
    return _Run(tiles[0].depth, start, end - start, tuple(tiles))
