"""Tests of `reportgen.view.compare`: what a reader of models side by side is told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reportgen.analysis.compare import compare
from reportgen.analysis.fold import fold
from reportgen.view.chart import Icicle, Scatter
from reportgen.view.compare import build_comparison, labels_of
from reportgen.view.page import Controls, Figure, Notices, Table


@pytest.fixture
def page_of():
    """The page of some records, with any options of the page."""

    def make(*reports, baseline=0, **options):
        return build_comparison(compare(reports, baseline), [fold(report) for report in reports], **options)

    return make


def notices(page):
    """The titles of the findings."""
    return [
        item.title
        for section in page.sections
        for block in section.blocks
        if isinstance(block, Notices)
        for item in block.items
    ]


def test_key_figures(page_of, texts_of, tied_gpt, transformer12):
    """The least is marked, and the others are told against the baseline; what is not ranked bears no mark."""
    page = page_of(tied_gpt, transformer12)
    assert ("tied-gpt · transformer12", "2 models", "complete") == (page.title, page.badge, page.status)
    assert "2 models side by side, told against tied-gpt" == page.subtitle
    # 11,024 / 2,624 is 4.2012; a block does 32,768 MACs in attention's two products and 24,576 in its four linears, and
    # the head 25,600: the totals are 25,600 + n · 32,768, with 16·16·8·2·2 = 8,192 and 32·768 = 24,576 to a block.
    assert [
        ("figure", "tied-gpt", "transformer12"),
        ("Parameters", "↓ 2,624", "11.0 k (+320.1 %)"),
        ("State dict", "↓ 10.3 KiB", "43.1 KiB (+320.1 %)"),
        ("Forward pass", "↓ 91.14 kMAC", "418.82 kMAC (+359.6 %)"),
        ("Training step", "↓ 546.82 kFLOP", "2.51 MFLOP (+359.6 %)"),
    ] == texts_of(page, "figures")[:5]
    assert [
        Figure("Least: Parameters", "2,624", "2,624", "tied-gpt"),
        Figure("Least: State dict", "10.3 KiB", "10,496 B", "tied-gpt"),
        Figure("Least: Forward pass", "91.14 kMAC", "91,136 MACs", "tied-gpt"),
    ] == list(page.summary.items)


def test_another_baseline(page_of, texts_of, tied_gpt, transformer12):
    """The second model is what the first is told against."""
    assert ("Parameters", "↓ 2,624 (−76.2 %)", "11.0 k") == texts_of(
        page_of(tied_gpt, transformer12, baseline=1), "figures"
    )[1]


def test_on_screen_every_model_can_be_the_baseline(page_of, table_of, tied_gpt, transformer12):
    """Each cell has a text for each of them, the chosen one among these."""
    page = page_of(tied_gpt, transformer12, screen=True)
    assert Controls(("tied-gpt", "transformer12"), 0, baselines=True) == page.controls
    cell = table_of(page, "figures").rows[0].cells[1]
    assert ("↓ 2,624", ("↓ 2,624", "↓ 2,624 (−76.2 %)")) == (cell.text, cell.versions)
    assert (None, ()) == (
        page_of(tied_gpt, transformer12).controls,
        table_of(page_of(tied_gpt, transformer12), "figures").rows[0].cells[1].versions,
    )


def test_different_inputs_are_told_and_nothing_is_ranked_by_them(page_of, texts_of, frozen_sequential, tied_gpt):
    """Parameters can be ranked all the same; no scatter is drawn."""
    page = page_of(frozen_sequential, tied_gpt)
    assert ["They were measured on different inputs", "Different parameters were frozen"] == notices(page)
    rows = {row[0]: row[1:] for row in texts_of(page, "figures")}
    assert ("↓ 58", "2,624 (+4,424.1 %)") == rows["Parameters"]
    assert ("48 MAC", "91.14 kMAC (+189,766.7 %)") == rows["Forward pass"]
    assert [] == [block for section in page.sections for block in section.blocks if isinstance(block, Scatter)]


def test_only_what_differs(page_of, texts_of, tied_gpt):
    """A model and itself with another name: nothing is left but what it is called."""
    other = replace(tied_gpt, model=replace(tied_gpt.model, ref="builtin:other", name="other"))
    whole, less = page_of(tied_gpt, other), page_of(tied_gpt, other, only_differing=True)
    assert {
        row.same
        for section in whole.sections
        for block in section.blocks
        if isinstance(block, Table)
        for row in block.rows[1:]
    } == {True}
    assert [("condition", "tied-gpt", "other"), ("Reference", "builtin:tied-gpt", "builtin:other")] == texts_of(
        less, "conditions"
    )
    assert ["findings", "figures", "conditions"] == [section.id for section in less.sections]
    assert ["They have one structure"] == notices(less)


def test_a_failed_model(page_of, texts_of, tied_gpt, constructor_failed):
    """Its column says so, and the page does."""
    page = page_of(tied_gpt, constructor_failed)
    assert ("failed", "1 of 2 failed") == (page.status, page.badge)
    assert ("Parameters", "2,624", "failed") == texts_of(page, "figures")[1]
    assert ["The report on unbuildable is failed"] == notices(page)


def test_more_models_than_fit_a_page(page_of, tied_gpt, transformer12):
    """Ten models, the last one the baseline: it comes first in every part of a table, and others in their order."""
    reports = [
        replace(report, model=replace(report.model, ref=f"builtin:{number}", name=f"net{number}"))
        for number, report in enumerate([tied_gpt] * 9 + [transformer12])
    ]
    page = page_of(*reports, baseline=9)
    parts = [
        block
        for section in page.sections
        for block in section.blocks
        if isinstance(block, Table) and block.id.startswith("figures-")
    ]
    assert [
        ["figure", "net9", *(f"net{number}" for number in range(7))],
        ["figure", "net9", "net7", "net8"],
    ] == [[column.label for column in part.columns] for part in parts]
    assert ("11.0 k", "↓ 2,624 (−76.2 %)") == tuple(cell.text for cell in parts[1].rows[0].cells[1:3])


def test_the_trees(page_of, texts_of, tied_gpt, transformer12):
    """Modules that stand beside each other, with what each holds, and how many there are."""
    rows = texts_of(page_of(tied_gpt, transformer12), "tree")
    assert [
        ("place", "tied-gpt", "transformer12"),
        ("1", "wte · Embedding · 800", "wte · Embedding · 800"),
        ("2", "wpe · Embedding · 128", "wpe · Embedding · 128"),
        ("3", "h.0 ×2 · Block · 2 × 840", "h.0 ×12 · Block · 12 × 840"),
        ("3.1", "norm1 · LayerNorm · 16", "norm1 · LayerNorm · 16"),
    ] == rows[:5]


def test_icicles_at_one_scale(page_of, tied_gpt, transformer12):
    """The largest model fills the width; the other is as wide as its share of that, 2,624 of 11,024."""
    page = page_of(tied_gpt, transformer12)
    (chart,) = [block for section in page.sections for block in section.blocks if isinstance(block, Icicle)]
    assert ((0, "tied-gpt"), (3, "transformer12")) == chart.labels
    roots = [tile for tile in chart.tiles if tile.depth in (0, 3)]
    assert [(0, pytest.approx(2624 / 11024)), (0, 1)] == [(tile.start, tile.width) for tile in roots]


def test_labels():
    """Names where they tell models apart, else references, else numbers."""

    class Model:
        def __init__(self, name, ref):
            self.name, self.ref = name, ref

    models = [Model("a", "x:a"), Model("b", "x:b"), Model("b", "y:b"), Model("c", "x:c"), Model("c", "x:c")]
    assert ("a", "x:b", "y:b", "4: c", "5: c") == labels_of(models)
