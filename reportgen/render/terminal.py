"""Pages in a terminal, with colour where it has any, and as plain text where it is none."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from reportgen.render.text import visible
from reportgen.view import numbers
from reportgen.view.page import Code, Facts, Figures, Notices, Prose, Table

if TYPE_CHECKING:
    from reportgen.view.page import Block, Cell, Column, Notice, Page, Row, Tone

_ROWS = 40  # of a table; all are in the other formats
WIDTH = 120  # of plain text
_INDENT = 2  # columns a level of a tree
_GAP = 2  # columns between those of a table
_STYLES: dict[Tone, str] = {"plain": "", "good": "green", "warn": "yellow", "bad": "red", "muted": "dim"}
_MARKS: dict[Tone, str] = {"plain": "·", "good": "✓", "warn": "!", "bad": "✗", "muted": "·"}


def show(page: Page, *, width: int | None = None, rows: int | None = _ROWS) -> None:
    """Prints the page to standard output, which is a terminal, as wide as that is by default.

    ``rows`` is how many of each table are shown; None is all.
    """
    _print(page, Console(highlight=False, width=width), rows)


def plain(page: Page, *, width: int = WIDTH, rows: int | None = _ROWS) -> str:
    """The page as text without colour, at most ``width`` columns wide."""
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False, force_terminal=False)
    with console.capture() as captured:
        _print(page, console, rows)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def _print(page: Page, console: Console, rows: int | None) -> None:
    page = visible(page)
    console.print(Text(page.title, style="bold"), Text(f" {page.badge or page.status}", style="dim"), sep="")
    console.print(Text(page.subtitle, style="dim"))
    console.print()
    console.print(_block(page.summary, console.width, rows))
    for section in page.sections:
        console.print()
        console.print(Text(section.title, style="bold underline"))
        for block in section.blocks:
            console.print(Padding(_block(block, console.width - 2, rows), (0, 0, 0, 2)))
    console.print()
    console.print(Text(page.footer, style="dim"))


def _block(block: Block, width: int, rows: int | None) -> RenderableType:
    match block:
        case Figures():
            return _grid([[item.label, item.value, item.note or item.exact or ""] for item in block.items])
        case Facts():
            return _grid([[label, cell.text] for label, cell in block.items])
        case Notices():
            return Group(*map(_notice, block.items))
        case Table():
            return _table(block, width, rows)
        case Code() | Prose():
            return Text(block.text)
        case _:
            return Text(f"{block.title}: {block.alt}")


def _grid(rows: list[list[str]]) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    for row in rows:
        grid.add_row(*map(Text, row))
    return grid


def _notice(notice: Notice) -> RenderableType:
    title = Text(f"{_MARKS[notice.tone]} {notice.title}", style=_STYLES[notice.tone])
    told = (notice.text, notice.remedy and f"What to do: {notice.remedy}")
    return Group(title, *(Padding(Text(more), (0, 0, 0, _INDENT)) for more in told if more))


def _table(table: Table, width: int, rows: int | None) -> RenderableType:
    shown = table.rows[:rows]
    grid = Grid(box=None, padding=(0, _GAP, 0, 0), header_style="dim", pad_edge=False)
    for column, fixed in zip(table.columns, _fixed(table.columns, shown, width), strict=True):
        grid.add_column(Text(column.label), justify=column.align, overflow="fold", width=fixed)
    for row in shown:
        first, *rest = map(_cell, row.cells)
        grid.add_row(Text(" " * _INDENT * row.depth) + first, *rest)
    left_out = len(table.rows) - len(shown)
    notes = [f"{numbers.plural(left_out, 'row')} more in the other formats."] if left_out > 0 else []
    notes += [table.note] if table.note else []
    caption = [Text(table.caption)] if table.caption else []
    return Group(*caption, grid, *(Text(note, style="dim") for note in notes))


def _fixed(columns: Sequence[Column], rows: Sequence[Row], width: int) -> list[int | None]:
    """How wide each column has to be: figures stay whole, and names are folded, while there is room for both."""
    whole = [
        max(cell_len(text) for text in (column.label, *(row.cells[index].text for row in rows)))
        if column.kind == "number"
        else None
        for index, column in enumerate(columns)
    ]
    needed = sum(fixed + _GAP for fixed in whole if fixed is not None)
    return whole if needed <= width // 2 else [None] * len(columns)


def _cell(cell: Cell) -> Text:
    return Text(cell.text, style=_STYLES[cell.tone])
