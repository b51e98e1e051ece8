"""The ledgers, row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.view.build import build

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.view.page import Page, Table

MakeReport = Callable[..., "ModelReport"]
Texts = Callable[["Page", str], list[tuple[str, ...]]]
PLAIN = ("name", "shape", "dtype", "elements", "bytes", "trainable")


def test_parameters_of_a_frozen_model(frozen_sequential: ModelReport, texts_of: Texts) -> None:
    """Every parameter with its shape, size and gradient, or why there is none."""
    assert [
        (*PLAIN, "gradient"),
        ("0.weight", "8×4", "float32", "32", "128", "frozen", "none: frozen"),
        ("0.bias", "8", "float32", "8", "32", "frozen", "none: frozen"),
        ("2.weight", "2×8", "float32", "16", "64", "yes", "2×8"),
        ("2.bias", "2", "float32", "2", "8", "yes", "2"),
    ] == texts_of(build(frozen_sequential), "parameters")


def test_columns_that_differ_from_the_parameters(make_report: MakeReport, texts_of: Texts) -> None:
    """Ties and gradients that are not like their parameter bring columns of their own."""
    report = make_report(
        modules={"": "models.Net"},
        parameters={
            "table": {"shape": (5, 3), "layout": "sparse_coo"},
            "again": {"shape": (5, 3), "layout": "sparse_coo", "tied_to": "table"},
            "idle": {"shape": (2,), "reason": "unused"},
        },
    )
    assert [
        (*PLAIN, "tied to", "gradient", "gradient dtype", "gradient layout"),
        ("table", "5×3", "float32", "15", "60", "yes", "–", "5×3", "float32", "sparse_coo"),
        ("again", "5×3", "float32", "15", "60", "yes", "table", "5×3", "float32", "sparse_coo"),
        ("idle", "2", "float32", "2", "8", "yes", "–", "none: unused", "–", "–"),
    ] == texts_of(build(report), "parameters")


def test_an_unmaterialised_parameter_is_unknown_not_zero(make_report: MakeReport, texts_of: Texts) -> None:
    """A lazy parameter has no shape and no size yet."""
    report = make_report(modules={"": "models.Net"}, parameters={"w": {"shape": None, "reason": "unused"}})
    assert ("w", "unknown", "float32", "unknown", "unknown", "yes", "none: unused") == texts_of(
        build(report), "parameters"
    )[1]


def test_repeated_blocks_are_one_row(transformer12: ModelReport, texts_of: Texts) -> None:
    """The summary shows each parameter of the twelve blocks once, with how often it is there."""
    assert [
        ("name", "times", "shape", "dtype", "elements each", "bytes each", "trainable", "tied to", "gradient"),
        ("wte.weight", "×1", "100×8", "float32", "800", "3,200", "yes", "–", "100×8"),
        ("wpe.weight", "×1", "16×8", "float32", "128", "512", "yes", "–", "16×8"),
        ("h.0–11.norm1.weight", "×12", "8", "float32", "8", "32", "yes", "–", "8"),
        ("h.0–11.norm1.bias", "×12", "8", "float32", "8", "32", "yes", "–", "8"),
        ("h.0–11.attn.qkv.weight", "×12", "24×8", "float32", "192", "768", "yes", "–", "24×8"),
    ] == texts_of(build(transformer12), "parameters-folded")[:6]


def test_a_tie_within_repeated_blocks_names_the_blocks(make_report: MakeReport, texts_of: Texts) -> None:
    """Where each block ties its own parts, the folded row says so of all blocks, not of the first."""
    blocks = range(40)
    report = make_report(
        modules={"": "models.Net"}
        | {path: "models.Part" for index in blocks for path in (f"{index}", f"{index}.a", f"{index}.b")},
        parameters={
            name: given
            for index in blocks
            for name, given in {
                f"{index}.a.weight": {"shape": (3,)},
                f"{index}.b.weight": {"shape": (3,), "tied_to": f"{index}.a.weight"},
            }.items()
        },
    )
    assert [
        ("0–39.a.weight", "×40", "3", "float32", "3", "12", "yes", "–", "3"),
        ("0–39.b.weight", "×40", "3", "float32", "3", "12", "yes", "0–39.a.weight", "3"),
    ] == texts_of(build(report), "parameters-folded")[1:]


def test_the_whole_ledger_is_there_too(
    transformer12: ModelReport, texts_of: Texts, table_of: Callable[[Page, str], Table]
) -> None:
    """The appendix lists every name of the record, in its order, each with an anchor."""
    page = build(transformer12)
    names = [row.name for row in transformer12.parameters]
    assert names == [row[0] for row in texts_of(page, "parameters")[1:]]
    assert [f"p-{name}" for name in names] == [row.anchor for row in table_of(page, "parameters").rows]


def test_select_narrows_the_parameter_tables(
    transformer12: ModelReport, texts_of: Texts, table_of: Callable[[Page, str], Table]
) -> None:
    """Only what matches one of the patterns is listed, and the table says how much that is."""
    page = build(transformer12, select=("h.3.*.bias", "w?e.weight"))
    expected = ["wte.weight", "wpe.weight", "h.3.norm1.bias", "h.3.norm2.bias", "h.3.mlp.0.bias", "h.3.mlp.2.bias"]
    assert expected == [row[0] for row in texts_of(page, "parameters")[1:]]
    assert "6 of 125 rows match h.3.*.bias or w?e.weight." == table_of(page, "parameters").note


def test_select_that_matches_nothing_says_so(
    frozen_sequential: ModelReport, table_of: Callable[[Page, str], Table]
) -> None:
    """An empty table explains itself."""
    table = table_of(build(frozen_sequential, select=("nothing",)), "parameters")
    assert ((), "0 of 4 rows match nothing.") == (table.rows, table.note)


def test_buffers(tied_gpt: ModelReport, texts_of: Texts) -> None:
    """Every buffer, and whether state_dict saves it."""
    assert [
        ("name", "shape", "dtype", "elements", "bytes", "in state dict"),
        ("h.0.attn.mask", "1×1×16×16", "float32", "256", "1,024", "no"),
        ("h.1.attn.mask", "1×1×16×16", "float32", "256", "1,024", "no"),
    ] == texts_of(build(tied_gpt), "buffers")


def test_all_modules(frozen_sequential: ModelReport, texts_of: Texts) -> None:
    """Every module with what went in, what came out, and what it costs."""
    assert [
        ("module", "class", "calls", "inputs", "outputs", "parameters", "own", "FLOPs forward", "FLOPs backward"),
        ("(model)", "Sequential", "1", "1×4", "1×2", "58", "0", "96", "192"),
        ("0", "Linear", "1", "1×4", "1×8", "40", "40", "64", "128"),
        ("1", "ReLU", "1", "1×8", "1×8", "0", "0", "0", "0"),
        ("2", "Linear", "1", "1×8", "1×2", "18", "18", "32", "64"),
    ] == texts_of(build(frozen_sequential), "all-modules")


def test_modules_without_a_forward_pass(forward_failed: ModelReport, texts_of: Texts) -> None:
    """Where the forward pass failed there are no columns about it."""
    assert [
        ("module", "class", "parameters", "own"),
        ("(model)", "Mismatched", "60", "0"),
        ("fc1", "Linear", "40", "40"),
        ("fc2", "Linear", "20", "20"),
    ] == texts_of(build(forward_failed), "all-modules")
