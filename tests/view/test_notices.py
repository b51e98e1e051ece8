"""Findings and diagnostics in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from reportgen.report.schema import DeviceFacts, Diagnostic, OutputFacts, StageFacts
from reportgen.view.build import build

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.view.page import Page

MakeReport = Callable[..., "ModelReport"]
Said = Callable[["Page"], list[tuple[str | None, str, str, str | None]]]
DETACHED = (
    "b: 1 of 4 elements (25.0 %). Operations read them, but no path leads from there to the loss, so they have no"
    " gradient."
)
MIXED = (
    "float32 3 of 4 elements (75.0 %), float16 1 of 4 elements (25.0 %). Bytes are counted in each tensor's own dtype."
)
SKIPPED = StageFacts(instantiate="ok", forward="ok", backward="skipped")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {"parameters": {"a": (3,), "b": {"shape": (1,), "reason": "unused"}}},
            (
                "unused-parameters",
                "warn",
                "1 parameter tensor unused",
                "b: 1 of 4 elements (25.0 %). No operation of the forward pass read them, so they have no gradient.",
            ),
        ),
        (
            {"parameters": {"a": (3,), "b": {"shape": (1,), "reason": "detached"}}},
            (
                "detached-parameters",
                "warn",
                "1 parameter tensor cut off from the loss",
                DETACHED,
            ),
        ),
        (
            {"parameters": {"a": (3,), "b": {"shape": (1,), "trainable": False}}, "probe": {"freeze": ("b",)}},
            (
                "frozen-parameters",
                "plain",
                "25.0 % of the parameters are frozen",
                "b: 1 of 4 elements (25.0 %) do not train. Frozen for this report: b.",
            ),
        ),
        (
            {"parameters": {"a": (3,), "b": {"shape": (3,), "tied_to": "a"}}},
            (
                "tied-parameters",
                "plain",
                "1 tied weight",
                "b is a. A tensor counts once, whatever its names: 3 of 6 declared elements (50.0 %) are repetitions.",
            ),
        ),
        (
            {"parameters": {"a": (3,), "b": {"shape": (1,), "dtype": "float16"}}},
            (
                "mixed-dtypes",
                "plain",
                "Parameters of 2 dtypes",
                MIXED,
            ),
        ),
        (
            {"parameters": {"a": (4,), "b": (4,)}, "shared_elements": 4},
            (
                "shared-storage",
                "plain",
                "Different parameters share memory",
                "4 of 8 elements (50.0 %) lie in memory that another parameter has as well.",
            ),
        ),
        (
            {"parameters": {"a": {"shape": None, "reason": "not_run"}}},
            (
                "lazy-parameters",
                "warn",
                "1 parameter tensor never materialised",
                "a. A lazy module learns its shapes in its first forward pass; counts that include them are unknown.",
            ),
        ),
        (
            {"uncounted": {"aten.cumprod": 2, "aten.fft": 1}},
            (
                "uncounted-operations",
                "warn",
                "FLOPs are a lower bound",
                "No formula is known for aten.cumprod (2 calls), aten.fft (1 call).",
            ),
        ),
        (
            {"buffers": {f"h.{index}.mask": {"shape": (256,), "persistent": False} for index in range(3)}},
            (
                "transient-buffers",
                "plain",
                "3 buffers not in the state dict",
                "h.0–2.mask: 3.0 KiB that the constructor makes anew.",
            ),
        ),
        (
            {"probe": {"device": DeviceFacts(requested="meta", used="cpu")}},
            ("device-fallback", "plain", "Measured on cpu, not on meta", "The diagnostics say why."),
        ),
        (
            {
                "parameters": {"a": {"shape": (3,), "reason": "non_differentiable"}},
                "outputs": (OutputFacts(path="ids", shape=(1,), dtype="int64", in_loss=False),),
                "probe": {"stages": SKIPPED},
            },
            (
                "no-differentiable-output",
                "warn",
                "No output leads back to a trainable parameter",
                "There is nothing for the backward pass to start from in ids.",
            ),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_findings(
    make_report: MakeReport, notices_of: Said, facts: dict[str, Any], expected: tuple[str, str, str, str]
) -> None:
    """Each finding in plain words, with its figures."""
    report = make_report(modules={"": "models.Net"}, **{"parameters": {"a": (3,)}} | facts)
    assert [expected] == notices_of(build(report))


@pytest.mark.parametrize(
    ("mode", "layer", "text"),
    [
        ("train", "Dropout", "1 Dropout. Dropout and its kin drop values at random."),
        ("eval", "Dropout", "1 Dropout. Dropout and its kin are off."),
        (
            "train",
            "BatchNorm1d",
            "1 BatchNorm1d. Batch norms use the statistics of the batch, and update their running statistics.",
        ),
        (
            "eval",
            "BatchNorm1d",
            "1 BatchNorm1d. Batch norms use their running statistics, not those of the batch.",
        ),
    ],
)
def test_layers_that_depend_on_the_mode(
    make_report: MakeReport, notices_of: Said, mode: str, layer: str, text: str
) -> None:
    """Only what the model has is spoken of."""
    report = make_report(modules={"": "models.Net", "layer": layer}, parameters={"w": (1,)}, probe={"mode": mode})
    expected = ("mode-dependent", "plain", f"Outputs differ between train and eval mode; measured in {mode} mode", text)
    assert [expected] == notices_of(build(report))


def test_modules_that_never_ran(make_report: MakeReport, notices_of: Said) -> None:
    """Idle weights are worth a warning; repeated ones are named once."""
    idle = {f"aux.{index}": {"class_name": "Linear", "calls": 0} for index in range(3)}
    report = make_report(
        modules={"": "models.Net", "aux": "Sequential", **idle},
        parameters={f"{name}.weight": {"shape": (2,), "reason": "unused"} for name in idle},
    )
    expected = (
        "modules-never-ran",
        "warn",
        "3 modules never ran",
        "aux.0–2. The forward pass neither called them nor read their parameters.",
    )
    assert expected == notices_of(build(report))[1]


def test_the_gravest_come_first(make_report: MakeReport, notices_of: Said) -> None:
    """Errors stand at the top of the page; warnings before notes, among findings and among diagnostics."""
    report = make_report(
        modules={"": "models.Net", "drop": "Dropout"},
        parameters={"w": {"shape": (1,), "trainable": False}},
        uncounted={"aten.cumprod": 1},
        diagnostics=[
            Diagnostic(severity=severity, code=severity, stage="forward", module=None, message=f"a {severity}")
            for severity in ("note", "warning", "error")
        ],
    )
    assert ["error", "uncounted-operations", "frozen-parameters", "mode-dependent", "warning", "note"] == [
        code for code, _, _, _ in notices_of(build(report))
    ]


def test_a_failure_says_what_where_and_what_to_do(forward_failed: ModelReport) -> None:
    """The first line of the error is its title; the user's traceback goes with it."""
    section = build(forward_failed).sections[0]
    (notices,) = section.blocks
    (notice,) = notices.items
    (diagnostic,) = forward_failed.diagnostics
    assert ("What failed", "What could be learnt all the same is below; the rest is unknown.") == (
        section.title,
        section.intro,
    )
    assert (
        "bad",
        diagnostic.message,
        None,
        diagnostic.remedy,
        "forward-failed",
        "forward, in fc2",
        diagnostic.traceback,
    ) == (notice.tone, notice.title, notice.text, notice.remedy, notice.code, notice.where, notice.detail)
