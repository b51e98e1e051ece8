"""The index of a run, to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reportgen.view.entries import IndexEntry
from reportgen.view.listing import build_listing
from reportgen.view.page import Page, Table


def test_sections(three: list[IndexEntry], texts_of: Callable[[Page, str], list[tuple[str, ...]]]) -> None:
    """What failed, the sources, and every model, whose names lead to Markdown."""
    page = build_listing(three)
    assert [("What failed, and why", None), ("Sources", None), ("Models", None)] == [
        (section.title, table.caption)
        for section in page.sections
        for table in section.blocks
        if isinstance(table, Table)
    ]  # no title is said twice
    assert ("1", "ValueError: heads must divide width") == texts_of(page, "causes")[1]
    assert ("moe", "moe", "transformers", "1,234", "≥ 1.23 k", "8.8 KiB", "12 of 20", "complete") == texts_of(
        page, "models"
    )[2]
    (table,) = page.sections[-1].blocks
    assert ["resnet50/report.md", "moe/report.md", "Net/report.md"] == [row.cells[0].href for row in table.rows]


def test_many_models(three: list[IndexEntry]) -> None:
    """The first three hundred, and where the others are."""
    entries = [replace(three[0], ref=f"timm:net{i}", slug=f"net{i}") for i in range(302)]
    section = build_listing(entries).sections[-1]
    assert 300 == len(section.blocks[0].rows)
    assert (
        "The first 300, in the order of their references; 2 more models from timm:net300 on: "
        "see index.html, index.csv or index.json." == section.intro
    )


def test_nothing() -> None:
    """An empty run has no sections."""
    assert () == build_listing([]).sections
