"""Gradients in sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.report.schema import StageFacts
from reportgen.view.build import build
from reportgen.view.page import Prose

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.view.page import Page

MakeReport = Callable[..., "ModelReport"]


def said(report: ModelReport) -> list[str]:
    """The sentences of the section on gradients."""
    return [
        block.text
        for section in build(report).sections
        if section.id == "gradients"
        for block in section.blocks
        if isinstance(block, Prose)
    ]


def test_one_sentence_where_all_have_one(tied_gpt: ModelReport) -> None:
    """24 tensors, 2,624 elements of four bytes."""
    assert ["Every parameter has a gradient: 24 parameter tensors, 10,496 B."] == said(tied_gpt)


def test_each_reason_is_a_row(make_report: MakeReport, texts_of: Callable[[Page, str], list[tuple[str, ...]]]) -> None:
    """How much has no gradient, why, and which; the largest group first."""
    report = make_report(
        modules={"": "models.Net"},
        parameters={
            "head": (8,),
            **{f"block.{index}": {"shape": (16,), "trainable": False} for index in range(3)},
            "aux": {"shape": (4,), "reason": "detached"},
        },
    )
    assert [
        ("gradient", "tensors", "elements", "share", "why", "parameters"),
        ("none: frozen", "3", "48", "80.0 %", "requires_grad is off", "block.0–2"),
        ("computed", "1", "8", "13.3 %", "–", "head"),
        ("none: detached", "1", "4", "6.7 %", "it was read, but no path leads from it to the loss", "aux"),
    ] == texts_of(build(report), "gradients")


def test_no_backward_pass_no_gradients(make_report: MakeReport, forward_failed: ModelReport) -> None:
    """Whether it failed or was not wanted is said."""
    parameters = {"w": {"shape": (2,), "reason": "not_run"}}
    skipped = StageFacts(instantiate="ok", forward="ok", backward="skipped")
    report = make_report(modules={"": "models.Net"}, parameters=parameters, probe={"stages": skipped, "loss": "none"})
    assert ["No gradients: the backward pass was not run."] == said(report)
    assert ["No gradients: the forward pass failed."] == said(forward_failed)
    failed = make_report(modules={"": "models.Net"}, parameters=parameters, failed="backward")
    assert ["No gradients: the backward pass failed."] == said(failed)


def test_all_frozen(make_report: MakeReport) -> None:
    """A reason that holds for all parameters is one sentence."""
    report = make_report(modules={"": "models.Net"}, parameters={"w": {"shape": (2,), "trainable": False}})
    assert ["No parameter has a gradient (1 parameter tensor): requires_grad is off."] == said(report)
