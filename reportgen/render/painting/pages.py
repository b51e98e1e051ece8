"""Pages that WeasyPrint has laid out, with tables and charts painted onto them.

WeasyPrint lays out a table's parts as empty blocks, ``<table><tbody data-part="…" style="height: …">``, displayed as
blocks all, and charts as empty images, ``<img data-chart="…">``. Here each row and each shape is written straight into
its page's content, in the document's own fonts, at a hundredth of the time that boxes and SVG take. With
`reportgen.render.painting.pen` and `running`, all that touches what is private in WeasyPrint. What is relied on here,
and `Unfit` says if it is not so:

* ``Page.paint`` may be overridden, and ``Page._page_box`` is the tree of boxes with their elements, styles and places;
* the ``replacement`` of an image's box is what is drawn in its place, by its method ``draw``;
* ``Document.write_pdf`` calls ``pydyf.PDF.write``, which compresses by ``pydyf.zlib``;
* the length of ``Stream._tags`` is the next free number of marked content on the page.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pydyf
from weasyprint import VERSION, Document, Page

from reportgen.render import tagged
from reportgen.render.charts.canvas import Drawing
from reportgen.render.ledger import SANS, Ledger, Part
from reportgen.render.painting import shapes
from reportgen.render.painting.pen import Pen
from reportgen.render.painting.rows import Frame, RowPainter
from reportgen.render.painting.running import Entry, Running, entries, running
from reportgen.view.page import Cell, Row

KNOWN = 70  # WeasyPrint's major version that this was written for; with any other, nothing is painted
LEVEL = 5  # of zlib's compression
_TOLERANCE = 0.5  # CSS pixels
_DEFLATE = Lock()


class Unfit(Exception):
    """The pages are not as painting needs them: another template, style sheet or version than ours."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What is to be painted into one block: a part of a table."""

    ledger: Ledger
    part: Part
    anchor: Callable[[Row], str | None]  # under which links reach a row
    destination: Callable[[Cell], str | None]  # where a cell leads to: "#anchor", an address, or nowhere


def is_known() -> bool:
    """Whether this is a version of WeasyPrint whose insides are known."""
    return str(VERSION).partition(".")[0] == str(KNOWN)


def write(
    document: Document, slots: Mapping[str, Slot], drawings: Mapping[str, Drawing], *, heads: bool, **options: Any
) -> bytes:
    """The document as PDF, with tables and charts in it.

    Args:
        document: what WeasyPrint has laid out.
        slots: what is painted into the blocks whose ``data-part`` are these keys, which are there in this order.
        drawings: what is painted in the place of images whose ``data-chart`` are these keys.
        heads: whether pages get their heads and feet painted, too.
        options: of WeasyPrint's ``write_pdf``.

    Raises:
        Unfit: a block is missing, doubled, out of order, not on one page, or in another font than it was measured for.
    """
    _draw_charts(document, drawings)
    placed = [_placed(box, page, number, slots) for number, page in enumerate(document.pages) for box in _blocks(page)]
    if [item.key for item in placed] != list(slots):
        raise Unfit("the parts of the tables are not on the pages once each, in order")
    by_page: list[list[_Placed | Entry | Running]] = [list(entries(page, document)) for page in document.pages]
    if heads:
        by_page = [[head, *items] for head, items in zip(running(document), by_page, strict=True)]
    before: _Placed | None = None
    for item in placed:
        item.begins = before is None or before.slot.ledger is not item.slot.ledger
        item.has_head = item.begins or before is None or before.page != item.page
        by_page[item.page].append(item)
        before = item
    pages = [_PaintedPage(page, items) if items else page for page, items in zip(document.pages, by_page, strict=True)]

    def finish(_: Document, pdf: Any) -> None:
        if "StructTreeRoot" in pdf.catalog:
            tagged.add_rows(pdf, [item.marked() for item in placed])
        pdf.write = _quick_deflate()(pdf.write)

    try:
        return bytes(document.copy(pages).write_pdf(finisher=finish, **options))
    except tagged.Misfit as exc:
        raise Unfit(str(exc)) from exc


def _draw_charts(document: Document, drawings: Mapping[str, Drawing]) -> None:
    missing = {*drawings}
    for box in (box for page in document.pages for box in page._page_box.descendants() if box.element_tag == "img"):
        key = box.element.get("data-chart")
        if key in drawings:
            box.replacement = copy(box.replacement)  # it is that of all images that are as empty
            box.replacement.draw = partial(shapes.paint, drawings[key])
            missing.discard(key)
    if missing:
        raise Unfit(f"there is no place for {', '.join(sorted(missing))}")


@contextmanager
def _quick_deflate() -> Iterator[None]:
    """Has pydyf compress less: its level, zlib's highest, takes ten times as long for tags, to save 6 %."""
    with _DEFLATE:  # whatever other threads do, the same document has the same bytes
        own, pydyf.zlib = pydyf.zlib, SimpleNamespace(compressobj=lambda level: zlib.compressobj(min(level, LEVEL)))
        try:
            yield
        finally:
            pydyf.zlib = own


def _blocks(page: Page) -> Iterator[Any]:
    for box in page._page_box.descendants():
        if box.element_tag == "tbody" and box.element.get("data-part") is not None:
            yield box


def _placed(box: Any, page: Page, number: int, slots: Mapping[str, Slot]) -> _Placed:
    key = box.element.get("data-part")
    frame = page._page_box
    if key not in slots or box.position_y + box.border_height() > frame.content_box_y() + frame.height + _TOLERANCE:
        raise Unfit(f"part {key} is on no page as a whole")
    if slots[key].ledger.look.spread and box.style["font_family"][0] != SANS:
        raise Unfit(f"part {key} is in a font of another width")
    return _Placed(key, slots[key], box, number)


@dataclass(slots=True)
class _Placed:
    """A part on its page, in CSS pixels."""

    key: str
    slot: Slot
    box: Any
    page: int
    begins: bool = False  # it is the first of its table
    has_head: bool = False  # it is the first of its table on the page
    mark: int = 0  # the number of its first marked content, once it is painted
    links: dict[int, Any] = field(default_factory=dict)  # by the cell's number; each gets an annotation
    outward: dict[int, Any] = field(default_factory=dict)  # those of them that lead out of the document

    def marked(self) -> tagged.Marked:
        """What the structure tree is to know of it."""
        columns, rows = len(self.slot.ledger.columns), len(self.slot.part.rows)
        links = {cell: holder.link_annotation for cell, holder in self.links.items()}
        has_head = self.begins and self.slot.ledger.look.headed
        return tagged.Marked(self.page, self.mark, columns, rows, self.begins, has_head, links)

    def paint(self, stream: Any, mark: int | None) -> int | None:
        """Paints it. ``mark`` and what comes back are the numbers for the next marked content; None is: no marks."""
        self.mark = mark or 0
        pen = Pen(stream, self.box.style)
        painter = RowPainter(pen, self.frame, self.slot.ledger, self.slot.part, mark)
        has_head = self.has_head and self.slot.ledger.look.headed
        painter.ground(with_head=has_head)
        if has_head:
            painter.head(read_out=self.begins)
        painter.rows(self.outward)
        pen.close()
        return painter.mark

    @property
    def frame(self) -> Frame:
        """Where its rows stand."""
        box = self.box
        inset = box.content_box_x() - box.position_x
        return Frame(box.position_x, box.border_width(), box.content_box_y(), box.height, inset, box.style)


class _PaintedPage(Page):  # type: ignore[misc]  # WeasyPrint is untyped
    """A page of WeasyPrint's with parts of tables on it."""

    def __init__(self, page: Page, items: Sequence[_Placed | Entry | Running]) -> None:
        self.__dict__.update(page.__dict__)
        # Running headers and footers first: so that what is read in the order of painting ends with the rows.
        self._page_box = page._page_box.copy()
        self._page_box.children = sorted(page._page_box.children, key=lambda box: box.is_for_root_element)
        self._items = items
        self.anchors, self.links = dict(page.anchors), list(page.links)
        for item in items:
            if isinstance(item, _Placed):
                self._join(item)

    def _join(self, item: _Placed) -> None:
        """Adds the places that links lead to, and the links."""
        slot, frame = item.slot, item.frame
        columns = frame.columns(slot.ledger)
        for index, (y, height, row) in enumerate(frame.rows(slot.part)):
            name = slot.anchor(row.row)
            if name is not None:
                self.anchors[name] = (columns[0][0], y, columns[-1][1], y + height)
            for column, cell in enumerate(row.row.cells):
                href = slot.destination(cell) if cell.href else None
                if href is not None:
                    number = index * len(columns) + column
                    holder = item.links[number] = SimpleNamespace(link_annotation=None)
                    kind, target = ("internal", href[1:]) if href.startswith("#") else ("external", href)
                    if kind == "external":
                        item.outward[number] = holder
                    area = (columns[column][0], y, columns[column][1], y + height)
                    self.links.append((kind, target, area, holder))

    def paint(self, stream: Any, scale: float = 1) -> None:
        """What WeasyPrint has laid out, and then the rows."""
        super().paint(stream, scale)
        mark = None if stream._tags is None else len(stream._tags)
        with stream.stacked():
            stream.transform(a=scale, d=scale)
            for item in self._items:
                mark = item.paint(stream, mark)
