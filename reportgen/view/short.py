"""Reports in short: what is wrong, the key figures, and the module tree down to some depth, or the checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen.analysis.fold import fold, walk
from reportgen.view import names, numbers
from reportgen.view.build import frame
from reportgen.view.checkpoint import all_keys, checkpoint
from reportgen.view.notices import what_failed
from reportgen.view.page import Page, Section, Table
from reportgen.view.tree import module_table

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

DEPTH = 3


def build_short(report: ModelReport, *, depth: int = DEPTH) -> Page:
    """The page of a record with what fails and the module tree alone; the model itself is at depth 0."""
    return frame(report, (*what_failed(report), *_modules(report, depth)))


def build_checkpoint(report: ModelReport) -> Page:
    """The page of a record that tells of its checkpoint alone."""
    page = frame(report, (*what_failed(report), *checkpoint(report), *all_keys(report)))
    facts = report.checkpoint
    return page if facts is None else replace(page, badge="fits" if facts.fits else "does not fit")


def _modules(report: ModelReport, depth: int) -> Iterator[Section]:
    chains = list(walk(fold(report)))
    shown = [chain for chain in chains if len(chain) - 1 <= depth]
    if not shown:
        return
    table = _short_names(module_table(report, shown, brief=True))
    deeper = len(chains) - len(shown)
    if deeper:
        note = f"{numbers.plural(deeper, 'row')} deeper than {depth}, in the figures of those above: see --depth."
        table = replace(table, note=" ".join(filter(None, (note, table.note))))
    yield Section("modules", "Modules", (table,))


def _short_names(table: Table) -> Table:
    """A name that is longer than any that a person gave would fill the window alone."""
    rows = tuple(
        replace(row, cells=(replace(row.cells[0], text=names.brief(row.cells[0].text)), *row.cells[1:]))
        for row in table.rows
    )
    return replace(table, rows=rows)
