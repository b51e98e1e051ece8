"""What a model computes, as the page shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reportgen.report.schema import InputFacts
from reportgen.report.totals import FlopConventions, OperationCost, WorkCost
from reportgen.view.build import build

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.view.page import Page

MakeReport = Callable[..., "ModelReport"]
Replace = Callable[..., Any]
Texts = Callable[["Page", str], list[tuple[str, ...]]]
Facts = Callable[["Page", str], dict[str, str]]


def with_flops(report: ModelReport, replace: Replace, **members: Any) -> ModelReport:
    """A report whose FLOP totals differ."""
    totals = report.totals
    changed: ModelReport = replace(report, totals=replace(totals, flops=replace(totals.flops, **members)))
    return changed


def test_operations(make_report: MakeReport, replace: Replace, texts_of: Texts) -> None:
    """What was counted, forward and backward, with its share, and what was not."""
    report = make_report(modules={"": "models.Net"}, flops={"": 100}, uncounted={"aten.cumprod": 2})
    costs = (OperationCost("aten.mm", 4, 300, 100, 200), OperationCost("aten.bmm", 1, 100, 100, 0))
    page = build(with_flops(report, replace, operations=costs))
    assert texts_of(page, "operations") == [
        ("operation", "calls", "FLOPs forward", "FLOPs backward", "share"),
        ("aten.mm", "4", "100", "200", "75.0 %"),
        ("aten.bmm", "1", "100", "0", "25.0 %"),
    ]
    assert texts_of(page, "uncounted") == [("operation", "calls"), ("aten.cumprod", "2")]


def test_operations_of_an_older_report(make_report: MakeReport, texts_of: Texts) -> None:
    """Reports from before had one sum for both directions."""
    page = build(make_report(modules={"": "models.Net"}, flops={"": 100}))
    assert texts_of(page, "operations") == [
        ("operation", "calls", "FLOPs", "share"),
        ("aten.addmm", "3", "300", "100 %"),
    ]


def test_conventions(make_report: MakeReport, replace: Replace, texts_of: Texts) -> None:
    """The same pass in three conventions, each with its unit; then everything by kind."""
    conventions = FlopConventions(
        multiply_adds=50,
        fvcore=60,
        everything=180,
        kinds=(WorkCost("products", 100, 200), WorkCost("normalisation", 80, 90), WorkCost("reduction", 0, 0)),
    )
    report = make_report(modules={"": "models.Net"}, flops={"": 100})
    page = build(with_flops(report, replace, conventions=conventions))
    assert [row[1:3] for row in texts_of(page, "conventions")] == [
        ("forward", "exactly"),
        ("50 MAC", "50"),
        ("60 MAC", "60"),
        ("180 FLOP", "180"),
    ]
    assert [row[1:] for row in texts_of(page, "work")] == [
        ("FLOPs forward", "share", "FLOPs backward"),
        ("100", "55.6 %", "200"),
        ("80", "44.4 %", "90"),
    ]


def test_attention_and_tokens(tied_gpt: ModelReport, replace: Replace, facts_of: Facts) -> None:
    """Attention's share, and what one of 2×16 tokens costs."""
    forward = 2 * (4 * 2 * 16 * 16 * 8 + 2 * 32 * 8 * 8 * (3 + 1 + 4 + 4)) + 2 * 32 * 100 * 8
    assert tied_gpt.totals.flops.forward == forward == 182_272
    facts = facts_of(build(with_flops(tied_gpt, replace, attention=32_768)), "operations")
    assert facts == {
        "Attention": "18.0 % of the forward pass, 32.77 kFLOP: queries by keys, and weights by values",
        "Per token": "5.70 kFLOP forward, of 32 tokens",
    }


def test_pixels(make_report: MakeReport, facts_of: Facts) -> None:
    """An image has pixels, over its whole batch."""
    image = InputFacts(name="x", shape=(2, 3, 10, 10), dtype="float32", origin="source")
    page = build(make_report(modules={"": "models.Net"}, flops={"": 1_000}, inputs=(image,)))
    assert facts_of(page, "operations") == {"Per pixel": "5 FLOP forward, of 200 pixels"}
