"""The key figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.report.schema import InputFacts, StageFacts
from reportgen.report.totals import MemoryTotals
from reportgen.view.build import build

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.view.page import Page

MakeReport = Callable[..., "ModelReport"]
Figures = Callable[["Page"], dict[str, tuple[str, str | None, str | None]]]


def test_a_small_model(tied_gpt: ModelReport, figures_of: Figures) -> None:
    """Figures that are rounded for the eye have their exact value beside them."""
    # MACs: 2 blocks of 32·(256 + 512) + 8,192, and a head of 32·800.
    assert {
        "Parameters": ("2,624", None, "all trainable; 3,424 declared; float32"),
        "State dict": ("10.3 KiB", "10,496 B", "parameters and persistent buffers"),
        "Forward pass": ("91.14 kMAC", "91,136 MACs", "multiply-adds for 2×16"),
        "Training step": (
            "546.82 kFLOP",
            "546,816 FLOPs",
            "forward 182.27 kFLOP, backward 364.54 kFLOP; 1 MAC = 2 FLOPs",
        ),
        "Gradients": ("24 of 24", None, "parameter tensors, 10.3 KiB"),
        "Buffers": ("512", None, "2 tensors, 2.0 KiB"),
        "Modules": ("28", None, "10 classes, 4 levels deep"),
    } == figures_of(build(tied_gpt))


def test_frozen_parameters_have_no_gradient(frozen_sequential: ModelReport, figures_of: Figures) -> None:
    """What is frozen is said where parameters are counted, and where gradients are."""
    figures = figures_of(build(frozen_sequential))
    assert ("58", None, "18 trainable, 40 frozen; float32") == figures["Parameters"]
    assert ("2 of 4", None, "parameter tensors, 72 B, 2 frozen") == figures["Gradients"]


def test_a_lower_bound_is_marked(make_report: MakeReport, figures_of: Figures) -> None:
    """Where operations were not counted, figures of work are at least so much."""
    report = make_report(modules={"": "models.Net"}, flops={"": 2_000_000}, uncounted={"aten.cumprod": 1})
    assert ("≥ 1.00 MMAC", "≥ 1,000,000 MACs", "a lower bound, see findings; multiply-adds for 1×4") == figures_of(
        build(report)
    )["Forward pass"]


def test_only_what_was_drawn_says_the_size(make_report: MakeReport, figures_of: Figures) -> None:
    """A detector's figures are for its image; the targets that were made up to train it say nothing of size."""
    report = make_report(
        modules={"": "models.Net"},
        flops={"": 2_000_000},
        inputs=(
            InputFacts(name="images.0", shape=(3, 32, 32), dtype="float32", origin="source"),
            InputFacts(name="targets.0.boxes", shape=(1, 4), dtype="float32", origin="source", data=(8, 8, 24, 24)),
            InputFacts(name="targets.0.labels", shape=(1,), dtype="int64", origin="source", values=(1, 1)),
        ),
    )
    assert "multiply-adds for 3×32×32" == figures_of(build(report))["Forward pass"][2]


def test_active_parameters(make_report: MakeReport, figures_of: Figures) -> None:
    """A mixture of experts uses some of its parameters for each token."""
    report = make_report(modules={"": "models.MoE"}, parameters={"experts": (100_000,)}, active=25_000)
    assert ("25.0 k", "25,000", "used for one token: 25.0 %") == figures_of(build(report))["Active parameters"]


def test_what_failed_is_no_figure(forward_failed: ModelReport, figures_of: Figures) -> None:
    """Failed, not run and zero are three different things."""
    figures = figures_of(build(forward_failed))
    assert {
        "Status": ("partial", None, "failed: forward in fc2"),
        "Parameters": ("60", None, "all trainable; float32"),
        "State dict": ("240 B", None, "parameters and persistent buffers"),
        "Forward pass": ("failed", None, None),
        "Gradients": ("–", None, "the backward pass was not run"),
        "Buffers": ("0", None, None),
        "Modules": ("3", None, "2 classes, 1 level deep"),
    } == figures


def test_backward_that_was_not_wanted(make_report: MakeReport, figures_of: Figures) -> None:
    """Without a loss there is no training step to give a figure for."""
    stages = StageFacts(instantiate="ok", forward="ok", backward="skipped")
    parameters = {"w": {"shape": (2,), "reason": "not_run"}}
    report = make_report(modules={"": "models.Net"}, parameters=parameters, probe={"stages": stages, "loss": "none"})
    assert ("–", None, "the backward pass was not run") == figures_of(build(report))["Gradients"]


def test_a_model_that_was_never_built_has_its_status(constructor_failed: ModelReport, figures_of: Figures) -> None:
    """No row of unknowns."""
    assert {"Status": ("failed", None, "failed: instantiate")} == figures_of(build(constructor_failed))


def test_lazy_parameters_are_unknown(make_report: MakeReport, figures_of: Figures) -> None:
    """A count that cannot be known yet is not zero; what is known of it is said."""
    parameters = {"w": {"shape": None, "reason": "not_run"}, "b": (3,)}
    report = make_report(modules={"": "models.Net"}, parameters=parameters)
    assert ("unknown", None, "3, and 1 tensor of unknown size") == figures_of(build(report))["Parameters"]


def test_memory_where_it_was_measured(
    tied_gpt: ModelReport, replace: Callable[..., ModelReport], figures_of: Figures
) -> None:
    """The peak of a training step, in binary units."""
    memory = MemoryTotals(parameters=1, buffers=0, gradients=1, saved_for_backward=None, peak_training=505_413_632)
    report = replace(tied_gpt, totals=replace(tied_gpt.totals, memory=memory))
    assert ("482.0 MiB", "505,413,632 B", "of one training step, with these inputs") == figures_of(build(report))[
        "Peak memory"
    ]
