"""Ledgers painted onto pages that WeasyPrint has laid out: all that touches what is private in WeasyPrint.

WeasyPrint lays out a ledger's parts as empty blocks, ``<table><tbody data-part="…" style="height: …">``, displayed as
blocks all. Here each row is written straight into its page's content, in the document's own font, at a hundredth of the
time that a table's boxes take. What is relied on, and `Unfit` says if it is not so:

* ``Page.paint`` may be overridden, and ``Page._page_box`` is the tree of boxes with their elements and places;
* ``Stream.add_font`` makes a font part of the document, which keeps its glyphs that are in ``to_unicode``;
* the length of ``Stream._tags`` is the next free number of marked content on the page.
"""

from __future__ import annotations

import functools
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pydyf
from fontTools.ttLib import TTFont
from weasyprint import VERSION, Document, Page
from weasyprint.draw.text import draw_emojis, draw_first_line
from weasyprint.matrix import Matrix
from weasyprint.text.ffi import ffi, gobject, pango
from weasyprint.text.fonts import get_font_description
from weasyprint.text.line_break import create_layout

from reportgen.render import tagged
from reportgen.render.ledger import Ledger, Part, SetRow
from reportgen.render.text import text_cells
from reportgen.view.page import Cell, Row

KNOWN = 70  # WeasyPrint's major version that this was written for; any other gets the ledger as text
HEAD_WEIGHT = 600
HEAD_GAP = 0.4  # em, between the head and the first row
RULE_WIDTH = 0.9  # CSS pixels
ADVANCE = 0.6  # em a character, in IBM Plex Mono and nearly every monospaced font
STRIPE, RULE = "0.953 0.961 0.969 rg", "0.333 0.376 0.431 rg"  # the colours of print.css, of stripes and of rules
INK: Mapping[str, str] = {  # and of tones
    "plain": "0.09 0.125 0.165 rg",
    "muted": "0.333 0.376 0.431 rg",
    "good": "0.039 0.42 0.31 rg",
    "warn": "0.522 0.31 0 rg",
    "bad": "0.702 0.149 0.118 rg",
}
_TOLERANCE = 0.5  # CSS pixels


class Unfit(Exception):
    """The pages are not as painting needs them: another template, style sheet or version than ours."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What is to be painted into one block: a part of a ledger."""

    ledger: Ledger
    part: Part
    anchor: Callable[[Row], str | None]  # under which links reach a row
    destination: Callable[[Cell], str | None]  # where a cell leads to: "#anchor", an address, or nowhere


def is_known() -> bool:
    """Whether this is a version of WeasyPrint whose insides are known."""
    return str(VERSION).partition(".")[0] == str(KNOWN)


def write(document: Document, slots: Mapping[str, Slot], **options: Any) -> bytes:
    """The document as PDF, with ``slots`` painted into the blocks whose ``data-part`` are their keys, in that order.

    Raises:
        Unfit: a block is missing, doubled, out of order, or not on one page.
    """
    placed = [_placed(box, page, number, slots) for number, page in enumerate(document.pages) for box in _blocks(page)]
    if [item.key for item in placed] != list(slots):
        raise Unfit("the parts of the ledgers are not on the pages once each, in order")
    by_page: dict[int, list[_Placed]] = {}
    before: _Placed | None = None
    for item in placed:
        item.begins = before is None or before.slot.ledger is not item.slot.ledger
        item.has_head = item.begins or before is None or before.page != item.page
        by_page.setdefault(item.page, []).append(item)
        before = item
    pages = [_PaintedPage(page, by_page[n]) if n in by_page else page for n, page in enumerate(document.pages)]

    def finish(_: Document, pdf: Any) -> None:
        if "StructTreeRoot" in pdf.catalog:
            tagged.add_rows(pdf, [item.marked() for item in placed])
        _compress(pdf)

    try:
        return bytes(document.copy(pages).write_pdf(finisher=finish, **options))
    except tagged.Misfit as exc:
        raise Unfit(str(exc)) from exc


def _compress(pdf: Any) -> None:
    """Compresses what is long, as pydyf would, but at zlib's own level: its highest takes thrice as long for 5 %."""
    for item in pdf.objects:
        if isinstance(item, pydyf.Stream) and item.compress:
            data = b"\n".join(part if isinstance(part, bytes) else _bytes(part) for part in item.stream)
            item.stream, item.compress = [zlib.compress(data)], False
            item.extra["Filter"] = "/FlateDecode"


def _bytes(part: Any) -> bytes:
    return part.data if isinstance(part, pydyf.Object) else str(part).encode("ascii")


def _blocks(page: Page) -> Iterator[Any]:
    for box in page._page_box.descendants():
        if box.element_tag == "tbody" and box.element.get("data-part") is not None:
            yield box


def _placed(box: Any, page: Page, number: int, slots: Mapping[str, Slot]) -> _Placed:
    key = box.element.get("data-part")
    frame = page._page_box
    if key not in slots or box.position_y + box.border_height() > frame.content_box_y() + frame.height + _TOLERANCE:
        raise Unfit(f"part {key} is on no page as a whole")
    return _Placed(key, slots[key], box, number)


@dataclass(slots=True)
class _Placed:
    """A part on its page, in CSS pixels."""

    key: str
    slot: Slot
    box: Any
    page: int
    begins: bool = False  # it is the first of its ledger
    has_head: bool = False  # it is the first of its ledger on the page
    mark: int = 0  # the number of its first marked content, once it is painted
    links: dict[int, Any] = field(default_factory=dict)  # by the cell's number; each gets an annotation

    def marked(self) -> tagged.Marked:
        """What the structure tree is to know of it."""
        columns, rows = len(self.slot.ledger.columns), len(self.slot.part.rows)
        links = {cell: holder.link_annotation for cell, holder in self.links.items()}
        return tagged.Marked(self.page, self.mark, columns, rows, self.begins, links)

    @property
    def size(self) -> float:
        """The size of its font."""
        return float(self.box.style["font_size"])

    @property
    def line(self) -> float:
        """The height of a line."""
        return float(self.box.height) / self.slot.part.height

    @property
    def columns(self) -> list[tuple[float, float, bool]]:
        """Where each column begins and ends, and whether it is set from its end."""
        left, advance, ledger = self.box.content_box_x(), ADVANCE * self.size, self.slot.ledger
        return [
            (left + start * advance, left + (start + width) * advance, column.align == "right")
            for start, width, column in zip(ledger.starts, ledger.widths, ledger.columns, strict=True)
        ]

    def rows(self) -> Iterator[tuple[float, SetRow]]:
        """Its rows, and how far down the page they begin."""
        y, line = float(self.box.content_box_y()), self.line
        for row in self.slot.part.rows:
            yield y, row
            y += row.height * line


class _PaintedPage(Page):  # type: ignore[misc]  # WeasyPrint is untyped
    """A page of WeasyPrint's with parts of ledgers on it."""

    def __init__(self, page: Page, items: Sequence[_Placed]) -> None:
        self.__dict__.update(page.__dict__)
        # Running headers and footers first: so that what is read in the order of painting ends with the rows.
        self._page_box = page._page_box.copy()
        self._page_box.children = sorted(page._page_box.children, key=lambda box: box.is_for_root_element)
        self._items = items
        self.anchors, self.links = dict(page.anchors), list(page.links)
        for item in items:
            self._join(item)

    def _join(self, item: _Placed) -> None:
        """Adds the places that links lead to, and the links."""
        slot, columns = item.slot, item.columns
        for index, (y, row) in enumerate(item.rows()):
            name = slot.anchor(row.row)
            if name is not None:
                self.anchors[name] = (columns[0][0], y, columns[-1][1], y + item.line)
            for column, cell in enumerate(row.row.cells):
                href = slot.destination(cell)
                if href is not None:
                    holder = item.links[index * len(columns) + column] = SimpleNamespace(link_annotation=None)
                    kind, target = ("internal", href[1:]) if href.startswith("#") else ("external", href)
                    area = (columns[column][0], y, columns[column][1], y + row.height * item.line)
                    self.links.append((kind, target, area, holder))

    def paint(self, stream: Any, scale: float = 1) -> None:
        """What WeasyPrint has laid out, and then the rows."""
        super().paint(stream, scale)
        mark = 0 if stream._tags is None else len(stream._tags)
        with stream.stacked():
            stream.transform(a=scale, d=scale)
            for item in self._items:
                item.mark = mark
                mark = _Brush(stream, item).paint()


@dataclass(frozen=True, slots=True)
class _Face:
    """A font: the glyphs, as four hexadecimal digits, of the characters that are as wide as a column of text."""

    font: Any  # WeasyPrint's
    codes: Mapping[int, str]

    @classmethod
    def load(cls, stream: Any, style: Any, weight: int | None = None) -> _Face:
        """The font of a style, in another weight perhaps; from now on a font of the stream's document."""
        context = ffi.gc(pango.pango_font_map_create_context(style.font_config.font_map), gobject.g_object_unref)
        description = get_font_description(style)
        if weight is not None:
            pango.pango_font_description_set_weight(description, weight)
        pango_font = pango.pango_font_map_load_font(style.font_config.font_map, context, description)
        font, _ = stream.add_font(ffi.gc(pango_font, gobject.g_object_unref))
        return cls(font, _codes(font.file_content, font.index))

    def use(self, characters: set[str]) -> None:
        """Makes the glyphs of these characters part of the document, with the text that they stand for."""
        for character in sorted(characters):
            code = self.codes.get(ord(character))
            if code is not None:
                self.font.to_unicode.setdefault(int(code, 16), character)
                self.font.widths.setdefault(int(code, 16), round(1000 * ADVANCE))


@functools.lru_cache(maxsize=4)
def _codes(file: bytes, index: int) -> Mapping[int, str]:
    font = TTFont(io.BytesIO(file), fontNumber=index, lazy=True)
    widths, advance = font["hmtx"], ADVANCE * font["head"].unitsPerEm
    return {
        point: f"{font.getGlyphID(glyph):04x}"
        for point, glyph in font.getBestCmap().items()
        if abs(widths[glyph][0] - advance) < 1
    }


class _Brush:
    """Writes one part into its page's content stream."""

    def __init__(self, stream: Any, item: _Placed) -> None:
        self._stream, self._item = stream, item
        self._tagged = stream._tags is not None
        self._columns, self._advance = item.columns, ADVANCE * item.size
        self._mark = item.mark
        self._out: list[str] = []

    def paint(self) -> int:
        """Paints the part. Gives the number that is free for the next content to mark."""
        item = self._item
        self._shapes()
        if item.has_head:
            self._head()
        self._begin(_Face.load(self._stream, item.box.style))
        ink = ""
        for y, row in item.rows():
            baseline = y + self._ascent
            for column, (lines, cell) in enumerate(zip(row.columns, row.row.cells, strict=True)):
                tone = INK[row.row.tone if cell.tone == "plain" else cell.tone]
                if tone != ink:
                    self._out.append(tone)
                    ink = tone
                self._cell("TD" if column else "TH", column, lines, baseline)
        self._end()
        return self._mark

    def _shapes(self) -> None:
        """A stripe under every other row, and a rule under the head."""
        item, box = self._item, self._item.box
        left, width = box.position_x, box.border_width()
        self._out += ["/Artifact BMC" if self._tagged else "", STRIPE]
        for number, (y, row) in enumerate(item.rows(), item.slot.part.first):
            if number % 2 == 0:
                self._out.append(f"{left:.2f} {y:.2f} {width:.2f} {row.height * item.line:.2f} re")
        self._out.append("f")
        if item.has_head:
            self._out += [RULE, f"{left:.2f} {box.position_y - 2:.2f} {width:.2f} {RULE_WIDTH} re f"]
        self._out.append("EMC" if self._tagged else "")

    def _head(self) -> None:
        """The columns' labels, standing on the last line; where a ledger goes on, they are not read out again."""
        item = self._item
        repeats = self._tagged and not item.begins
        self._begin(_Face.load(self._stream, item.box.style, HEAD_WEIGHT))
        self._out += [INK["muted"], *(["/Artifact BMC"] if repeats else [])]
        self._tagged = self._tagged and not repeats
        for column, lines in enumerate(item.slot.ledger.head):
            top = item.box.position_y - HEAD_GAP * item.size - len(lines) * item.line
            self._cell("TH", column, lines, top + self._ascent)
        if repeats:
            self._tagged = True
            self._out.append("EMC")
        self._end()

    def _begin(self, face: _Face) -> None:
        self._face, self._used = face, set[str]()
        height = (face.font.ascent - face.font.descent) / 1000
        self._ascent = (self._item.line - height * self._item.size) / 2 + face.font.ascent / 1000 * self._item.size
        self._start = f"BT /{face.font.hash} {self._item.size:.4f} Tf"
        self._out.append(self._start)

    def _end(self) -> None:
        self._out.append("ET")
        self._flush()
        self._face.use(self._used)

    def _flush(self) -> None:
        self._stream.stream.append("\n".join(self._out))
        self._out = []

    def _cell(self, tag: str, column: int, lines: list[str], baseline: float) -> None:
        left, right, from_end = self._columns[column]
        if self._tagged:
            self._out.append(f"/{tag}<</MCID {self._mark}>>BDC")
            self._mark += 1
        for line in lines:
            codes = line.translate(self._face.codes)
            if len(codes) != 4 * len(line):
                self._foreign(line, right - self._advance * text_cells(line) if from_end else left, baseline)
            elif line:
                x = right - self._advance * len(line) if from_end else left
                self._out.append(f"1 0 0 -1 {x:.2f} {baseline:.2f} Tm<{codes}>Tj")
                self._used.update(line)
            baseline += self._item.line
        if self._tagged:
            self._out.append("EMC")

    def _foreign(self, text: str, x: float, y: float) -> None:
        """A line with characters that the font lacks: set by Pango, in the fonts of the machine that have them."""
        style, stream = self._item.box.style, self._stream
        self._out.append("ET")
        self._flush()
        layout = create_layout(text, style, None, None, 0)
        stream.begin_text()
        box = SimpleNamespace(style=style, text=text, pango_layout=layout)
        emojis = draw_first_line(stream, box, "clip", "none", Matrix(d=-1, e=x, f=y))
        stream.end_text()
        draw_emojis(stream, style, x, y, emojis)
        layout.deactivate()
        self._out.append(self._start)
