"""Where the work goes, and where the parameters sit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from reportgen.analysis.fold import fold
from reportgen.view.chart import Part, Share, Shares
from reportgen.view.shares import shares

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]


def _labels(chart: Shares | None) -> list[str]:
    return [part.label for part in chart.parts] if chart else []


def test_four_layers(make_report: MakeReport) -> None:
    """Of 100 parameters and 50 MACs: c holds nothing and does half, and the model itself does a tenth of the work."""
    report = make_report(
        modules={"": "models.Net", "a": "Linear", "b": "Linear", "c": "models.Attention", "d": "Linear"},
        parameters={"a.w": (50,), "b.w": (30,), "d.w": (20,)},
        flops={"": 10, "a": 20, "b": 15, "c": 50, "d": 5},
    )
    assert Shares(
        id="shares",
        title="Where the work goes, and where the parameters sit",
        alt="a: 50.0 % of the parameters and 20.0 % of the forward pass's MACs; "
        "c: 0 % of the parameters and 50.0 % of the forward pass's MACs; "
        "b: 30.0 % of the parameters and 15.0 % of the forward pass's MACs; "
        "d: 20.0 % of the parameters and 5.0 % of the forward pass's MACs.",
        quantities=("parameters", "forward MACs"),
        parts=(
            Part("a", (Share(0.5, "50.0 %", "50 parameters"), Share(0.2, "20.0 %", "10 MACs")), 0),
            Part("b", (Share(0.3, "30.0 %", "30 parameters"), Share(0.15, "15.0 %", "7 MACs")), 1),
            Part("c", (Share(0.0, "0 %", "0 parameters"), Share(0.5, "50.0 %", "25 MACs")), None),
            Part("d", (Share(0.2, "20.0 %", "20 parameters"), Share(0.05, "5.0 %", "2 MACs")), 2),
            Part("outside of these", (Share(0.0, "0 %", "0 parameters"), Share(0.1, "10.0 %", "5 MACs")), None),
        ),
    ) == shares(report, fold(report))


def test_repeated_blocks_are_opened_once(transformer12: ModelReport) -> None:
    """Twelve equal blocks are one row for each of their parts."""
    parts = [f"h.0–11.{part}" for part in ("norm1", "attn", "norm2", "mlp.0", "mlp.2")]
    assert ["wte", "wpe", *parts, "norm", "head"] == _labels(shares(transformer12, fold(transformer12)))


def test_a_module_with_work_of_its_own_stays_whole(make_report: MakeReport) -> None:
    """Attention multiplies outside of its layers: opened, that work would be nowhere."""
    report = make_report(
        modules={"": "models.Net", "emb": "Embedding", "attn": "models.Attention"}
        | dict.fromkeys(("attn.qkv", "attn.proj", "mlp", "head"), "Linear"),
        parameters={f"{path}.w": (10,) for path in ("emb", "attn.qkv", "attn.proj", "mlp", "head")},
        flops={"attn": 20, "attn.qkv": 20, "attn.proj": 20, "mlp": 20, "head": 20},
    )
    assert ["emb", "attn", "mlp", "head"] == _labels(shares(report, fold(report)))


def test_small_parts_go_together(make_report: MakeReport) -> None:
    """Of twenty layers the twelve largest are rows; eight of less are one."""
    sizes = [1000 + index for index in range(20)]
    report = make_report(
        modules={"": "Sequential"} | {f"{index}": "Linear" for index in range(20)},
        parameters={f"{index}.w": (size,) for index, size in enumerate(sizes)},
        flops={f"{index}": 2 * size for index, size in enumerate(sizes)},
    )
    chart = shares(report, fold(report))
    assert [*map(str, range(8, 20)), "8 smaller parts"] == _labels(chart)
    assert chart is not None
    assert f"{sum(sizes[:8]):,} parameters" == chart.parts[-1].shares[0].exact


def test_memory_that_is_kept_is_a_third_quantity(make_report: MakeReport) -> None:
    """Where it is known whose the kept bytes are; an activation that holds nothing may keep most."""
    names = ("a", "b", "c", "act")
    modules = {"": {"class_name": "models.Net", "saved_bytes": 64}}
    modules |= {name: {"class_name": "Linear", "saved_bytes": 16} for name in names}
    report = make_report(
        modules=modules,
        parameters={f"{name}.w": (10,) for name in "abc"},
        flops=dict.fromkeys("abc", 20),
    )
    memory = msgspec.structs.replace(report.totals.memory, saved_for_backward=64)
    report = msgspec.structs.replace(report, totals=msgspec.structs.replace(report.totals, memory=memory))
    chart = shares(report, fold(report))
    assert chart is not None
    assert ("parameters", "forward MACs", "kept for backward") == chart.quantities
    assert Share(0.25, "25.0 %", "16 B kept for backward") == chart.parts[-1].shares[2]
    assert "act" == chart.parts[-1].label


def test_no_chart_of_nothing(
    no_parameters: ModelReport,
    forward_failed: ModelReport,
    constructor_failed: ModelReport,
    frozen_sequential: ModelReport,
) -> None:
    """Without parameters, without work that is known, or with two layers only, there is none."""
    reports = (no_parameters, forward_failed, constructor_failed, frozen_sequential)
    assert [None] * 4 == [shares(report, fold(report)) for report in reports]
