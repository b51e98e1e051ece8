"""The module tree and what it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.view.build import build

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.view.page import Page, Table

MakeReport = Callable[..., "ModelReport"]
Texts = Callable[["Page", str], list[tuple[str, ...]]]
TableOf = Callable[["Page", str], "Table"]


def test_tree_of_a_frozen_model(frozen_sequential: ModelReport, texts_of: Texts) -> None:
    """Each module with its share, and how much of it trains."""
    assert [
        ("module", "class", "output", "parameters", "share", "trainable", "MACs", "calls"),
        ("(model)", "Sequential", "1×2", "58", "100 %", "31.0 %", "48", "1"),
        ("0", "Linear", "1×8", "40", "69.0 %", "frozen", "32", "1"),
        ("1", "ReLU", "1×8", "0", "0 %", "–", "0", "1"),
        ("2", "Linear", "1×2", "18", "31.0 %", "yes", "16", "1"),
    ] == texts_of(build(frozen_sequential), "modules")


def test_tree_with_repeats(transformer12: ModelReport, texts_of: Texts) -> None:
    """Twelve equal blocks are shown once, their figures as those of each, twelve times; shares are of all twelve."""
    # Attention itself: 2·2·16·16·8 = 8,192 MACs; qkv and proj 32·256; the MLP 32·512.
    assert [
        ("module", "class", "output", "parameters", "share", "MACs", "own MACs", "calls"),
        ("(model)", "GPT", "2×16×100", "11,024", "100 %", "418.82 k", "0", "1"),
        ("wte", "Embedding", "2×16×8", "800", "7.3 %", "0", "0", "1"),
        ("wpe", "Embedding", "16×8", "128", "1.2 %", "0", "0", "1"),
        ("h", "ModuleList", "–", "10,080", "91.4 %", "393.22 k", "0", "0"),
        ("h.0–11 ×12", "Block", "2×16×8", "12 × 840", "91.4 %", "12 × 32.77 k", "0", "1"),
        ("norm1", "LayerNorm", "2×16×8", "12 × 16", "1.7 %", "0", "0", "1"),
        ("attn", "Attention", "2×16×8", "12 × 256", "27.9 %", "12 × 16.38 k", "12 × 8.19 k", "1"),
        ("qkv", "Linear", "2×16×24", "12 × 192", "20.9 %", "12 × 6.14 k", "12 × 6.14 k", "1"),
        ("proj", "Linear", "2×16×8", "12 × 64", "7.0 %", "12 × 2.05 k", "12 × 2.05 k", "1"),
        ("norm2", "LayerNorm", "2×16×8", "12 × 16", "1.7 %", "0", "0", "1"),
        ("mlp", "Sequential", "2×16×8", "12 × 552", "60.1 %", "12 × 16.38 k", "0", "1"),
        ("mlp.0", "Linear", "2×16×32", "12 × 288", "31.3 %", "12 × 8.19 k", "12 × 8.19 k", "1"),
        ("mlp.1", "GELU", "2×16×32", "0", "0 %", "0", "0", "1"),
        ("mlp.2", "Linear", "2×16×8", "12 × 264", "28.7 %", "12 × 8.19 k", "12 × 8.19 k", "1"),
        ("mlp.3", "Dropout", "2×16×8", "0", "0 %", "0", "0", "1"),
        ("norm", "LayerNorm", "2×16×8", "16", "0.1 %", "0", "0", "1"),
        ("head", "Linear", "2×16×100", "800", "tied", "25.60 k", "25.60 k", "1"),
    ] == texts_of(build(transformer12), "modules")


def test_rows_are_indented_sortable_and_linked(transformer12: ModelReport, table_of: TableOf) -> None:
    """A row knows its level, the figure behind each cell, its full path, and its row in the list of all modules."""
    row = table_of(build(transformer12), "modules").rows[7]
    module, parameters = row.cells[0], row.cells[3]
    assert (4, "qkv", "h.0–11.attn.qkv", "#m-h.0.attn.qkv") == (row.depth, module.text, module.hint, module.href)
    assert ("12 × 192", 12 * 192) == (parameters.text, parameters.sort)


def test_what_a_module_holds_itself_has_a_column(make_report: MakeReport, texts_of: Texts) -> None:
    """Parameters directly on a module with parts are told from those of its parts."""
    report = make_report(
        modules={"": "models.ViT", "block": "Linear"}, parameters={"cls_token": (1, 1, 8), "block.weight": (8, 8)}
    )
    assert [
        ("module", "class", "parameters", "share", "own"),
        ("(model)", "ViT", "72", "100 %", "8"),
        ("block", "Linear", "64", "88.9 %", "64"),
    ] == [(row[0], row[1], row[3], row[4], row[5]) for row in texts_of(build(report), "modules")]


def test_no_shares_of_what_is_not_known(
    frozen_sequential: ModelReport, replace: Callable[..., ModelReport], texts_of: Texts
) -> None:
    """Where the work of some layer is unknown, so is the whole: what is known is shown, and no share of it."""
    modules = tuple(
        replace(module, flops_forward=None) if module.path == "1" else module for module in frozen_sequential.modules
    )
    table = texts_of(build(replace(frozen_sequential, modules=modules)), "layer-types")
    assert [("class", "modules", "parameters", "share", "MACs"), ("Linear", "2", "58", "100 %", "48")] == table[:2]


def test_layer_types(frozen_sequential: ModelReport, texts_of: Texts) -> None:
    """Parameters and work by class, the largest first."""
    assert [
        ("class", "modules", "parameters", "share", "MACs", "share of MACs"),
        ("Linear", "2", "58", "100 %", "48", "100 %"),
        ("Sequential", "1", "0", "0 %", "0", "0 %"),
        ("ReLU", "1", "0", "0 %", "0", "0 %"),
    ] == texts_of(build(frozen_sequential), "layer-types")


def test_dtypes_where_there_are_several(make_report: MakeReport, texts_of: Texts) -> None:
    """Bytes are in each dtype's own size."""
    report = make_report(
        modules={"": "models.Net"}, parameters={"scale": (2,), "weight": {"shape": (3, 3), "dtype": "bfloat16"}}
    )
    assert [
        ("dtype", "tensors", "elements", "share", "bytes"),
        ("bfloat16", "1", "9", "81.8 %", "18"),
        ("float32", "1", "2", "18.2 %", "8"),
    ] == texts_of(build(report), "dtypes")


def test_classes_of_one_name_are_told_apart(make_report: MakeReport, texts_of: Texts) -> None:
    """Two classes called Block are shown in full; the others by their last names."""
    report = make_report(modules={"": "models.Net", "a": "models.encoder.Block", "b": "models.decoder.Block"})
    assert ["class", "Net", "models.encoder.Block", "models.decoder.Block"] == [
        row[0] for row in texts_of(build(report), "layer-types")
    ]


def test_bare_numbers_take_the_names_above_along(make_report: MakeReport, texts_of: Texts) -> None:
    """A number alone says nothing; two levels of them take two names along."""
    paths = ["features", "features.0", "features.0.0", "features.0.1", "features.1", "0", "0.conv"]
    classes = {path: "models.Stem" if path == "features.1" else "Sequential" for path in paths}
    report = make_report(modules={"": "models.Net", **classes})
    assert ["(model)", "features", "features.0", "features.0.0–1 ×2", "features.1", "0", "conv"] == [
        row[0] for row in texts_of(build(report), "modules")[1:]
    ]
