"""Tables on paper, before they are laid out: how wide each column is, where a text wraps, which lines a row takes.

On paper the cost is half a millisecond a layout box. A ledger has none for its rows: they are painted into parts of a
known height (`render.painting`), or stand in them as lines of text.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from math import ceil
from typing import TYPE_CHECKING, TypeAlias

from reportgen.render.text import text_cells
from reportgen.render.typeface import sans_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reportgen.view.page import Cell, Column, Row, Table

GAP, WIDEST_GAP = 2, 6  # characters between two columns
SANS, MONO = "Report Sans", ("Report Mono", "Report Signs", "Report Han")  # of print.css
SMALLER = 0.94  # the size of names in a text's font: they look as large
SPREAD_GAP = 3  # and at least so many, where columns spread over the whole line
HEAD_GAP, HEAD_WEIGHT = 0.4, 600  # em, between the head and the first row
NARROWEST = 8  # characters of a column that makes room for numbers
INDENT = 2  # characters for each level of a tree
LONGEST = 300  # characters of one word on paper; a longer one loses its middle, and says how much
_NAME_SEAM = re.compile(r"(?<=[\s._/,;:×)\]-])|(?<=[a-z]{2})(?=[A-Z][a-z])")
_TEXT_SEAM = re.compile(r"(?<=\s)|(?<=[._/,;:)\]-])(?=\D)")  # numbers stay whole
_UNIT = re.compile(r"\d\s")  # after which no line ends, if it can end elsewhere
Measure: TypeAlias = Callable[[str], float]  # the width of a text in a proportional font, in characters
_OVERLONG = re.compile(rf"\S{{{LONGEST + 1},}}")


@dataclass(frozen=True, slots=True)
class Look:
    """How tables are set. Widths are in characters of the monospaced font: 0.6 em."""

    css: str  # the classes of print.css that agree with it
    total: int  # characters on a line
    size: float  # of the font, in points
    line: float = 1.5  # em, of one line
    space: float = 0.0  # lines, between two rows
    spread: bool = False  # in the text's own font, but for names, over the whole line; ruled, not striped
    headed: bool = True

    def is_mono(self, column: Column) -> bool:
        """Whether a column is in the monospaced font."""
        return not self.spread or column.kind in {"name", "code"}

    def measure(self, column: Column) -> Measure | None:
        """What tells how wide a text is in a column; None for the monospaced font."""
        return None if self.is_mono(column) else sans_cells


@dataclass(frozen=True, slots=True)
class SetRow:
    """A row as it is set: the lines of each of its columns, every one of which fits the column."""

    row: Row
    columns: tuple[list[str], ...]
    height: float  # lines


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that stay together on a page; ``first`` is the number of the first of them in its ledger."""

    rows: Sequence[SetRow]
    first: int
    height: float  # lines


@dataclass(frozen=True, slots=True)
class Ledger:
    """A table as it is set: its columns, so many characters wide and apart, its head and its rows."""

    look: Look
    columns: tuple[Column, ...]
    widths: Sequence[float]
    gap: int
    head: tuple[list[str], ...]
    rows: Sequence[SetRow]

    @property
    def starts(self) -> list[float]:
        """The character at which each column begins."""
        return list(accumulate((width + self.gap for width in self.widths[:-1]), initial=0))

    @property
    def head_height(self) -> float:
        """What the head takes, with the gap below it, in em."""
        return max(map(len, self.head)) * self.look.line + HEAD_GAP if self.look.headed else 0.0

    def head_text(self) -> str:
        """The head as lines of text, shorter labels standing on the last one."""
        height = max(map(len, self.head))
        return "\n".join(self._join([[""] * (height - len(lines)) + lines for lines in self.head]))

    def row_text(self, row: SetRow) -> str:
        """A row as lines of text, its columns side by side; below a column's last line it is blank."""
        return "\n".join(self._join(row.columns))

    def _join(self, columns: Sequence[list[str]]) -> Iterator[str]:
        for parts in zip_longest(*columns, fillvalue=""):
            padded = (
                " " * (int(width) - text_cells(part)) + part
                if column.align == "right"
                else part + " " * (int(width) - text_cells(part))
                for column, width, part in zip(self.columns, self.widths, parts, strict=True)
            )
            yield (" " * self.gap).join(padded).rstrip()

    def parts(self, first: float, others: float) -> Iterator[Part]:
        """The rows in parts of at most so many lines, the first part in another number; but at least a row in each."""
        rows: list[SetRow] = []
        number, height, most = 0, 0.0, first
        for index, row in enumerate(self.rows):
            if rows and height + row.height > most:
                yield Part(rows, number, height)
                rows, number, height, most = [], index, 0.0, others
            rows.append(row)
            height += row.height
        if rows:
            yield Part(rows, number, height)


def typeset(table: Table, wanted: list[int], look: Look) -> Ledger:
    """The table in lines of that look; ``wanted`` is what its columns need."""
    words = [max(map(text_cells, column.label.split()), default=1) for column in table.columns]
    widths: list[float] = [*fit(table.columns, wanted, look.total, words)]
    gap = SPREAD_GAP if look.spread else gap_within(widths, look.total)
    if look.spread:
        scale = (look.total + gap) / sum(width + gap for width in widths)
        widths = [(width + gap) * scale - gap for width in widths]
    heads = functools.partial(sans_cells, weight=HEAD_WEIGHT) if look.spread else None
    head = tuple(wrap(column.label, width, measure=heads) for column, width in zip(table.columns, widths, strict=True))
    rows = [
        SetRow(row, columns, max(map(len, columns)) + look.space)
        for row, columns in _wrapped(table.rows, [*map(look.measure, table.columns)], widths)
    ]
    return Ledger(look, table.columns, widths, gap, head, rows)


def _wrapped(
    rows: Iterable[Row], measures: Sequence[Measure | None], widths: Sequence[float]
) -> Iterator[tuple[Row, tuple[list[str], ...]]]:
    columns = list(zip(widths, measures, strict=True))
    for row in rows:
        indent = min(INDENT * row.depth, int(widths[0]) // 2)
        first = wrap(shorten(shown(row.cells[0])), widths[0] - indent, hang=INDENT, measure=measures[0])
        others = (
            wrap(shorten(shown(cell)), width, measure=measure)
            for cell, (width, measure) in zip(row.cells[1:], columns[1:], strict=True)
        )
        yield row, ([" " * indent + line for line in first] if indent else first, *others)


def shown(cell: Cell) -> str:
    """A cell's text; an address without what all have in common."""
    return cell.text.removeprefix("https://")


def needs(table: Table, look: Look | None = None) -> list[int]:
    """Characters that the widest text of each column takes; without a look, in the monospaced font."""
    measures = [(look and look.measure(column)) or text_cells for column in table.columns]
    widest = [max(ceil(text_cells(column.label)), 1) for column in table.columns]
    for row in table.rows:
        for i, cell in enumerate(row.cells):
            need = min(ceil(measures[i](shown(cell))), LONGEST) + (INDENT * row.depth if i == 0 else 0)
            widest[i] = max(widest[i], need)
    return widest


def fit(columns: Sequence[Column], wanted: list[int], total: int, least: Sequence[int] = ()) -> list[int]:
    """Characters for each column that needs so many, so that the columns and the gaps between them fit ``total``.

    Numbers get what they need; any other column too, if that is no more than its share by weight; the rest is shared.
    Where there is room for all that is ``least``, no column gets less than that.
    """
    weights = [column.weight for column in columns]
    space = total - GAP * (len(wanted) - 1)
    greedy = [i for i, column in enumerate(columns) if column.kind != "number"]
    left = space - sum(need for i, need in enumerate(wanted) if i not in greedy)
    if left < NARROWEST * len(greedy):
        left, greedy = space, list(range(len(wanted)))
    floors = [0] * len(wanted) if not least or sum(least[i] for i in greedy) > left else least
    widths = wanted.copy()
    while sum(wanted[i] for i in greedy) > left:
        share = left / sum(weights[i] for i in greedy)
        settled = {i: floors[i] for i in greedy if floors[i] > share * weights[i]}
        settled = settled or {i: wanted[i] for i in greedy if wanted[i] <= share * weights[i]}
        if not settled:
            return [max(int(share * weights[i]), 1) if i in greedy else width for i, width in enumerate(widths)]
        widths = [settled.get(i, width) for i, width in enumerate(widths)]
        left -= sum(settled.values())
        greedy = [i for i in greedy if i not in settled]
    return widths


def gap_within(widths: Sequence[float], total: int) -> int:
    """Characters between columns of these widths, so that they spread over ``total`` without falling apart."""
    return max(GAP, min(WIDEST_GAP, int(total - sum(widths)) // max(len(widths) - 1, 1)))


def wrap(text: str, width: float, *, hang: int = 0, measure: Measure | None = None) -> list[str]:
    """``text`` in lines of at most ``width`` characters, broken after dots, underscores and spaces, or else anywhere.

    Lines after the first are indented by ``hang``. ``measure`` is for proportional fonts; in those, numbers stay whole.
    """
    if measure is None and len(text) <= width and text.isascii():
        return [text]
    wide, seam = measure or text_cells, _TEXT_SEAM if measure else _NAME_SEAM
    lines: list[str] = []
    indent = ""
    while wide(text) > width - len(indent):
        end = _fitting(text, width - len(indent), wide)
        seams = [match.end() for match in seam.finditer(text, 1, end + 1) if match.end() <= end]
        best = [place for place in seams if measure is None or not _UNIT.fullmatch(text, place - 2, place)]
        cut = max(best or seams, default=end)
        lines.append(indent + text[:cut].rstrip(" "))
        text = text[cut:].lstrip(" ")
        indent = " " * min(hang, int(width) // 2)
    return [*lines, indent + text] if text or not lines else lines


def _fitting(text: str, width: float, wide: Measure) -> int:
    """How many characters from the start fit ``width``, but at least one."""
    end, left = 1, width - wide(text[0])
    while end < len(text) and (left := left - wide(text[end])) >= 0:
        end += 1
    return end


def shorten(text: str) -> str:
    """``text``, with the middle left out of words that are longer than any name a person gave."""
    return _OVERLONG.sub(_without_middle, text) if len(text) > LONGEST else text


def _without_middle(word: re.Match[str]) -> str:
    head, tail = word[0][: LONGEST * 2 // 3], word[0][-LONGEST // 5 :]
    return f"{head}… {len(word[0]) - len(head) - len(tail):,} more characters …{tail}"
