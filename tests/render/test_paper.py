"""How a page is set on paper, before it is laid out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reportgen.render.paper import Plan, balanced, plan
from reportgen.view.page import Cell, Column, Figure, Figures, Page, Row, Section, Table


def _plan(*sections: Section) -> Plan:
    return plan(Page("net", "Net", "complete", None, Figures(()), sections, ""))


@pytest.mark.parametrize(
    ("count", "rows"), [(0, []), (1, [1]), (4, [4]), (5, [3, 2]), (7, [4, 3]), (9, [3, 3, 3]), (10, [4, 3, 3])]
)
def test_balanced(count: int, rows: list[int]) -> None:
    """Key figures stand in rows of at most four, none of them alone below a full one."""
    figures = [Figure(str(i), "1") for i in range(count)]
    assert [len(row) for row in balanced(figures)] == rows
    assert [figure for row in balanced(figures) for figure in row] == figures


def test_parts_fill_pages(ledger: Callable[..., Table]) -> None:
    """An appendix's ledger has a part for each page, the first one shorter; in the main part, parts of six lines."""
    main, appendix = Section("a", "A", (ledger(20),)), Section("b", "B", (ledger(200),), appendix=True)
    setting = _plan(main, appendix).setting(main, main.blocks[0])
    assert setting is not None
    assert [part.height for part in setting.parts] == [6, 6, 6, 2]
    setting = _plan(main, appendix).setting(appendix, appendix.blocks[0])
    assert setting is not None
    # 717 points less 13.3 for the head, in lines of 10.5: 67; the title, a caption and a note take 96, or 10 lines.
    assert [part.height for part in setting.parts] == [57, 67, 67, 9]


def test_short_tables_are_no_ledgers(ledger: Callable[..., Table]) -> None:
    """Short tables are set in boxes, unless they are too wide for them."""
    columns = (Column("a", "A"), Column("b", "B"))
    short = Table("s", columns, (Row((Cell("x"), Cell("y"))),))
    wide = Table("w", columns, (Row((Cell("x" * 60), Cell("y" * 60))),))
    section = Section("a", "A", (short, wide))
    made = _plan(section)
    assert [made.setting(section, block) is not None for block in section.blocks] == [False, True]


def test_destinations() -> None:
    """Cells lead to the web and to places that are there, rows have a name where something leads to them."""
    rows = (
        Row((Cell("a", href="#p-b"),), anchor="p-a"),
        Row((Cell("b", href="#p-none"),), anchor="p-b"),
        Row((Cell("c", href="https://example.org/"),)),
        Row((Cell("d", href="report.md"),)),
        Row((Cell("e", href="javascript:alert(1)"),)),
    )
    made = _plan(Section("s", "S", (Table("t", (Column("n", "N", "name"),), rows, long=True),)))
    assert [made.destination(row.cells[0]) for row in rows] == ["#p-b", None, "https://example.org/", None, None]
    assert [made.anchor(row) for row in rows] == [None, "p-b", None, None, None]
