"""Short ways to look into a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reportgen.view.page import Facts, Notices, Page, Table


def _blocks(page: Page, kind: type) -> list[Any]:
    return [block for section in page.sections for block in section.blocks if isinstance(block, kind)]


@pytest.fixture(scope="session")
def table_of() -> Callable[[Page, str], Table]:
    """The table of that id."""

    def find(page: Page, table_id: str) -> Table:
        (table,) = [table for table in _blocks(page, Table) if table.id == table_id]
        return table

    return find


@pytest.fixture(scope="session")
def texts_of(table_of: Callable[[Page, str], Table]) -> Callable[[Page, str], list[tuple[str, ...]]]:
    """The texts of a table: its column labels, then its rows."""

    def read(page: Page, table_id: str) -> list[tuple[str, ...]]:
        table = table_of(page, table_id)
        return [
            tuple(column.label for column in table.columns),
            *(tuple(cell.text for cell in row.cells) for row in table.rows),
        ]

    return read


@pytest.fixture(scope="session")
def facts_of() -> Callable[[Page, str], dict[str, str]]:
    """The facts of a section: label to text."""

    def read(page: Page, section_id: str) -> dict[str, str]:
        (section,) = [section for section in page.sections if section.id == section_id]
        return {label: cell.text for block in section.blocks if isinstance(block, Facts) for label, cell in block.items}

    return read


@pytest.fixture(scope="session")
def notices_of() -> Callable[[Page], list[tuple[str | None, str, str, str | None]]]:
    """All notices of a page: code, tone, title and text."""

    def read(page: Page) -> list[tuple[str | None, str, str, str | None]]:
        return [
            (notice.code, notice.tone, notice.title, notice.text)
            for block in _blocks(page, Notices)
            for notice in block.items
        ]

    return read


@pytest.fixture(scope="session")
def figures_of() -> Callable[[Page], dict[str, tuple[str, str | None, str | None]]]:
    """The key figures: label to value, exact figure and note."""

    def read(page: Page) -> dict[str, tuple[str, str | None, str | None]]:
        return {figure.label: (figure.value, figure.exact, figure.note) for figure in page.summary.items}

    return read
