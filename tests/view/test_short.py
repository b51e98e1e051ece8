"""Tests of `reportgen.view.short`."""

from __future__ import annotations

import pytest

from reportgen.view.short import build_short

TREE = [
    (0, "(model)", "GPT", "2×16×100", "11,024"),
    (1, "wte", "Embedding", "2×16×8", "800"),
    (1, "wpe", "Embedding", "16×8", "128"),
    (1, "h", "ModuleList", "–", "10,080"),
    (2, "h.0–11 ×12", "Block", "2×16×8", "12 × 840"),
    (3, "norm1", "LayerNorm", "2×16×8", "12 × 16"),
    (3, "attn", "Attention", "2×16×8", "12 × 256"),
    (3, "norm2", "LayerNorm", "2×16×8", "12 × 16"),
    (3, "mlp", "Sequential", "2×16×8", "12 × 552"),
    (1, "norm", "LayerNorm", "2×16×8", "16"),
    (1, "head", "Linear", "2×16×100", "800"),
]


def tree(page):
    """The rows of the module tree: depth and the first four cells."""
    (table,) = [block for section in page.sections for block in section.blocks if block.id == "modules"]
    return table, [(row.depth, *(cell.text for cell in row.cells[:4])) for row in table.rows]


@pytest.mark.parametrize(("depth", "left_out"), [(0, 16), (1, 11), (2, 10), (3, 6), (9, 0)])
def test_depth(transformer12, depth, left_out):
    """The model is at depth 0; what is deeper is in the figures above it, and that is said."""
    table, rows = tree(build_short(transformer12, depth=depth))
    assert [row for row in TREE if row[0] <= depth] == [row for row in rows if row[0] <= 3]
    told = f"{left_out} rows deeper than {depth}, in the figures of those above: see --depth."
    assert (left_out > 0) == (told in (table.note or ""))


def test_columns(frozen_sequential):
    """What fits in a terminal, in which nothing says the same in every row."""
    table, _ = tree(build_short(frozen_sequential))
    assert ["module", "class", "output", "parameters", "trainable", "MACs"] == [c.label for c in table.columns]


def test_long_names_lose_their_middle(make_report):
    """So that one does not fill the window; the other formats have it whole."""
    _, rows = tree(build_short(make_report(modules={"": "Net", "n" * 300: "Linear"})))
    assert f"{'n' * 40}…{'n' * 20}" == rows[1][1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("frozen_sequential", ["modules"]),
        ("forward_failed", ["failure", "modules"]),
        ("constructor_failed", ["failure"]),
    ],
)
def test_sections(request, name, expected):
    """What failed comes first; of a model that was never built there is nothing else."""
    page = build_short(request.getfixturevalue(name))
    assert expected == [section.id for section in page.sections]
