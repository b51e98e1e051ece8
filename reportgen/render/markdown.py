"""Pages as Markdown that also reads well as plain text, in one of three flavours.

``github`` is a file of its own, on GitHub, GitLab and their like: charts are pictures beside it, long tables fold away.
``hub`` is a part of a model card: its headings fit below a card's, and it leans on no file beside it. ``plain`` has no
HTML, no entity and no picture at all: for a terminal, or a letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.render import prose, templating
from reportgen.render.marks import Marks, Plain, Rich, fence, url
from reportgen.render.text import safe_href, visible
from reportgen.view import numbers
from reportgen.view.page import Chart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reportgen.view.page import Block, Cell, Figures, Kind, Page, Table, Tone

MAX_BYTES = 100_000  # of one table: with four long ones, a report stays below what viewers show at once

_SEVERITIES: dict[Tone, str] = {"bad": "Error", "warn": "Warning", "plain": "Note", "good": "Good", "muted": "Note"}


@dataclass(frozen=True, slots=True)
class Flavor:
    """Where the Markdown is read. ``top`` is the level of the title; ``rows`` is how many one table shows at most."""

    marks: Marks
    top: int
    rows: int
    folds: bool  # <details>
    files: bool  # whether what lies beside the report is there, too: charts, other formats


FLAVORS = {
    "github": Flavor(Rich(), top=1, rows=500, folds=True, files=True),
    "hub": Flavor(Rich(), top=2, rows=200, folds=True, files=False),
    "plain": Flavor(Plain(), top=1, rows=500, folds=False, files=False),
}


class MarkdownRenderer:
    """Renders a page as Markdown; ``md/report.md.j2`` may be replaced by one in the folder ``templates``."""

    suffix = "md"

    def __init__(self, templates: Path | None = None, *, flavor: str = "github") -> None:
        self._flavor = chosen = FLAVORS[flavor]
        self._environment = templating.environment(templates)
        self._environment.globals.update(flavor=chosen)
        self._environment.filters.update(
            chart=chart_name,
            code=chosen.marks.code,
            fact=self._fact,
            fence=fence,
            figures=self._figures,
            heading=self._heading,
            kind=_kind,
            prose=lambda about: prose.markdown(about, chosen.marks, top=chosen.top + 2),
            rows=_row_count,
            severity=_SEVERITIES.__getitem__,
            table=self._table,
            text=chosen.marks.text,
            url=url,
        )

    def render(self, page: Page) -> bytes:
        """The whole file, UTF-8. Raises TemplateError where the template is missing or broken."""
        return templating.render(self._environment, "md/report.md.j2", page=visible(page)).encode()

    def _heading(self, value: str, level: int) -> str:
        return f"{'#' * (self._flavor.top + level - 1)} {self._flavor.marks.text(value)}"

    def _fact(self, cell: Cell) -> str:
        """A fact's value: set as code where it is one word, as prose else."""
        marks, href = self._flavor.marks, safe_href(cell.href)
        if not href or href.startswith("#"):
            return marks.text(cell.text) if " " in cell.text else marks.code(cell.text)
        return marks.link(marks.text(cell.text), href)

    def _figures(self, figures: Figures) -> str:
        marks = self._flavor.marks
        rows = [
            [
                marks.cell(item.label),
                marks.strong(item.value),
                marks.cell(item.exact or ""),
                marks.cell(item.note or ""),
            ]
            for item in figures.items
        ]
        return marks.table(["key figure", "", "exact", ""], ["left", "right", "right", "left"], rows)

    def _table(self, table: Table, links: Sequence[tuple[str, str]]) -> str:
        """A table, cut where it grows too long, and then with a word on where the rest is."""
        marks, columns = self._flavor.marks, table.columns
        header, aligns = [marks.cell(column.label) for column in columns], [column.align for column in columns]
        rows = [
            [
                self._cell(cell, column.kind, row.depth if cell is row.cells[0] else 0)
                for cell, column in zip(row.cells, columns, strict=True)
            ]
            for row in table.rows[: self._flavor.rows]
        ]
        lines = marks.table(header, aligns, rows)
        while len(rows) > 1 and (size := len(lines.encode())) > MAX_BYTES:
            rows = rows[: len(rows) * MAX_BYTES // size]
            lines = marks.table(header, aligns, rows)
        left_out = len(table.rows) - len(rows)
        return f"{lines}\n\n{numbers.plural(left_out, 'row')} more{self._elsewhere(links)}." if left_out else lines

    def _cell(self, cell: Cell, kind: Kind, depth: int) -> str:
        """A cell's text, as code in columns of names and code (but what says that there is none)."""
        code = kind in {"name", "code"} and cell.tone != "muted"
        return self._flavor.marks.cell(cell.text, code=code, href=safe_href(cell.href), depth=depth)

    def _elsewhere(self, links: Sequence[tuple[str, str]]) -> str:
        """Which of the other formats hold everything: links, where they lie beside this file."""
        if not links:
            return " are left out here"
        names = [self._flavor.marks.link(label, path) if self._flavor.files else path for label, path in links]
        return f", see {' or '.join(names)}"


def chart_name(chart: Chart) -> str:
    """The name of the chart's file beside ``report.md``."""
    return f"{chart.id}.svg"


def _kind(block: Block) -> str:
    return "chart" if isinstance(block, Chart) else type(block).__name__.lower()


def _row_count(table: Table) -> str:
    return numbers.plural(len(table.rows), "row")
