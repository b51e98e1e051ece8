"""The index of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.version import __version__
from reportgen.view.index import IndexEntry, build_index

if TYPE_CHECKING:
    from reportgen.view.page import Page, Table

RESNET = IndexEntry(
    ref="torchvision:resnet50",
    name="resnet50",
    slug="resnet50",
    status="complete",
    parameters=25_557_032,
    flops=8_178_368_512,
    reason=None,
)
BROKEN = IndexEntry(
    ref="file:models.py:Net",
    name="Net",
    slug="net-2",
    status="failed",
    parameters=None,
    flops=None,
    reason="ValueError: heads must divide width",
)


def test_every_model_is_listed(texts_of: Callable[[Page, str], list[tuple[str, ...]]]) -> None:
    """With its key figures, failed ones with their reason."""
    assert [
        ("model", "reference", "status", "parameters", "about", "MACs", "reason"),
        ("resnet50", "torchvision:resnet50", "complete", "25,557,032", "25.6 M", "4.09 G", "–"),
        ("Net", "file:models.py:Net", "failed", "unknown", "–", "unknown", "ValueError: heads must divide width"),
    ] == texts_of(build_index([RESNET, BROKEN]), "models")


def test_names_lead_to_the_reports(table_of: Callable[[Page, str], Table]) -> None:
    """In the format that the index itself has."""
    links = [
        [row.cells[0].href for row in table_of(build_index([RESNET, BROKEN], suffix), "models").rows]
        for suffix in ("html", "md")
    ]
    assert [
        ["resnet50/report.html", "net-2/report.html"],
        ["resnet50/report.md", "net-2/report.md"],
    ] == links


def test_the_head_of_the_index(figures_of: Callable[[Page], dict[str, tuple[str, str | None, str | None]]]) -> None:
    """How many models there are, and how many of them failed; the page's status is the worst of them."""
    page = build_index([RESNET, BROKEN, RESNET])
    assert {
        "Models": ("3", None, None),
        "Complete": ("2", None, None),
        "Failed": ("1", None, None),
    } == figures_of(page)
    assert ("Model reports", "2 complete, 1 failed", "failed", "index", f"reportgen {__version__}") == (
        page.title,
        page.subtitle,
        page.status,
        page.kind,
        page.footer,
    )


def test_reasons_have_a_column_where_there_are_any(
    texts_of: Callable[[Page, str], list[tuple[str, ...]]],
) -> None:
    """A run in which all went well does not speak of reasons."""
    header = texts_of(build_index([RESNET]), "models")[0]
    assert ("model", "reference", "status", "parameters", "about", "MACs") == header


def test_an_empty_run_has_an_index() -> None:
    """It says that there is nothing."""
    page = build_index([])
    assert ("no models", "complete", ()) == (page.subtitle, page.status, page.sections)
