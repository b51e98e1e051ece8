"""Breakdowns of a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.analysis.fold import fold
from reportgen.analysis.totals import Group, Own, by_class, by_dtype, by_gradient
from reportgen.report.sums import add

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]


def test_a_sum_with_an_unknown_term_is_unknown() -> None:
    """Unknown is not zero."""
    assert (6, None, 0) == (add([1, 2, 3]), add([1, None]), add([]))


def test_by_dtype_counts_real_bytes_and_ties_once(make_report: MakeReport) -> None:
    """Twelve bfloat16 elements are 24 bytes; a second name of a tensor adds nothing; a lazy tensor is unknown."""
    report = make_report(
        modules={"": "models.Net"},
        parameters={
            "scale": (3,),
            "weight": {"shape": (3, 4), "dtype": "bfloat16"},
            "again": {"shape": (3, 4), "dtype": "bfloat16", "tied_to": "weight"},
            "lazy": {"shape": None, "dtype": "float64", "reason": "not_run"},
        },
    )
    assert (
        Group("bfloat16", 1, 12, 24),
        Group("float32", 1, 3, 12),
        Group("float64", 1, None, None),
    ) == by_dtype(report.parameters)


def test_by_gradient(frozen_sequential: ModelReport) -> None:
    """Of 58 parameters 40 are frozen and 18 have a gradient."""
    assert (Group("frozen", 2, 40, 160), Group("computed", 2, 18, 72)) == by_gradient(frozen_sequential.parameters)


def test_by_class_adds_up_to_the_whole(transformer12: ModelReport) -> None:
    """Own elements by class add up to the 11,024 of the model, own FLOPs to its forward FLOPs."""
    types = by_class(fold(transformer12))
    # A block's linears: 192 + 64 + 288 + 264 = 808 elements, of them 768 weights for each of 32 tokens. Its attention:
    # two products of 2·16·16·8 multiply-adds.
    assert {
        "torch.nn.modules.linear.Linear": (12 * 4 + 1, 12 * 808, 12 * 2 * 32 * 768 + 2 * 32 * 800),
        "torch.nn.modules.sparse.Embedding": (2, 928, 0),
        "torch.nn.modules.normalization.LayerNorm": (25, 12 * 32 + 16, 0),
        "models.Attention": (12, 0, 12 * 16_384),
        "models.GPT": (1, 0, 0),
        "torch.nn.modules.container.ModuleList": (1, 0, 0),
        "models.Block": (12, 0, 0),
        "torch.nn.modules.container.Sequential": (12, 0, 0),
        "torch.nn.modules.activation.GELU": (12, 0, 0),
        "torch.nn.modules.dropout.Dropout": (12, 0, 0),
    } == {layer.key: (layer.modules, layer.elements, layer.flops) for layer in types}
    assert (11_024, transformer12.totals.flops.forward) == (
        add(layer.elements for layer in types),
        add(layer.flops for layer in types),
    )


def test_flops_that_no_class_can_claim_are_not_split(
    make_report: MakeReport, replace: Callable[..., ModelReport]
) -> None:
    """Where a child did work for another module than its parent, FLOPs by class are not known."""
    report = make_report(modules={"": "models.Net", "fc": "Linear"}, parameters={"fc.weight": (2, 2)}, flops={"fc": 8})
    root, child = report.modules
    elsewhere = replace(report, modules=(replace(root, flops_forward=0), child))
    assert (
        Own("torch.nn.modules.linear.Linear", 1, 4, None, None),
        Own("models.Net", 1, 0, None, None),
    ) == by_class(fold(elsewhere))


def test_classes_are_known_where_forward_failed(forward_failed: ModelReport) -> None:
    """Without a forward pass parameters are still told by class, and FLOPs are unknown."""
    assert (
        Own("torch.nn.modules.linear.Linear", 2, 60, None, None),
        Own("models.Mismatched", 1, 0, None, None),
    ) == by_class(fold(forward_failed))
