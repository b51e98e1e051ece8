"""How a page is set on paper, before it is laid out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reportgen.render.paper import FACTS, SMALL, TABLE, Plan, balanced, plan
from reportgen.view.chart import Diagram, Icicle
from reportgen.view.page import Cell, Column, Facts, Figure, Figures, Page, Row, Section, Table


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


def test_looks() -> None:
    """Short tables are set in the font of the text, those too wide for it tightly; facts have columns and no head."""
    columns = (Column("a", "A"), Column("b", "B"))
    short = Table("s", columns, (Row((Cell("x"), Cell("y"))),))
    wide = Table("w", columns, (Row((Cell("x" * 60), Cell("y" * 60))),))
    facts = Facts((("Device", Cell("meta")),))
    section = Section("a", "A", (short, wide, facts))
    made = _plan(section)
    assert [made.settings[id(section), id(block)].look for block in section.blocks] == [TABLE, SMALL, FACTS]


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


def _tree(*depths: int) -> Table:
    rows = tuple(Row((Cell(f"m{index}"),), depth=depth) for index, depth in enumerate(depths))
    return Table("modules", (Column("path", "Module", "name"),), rows, note="Folded.", long=True)


@pytest.mark.parametrize(
    ("depths", "kept", "more"),
    [
        ((0, *[1, 2, 2] * 13), 40, None),  # as it is
        ((0, *[1, 2, 2] * 30), 31, 60),  # two levels
        ((0, *[1] * 99), 40, 60),  # not even two: the first rows
    ],
)
def test_a_long_tree_loses_levels(depths: tuple[int, ...], kept: int, more: int | None) -> None:
    """In the main part a tree is no longer than a page, and says what it left out, if an appendix has all modules."""
    main, everything = (
        Section("modules", "Modules", (_tree(*depths),)),
        Section("all-modules", "All", (), appendix=True),
    )
    (table,) = _plan(main, everything).main[0].blocks
    assert isinstance(table, Table)
    note = "" if more is None else f" {more} more rows are left out here: the appendix has all modules."
    assert (len(table.rows), table.note) == (kept, "Folded." + note)
    (table,) = _plan(main).main[0].blocks
    assert isinstance(table, Table)
    assert len(table.rows) == len(depths)


def test_diagrams_stand_behind_the_tables(ledger: Callable[..., Table]) -> None:
    """What may take a sheet by itself comes after what may break; all else stays in order, and loses nothing."""
    blocks = (Icicle("icicle", "I", "One.", (), 1), Diagram("flow", "F", "One.", (), ()), ledger(3), Facts(()))
    section = Section("modules", "Modules", blocks)
    (found,) = _plan(section).main
    assert found.blocks == (blocks[0], blocks[2], blocks[3], blocks[1])


def test_other_long_tables_stand_among_the_appendices(ledger: Callable[..., Table]) -> None:
    """The main part is short: a table of more than a page goes to the appendix, with its section."""
    everything = Section("all-modules", "All", (), appendix=True)
    made = _plan(Section("a", "A", (ledger(20),)), Section("b", "B", (ledger(41),)), everything)
    assert ([section.id for section in made.main], [section.id for section in made.appendix]) == (
        ["a"],
        ["b", "all-modules"],
    )
