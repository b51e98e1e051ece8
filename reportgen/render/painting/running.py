"""What runs through a document: the heads and feet of its pages, and the numbers of pages in its table of contents.

WeasyPrint could do both, at a price: heads and feet, as margin boxes, take a quarter of a long ledger's time, and for
the numbers of a table of contents it lays out all pages twice. What is relied on here: the page's box has its margins,
and ``string_set`` of a box has the names and texts that the style sheet sets there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from reportgen.render.ledger import wrap
from reportgen.render.painting.pen import Pen
from reportgen.render.painting.rows import INK
from reportgen.render.typeface import CELL, sans_cells

if TYPE_CHECKING:
    from weasyprint import Document, Page

LEADING = 0.075  # em: half of what the lines of print.css are higher than its font
# As print-heads.css has them, in CSS pixels.
FAMILY, SIZE, AWAY = ("Report Sans", "Report Signs", "Report Han"), 8 / 0.75, 5 * 96 / 25.4


@dataclass(frozen=True, slots=True)
class Entry:
    """The number of a page, at the end of the entry of a table of contents that leads there."""

    box: Any
    number: int

    def paint(self, stream: Any, mark: int | None) -> int | None:
        """Paints it, as what nobody needs to hear: the entry is a link. What is marked has numbers from ``mark``."""
        box = self.box
        pen = Pen(stream, box.style)
        font = pen.font()
        y = box.content_box_y() + box.height - LEADING * font.size - font.descent
        with pen.artifact(marked=mark is not None):
            pen.draw(INK["muted"])
            pen.text(font, str(self.number), box.position_x + box.border_width(), y, "end")
        pen.close()
        return mark


@dataclass(frozen=True, slots=True)
class Running:
    """The head of a page and its foot, in its margins."""

    box: Any  # of the page
    head: str
    foot: str

    def paint(self, stream: Any, mark: int | None) -> int | None:
        """Paints them, as what is not read out."""
        box = self.box
        pen = Pen(stream, box.style)
        font = pen.font(size=SIZE, family=FAMILY, weight=400)
        lines = wrap(self.head, box.width / (CELL * SIZE), measure=sans_cells) if self.head else []
        left, line = box.margin_left, font.ascent + font.descent
        with pen.artifact(marked=mark is not None):
            pen.draw(INK["muted"])
            for number, text in enumerate(reversed(lines)):
                pen.text(font, text, left, box.margin_top - AWAY - font.descent - number * line)
            below = box.margin_top + box.height + AWAY + font.ascent
            pen.text(font, self.foot, left + box.width, below, "end")
        pen.close()
        return mark


def entries(page: Page, document: Document) -> Iterator[Entry]:
    """Those of the table of contents on a page, with the pages that they lead to."""
    boxes = {id(box.element): box for box in reversed([*page._page_box.descendants()]) if box.element_tag == "li"}
    for box in reversed(boxes.values()):  # of an element's boxes, the outermost
        target = box.element.get("data-to")
        numbers = (number for number, other in enumerate(document.pages, start=1) if target in other.anchors)
        yield from (Entry(box, number) for number in islice(numbers, 1))


def running(document: Document) -> list[Running]:
    """The head and the foot of each page, from what its style sheet sets: ``string-set: running …`` and ``part …``."""
    texts: dict[str, str] = {}  # the latest
    found = []
    for number, page in enumerate(document.pages, start=1):
        first: dict[str, str] = {}
        for box in page._page_box.descendants():
            for name, text in box.string_set or ():
                first.setdefault(name, text)
                texts[name] = text
        shown = {**texts, **first}
        head = f"{shown.get('running', '')} · {shown.get('part', '')}" if number > 1 else ""
        found.append(Running(page._page_box, head, f"page {number} of {len(document.pages)}"))
    return found
