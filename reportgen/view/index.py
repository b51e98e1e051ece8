"""The index of a run for the screen: every model with its key figures, to search, filter and sort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from natsort import natsorted

from reportgen.report.schema import Status
from reportgen.version import __version__
from reportgen.view import numbers
from reportgen.view.causes import causes
from reportgen.view.chart import Scatter
from reportgen.view.entries import TITLE, IndexEntry, badge, fields, figure_of, subtitle, worst
from reportgen.view.overviews import by_source, most_frequent
from reportgen.view.page import Cell, Column, Table
from reportgen.view.scatter import Scale, scatter

BAR = 40  # steps of the longest bar
_FEW = 10  # models that are taken in at a glance
_FORMATS = {"html": "HTML", "md": "MD", "pdf": "PDF", "json": "JSON"}
_NOTE = (
    "Work and memory are those of one forward pass and one training step, with the inputs that each report names. "
    "“No gradient” counts parameter tensors that the step leaves without one. Bars have logarithmic scales."
)
_SIZES = (0, 10**6, 10**7, 10**8, 10**9, 10**10, 10**11)  # parameters


@dataclass(frozen=True, slots=True)
class Choice:
    """What a filter lets through: rows with ``value`` in its column, or a figure in the range ``1000000-10000000``."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice among the values of a column."""

    key: str  # of the column
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One model: a cell for each column, the length of its bar from 0 to `BAR`, and a link for each format."""

    cells: tuple[Cell, ...]
    bars: tuple[int, ...]
    reports: tuple[Cell, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Index:
    """The page of a run."""

    title: str
    subtitle: str
    status: Status
    badge: str | None
    overviews: tuple[Table, ...]
    chart: Scatter | None
    filters: tuple[Filter, ...]
    columns: tuple[Column, ...]
    rows: tuple[IndexRow, ...]
    note: str
    links: tuple[tuple[str, str], ...]  # (label, relative path): the other forms of the index
    footer: str
    language: str = "en"
    author: str | None = None
    logo: str | None = None


def build_index(entries: Sequence[IndexEntry]) -> Index:
    """The page, with a row for each entry, in their order."""
    found = causes(entries)
    shown = [field for field in fields(entries, "html") if field.shown]
    bars = [_bars(entries, field.column.key) for field in shown]
    return Index(
        title=TITLE,
        subtitle=subtitle(entries),
        status=worst(entries),
        badge=badge(entries),
        overviews=tuple(table for table in (most_frequent(found, "html"), by_source(entries)) if table is not None),
        chart=scatter(entries, "html"),
        filters=_filters(entries) if len(entries) > _FEW else (),
        columns=tuple(field.column for field in shown),
        rows=tuple(
            IndexRow(
                tuple(field.cell(entry) for field in shown),
                tuple(bar(entry) for bar in bars),
                tuple(
                    Cell(_FORMATS.get(name, name), href=entry.href(name)) for name in sorted(entry.formats, key=_place)
                ),
                entry.reason,
            )
            for entry in entries
        ),
        note=_NOTE,
        links=(
            *([("What failed, and why", "failures.html")] if found else []),
            ("Markdown", "index.md"),
            ("CSV", "index.csv"),
            ("JSON", "index.json"),
        ),
        footer=f"reportgen {__version__}",
    )


def _place(name: str) -> tuple[int, str]:
    """Where a format stands in a row: reportgen's own first."""
    known = list(_FORMATS)
    return (known.index(name) if name in known else len(known), name)


def _bars(entries: Sequence[IndexEntry], key: str) -> Callable[[IndexEntry], int]:
    """How long the bar of an entry is in the column of that key."""
    figure = figure_of(key)
    scale = None if figure is None else Scale.over(map(figure, entries))

    def length(entry: IndexEntry) -> int:
        value = None if figure is None else figure(entry)
        return max(1, round(BAR * scale.place(value))) if scale and value else 0

    return length


def _filters(entries: Sequence[IndexEntry]) -> tuple[Filter, ...]:
    """The choices among what the models differ in."""
    found = (
        _filter("status", "status", [entry.status for entry in entries]),
        _filter("source", "source", [entry.source for entry in entries]),
        _filter("family", "family", [entry.summary.family for entry in entries]),
        _filter("group", "group", [entry.summary.group for entry in entries]),
        _filter("tags", "tag", [tag for entry in entries for tag in entry.summary.tags]),
        Filter("parameters", "size", _sizes(entries)),
    )
    return tuple(each for each in found if len(each.choices) > 1)


def _filter(key: str, label: str, values: Sequence[str | None]) -> Filter:
    counts = Counter(value for value in values if value is not None)
    return Filter(key, label, tuple(Choice(value, f"{value} ({counts[value]:,})") for value in natsorted(counts)))


def _sizes(entries: Sequence[IndexEntry]) -> tuple[Choice, ...]:
    """Ranges of parameters, those that some model lies in: ``1 M – 10 M (48)``."""
    found = []
    for low, high in zip(_SIZES, (*_SIZES[1:], None), strict=True):
        count = sum(
            low <= entry.parameters < (high or entry.parameters + 1)
            for entry in entries
            if entry.parameters is not None
        )
        if count:
            found.append(Choice(f"{low}-{high or ''}", f"{_range(low, high)} ({count:,})"))
    return tuple(found)


def _range(low: int, high: int | None) -> str:
    """``under 1 M``, ``1 M – 10 M``, ``from 100 B``."""
    ends = [None if end is None else numbers.decade(len(str(end)) - 1) for end in (low, high)]
    if not low:
        return f"under {ends[1]}"
    return f"from {ends[0]}" if high is None else f"{ends[0]} – {ends[1]}"
