"""Short ways to look into a page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from reportgen.analysis.summary import Summary
from reportgen.view.entries import IndexEntry
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


@pytest.fixture(scope="session")
def make_entry() -> Callable[..., IndexEntry]:
    """A model of an index: partial, unless told otherwise; what is no member of its own is one of its summary."""

    def make(name: str, ref: str | None = None, **members: Any) -> IndexEntry:
        own = {field.name for field in dataclasses.fields(IndexEntry)}
        summary = Summary(**{key: value for key, value in members.items() if key not in own})
        given = {"status": "partial", "parameters": None, "flops": None, "reason": None, "formats": ("md", "html")}
        given |= {key: value for key, value in members.items() if key in own}
        return IndexEntry(ref or f"builtin:{name}", name, name, summary=summary, **given)

    return make


@pytest.fixture(scope="session")
def three(make_entry: Callable[..., IndexEntry]) -> list[IndexEntry]:
    """Two models that work, one of them with a bound and parameters without gradients, and one that fails."""
    return [
        make_entry(
            "resnet50",
            "torchvision:resnet50",
            status="complete",
            parameters=25_557_032,
            flops=8_178_368_512,
            source="torchvision",
            family="resnet",
            tensors=161,
            gradients_none=0,
            peak_training=505_413_632,
            bound="exact",
        ),
        make_entry(
            "moe",
            "transformers:moe",
            status="complete",
            parameters=1_234,
            flops=2_468,
            source="transformers",
            family="moe",
            tensors=20,
            gradients_none=12,
            peak_training=9_000,
            bound="lower",
        ),
        make_entry(
            "Net",
            "file:models.py:Net",
            status="failed",
            reason="ValueError: heads must divide width",
            source="file",
            code="instantiate-failed",
            stage="instantiate",
            remedy="choose others",
        ),
    ]
