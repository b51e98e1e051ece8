"""Long tables in a monospaced font: how wide each column is, where a long name wraps, which lines a row takes.

On paper the cost is half a millisecond a layout box. A ledger has none for its rows: they are painted into parts of a
known height (`render.painted`), or stand in them as lines of text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from typing import TYPE_CHECKING

from reportgen.render.text import text_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reportgen.view.page import Column, Row, Table

GAP, WIDEST_GAP = 2, 6  # characters between two columns
NARROWEST = 8  # characters of a column that makes room for numbers
INDENT = 2  # characters for each level of a tree
LONGEST = 300  # characters of one word on paper; a longer one loses its middle, and says how much
_BREAK = re.compile(r".*[\s._/,;:×)\]-]", re.DOTALL)
_OVERLONG = re.compile(rf"\S{{{LONGEST + 1},}}")


@dataclass(frozen=True, slots=True)
class SetRow:
    """A row as it is set: the lines of each of its columns, every one of which fits the column."""

    row: Row
    columns: tuple[list[str], ...]
    height: int  # lines


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that stay together on a page; ``first`` is the number of the first of them in its ledger."""

    rows: Sequence[SetRow]
    first: int
    height: int  # lines


@dataclass(frozen=True, slots=True)
class Ledger:
    """A table as it is set: its columns, so many characters wide and apart, its head and its rows."""

    columns: tuple[Column, ...]
    widths: list[int]
    gap: int
    head: tuple[list[str], ...]
    rows: Sequence[SetRow]

    @property
    def starts(self) -> list[int]:
        """The character at which each column begins."""
        return list(accumulate((width + self.gap for width in self.widths[:-1]), initial=0))

    @property
    def head_height(self) -> int:
        """How many lines the head takes."""
        return max(map(len, self.head))

    def head_text(self) -> str:
        """The head as lines of text, shorter labels standing on the last one."""
        return "\n".join(self._join([[""] * (self.head_height - len(lines)) + lines for lines in self.head]))

    def row_text(self, row: SetRow) -> str:
        """A row as lines of text, its columns side by side; below a column's last line it is blank."""
        return "\n".join(self._join(row.columns))

    def _join(self, columns: Sequence[list[str]]) -> Iterator[str]:
        for parts in zip_longest(*columns, fillvalue=""):
            padded = (
                " " * (width - text_cells(part)) + part
                if column.align == "right"
                else part + " " * (width - text_cells(part))
                for column, width, part in zip(self.columns, self.widths, parts, strict=True)
            )
            yield (" " * self.gap).join(padded).rstrip()

    def parts(self, first: int, others: int) -> Iterator[Part]:
        """The rows in parts of at most so many lines, the first part in another number; but at least a row in each."""
        rows: list[SetRow] = []
        number, height, most = 0, 0, first
        for index, row in enumerate(self.rows):
            if rows and height + row.height > most:
                yield Part(rows, number, height)
                rows, number, height, most = [], index, 0, others
            rows.append(row)
            height += row.height
        if rows:
            yield Part(rows, number, height)


def typeset(table: Table, wanted: list[int], total: int) -> Ledger:
    """The table in lines of ``total`` characters; ``wanted`` is what its columns need."""
    widths = fit(table.columns, wanted, total)
    head = tuple(wrap(column.label, width) for column, width in zip(table.columns, widths, strict=True))
    rows = [SetRow(row, columns, max(map(len, columns))) for row, columns in _wrapped(table.rows, widths)]
    return Ledger(table.columns, widths, gap_within(widths, total), head, rows)


def _wrapped(rows: Iterable[Row], widths: list[int]) -> Iterator[tuple[Row, tuple[list[str], ...]]]:
    for row in rows:
        indent = min(INDENT * row.depth, widths[0] // 2)
        first = wrap(shorten(row.cells[0].text), widths[0] - indent, hang=INDENT)
        others = (wrap(shorten(cell.text), width) for cell, width in zip(row.cells[1:], widths[1:], strict=True))
        yield row, ([" " * indent + line for line in first] if indent else first, *others)


def needs(table: Table) -> list[int]:
    """Characters that the widest text of each column takes."""
    widest = [max(text_cells(column.label), 1) for column in table.columns]
    for row in table.rows:
        for i, cell in enumerate(row.cells):
            need = min(text_cells(cell.text), LONGEST) + (INDENT * row.depth if i == 0 else 0)
            widest[i] = max(widest[i], need)
    return widest


def column_widths(table: Table, total: int) -> list[int]:
    """Characters for each column, so that the columns and the gaps between them fit ``total``.

    Numbers get what they need; any other column too, if that is no more than its share by weight; the rest is shared.
    """
    return fit(table.columns, needs(table), total)


def fit(columns: Sequence[Column], wanted: list[int], total: int) -> list[int]:
    """The same for columns that need that many characters."""
    weights = [column.weight for column in columns]
    space = total - GAP * (len(wanted) - 1)
    greedy = [i for i, column in enumerate(columns) if column.kind != "number"]
    left = space - sum(need for i, need in enumerate(wanted) if i not in greedy)
    if left < NARROWEST * len(greedy):
        left, greedy = space, list(range(len(wanted)))
    while sum(wanted[i] for i in greedy) > left:
        share = left / sum(weights[i] for i in greedy)
        modest = [i for i in greedy if wanted[i] <= share * weights[i]]
        if not modest:
            return [max(int(share * weights[i]), 1) if i in greedy else need for i, need in enumerate(wanted)]
        left -= sum(wanted[i] for i in modest)
        greedy = [i for i in greedy if i not in modest]
    return wanted


def shares(widths: list[int], padding: int) -> list[str]:
    """The widths, each with that many characters of padding, as percentages of their sum: for CSS."""
    padded = [width + padding for width in widths]
    return [f"{100 * width / sum(padded):.2f}" for width in padded]


def gap_within(widths: list[int], total: int) -> int:
    """Characters between columns of these widths, so that they spread over ``total`` without falling apart."""
    return max(GAP, min(WIDEST_GAP, (total - sum(widths)) // max(len(widths) - 1, 1)))


def wrap(text: str, width: int, *, hang: int = 0) -> list[str]:
    """``text`` in lines of at most ``width`` characters, broken after dots, underscores and spaces, or else anywhere.

    Lines after the first are indented by ``hang``.
    """
    if len(text) <= width and text.isascii():
        return [text]
    lines: list[str] = []
    indent = ""
    while text_cells(text) > width - len(indent):
        head = _take(text, width - len(indent))
        match = _BREAK.match(head)
        cut = match.end() if match else len(head)
        lines.append(indent + text[:cut].rstrip(" "))
        text = text[cut:].lstrip(" ")
        indent = " " * min(hang, width // 2)
    return [*lines, indent + text] if text or not lines else lines


def _take(text: str, width: int) -> str:
    """As many characters from the start as fit ``width``, but at least one."""
    if text.isascii():
        return text[: max(width, 1)]
    end = 1
    while end < len(text) and text_cells(text[: end + 1]) <= width:
        end += 1
    return text[:end]


def shorten(text: str) -> str:
    """``text``, with the middle left out of words that are longer than any name a person gave."""
    return _OVERLONG.sub(_without_middle, text) if len(text) > LONGEST else text


def _without_middle(word: re.Match[str]) -> str:
    head, tail = word[0][: LONGEST * 2 // 3], word[0][-LONGEST // 5 :]
    return f"{head}… {len(word[0]) - len(head) - len(tail):,} more characters …{tail}"
