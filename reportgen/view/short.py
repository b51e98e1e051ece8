"""Reports in short, for terminals and notebooks: what is wrong, key figures, and the module tree, or the checkpoint."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from reportgen.analysis.fold import fold, walk
from reportgen.version import __version__
from reportgen.view import names, numbers
from reportgen.view.build import frame
from reportgen.view.checkpoint import all_keys, checkpoint
from reportgen.view.entries import TITLE, IndexEntry, badge, brief, fields, status_figures, subtitle, worst
from reportgen.view.notices import what_failed
from reportgen.view.page import Notice, Notices, Page, Section, Table
from reportgen.view.tables import tabulate
from reportgen.view.tree import module_table

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

DEPTH = 3
_AT_A_GLANCE = 60  # rows


def build_short(report: ModelReport, *, depth: int = DEPTH) -> Page:
    """The page of a record with what fails and the module tree alone; the model itself is at depth 0."""
    return frame(report, (*what_failed(report), *_modules(report, depth, more=": see --depth")))


def build_glance(report: ModelReport) -> Page:
    """The same for a notebook: as deep as comes to a few dozen rows."""
    rows = Counter(len(chain) - 1 for chain in walk(fold(report)))
    counts = list(accumulate(rows[depth] for depth in range(DEPTH + 1)))
    return frame(
        report, (*what_failed(report), *_modules(report, max(1, bisect_right(counts, _AT_A_GLANCE) - 1), more=""))
    )


def build_models(entries: Sequence[IndexEntry]) -> Page:
    """The page of a run: a row for each model, and why those failed that did."""
    failed = tuple(
        Notice("bad" if entry.status == "failed" else "warn", entry.ref, entry.reason, entry.remedy)
        for entry in map(brief, entries)
        if entry.reason is not None
    )
    sections = [Section("failure", "What failed", (Notices(failed),))] if failed else []
    table = tabulate("models", entries, fields(entries, ""))
    return Page(
        title=TITLE,
        subtitle=subtitle(entries),
        status=worst(entries),
        description=None,
        summary=status_figures(entries),
        sections=(*sections, Section("models", "Models", (table,))),
        footer=f"reportgen {__version__}",
        badge=badge(entries),
    )


def build_checkpoint(report: ModelReport) -> Page:
    """The page of a record that tells of its checkpoint alone."""
    doubt = what_failed(report) if report.probe.status != "complete" else ()
    page, facts = frame(report, (*doubt, *checkpoint(report), *all_keys(report))), report.checkpoint
    if facts is None:
        return page
    return replace(page, badge="fits") if facts.fits else replace(page, badge="does not fit", status="failed")


def _modules(report: ModelReport, depth: int, *, more: str) -> Iterator[Section]:
    chains = list(walk(fold(report)))
    shown = [chain for chain in chains if len(chain) - 1 <= depth]
    if not shown:
        return
    table = _short_names(module_table(report, shown, brief=True))
    deeper = len(chains) - len(shown)
    if deeper:
        note = f"{numbers.plural(deeper, 'row')} deeper than {depth}, in the figures of those above{more}."
        table = replace(table, note=" ".join(filter(None, (note, table.note))))
    yield Section("modules", "Modules", (table,))


def _short_names(table: Table) -> Table:
    """A name that is longer than any that a person gave would fill the window alone."""
    rows = tuple(
        replace(row, cells=(replace(row.cells[0], text=names.brief(row.cells[0].text)), *row.cells[1:]))
        for row in table.rows
    )
    return replace(table, rows=rows)
