"""Rows of tables painted with a pen: stripes or rules, the head, and every cell as marked content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.render.ledger import HEAD_GAP, HEAD_WEIGHT, MONO, SMALLER, Ledger, Part, SetRow
from reportgen.render.painting.pen import Font, Pen
from reportgen.render.typeface import CELL

HEAD_RULE, RULE = 0.9, 0.66  # CSS pixels
# The colours of print.css: of stripes, of rules under heads and rows, of links, and of tones.
STRIPE, HEAD_LINE, LINE = "0.953 0.961 0.969 rg", "0.333 0.376 0.431 rg", "0.863 0.882 0.906 rg"
LINK = "0.043 0.361 0.678 rg"
INK: Mapping[str, str] = {
    "plain": "0.09 0.125 0.165 rg",
    "muted": "0.333 0.376 0.431 rg",
    "good": "0.039 0.42 0.31 rg",
    "warn": "0.522 0.31 0 rg",
    "bad": "0.702 0.149 0.118 rg",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a part of a table stands on its page, in CSS pixels, with the style of its text."""

    left: float
    width: float
    top: float  # of its first row
    height: float  # of all of its rows
    inset: float  # between the frame and its texts
    style: Any  # WeasyPrint's

    @property
    def size(self) -> float:
        """The size of its font."""
        return float(self.style["font_size"])

    def columns(self, ledger: Ledger) -> list[tuple[float, float]]:
        """Where each column begins and ends."""
        left, cell = self.left + self.inset, CELL * self.size
        return [
            (left + start * cell, left + (start + width) * cell)
            for start, width in zip(ledger.starts, ledger.widths, strict=True)
        ]

    def rows(self, part: Part) -> Iterator[tuple[float, float, SetRow]]:
        """The rows, with how far down the page each begins, and its height."""
        y, line = self.top, self.height / part.height
        for row in part.rows:
            yield y, row.height * line, row
            y += row.height * line


class RowPainter:
    """Paints a part of a table. Its marked contents are numbered from ``mark``; None leaves them without marks."""

    def __init__(self, pen: Pen, frame: Frame, ledger: Ledger, part: Part, mark: int | None) -> None:
        self._pen, self._frame, self._ledger, self._part = pen, frame, ledger, part
        self._columns = frame.columns(ledger)
        self._line = frame.height / part.height  # the height of one
        self.mark = mark
        own = pen.font()  # which all baselines are those of
        names = pen.font(family=MONO, size=SMALLER * frame.size) if ledger.look.spread else own
        self._fonts = [names if ledger.look.is_mono(column) else own for column in ledger.columns]
        self._ascent = (self._line - own.ascent - own.descent) / 2 + own.ascent

    def ground(self, *, with_head: bool) -> None:
        """A stripe under every other row, or a rule under each; and a rule under the head."""
        frame, pen = self._frame, self._pen
        with pen.artifact(marked=self.mark is not None):
            pen.draw(LINE if self._ledger.look.spread else STRIPE)
            for number, (y, height, _) in enumerate(frame.rows(self._part), self._part.first):
                if self._ledger.look.spread:
                    pen.draw(f"{frame.left:.2f} {y + height - RULE:.2f} {frame.width:.2f} {RULE} re")
                elif number % 2 == 0:
                    pen.draw(f"{frame.left:.2f} {y:.2f} {frame.width:.2f} {height:.2f} re")
            pen.draw("f")
            if with_head:
                pen.draw(HEAD_LINE, f"{frame.left:.2f} {frame.top - 2:.2f} {frame.width:.2f} {HEAD_RULE} re f")

    def head(self, *, read_out: bool) -> None:
        """The columns' labels, standing on the last line; where a table goes on, they are not read out again."""
        pen, mark = self._pen, self.mark
        pen.draw(INK["muted"])
        if mark is not None and not read_out:
            pen.draw("/Artifact BMC")
            self.mark = None
        bottom = self._frame.top - HEAD_GAP * self._frame.size + self._ascent
        font = pen.font(weight=HEAD_WEIGHT)
        for index, lines in enumerate(self._ledger.head):
            self._cell("TH", index, lines, font, bottom - len(lines) * self._line)
        pen.end()
        if mark is not None and not read_out:
            pen.draw("EMC")
            self.mark = mark

    def rows(self, outward: Mapping[int, Any]) -> None:
        """The rows. ``outward`` has the numbers of the cells that lead out of the document."""
        pen, fonts, ink = self._pen, self._fonts, ""
        gap = self._ledger.look.space / 2 * self._line
        number = 0
        for y, _, row in self._frame.rows(self._part):
            baseline = y + gap + self._ascent
            for index, (lines, cell) in enumerate(zip(row.columns, row.row.cells, strict=True)):
                tone = LINK if number in outward else INK[row.row.tone if cell.tone == "plain" else cell.tone]
                if tone != ink:
                    pen.note(tone)
                    ink = tone
                self._cell("TD" if index else "TH", index, lines, fonts[index], baseline)
                number += 1
        pen.end()

    def _cell(self, tag: str, index: int, lines: list[str], font: Font, baseline: float) -> None:
        pen, (left, right) = self._pen, self._columns[index]
        from_end = self._ledger.columns[index].align == "right"
        whole = self.mark is not None and None not in map(font.glyphs, lines)  # marks and texts may not overlap
        if self.mark is not None:
            pen.begin(font) if whole else pen.end()
            pen.note(f"/{tag}<</MCID {self.mark}>>BDC")
            self.mark += 1
        for line in lines:
            if from_end:
                pen.text(font, line, right, baseline, "end")
            else:
                pen.text(font, line, left, baseline)
            baseline += self._line
        if self.mark is not None:
            if not whole:
                pen.end()
            pen.note("EMC")
