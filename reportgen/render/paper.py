"""A page on paper, before it is laid out: which tables are set as ledgers, which sections turn, what links lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from reportgen.render.ledger import Ledger, Part, fit, needs, typeset
from reportgen.render.text import anchor, safe_href, text_cells
from reportgen.view.page import Cell, Facts, Page, Section, Table

if TYPE_CHECKING:
    from reportgen.view.page import Block, Figure, Row

# Characters on a line of print.css: of ledgers, upright, in small print and on their side; of other tables.
PORTRAIT, SMALL, LANDSCAPE, TABLE = 117, 136, 178, 104
HEIGHT, LANDSCAPE_HEIGHT = 717.0, 475.5  # points, of what stands on a page of print.css
SIZE, SMALL_SIZE = 7.0, 6.0  # points, of a ledger's font
LINE, HEAD_GAP = 1.5, 0.4  # em, of a ledger's line, and between its head and its first row
PADDING = 3  # characters, of a table's column
ABREAST = 4  # key figures in a row
READABLE = 32  # characters: where names would wrap earlier, an appendix turns its pages
PLAIN_ROWS = 40  # a table of more rows, or too wide for its font, is set as a ledger: at a fiftieth of the time
TOGETHER, MANY, MANY_TOGETHER = 6, 200, 20  # lines that stay together on a page, in the main part; of more rows, more
TEXT_LINES = 24  # of a ledger as text in one cell, even for stripes: WeasyPrint's time is the square of a text's length
_INTRO = 105  # characters on a line of a section's introduction


@dataclass(frozen=True, slots=True)
class Setting:
    """How a table is set as a ledger: in which lines, and which of them stay together on a page."""

    number: int  # of the ledger in its document
    ledger: Ledger
    small: bool
    landscape: bool
    parts: Sequence[Part]

    @property
    def head_height(self) -> str:
        """What its head takes, as CSS has it."""
        return f"{self.ledger.head_height * LINE + HEAD_GAP:g}em"

    def blocks(self) -> Iterator[tuple[str, str]]:
        """A key for each part, and its height as CSS has it."""
        for index, part in enumerate(self.parts):
            yield f"{self.number}.{index}", f"{part.height * LINE:g}em"


@dataclass(frozen=True, slots=True)
class Plan:
    """A page, ready for paper: ``settings`` of its ledgers, by the identity of section and table."""

    page: Page
    main: Sequence[Section]
    appendix: Sequence[Section]
    settings: Mapping[tuple[int, int], Setting]
    targets: frozenset[str]  # the anchors that are linked to and exist: each costs something, and others a complaint

    def setting(self, section: Section, block: Block) -> Setting | None:
        """How a block of the section is set, if it is a ledger."""
        return self.settings.get((id(section), id(block)))

    def is_wide(self, section: Section) -> bool:
        """Whether the section's pages are on their side."""
        settings = (self.setting(section, block) for block in section.blocks)
        return any(setting.landscape for setting in settings if setting)

    def anchor(self, row: Row) -> str | None:
        """The name by which links reach a row, where one does."""
        return anchor(row.anchor) if row.anchor in self.targets else None

    def destination(self, cell: Cell) -> str | None:
        """Where a cell leads to, if that is the web or a place in this document: other files move away."""
        href = safe_href(cell.href) or ""
        if href.startswith("#"):
            return href if str(cell.href)[1:] in self.targets else None
        return href if href.lower().startswith(("http:", "https:")) else None

    def texts(self, setting: Setting) -> Iterator[Markup]:
        """The ledger's rows as text, so many lines at a time; a row that links lead to has its anchor."""
        for part in setting.ledger.parts(TEXT_LINES, TEXT_LINES):
            rows = []
            for row in part.rows:
                text, name = escape(setting.ledger.row_text(row)), self.anchor(row.row)
                rows.append(Markup('<span id="{}">{}</span>').format(name, text) if name else text)
            yield Markup("\n").join(rows)


def plan(page: Page) -> Plan:
    """How the page is set: the main part, then the appendices."""
    main = [section for section in page.sections if not section.appendix]
    appendix = [section for section in page.sections if section.appendix]
    settings: dict[tuple[int, int], Setting] = {}
    for section in (*main, *appendix):
        wanted = {id(block): (block, needs(block)) for block in section.blocks if isinstance(block, Table)}
        ledgers = [(table, widths) for table, widths in wanted.values() if _is_ledger(table, widths)]
        wide = section.appendix and any(_wraps_early(table, widths) for table, widths in ledgers)
        for table, widths in ledgers:
            settings[id(section), id(table)] = _setting(section, table, widths, len(settings), landscape=wide)
    return Plan(page, main, appendix, settings, _targets(page))


def balanced(figures: Sequence[Figure]) -> list[Sequence[Figure]]:
    """The figures in rows of at most `ABREAST`, as equal as can be, the longer ones first."""
    rows = ceil(len(figures) / ABREAST)
    sizes = [len(figures) // rows + (row < len(figures) % rows) for row in range(rows)]
    return [figures[end - size : end] for size, end in zip(sizes, accumulate(sizes), strict=True)]


def _is_ledger(table: Table, wanted: list[int]) -> bool:
    """Whether a table is too long or too wide to be set in boxes."""
    return table.long or len(table.rows) > PLAIN_ROWS or sum(wanted) + PADDING * len(wanted) > TABLE


def _wraps_early(table: Table, wanted: list[int]) -> bool:
    widths = fit(table.columns, wanted, PORTRAIT)
    return any(width < min(need, READABLE) for width, need in zip(widths, wanted, strict=True))


def _setting(section: Section, table: Table, wanted: list[int], number: int, *, landscape: bool) -> Setting:
    small = not landscape and fit(table.columns, wanted, PORTRAIT) != wanted
    ledger = typeset(table, wanted, LANDSCAPE if landscape else SMALL if small else PORTRAIT)
    first = others = TOGETHER if len(table.rows) <= MANY else MANY_TOGETHER
    if section.appendix:
        line = LINE * (SMALL_SIZE if small else SIZE)
        height = (LANDSCAPE_HEIGHT if landscape else HEIGHT) - ledger.head_height * line - HEAD_GAP * SIZE
        others = int(height / line)
        first = int((height - _above(section, table)) / line)
    return Setting(number, ledger, small, landscape, list(ledger.parts(first, others)))


def _above(section: Section, table: Table) -> float:
    """Points that the headings over an appendix's ledger take: about, and rather too many than too few."""
    height = 52.0
    if section.intro:
        height += 16 * sum(ceil(text_cells(line) / _INTRO) or 1 for line in section.intro.split("\n"))
    for text in (table.caption, table.note):
        height += 22 if text else 0
    return height


def _targets(page: Page) -> frozenset[str]:
    wanted: set[str] = set()
    there: set[str] = set()
    for section in page.sections:
        there.add(section.id)
        for block in section.blocks:
            cells: Iterator[Cell] = iter(())
            if isinstance(block, Table):
                there.update(row.anchor for row in block.rows if row.anchor)
                cells = (cell for row in block.rows for cell in row.cells)
            elif isinstance(block, Facts):
                cells = (cell for _, cell in block.items)
            wanted.update(cell.href[1:] for cell in cells if cell.href and cell.href.startswith("#"))
    return frozenset(wanted & there)
