"""The index of a run: every model with its key figures and the way to its report, failed ones with their reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.version import __version__
from reportgen.view import numbers, tables
from reportgen.view.page import Cell, Figure, Figures, Page, Section, Table, Tone
from reportgen.view.tables import field, tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import Status

_TONES: dict[Status, Tone] = {"complete": "good", "partial": "warn", "failed": "bad"}


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One model of a run, with the members of its entry in ``index.json``."""

    ref: str
    name: str
    slug: str
    status: Status
    parameters: int | None  # unique
    flops: int | None  # of the forward pass
    reason: str | None  # why it is not complete, in one line
    tags: tuple[str, ...] = ()  # that a manifest gave it
    group: str | None = None  # of models that it is to be compared with


def build_index(entries: Sequence[IndexEntry], link_suffix: str = "html") -> Page:
    """The page of a run; names lead to ``SLUG/report.SUFFIX``.

    Args:
        entries: one for each model, in the order to show them.
        link_suffix: of the files to lead to, without the dot.
    """
    counts = Counter(entry.status for entry in entries)
    statuses: tuple[Status, ...] = ("complete", "partial", "failed")
    worst: Status = next((status for status in reversed(statuses) if counts[status]), "complete")
    figures = [Figure("Models", numbers.exact(len(entries)))]
    figures += [
        Figure(status.capitalize(), numbers.exact(counts[status]), tone=_TONES[status])
        for status in statuses
        if counts[status]
    ]
    return Page(
        title="Model reports",
        subtitle=", ".join(f"{counts[status]:,} {status}" for status in statuses if counts[status]) or "no models",
        status=worst,
        description=None,
        summary=Figures(tuple(figures)),
        badge=None if worst == "complete" else f"{counts[worst]:,} of {len(entries):,} {worst}",
        sections=(Section("models", "Models", (_table(entries, link_suffix),)),) if entries else (),
        footer=f"reportgen {__version__}",
        kind="index",
    )


def _table(entries: Sequence[IndexEntry], link_suffix: str) -> Table:
    any_reason = any(entry.reason is not None for entry in entries)
    return tabulate(
        "models",
        entries,
        (
            field("name", "model", lambda entry: _link(entry, link_suffix), kind="name", weight=2.5),
            field("ref", "reference", lambda entry: Cell(entry.ref), kind="code", weight=3),
            field("status", "status", lambda entry: Cell(entry.status, tone=_TONES[entry.status]), weight=1.3),
            field("parameters", "parameters", lambda entry: tables.number(entry.parameters), kind="number", weight=1.8),
            field("human", "about", lambda entry: _about(entry.parameters), kind="number"),
            field("macs", "MACs", lambda entry: _macs(entry.flops), kind="number"),
            field("reason", "reason", lambda entry: tables.text(entry.reason), weight=4, shown=any_reason),
        ),
    )


def _link(entry: IndexEntry, suffix: str) -> Cell:
    return Cell(entry.name, href=f"{entry.slug}/report.{suffix}", hint=entry.ref)


def _about(number: int | None) -> Cell:
    return tables.NONE if number is None else Cell(numbers.human(number), sort=number)


def _macs(flops: int | None) -> Cell:
    return tables.work(None if flops is None else flops // 2)
