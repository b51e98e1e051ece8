"""The page as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reportgen.view.build import build
from reportgen.view.page import Table

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]


def outline(report: ModelReport, **options: Any) -> list[str]:
    """The sections of a record's page, appendices in brackets."""
    return [f"[{part.id}]" if part.appendix else part.id for part in build(report, **options).sections]


def test_sections_of_a_small_model(tied_gpt: ModelReport) -> None:
    """What to notice comes first, then what it is and costs, then how that was found."""
    assert [
        "findings",
        "inputs-outputs",
        "modules",
        "layer-types",
        "operations",
        "gradients",
        "parameters",
        "buffers",
        "identity",
        "[all-modules]",
    ] == outline(tied_gpt)


def test_long_ledgers_come_last(transformer12: ModelReport) -> None:
    """125 parameter names fold into 15 rows; the whole ledger is an appendix."""
    assert [
        "findings",
        "inputs-outputs",
        "modules",
        "layer-types",
        "operations",
        "gradients",
        "parameters-folded",
        "buffers",
        "identity",
        "[parameters]",
        "[all-modules]",
    ] == outline(transformer12)


def test_what_failed_comes_first(forward_failed: ModelReport) -> None:
    """A partial report opens with the failure and goes on with what is known."""
    assert [
        "failure",
        "inputs-outputs",
        "modules",
        "layer-types",
        "gradients",
        "parameters",
        "identity",
        "[all-modules]",
    ] == outline(forward_failed)


def test_nothing_is_said_where_nothing_is_known(constructor_failed: ModelReport) -> None:
    """A model that was never built has a failure and an identity."""
    assert ["failure", "identity"] == outline(constructor_failed)


def test_head_and_foot_of_the_page(frozen_sequential: ModelReport) -> None:
    """Name, class, status, description and versions are the record's."""
    page = build(frozen_sequential)
    assert (
        "frozen-sequential",
        "torch.nn.modules.container.Sequential",
        "complete",
        "Three layers, the first one frozen.",
        f"reportgen 1.0.0 · torch 2.13.0 · {(frozen_sequential.fingerprint or '')[:19]}",
        "report",
    ) == (page.title, page.subtitle, page.status, page.description, page.footer, page.kind)


def test_the_page_is_the_same_every_time(any_report: ModelReport) -> None:
    """The same record always gives the same page."""
    assert build(any_report) == build(any_report)


def test_tables_are_rectangular_and_their_keys_unique(any_report: ModelReport) -> None:
    """Every row has a cell for every column; ids and anchors are unique on the page."""
    page = build(any_report)
    tables = [block for section in page.sections for block in section.blocks if isinstance(block, Table)]
    ragged = [table.id for table in tables if any(len(row.cells) != len(table.columns) for row in table.rows)]
    repeated = [table.id for table in tables if len({column.key for column in table.columns}) != len(table.columns)]
    anchors = [row.anchor for table in tables for row in table.rows if row.anchor is not None]
    ids = [section.id for section in page.sections]
    assert ([], [], len(anchors), len(ids)) == (ragged, repeated, len(set(anchors)), len(set(ids)))


def test_links_within_the_page_lead_somewhere(any_report: ModelReport) -> None:
    """Every ``#anchor`` is the anchor of a row."""
    rows = [
        row
        for section in build(any_report).sections
        for table in section.blocks
        if isinstance(table, Table)
        for row in table.rows
    ]
    anchors = {row.anchor for row in rows}
    links = [cell.href[1:] for row in rows for cell in row.cells if cell.href and cell.href.startswith("#")]
    assert [] == [link for link in links if link not in anchors]


def test_no_column_says_nothing(any_report: ModelReport) -> None:
    """No table of several rows has a column of nothing but unknown or inapplicable cells."""
    empty = [
        (table.id, column.key)
        for section in build(any_report).sections
        for table in section.blocks
        if isinstance(table, Table)
        for index, column in enumerate(table.columns)
        if len(table.rows) > 1 and all(row.cells[index].text in {"unknown", "–"} for row in table.rows)
    ]
    assert [] == empty
