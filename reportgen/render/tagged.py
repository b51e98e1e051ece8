"""The structure of painted tables: rows and cells as elements of the PDF's structure tree.

WeasyPrint has made an element for each table on each page, and in it an empty one for each part. Here the rows come
into these, and what was a table a page becomes one table with one head. The file's objects are pydyf's, and in
WeasyPrint's tree; what that is like says ISO 32000-1, 14.7 and 14.8.4.3.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_COLUMN_HEAD, _ROW_HEAD = "TH/A<</O/Table/Scope/Column>>", "TH/A<</O/Table/Scope/Row>>"


@dataclass(frozen=True, slots=True)
class Marked:
    """The marked content of one part of a ledger: cell after cell, row after row, in numbers that follow each other."""

    page: int  # counted from 0
    first: int  # the number of the first content
    columns: int
    rows: int
    begins: bool  # a new table begins here
    has_head: bool  # and the first content is its head, the columns' labels
    links: Mapping[int, Any] = field(default_factory=dict)  # link annotations, by the cell's number in the part


class Misfit(Exception):
    """The structure tree is not as WeasyPrint is known to make it."""


def add_rows(pdf: Any, parts: Sequence[Marked]) -> None:
    """Puts the parts, which are those of the document in order, into the structure tree.

    Raises:
        Misfit: it does not hold as many.
    """
    numbers = _at(pdf, _at(pdf, pdf.catalog["StructTreeRoot"])["ParentTree"])["Nums"]
    elements: list[Any] = [item for item in pdf.objects if isinstance(item, dict) and item.get("S") == "/TBody"]
    bodies = [element for element in elements if not element["K"]]
    if len(bodies) != len(parts):
        raise Misfit(f"{len(bodies)} places for {len(parts)} parts")
    pages = pdf.page_references
    table: Any = None
    for body, part in zip(bodies, parts, strict=True):
        own = _at(pdf, body["P"])
        writer = _Writer(pdf, pages[part.page].decode(), part, numbers)
        if part.begins:
            table = own
        if part.has_head:
            table["K"].insert(0, writer.head(table.reference.decode()))
        if own is not table:
            _prune(pdf, own, body)
            table["K"].append(body.reference)
            body["P"] = table.reference
        writer.rows(body)


def _at(pdf: Any, reference: bytes) -> Any:
    return pdf.objects[int(reference.split()[0])]


def _prune(pdf: Any, parent: Any, child: Any) -> None:
    """Takes an element from its parent, and that from its own where nothing else is in it."""
    parent["K"].remove(child.reference)
    if not parent["K"] and parent["S"] != "/Document":
        _prune(pdf, _at(pdf, parent["P"]), parent)


class _Written:
    """An object of the file that is written as it is: like a `pydyf.Object`, at a fifth of its memory."""

    __slots__ = ("data", "number", "offset")
    generation, free, compressible = 0, "n", True

    def __init__(self, data: str) -> None:
        self.data = data.encode()


class _Writer:
    """Makes the elements of one part, and enters them into the tree that leads from content to elements."""

    def __init__(self, pdf: Any, page: str, part: Marked, numbers: Any) -> None:
        self._pdf, self._page, self._part, self._numbers = pdf, page, part, numbers
        self._owners = numbers[2 * part.page + 1]  # of the page's contents, by their numbers
        self._next = part.first

    def head(self, table: str) -> str:
        """A table's head, of one row."""
        number = len(self._pdf.objects)
        head = self._add(f"<</S/THead/P {table}/K[{number + 1} 0 R]>>")
        self._row(head, [_COLUMN_HEAD] * self._part.columns, {})
        return head

    def rows(self, body: Any) -> None:
        """The rows, into the body of a table."""
        width, links = self._part.columns, self._part.links
        kinds, parent = [_ROW_HEAD, *["TD"] * (width - 1)], body.reference.decode()
        for start in range(0, self._part.rows * width, width):
            inside = {cell - start: links[cell] for cell in range(start, start + width) if cell in links}
            body["K"].append(self._row(parent, kinds, inside))

    def _row(self, parent: str, kinds: Sequence[str], links: Mapping[int, Any]) -> str:
        """One row; its cells are the objects that follow it in the file, and then the links in them."""
        number = len(self._pdf.objects)
        cells = [f"{number + 1 + column} 0 R" for column in range(len(kinds))]
        owners = cells.copy()
        for index, column in enumerate(links):
            owners[column] = f"{number + 1 + len(kinds) + index} 0 R"
        row = self._add(f"<</S/TR/P {parent}/K[{' '.join(cells)}]>>")
        for column, kind in enumerate(kinds):
            content = owners[column] if column in links else self._next + column
            self._add(f"<</S/{kind}/P {row}/Pg {self._page}/K[{content}]>>")
        for column, annotation in links.items():
            shown = f"<</Type/OBJR/Obj {annotation.reference.decode()}/Pg {self._page}>>"
            self._add(f"<</S/Link/P {cells[column]}/Pg {self._page}/K[{self._next + column} {shown}]>>")
            annotation["StructParent"] = key = self._numbers[-2] + 1
            self._numbers += [key, owners[column]]
        self._owners += owners
        self._next += len(kinds)
        return row

    def _add(self, text: str) -> str:
        self._pdf.add_object(_Written(text))
        return f"{len(self._pdf.objects) - 1} 0 R"
