"""Pages as Markdown that also reads well as plain text, in one of three flavours.

``github`` is a file of its own, on GitHub, GitLab and their like: charts are pictures beside it, long tables fold away.
``hub`` is a part of a model card: its headings fit below a card's, and it leans on no file beside it. ``plain`` has no
HTML, no entity and no picture at all: for a terminal, or a letter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import jinja2

from reportgen.render import prose, templating
from reportgen.render.marks import Marks, Plain, Rich, fence, url
from reportgen.render.mermaid import is_small, mermaid
from reportgen.render.text import safe_href, visible
from reportgen.view import numbers
from reportgen.view.chart import Chart, Diagram
from reportgen.view.page import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from reportgen.view.page import Block, Cell, Figures, Kind, Page, Row, Tone

_SEVERITIES: dict[Tone, str] = {"bad": "Error", "warn": "Warning", "plain": "Note", "good": "Good", "muted": "Note"}


@dataclass(frozen=True, slots=True)
class Flavor:
    """Where the Markdown is read."""

    marks: Marks
    top: int  # the level of the title
    size: int  # bytes of all tables together: viewers lay half a megabyte out at once, and grow slow beyond
    folds: bool  # <details>
    files: bool  # whether what lies beside the report is there, too: charts, other formats
    draws: bool = False  # Mermaid
    line_break: str = "  "  # at the end of a line: a line break in every viewer


COMMENT = 65_536  # characters that a comment on GitHub may have
FLAVORS = {
    "comment": Flavor(Rich(), top=2, size=40_000, folds=True, files=False),
    "github": Flavor(Rich(), top=1, size=480_000, folds=True, files=True, draws=True),
    "hub": Flavor(Rich(), top=2, size=96_000, folds=True, files=False),
    "plain": Flavor(Plain(), top=1, size=480_000, folds=False, files=False),
}


class MarkdownRenderer:
    """Renders a page as Markdown; ``md/report.md.j2`` may be replaced by one in the folder ``templates``."""

    suffix = "md"

    def __init__(self, templates: Path | None = None, *, flavor: str | Flavor = "github") -> None:
        self._flavor = chosen = flavor if isinstance(flavor, Flavor) else FLAVORS[flavor]
        self.size = chosen.size
        self._environment = templating.environment(templates)
        self._environment.globals.update(flavor=chosen)
        self._environment.filters.update(
            chart=chart_name,
            code=chosen.marks.code,
            fact=self._fact,
            fence=fence,
            figures=self._figures,
            heading=self._heading,
            kind=self._kind,
            mermaid=mermaid,
            prose=lambda about: prose.markdown(about, chosen.marks, top=chosen.top + 2),
            rows=_row_count,
            severity=_SEVERITIES.__getitem__,
            table=self._table,
            text=chosen.marks.text,
            url=url,
        )

    def render(self, page: Page, template: str = "md/report.md.j2") -> bytes:
        """The whole file, UTF-8. Raises TemplateError where the template is missing or broken."""
        page = visible(page)
        tables = [block for section in page.sections for block in section.blocks if isinstance(block, Table)]
        whole = {id(table): self._lines(table, table.rows) for table in tables}
        limit = _fair_share([len(lines.encode()) for lines in whole.values()], self.size)
        return templating.render(self._environment, template, page=page, whole_tables=whole, table_limit=limit).encode()

    def _heading(self, value: str, level: int) -> str:
        return f"{'#' * min(self._flavor.top + level - 1, 6)} {self._flavor.marks.text(value)}"

    def _fact(self, cell: Cell) -> str:
        """A fact's value: set as code where it is one word, as prose else."""
        marks, href = self._flavor.marks, self._href(cell)
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

    def _kind(self, block: Block) -> str:
        """What a block is; of a chart, how it is shown: as a picture, a diagram for viewers to draw, or in words."""
        if not isinstance(block, Chart):
            return type(block).__name__.lower()
        if _is_file(block, self._flavor):
            return "picture"
        return "diagram" if isinstance(block, Diagram) and is_small(block) and self._flavor.draws else "words"

    @jinja2.pass_context
    def _table(self, context: jinja2.runtime.Context, table: Table) -> str:
        """A table, cut where it grows too long, and then with a word on where the rest is."""
        lines: str = context["whole_tables"][id(table)]
        shown, limit = table.rows, context["table_limit"]
        while len(shown) > 1 and (size := len(lines.encode())) > limit:
            shown = shown[: len(shown) * limit // size]
            lines = self._lines(table, shown)
        left_out = len(table.rows) - len(shown)
        if left_out:
            lines += f"\n\n{numbers.plural(left_out, 'row')} more{self._elsewhere(context['page'].links)}."
        return lines

    def _lines(self, table: Table, rows: Sequence[Row]) -> str:
        marks, columns = self._flavor.marks, table.columns
        return marks.table(
            [marks.cell(column.label) for column in columns],
            [column.align for column in columns],
            [
                [
                    self._cell(cell, column.kind, row.depth if index == 0 else 0)
                    for index, (cell, column) in enumerate(zip(row.cells, columns, strict=True))
                ]
                for row in rows
            ],
        )

    def _cell(self, cell: Cell, kind: Kind, depth: int) -> str:
        """A cell's text, as code in columns of names and code (but what says that there is none)."""
        code = kind in {"name", "code"} and cell.tone != "muted"
        return self._flavor.marks.cell(cell.text, code=code, href=self._href(cell), depth=depth)

    def _href(self, cell: Cell) -> str | None:
        """Where the cell leads, if that is a place that can be got to from where the Markdown is read."""
        href = safe_href(cell.href)
        return href if href is None or self._flavor.files or ":" in href or href.startswith("#") else None

    def _elsewhere(self, links: Sequence[tuple[str, str]]) -> str:
        """Which of the other formats hold everything: links, where they lie beside this file."""
        if not links:
            return " are left out here"
        names = [self._flavor.marks.link(label, path) if self._flavor.files else path for label, path in links]
        return f", see {' or '.join(names)}"


def comment(page: Page, templates: Path | None = None) -> bytes:
    """The page for a comment on a pull request, which may have 65,536 characters: what is too long for it is cut.

    Raises:
        TemplateError: the template is missing or broken.
    """
    return _cut(page, lambda text: len(text.decode()) <= COMMENT, MarkdownRenderer(templates, flavor="comment"))


def fitted(page: Page, size: int) -> bytes:
    """The page as a text of its own, a release's say, of at most so many bytes: tables that are too long are cut.

    What else there is on the page has to fit: nothing but tables is cut.
    """
    flavor = replace(FLAVORS["comment"], size=size)
    return _cut(page, lambda text: len(text) <= size, MarkdownRenderer(flavor=flavor))


def _cut(page: Page, fits: Callable[[bytes], bool], renderer: MarkdownRenderer) -> bytes:
    while True:
        text = renderer.render(page)
        if fits(text) or renderer.size <= 1:
            return text
        renderer.size //= 2


def card_section(page: Page, templates: Path | None = None, *, flavor: str = "hub", top: int = 2) -> str:
    """The page as a part of a model card, its title on level ``top``; it leans on no file beside the card.

    No line ends in white space, which editors and hooks take off.

    Raises:
        TemplateError: ``md/section.md.j2``, or the template that it extends, is missing or broken.
    """
    text = _card_renderer(templates, flavor, top).render(page, "md/section.md.j2").decode()
    return "\n".join(line.rstrip(" \t") for line in text.split("\n"))


@cache
def _card_renderer(templates: Path | None, flavor: str, top: int) -> MarkdownRenderer:
    """Made once for all sections on a level."""
    chosen = FLAVORS[flavor]
    line_break = "\\" if isinstance(chosen.marks, Rich) else ""
    card = replace(chosen, top=top, size=FLAVORS["hub"].size, files=False, line_break=line_break)
    return MarkdownRenderer(templates, flavor=card)


def card(page: Page, templates: Path | None = None) -> str:
    """A new model card for the model of a page, with all that people are to write.

    Raises:
        TemplateError: ``md/card.md.j2`` is missing or broken.
    """
    return MarkdownRenderer(templates).render(page, "md/card.md.j2").decode()


def chart_name(chart: Chart) -> str:
    """The name of the chart's file beside ``report.md``."""
    return f"{chart.id}.svg"


def _fair_share(sizes: Sequence[int], budget: int) -> int:
    """The most that each may have so that all together keep to the budget: what small ones leave, large ones share."""
    for taken, size in enumerate(sorted(sizes)):
        share = budget // (len(sizes) - taken)
        if size > share:
            return share
        budget -= size
    return max(sizes, default=0)


def pictures(page: Page, flavor: str) -> tuple[Chart, ...]:
    """The charts whose files `chart_name` are shown by the page's Markdown; a small diagram needs none."""
    blocks = [block for section in page.sections for block in section.blocks]
    return tuple(block for block in blocks if isinstance(block, Chart) and _is_file(block, FLAVORS[flavor]))


def _is_file(chart: Chart, flavor: Flavor) -> bool:
    return flavor.files and not (isinstance(chart, Diagram) and is_small(chart))


def _row_count(table: Table) -> str:
    return numbers.plural(len(table.rows), "row")
