"""Gradients in words: what a parameter has, or why it has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from reportgen.analysis.totals import Group, by_gradient
from reportgen.view import names, numbers, tables
from reportgen.view.page import Cell, Prose, Section, Table, Tone
from reportgen.view.tables import field, kept, tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import GradientFacts, GradientReason, ModelReport

_REASONS: Mapping[GradientReason, str] = {
    "frozen": "requires_grad is off",
    "unused": "no operation of the forward pass read it",
    "detached": "it was read, but no path leads from it to the loss",
    "non_differentiable": "its dtype, or everything the model returned, cannot carry a gradient",
    "not_run": "the backward pass did not run to its end",
}


@kept
def gradient_cell(gradient: GradientFacts) -> Cell:
    """The shape of a computed gradient, or why there is none."""
    if gradient.reason is None:
        return Cell(numbers.shape(gradient.shape), tone="good")
    tone: Tone = "warn" if gradient.reason in {"unused", "detached"} else "muted"
    return Cell(_outcome(gradient.reason), tone=tone, hint=_REASONS[gradient.reason])


def gradients(report: ModelReport) -> Iterator[Section]:
    """Which parameters have a gradient after one backward pass, and why the others have none."""
    groups = by_gradient(report.parameters)
    if not groups:
        return
    if len(groups) == 1:
        yield Section("gradients", "Gradients", (Prose(_one_outcome(report, groups[0])),))
        return
    whole = report.totals.parameters.unique
    members = {group.key: _members(report, group.key) for group in groups}
    table: Table = tabulate(
        "gradients",
        groups,
        (
            field("gradient", "gradient", lambda group: Cell(_outcome(group.key), hint=_why(group.key)), weight=1.5),
            field("tensors", "tensors", lambda group: tables.number(group.tensors), kind="number"),
            field("elements", "elements", lambda group: tables.number(group.elements), kind="number"),
            field(
                "share", "share", lambda group: tables.share(group.elements, whole), kind="number", shown=bool(whole)
            ),
            field("why", "why", lambda group: tables.text(_why(group.key)), weight=2.5),
            field("names", "parameters", lambda group: Cell(names.listing(members[group.key])), kind="name", weight=4),
        ),
    )
    yield Section("gradients", "Gradients", (table,))


def _members(report: ModelReport, key: str) -> list[str]:
    return [
        row.name
        for row in report.parameters
        if row.tied_to is None and key == (row.gradient.reason or row.gradient.status)
    ]


def _outcome(key: str) -> str:
    return "computed" if key == "computed" else f"none: {key.replace('_', ' ')}"


def _why(key: str) -> str | None:
    return next((words for reason, words in _REASONS.items() if reason == key), None)


def _one_outcome(report: ModelReport, group: Group) -> str:
    """One sentence, where it is the same for every parameter."""
    tensors = numbers.plural(group.tensors, "parameter tensor")
    if group.key == "computed":
        return f"Every parameter has a gradient: {tensors}, {numbers.exact(report.totals.gradients.bytes, 'B')}."
    if group.key == "not_run":
        stages = report.probe.stages
        failed = next((stage for stage in ("forward", "backward") if getattr(stages, stage) == "failed"), None)
        return f"No gradients: the {failed} pass failed." if failed else "No gradients: the backward pass was not run."
    return f"No parameter has a gradient ({tensors}): {_why(group.key)}."
