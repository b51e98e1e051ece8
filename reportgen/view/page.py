"""The page: what a report shows, as data, before any format is chosen.

`view.build` makes a `Page` from a record; each renderer lays one out. Texts here are for people but carry no markup:
every renderer escapes for its own format. Numbers were formatted by `view.numbers`; a renderer prints them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Tone = Literal["plain", "good", "warn", "bad", "muted"]
Align = Literal["left", "right"]
Kind = Literal["text", "name", "code", "number"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One table cell. ``sort`` is what a sortable table compares (the raw number); None means compare the text."""

    text: str
    sort: int | float | None = None
    tone: Tone = "plain"
    href: str | None = None  # "#anchor" within the page, or a path relative to it
    hint: str | None = None  # a longer form: the exact figure behind a human one, the reason behind a dash
    versions: tuple[str, ...] = ()  # the text for each baseline that `Controls` offer


@dataclass(frozen=True, slots=True)
class Column:
    """One table column. ``kind`` says how its cells are set: prose, a hierarchical name, code, or a number."""

    key: str  # stable and unique in its table: "name", "shape"
    label: str
    kind: Kind = "text"
    weight: float = 1.0  # share of the width on paper

    @property
    def align(self) -> Align:
        """Numbers line up on the right."""
        return "right" if self.kind == "number" else "left"


@dataclass(frozen=True, slots=True)
class Row:
    """One table row. ``depth`` indents its first cell (trees); ``anchor`` lets links reach it."""

    cells: tuple[Cell, ...]
    depth: int = 0
    anchor: str | None = None
    tone: Tone = "plain"
    same: bool = False  # all models that a table has side by side are the same in it


@dataclass(frozen=True, slots=True)
class Table:
    """A table. ``long`` ones (the ledgers) may have ten thousand rows: searchable on screen, set tight on paper."""

    id: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    caption: str | None = None
    note: str | None = None  # under the table: "filtered by *.weight: 54 of 161 rows"
    long: bool = False
    sides: bool = False  # the columns after the first are the models that `Controls` name, in their order


@dataclass(frozen=True, slots=True)
class Controls:
    """What a reader chooses on screen: which models to see, which the others are told against, what is the same."""

    models: tuple[str, ...]
    baseline: int
    baselines: bool  # whether there is a choice of them


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure: ``25,557,032`` exactly, ``25.6 M`` for the eye, and its convention or a caveat."""

    label: str
    value: str  # the large one, for the eye
    exact: str | None = None  # the exact figure with its unit, where ``value`` is rounded
    note: str | None = None
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Figures:
    """The few numbers that matter first."""

    items: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Label and value pairs, set as a definition list. ``Cell.tone`` and ``href`` work as in tables."""

    items: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A finding or a diagnostic: what is so, why it matters, what to do."""

    tone: Tone
    title: str
    text: str | None = None
    remedy: str | None = None
    code: str | None = None  # the diagnostic's stable code
    where: str | None = None  # module path or stage
    detail: str | None = None  # preformatted: the user's traceback


@dataclass(frozen=True, slots=True)
class Notices:
    """A list of findings or diagnostics, the gravest first."""

    items: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Preformatted text: the command that reproduces this report."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph of plain text."""

    text: str


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
Block: TypeAlias = Table | Figures | Facts | Notices | Code | Prose | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of the page; empty ones are not built. ``appendix`` ones (the full ledgers) come last on paper."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    intro: str | None = None
    appendix: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels inside a PDF: the record that the document was made from."""

    name: str  # "report.json"
    description: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A whole document."""

    title: str  # "resnet50"
    subtitle: str  # "torchvision.models.resnet.ResNet"
    status: Literal["complete", "partial", "failed"]
    description: str | None
    summary: Figures  # on the cover, and first on screen
    sections: tuple[Section, ...]
    footer: str  # "reportgen 1.0.0 · torch 2.13.0 · sha256:…"
    language: str = "en"
    kind: Literal["report", "index", "diff", "comparison"] = "report"
    links: tuple[tuple[str, str], ...] = field(default=())  # (label, relative path): the other formats beside this one
    controls: Controls | None = None  # of a comparison on screen
    badge: str | None = None  # what is said beside the title, where that is more than the status
    author: str | None = None  # who publishes it
    logo: str | None = None  # an image as a data: URL
    about: str | None = None  # Markdown that a person wrote; each renderer makes it harmless
    attachment: Attachment | None = None
