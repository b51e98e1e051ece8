"""Charts as data: parts of a page that `reportgen.render.charts` draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Tile:
    """One rectangle of a chart in rows: ``start`` and ``width`` are shares of the whole, ``depth`` its row.

    ``hue`` is an index into the palette, which is the same for one part of the model in all charts; None is grey.
    """

    label: str
    depth: int
    start: float
    width: float
    value: str  # "23.5 M, 92.0 %"
    hue: int | None


@dataclass(frozen=True, slots=True)
class Icicle:
    """Parameters by module, folded repeats as one tile. ``alt`` says in words what it shows."""

    id: str
    title: str
    alt: str
    tiles: tuple[Tile, ...]
    depth: int  # number of rows
    labels: tuple[tuple[int, str], ...] = ()  # rows, and what stands left of them: of several models, their names


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars that are each a whole: ``labels`` names the rows, and the tiles of a row fill it."""

    id: str
    title: str
    alt: str
    labels: tuple[str, ...]
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """One part's share of one quantity, from 0 to 1: ``58.6 %``, which are ``14,964,736 parameters``."""

    size: float
    text: str
    exact: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the model in a chart of shares, with its share of each quantity."""

    label: str
    shares: tuple[Share, ...]
    hue: int | None


@dataclass(frozen=True, slots=True)
class Shares:
    """Several quantities side by side: what each part of the model has of each, on one scale."""

    id: str
    title: str
    alt: str
    quantities: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of a timeline that belongs to one part of the model; ``start`` and ``width`` count steps."""

    label: str
    start: int
    width: int
    hue: int | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A quantity over the steps of a pass, each as a share of the greatest; ``bands`` cover all steps in order."""

    id: str
    title: str
    alt: str
    steps: tuple[float, ...]
    bands: tuple[Band, ...]
    ticks: tuple[tuple[float, str], ...]  # height as a share of the greatest, and what it says
    peak: int  # the step with the greatest
    peak_label: str


@dataclass(frozen=True, slots=True)
class Box:
    """A box of a diagram: a module, a run of equal ones, or what goes in and comes out (``end``)."""

    label: str
    detail: str  # a second line: the class, or the dtype
    hint: str  # the whole path
    hue: int | None
    end: bool = False
    frame: int | None = None  # the frame that it stands in, by index


@dataclass(frozen=True, slots=True)
class Arrow:
    """What one box hands to another, by their indexes; ``label`` is its shape."""

    source: int
    target: int
    label: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A line around the boxes that make up one repeated block, ``layers.0–31 ×32``; it may stand in another."""

    label: str
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class Diagram:
    """What feeds what: boxes, the arrows between them, and frames around those of a repeated block."""

    id: str
    title: str
    alt: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """One side of a scatter chart: what it counts, and its marks, each a place from 0 to 1 and what stands there."""

    label: str
    marks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a scatter chart, ``x`` and ``y`` from 0 to 1, from its lower left; ``named`` if its label is shown."""

    label: str
    x: float
    y: float
    hint: str  # its figures
    series: int
    href: str | None = None
    named: bool = False
    size: float | None = None  # its area as a share of the largest, where areas mean something


@dataclass(frozen=True, slots=True)
class Scatter:
    """Models by two of their figures; those of one series, ``timm (20)``, have one colour and shape."""

    id: str
    title: str
    alt: str
    across: Axis
    up: Axis
    series: tuple[str, ...]
    dots: tuple[Dot, ...]
    area: str | None = None  # what the areas of the dots mean


Chart: TypeAlias = Icicle | Bars | Shares | Timeline | Diagram | Scatter
