"""The page of what failed, and why."""

from __future__ import annotations

from collections.abc import Callable

from reportgen.view.entries import IndexEntry
from reportgen.view.failures import build_failures
from reportgen.view.page import Notice, Page

MakeEntry = Callable[..., IndexEntry]


def test_nothing_failed(three: list[IndexEntry]) -> None:
    """There is no such page."""
    assert build_failures(three[:2]) is None


def test_a_section_a_cause(
    make_entry: MakeEntry,
    three: list[IndexEntry],
    texts_of: Callable[[Page, str], list[tuple[str, ...]]],
    figures_of: Callable[[Page], dict[str, tuple[str, str | None, str | None]]],
) -> None:
    """With the code, the stages, the remedy and the models; the most frequent first."""
    told = {"code": "forward-failed", "remedy": "mend it"}
    page = build_failures(
        [
            *three,
            make_entry("a", reason="RuntimeError: got 3", stage="forward", module="stem", **told),
            make_entry("b", reason="RuntimeError: got 4", stage="backward", **told),
        ],
        "md",
    )
    assert page is not None
    assert ("3 of 5 models: 2 partial, 1 failed", "failed", (("All models", "index.md"),)) == (
        page.subtitle,
        page.status,
        page.links,
    )
    assert {
        "Models": ("3", None, "of 5"),
        "Causes": ("2", None, "errors of the same code and words"),
        "Most frequent": ("RuntimeError", None, "2 models"),
    } == figures_of(page)
    assert [("cause-1", "1. RuntimeError, 2 models"), ("cause-2", "2. ValueError, 1 model")] == [
        (section.id, section.title) for section in page.sections
    ]
    assert [
        Notice("warn", "RuntimeError: got …", None, "mend it", "forward-failed", "forward, backward"),
        Notice(
            "bad", "ValueError: heads must divide width", None, "choose others", "instantiate-failed", "instantiate"
        ),
    ] == [section.blocks[0].items[0] for section in page.sections]
    assert [
        ("model", "reference", "status", "stage", "module", "message"),
        ("a", "builtin:a", "partial", "forward", "stem", "RuntimeError: got 3"),
        ("b", "builtin:b", "partial", "backward", "–", "RuntimeError: got 4"),
    ] == texts_of(page, "cause-1-models")
    assert [("model", "reference", "status"), ("Net", "file:models.py:Net", "failed")] == texts_of(
        page, "cause-2-models"
    )
    assert ["a/report.md", "b/report.md"] == [row.cells[0].href for row in page.sections[0].blocks[1].rows]
