"""A page on paper, before it is laid out: which tables are set as ledgers, which sections turn, what links lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from reportgen.render.ledger import SPREAD_GAP, Ledger, Look, Part, fit, needs, shown, typeset
from reportgen.render.text import anchor, safe_href, text_cells
from reportgen.view.chart import Chart, Diagram
from reportgen.view.page import Cell, Column, Facts, Page, Row, Section, Table

if TYPE_CHECKING:
    from reportgen.view.page import Block, Figure

# As print.css has them: ledgers upright, in small print and on their side, tables, and facts.
PORTRAIT, SMALL, LANDSCAPE = Look("ledger", 117, 7), Look("ledger small", 136, 6), Look("ledger", 178, 7)
TABLE = Look("table", 104, 8, 1.4, space=0.3, spread=True)
FACTS = Look("facts", 92, 9, 1.45, space=0.27, spread=True, headed=False)
LABEL = 19  # characters, for the labels of facts
HEIGHT, LANDSCAPE_HEIGHT = 717.0, 475.5  # points, of what stands on a page of print.css
ABREAST = 4  # key figures in a row
READABLE = 32  # characters: where names would wrap earlier, an appendix turns its pages
PLAIN_ROWS = 40  # a table of more rows, or too wide for its font, is set as a ledger: at a fiftieth of the time
TOGETHER, MANY, MANY_TOGETHER = 6, 200, 20  # lines that stay together on a page, in the main part; of more rows, more
ALL_MODULES = "all-modules"  # the section of every module: with it in an appendix, the main part can be short
TREE = 40  # rows of one table in such a main part, at most
SHORT, SHORT_TOGETHER = 12, 40  # a table of so few rows stays together, if that is no more than so many lines
TEXT_LINES = 24  # of a ledger as text in one cell, even for stripes: WeasyPrint's time is the square of a text's length
_INTRO = 105  # characters on a line of a section's introduction


@dataclass(frozen=True, slots=True)
class Sheet:
    """The paper of a document's main part: how tables and facts are set on it."""

    table: Look
    facts: Look
    height: float  # points

    @property
    def ledgers(self) -> tuple[Look, ...]:
        """How ledgers are set on it, the largest print first."""
        return (LANDSCAPE,) if self is SIDEWAYS else (PORTRAIT, SMALL)


UPRIGHT = Sheet(TABLE, FACTS, HEIGHT)
SIDEWAYS = Sheet(replace(TABLE, total=157), replace(FACTS, total=140), LANDSCAPE_HEIGHT)  # of models side by side


@dataclass(frozen=True, slots=True)
class Setting:
    """How a table is set as a ledger: in which lines, and which of them stay together on a page."""

    number: int  # of the ledger in its document
    table: Table  # facts are one too
    ledger: Ledger
    parts: Sequence[Part]

    @property
    def look(self) -> Look:
        """How it is set."""
        return self.ledger.look

    @property
    def head_height(self) -> str:
        """What its head takes, as CSS has it."""
        return f"{self.ledger.head_height:g}em"

    @property
    def shares(self) -> list[str]:
        """The widths of its columns as percentages of their sum, as CSS has them."""
        widths = [width + self.ledger.gap for width in self.ledger.widths]
        return [f"{100 * width / sum(widths):.2f}" for width in widths]

    def blocks(self) -> Iterator[tuple[str, str]]:
        """A key for each part, and its height as CSS has it."""
        for index, part in enumerate(self.parts):
            yield f"{self.number}.{index}", f"{part.height * self.look.line:.6g}em"


@dataclass(frozen=True, slots=True)
class Plan:
    """A page, ready for paper: ``settings`` of its tables and facts, by the identity of section and block."""

    page: Page
    main: Sequence[Section]
    appendix: Sequence[Section]
    settings: Mapping[tuple[int, int], Setting]
    charts: Mapping[str, Chart]  # by their anchors
    targets: frozenset[str]  # the anchors that are linked to and exist: each costs something, and others a complaint

    def setting(self, section: Section, block: Block) -> Setting | None:
        """How a block of the section is set, if it is a table or facts."""
        return self.settings.get((id(section), id(block)))

    def is_wide(self, section: Section) -> bool:
        """Whether the section's pages are on their side."""
        settings = (self.setting(section, block) for block in section.blocks)
        return any(setting.look is LANDSCAPE for setting in settings if setting)

    def anchor(self, row: Row) -> str | None:
        """The name by which links reach a row, where one does."""
        return anchor(row.anchor) if row.anchor in self.targets else None

    def destination(self, cell: Cell) -> str | None:
        """Where a cell leads to, if that is the web or a place in this document: other files move away."""
        href = safe_href(cell.href) or ""
        if href.startswith("#"):
            return href if str(cell.href)[1:] in self.targets else None
        return href if href.lower().startswith(("http:", "https:")) else None

    def letters(self, text: str) -> set[str]:
        """All characters of a text, and of the page's tables and charts, which may not be in it."""
        cells = (shown(cell) for setting in self.settings.values() for row in setting.table.rows for cell in row.cells)
        return set(text).union(*cells, *map(repr, self.charts.values()))

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
    page = _shortened(_filled(page))
    sheet = SIDEWAYS if page.kind == "comparison" else UPRIGHT
    main = [section for section in page.sections if not section.appendix]
    appendix = [section for section in page.sections if section.appendix]
    settings: dict[tuple[int, int], Setting] = {}
    for section in (*main, *appendix):
        for block, table, ledger in _ledgers(section, sheet):
            parts = _parts(section, table, ledger, sheet)
            settings[id(section), id(block)] = Setting(len(settings), table, ledger, parts)
    charts = {
        anchor(block.id): block for section in page.sections for block in section.blocks if isinstance(block, Chart)
    }
    return Plan(page, main, appendix, settings, charts, _targets(page))


def balanced(figures: Sequence[Figure]) -> list[Sequence[Figure]]:
    """The figures in rows of at most `ABREAST`, as equal as can be, the longer ones first."""
    rows = ceil(len(figures) / ABREAST)
    sizes = [len(figures) // rows + (row < len(figures) % rows) for row in range(rows)]
    return [figures[end - size : end] for size, end in zip(sizes, accumulate(sizes), strict=True)]


def _filled(page: Page) -> Page:
    """The page with diagrams, which may take a sheet each, behind the tables: those fill the sheet before it."""
    return replace(page, sections=tuple(map(_tables_first, page.sections)))


def _tables_first(section: Section) -> Section:
    blocks = tuple(sorted(section.blocks, key=lambda block: isinstance(block, Diagram)))
    return section if blocks == section.blocks else replace(section, blocks=blocks)


def _shortened(page: Page) -> Page:
    """The page with a short main part: of a long tree the upper levels, other long tables among the appendices."""
    if not any(section.appendix and section.id == ALL_MODULES for section in page.sections):
        return page
    return replace(page, sections=tuple(map(_short, page.sections)))


def _short(section: Section) -> Section:
    if section.appendix:
        return section
    blocks = tuple(map(_upper_levels, section.blocks))
    is_long = any(isinstance(block, Table) and block.long and len(block.rows) > TREE for block in blocks)
    return replace(section, blocks=blocks, appendix=is_long)


def _upper_levels(block: Block) -> Block:
    """A tree's levels as far as they fit about a page, if two do, or else its first rows; any other block as it is."""
    if not isinstance(block, Table) or len(block.rows) <= TREE or not any(row.depth for row in block.rows):
        return block
    counts = {depth: sum(row.depth <= depth for row in block.rows) for depth in {row.depth for row in block.rows} - {0}}
    level = max((depth for depth, count in counts.items() if count <= TREE), default=None)
    rows = block.rows[:TREE] if level is None else [row for row in block.rows if row.depth <= level]
    left_out = f"{len(block.rows) - len(rows):,} more rows are left out here: the appendix has all modules."
    return replace(block, rows=rows, note=" ".join(filter(None, (block.note, left_out))))


def _ledgers(section: Section, sheet: Sheet) -> Iterator[tuple[Block, Table, Ledger]]:
    """The tables and facts of a section, facts as tables too, and how they are set."""
    tables = [block for block in section.blocks if isinstance(block, Table)]
    wanted = {id(table): needs(table) for table in tables if _is_ledger(table, sheet)}
    wide = section.appendix and any(_wraps_early(table, wanted[id(table)]) for table in tables if id(table) in wanted)
    for block in section.blocks:
        if isinstance(block, Facts):
            table = _table(block)
            yield block, table, typeset(table, [LABEL, sheet.facts.total - SPREAD_GAP - LABEL], sheet.facts)
        elif isinstance(block, Table):
            widths = wanted.get(id(block))
            if widths is None:
                plain = _even(block, sheet.table) if block.sides else needs(block, sheet.table)
                yield block, block, typeset(block, plain, sheet.table)
            else:
                largest, *_, smallest = (LANDSCAPE, LANDSCAPE) if wide else (*sheet.ledgers, sheet.ledgers[-1])
                fits = fit(block.columns, widths, largest.total) == widths
                yield block, block, typeset(block, widths, largest if fits else smallest)


def _even(table: Table, look: Look) -> list[int]:
    """Columns of one width for all models, after the first, which has what it needs if that is not too much."""
    models = len(table.columns) - 1
    room = look.total - SPREAD_GAP * models
    first = min(needs(table, look)[0], max(room // 5, room // (models + 1)))
    return [first, *[(room - first) // models] * models]


def _is_ledger(table: Table, sheet: Sheet) -> bool:
    """Whether a table is too long or too wide for the font of the text."""
    if table.sides:  # whose few words wrap well
        return table.long
    if table.long or len(table.rows) > PLAIN_ROWS:
        return True
    wanted = needs(table, sheet.table)
    return sum(wanted) + SPREAD_GAP * len(wanted) > sheet.table.total


def _wraps_early(table: Table, wanted: list[int]) -> bool:
    widths = fit(table.columns, wanted, PORTRAIT.total)
    return any(width < min(need, READABLE) for width, need in zip(widths, wanted, strict=True))


def _table(facts: Facts) -> Table:
    """Facts as a table of labels and values."""
    rows = tuple(Row((Cell(label, tone="muted"), cell)) for label, cell in facts.items)
    return Table("facts", (Column("label", ""), Column("value", "")), rows)


def _parts(section: Section, table: Table, ledger: Ledger, sheet: Sheet) -> list[Part]:
    """The rows in parts that stay together on a page; in an appendix, they fill its pages."""
    rows, line = len(ledger.rows), ledger.look.line * ledger.look.size
    if section.appendix:
        height = LANDSCAPE_HEIGHT if ledger.look is LANDSCAPE else sheet.height
        height -= ledger.head_height * ledger.look.size
        return list(ledger.parts(int((height - _above(section, table)) / line), int(height / line)))
    most = TOGETHER if rows <= MANY else MANY_TOGETHER
    whole = sum(row.height for row in ledger.rows)
    if ledger.look.spread and rows <= SHORT and whole <= SHORT_TOGETHER:
        most = SHORT_TOGETHER
    return list(ledger.parts(most, most))


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
