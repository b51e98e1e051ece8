"""Findings and diagnostics in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen.analysis.findings import Finding, FindingCode, findings
from reportgen.view import names, numbers
from reportgen.view.page import Notice, Notices, Section, Tone

if TYPE_CHECKING:
    from reportgen.report.schema import Diagnostic, ModelReport, Severity, Status

_TONES: Mapping[Severity, Tone] = {"error": "bad", "warning": "warn", "note": "plain"}
_KNOWN: Mapping[Status, str] = {
    "complete": "The report is whole, but what is named here is in doubt.",
    "partial": "What could be learnt all the same is below; the rest is unknown.",
    "failed": "Nothing else is known.",
}
_RANDOM = {"train": "Dropout and its kin drop values at random.", "eval": "Dropout and its kin are off."}
_NORMALISED = {
    "train": "Batch norms use the statistics of the batch, and update their running statistics.",
    "eval": "Batch norms use their running statistics, not those of the batch.",
}


def what_failed(report: ModelReport) -> Iterator[Section]:
    """The errors, first of all."""
    errors = [row for row in report.diagnostics if row.severity == "error"]
    if not errors:
        return
    notices = Notices(tuple(map(_diagnostic, errors)))
    yield Section("failure", "What failed", (notices,), intro=_KNOWN[report.probe.status])


def diagnostics(report: ModelReport) -> Iterator[Section]:
    """Warnings, then notes, each in the order they came up."""
    rows = [row for severity in ("warning", "note") for row in report.diagnostics if row.severity == severity]
    if rows:
        yield Section("diagnostics", "Diagnostics", (Notices(tuple(map(_diagnostic, rows))),))


def _diagnostic(row: Diagnostic) -> Notice:
    where = row.stage if row.module is None else f"{row.stage}, in {row.module or names.MODEL}"
    title, _, more = row.message.partition("\n")
    return Notice(
        tone=_TONES[row.severity],
        title=title,
        text=more.strip() or None,
        remedy=row.remedy,
        code=row.code,
        where=where,
        detail=row.traceback,
    )


def what_to_notice(report: ModelReport) -> Iterator[Section]:
    """The findings, the gravest first."""
    notices = [replace(_WORDS[finding.code](finding, report), code=finding.code) for finding in findings(report)]
    if notices:
        order: tuple[Tone, ...] = ("bad", "warn", "plain")
        notices.sort(key=lambda notice: order.index(notice.tone))
        yield Section("findings", "Findings", (Notices(tuple(notices)),))


def _listing(finding: Finding) -> str:
    return names.listing([item.name for item in finding.items])


def _what(finding: Finding) -> str:
    """Which parameters a finding is about, and how much of all they are."""
    return f"{_listing(finding)}: {_share(finding)}"


def _share(finding: Finding, unit: str = "elements") -> str:
    """How much a finding is about."""
    return _of(finding.amount, finding.whole, unit)


def _of(part: int | None, whole: int | None, unit: str = "elements") -> str:
    """``15 of 58 elements (25.9 %)``; of an unknown whole the part alone."""
    if part is None:
        return f"an unknown number of {unit}"
    if whole is None:
        return f"{numbers.exact(part)} {unit}"
    return f"{numbers.exact(part)} of {numbers.exact(whole)} {unit} ({numbers.percent(part, whole)})"


def _parameters(finding: Finding) -> str:
    return numbers.plural(len(finding.items), "parameter tensor")


def _lazy(finding: Finding, _: ModelReport) -> Notice:
    return Notice(
        "warn",
        f"{_parameters(finding)} never materialised",
        f"{_listing(finding)}. A lazy module learns its shapes in its first forward pass; counts that include them are"
        " unknown.",
        "run a forward pass that reaches them, or give their sizes to the constructor",
    )


def _no_differentiable_output(finding: Finding, _: ModelReport) -> Notice:
    outputs = names.listing([item.name for item in finding.items if item.name])
    return Notice(
        "warn",
        "No output leads back to a trainable parameter",
        f"There is nothing for the backward pass to start from{f' in {outputs}' if outputs else ''}.",
        "return a floating-point tensor that was not detached, or choose a loss with --loss",
    )


def _unused(finding: Finding, _: ModelReport) -> Notice:
    return Notice(
        "warn",
        f"{_parameters(finding)} unused",
        f"{_what(finding)}. No operation of the forward pass read them, so they have no gradient.",
        "remove them, or use them in forward; DistributedDataParallel needs find_unused_parameters=True as it is",
    )


def _detached(finding: Finding, _: ModelReport) -> Notice:
    return Notice(
        "warn",
        f"{_parameters(finding)} cut off from the loss",
        f"{_what(finding)}. Operations read them, but no path leads from there to the loss, so they have no gradient.",
        "look for detach(), no_grad(), .data and integer arithmetic on the way, or freeze them",
    )


def _never_ran(finding: Finding, _: ModelReport) -> Notice:
    return Notice(
        "warn" if any(item.amount for item in finding.items) else "plain",
        f"{numbers.plural(len(finding.items), 'module')} never ran",
        f"{_listing(finding)}. The forward pass neither called them nor read their parameters.",
    )


def _device_fallback(finding: Finding, _: ModelReport) -> Notice:
    (device,) = finding.items
    return Notice("plain", f"Measured on {device.name}, not on {device.of}", "The diagnostics say why.")


def _uncounted(finding: Finding, report: ModelReport) -> Notice:
    calls = [f"{item.name} ({numbers.plural(item.amount or 0, 'call')})" for item in finding.items]
    title = "FLOPs are incomplete" if report.totals.flops.upper_bound else "FLOPs are a lower bound"
    return Notice("warn", title, f"No formula is known for {', '.join(calls)}.")


def _mixed_dtypes(finding: Finding, _: ModelReport) -> Notice:
    elements = [f"{item.name} {_of(item.amount, finding.whole)}" for item in finding.items]
    return Notice(
        "plain",
        f"Parameters of {numbers.plural(len(finding.items), 'dtype')}",
        f"{', '.join(elements)}. Bytes are counted in each tensor's own dtype.",
    )


def _frozen(finding: Finding, report: ModelReport) -> Notice:
    freeze = report.probe.freeze
    return Notice(
        "plain",
        f"{numbers.percent(finding.amount, finding.whole)} of the parameters are frozen",
        f"{_what(finding)} do not train." + (f" Frozen for this report: {', '.join(freeze)}." if freeze else ""),
    )


def _tied(finding: Finding, _: ModelReport) -> Notice:
    ties = names.listing([f"{item.name} is {item.of}" for item in finding.items])
    return Notice(
        "plain",
        numbers.plural(len(finding.items), "tied weight"),
        f"{ties}. A tensor counts once, whatever its names: {_share(finding, 'declared elements')} are repetitions.",
    )


def _shared_storage(finding: Finding, _: ModelReport) -> Notice:
    return Notice(
        "plain",
        "Different parameters share memory",
        f"{_share(finding)} lie in memory that another parameter has as well.",
    )


def _mode_dependent(finding: Finding, report: ModelReport) -> Notice:
    mode, layers = report.probe.mode, [item.name for item in finding.items]
    effects = [_NORMALISED[mode]] if any("BatchNorm" in name for name in layers) else []
    effects += [_RANDOM[mode]] if any("BatchNorm" not in name for name in layers) else []
    counts = [numbers.plural(item.amount or 0, item.name, item.name) for item in finding.items]
    return Notice(
        "plain",
        f"Outputs differ between train and eval mode; measured in {mode} mode",
        f"{', '.join(counts)}. {' '.join(effects)}",
    )


def _transient_buffers(finding: Finding, _: ModelReport) -> Notice:
    return Notice(
        "plain",
        f"{numbers.plural(len(finding.items), 'buffer')} not in the state dict",
        f"{_listing(finding)}: {numbers.size(finding.amount)} that the constructor makes anew.",
    )


def _no_parameters(_: Finding, __: ModelReport) -> Notice:
    return Notice("plain", "No parameters", "There is nothing to train.")


_WORDS: Mapping[FindingCode, Callable[[Finding, ModelReport], Notice]] = {
    "lazy-parameters": _lazy,
    "no-differentiable-output": _no_differentiable_output,
    "unused-parameters": _unused,
    "detached-parameters": _detached,
    "modules-never-ran": _never_ran,
    "device-fallback": _device_fallback,
    "uncounted-operations": _uncounted,
    "mixed-dtypes": _mixed_dtypes,
    "frozen-parameters": _frozen,
    "tied-parameters": _tied,
    "shared-storage": _shared_storage,
    "mode-dependent": _mode_dependent,
    "transient-buffers": _transient_buffers,
    "no-parameters": _no_parameters,
}
