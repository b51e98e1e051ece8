"""Long tables as lines of monospaced text: how wide each column is, and where a long name wraps.

On paper the cost is a third of a millisecond a line box. One line of text for a row, whatever its columns, is the
difference between one second and five for a thousand rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from reportgen.render.text import text_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reportgen.view.page import Column, Row, Table

GAP, WIDEST_GAP = 2, 6  # characters between two columns
NARROWEST = 8  # characters of a column that makes room for numbers
INDENT = 2  # characters for each level of a tree
LONGEST = 300  # characters of one word on paper; a longer one loses its middle, and says how much
_BREAK = re.compile(r".*[\s._/,;:×)\]-]", re.DOTALL)
_OVERLONG = re.compile(rf"\S{{{LONGEST + 1},}}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ledger; ``anchor`` is its row's, on the row's first line."""

    text: str
    anchor: str | None = None


def needs(table: Table) -> list[int]:
    """Characters that the widest text of each column takes."""
    widest = [max(text_cells(column.label), 1) for column in table.columns]
    for row in table.rows:
        for i, cell in enumerate(row.cells):
            indent = INDENT * row.depth if i == 0 else 0
            widest[i] = max(widest[i], min(text_cells(cell.text), LONGEST) + indent)
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


def head_lines(table: Table, widths: list[int], gap: int = GAP) -> list[str]:
    """The columns' labels, over as many lines as the longest needs, standing on the last one."""
    labels = [wrap(column.label, width) for column, width in zip(table.columns, widths, strict=True)]
    height = max(map(len, labels))
    return _join(table, widths, gap, [[""] * (height - len(lines)) + lines for lines in labels])


def ledger_lines(table: Table, widths: list[int], gap: int = GAP) -> Iterator[Line]:
    """Every row as one line, or several where a text is wider than its column."""
    for row in table.rows:
        for number, text in enumerate(_join(table, widths, gap, _wrapped(row, widths))):
            yield Line(text, row.anchor if number == 0 else None)


def _wrapped(row: Row, widths: list[int]) -> list[list[str]]:
    columns = [wrap(shorten(cell.text), width) for cell, width in zip(row.cells[1:], widths[1:], strict=True)]
    indent = min(INDENT * row.depth, widths[0] // 2)
    first = wrap(shorten(row.cells[0].text), widths[0] - indent, hang=INDENT)
    return [[" " * indent + line for line in first], *columns]


def _join(table: Table, widths: list[int], gap: int, columns: list[list[str]]) -> list[str]:
    """Puts the columns side by side; a column with fewer lines than the others is blank below."""
    lines = []
    for parts in zip_longest(*columns, fillvalue=""):
        padded = (
            " " * (width - text_cells(part)) + part
            if column.align == "right"
            else part + " " * (width - text_cells(part))
            for column, width, part in zip(table.columns, widths, parts, strict=True)
        )
        lines.append((" " * gap).join(padded).rstrip())
    return lines


def wrap(text: str, width: int, *, hang: int = 0) -> list[str]:
    """``text`` in lines of at most ``width`` characters, broken after dots, underscores and spaces, or else anywhere.

    Lines after the first are indented by ``hang``.
    """
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
