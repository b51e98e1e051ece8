"""The page: what a report shows, as data, before any format is chosen.

`view.build` makes a `Page` from a record; each renderer lays one out. Texts here are for people but carry no markup:
every renderer escapes for its own format. Numbers were formatted by `view.numbers`; a renderer prints them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from reportgen.view.chart import Chart

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
