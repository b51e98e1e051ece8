"""The key figures: the few numbers that matter first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node, walk
from reportgen.analysis.totals import by_dtype, by_gradient
from reportgen.report.sums import add
from reportgen.view import names, numbers
from reportgen.view.page import Figure, Figures, Tone

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport, StageStatus

_MISSING: dict[StageStatus, str] = {
    "ok": numbers.UNKNOWN,
    "failed": numbers.FAILED,
    "skipped": numbers.NOT_APPLICABLE,
}


def key_figures(report: ModelReport, nodes: Sequence[Node]) -> Figures:
    """The key figures of a record; of a model that was never built, just how far it came."""
    if report.probe.status == "failed":
        return Figures(tuple(_status(report)))
    parts = (
        _status(report),
        _parameters(report),
        _state_dict(report),
        _work(report),
        _gradients(report),
        _buffers(report),
        _modules(report, nodes),
        _memory(report),
        _checkpoint(report),
    )
    return Figures(tuple(figure for part in parts for figure in part))


def _status(report: ModelReport) -> Iterator[Figure]:
    status = report.probe.status
    if status == "complete":
        return
    error = report.error
    place = f" in {error.module or names.MODEL}" if error and error.module is not None else ""
    note = f"failed: {error.stage}{place}" if error else None
    yield Figure("Status", status, note=note, tone="bad" if status == "failed" else "warn")


def _parameters(report: ModelReport) -> Iterator[Figure]:
    totals = report.totals.parameters
    yield _count("Parameters", totals.unique, "; ".join(_kinds(report)) or None)
    if totals.active is not None:
        share = numbers.percent(totals.active, totals.unique)
        yield _count("Active parameters", totals.active, f"used for one token: {share}")
    if totals.packed:
        yield _count("Packed parameters", totals.packed, "in quantised modules, on top of the others")


def _kinds(report: ModelReport) -> Iterator[str]:
    """What the parameters are: trainable or not, declared more than once, of which dtype, or not all known yet."""
    totals = report.totals.parameters
    if totals.unique is None:
        known = [row.numel for row in report.parameters if row.tied_to is None and row.numel is not None]
        unknown = numbers.plural((totals.tensors or 0) - len(known), "tensor")
        yield f"{numbers.exact(sum(known))}, and {unknown} of unknown size"
    if not totals.unique:
        return
    if totals.frozen == 0:
        yield "all trainable"
    elif totals.trainable == 0:
        yield "all frozen"
    else:
        yield f"{numbers.exact(totals.trainable)} trainable, {numbers.exact(totals.frozen)} frozen"
    if totals.declared != totals.unique:
        yield f"{numbers.exact(totals.declared)} declared"
    dtypes = [group.key for group in by_dtype(report.parameters)]
    yield dtypes[0] if len(dtypes) == 1 else numbers.plural(len(dtypes), "dtype")


def _count(label: str, number: int | None, note: str | None) -> Figure:
    """A count with its exact figure, where that is not the same."""
    value, exact = numbers.human(number), numbers.exact(number)
    return Figure(label, value, exact if exact != value else None, note)


def _size(label: str, number: int | None, note: str | None) -> Figure:
    value, exact = numbers.size(number), numbers.exact(number, "B")
    return Figure(label, value, exact if number is not None and exact != value else None, note)


def _state_dict(report: ModelReport) -> Iterator[Figure]:
    yield _size("State dict", report.totals.state_dict_bytes, "parameters and persistent buffers")


def _work(report: ModelReport) -> Iterator[Figure]:
    flops, macs, stages = report.totals.flops, report.totals.macs.forward, report.probe.stages
    bound, tone, why = _bound(report)
    if macs is None:
        yield _missing("Forward pass", stages.forward)
        return
    exact = f"{bound}{numbers.exact(macs)} MACs" if macs >= 1000 else None
    note = f"{why}multiply-adds{_inputs(report)}"
    yield Figure("Forward pass", f"{bound}{numbers.macs(macs)}", exact, note, tone)
    total = add((flops.forward, flops.backward))
    if total is None:
        yield _missing("Training step", stages.backward)
        return
    exact = f"{bound}{numbers.exact(total)} FLOPs" if total >= 1000 else None
    note = f"forward {numbers.flops(flops.forward)}, backward {numbers.flops(flops.backward)}; 1 MAC = 2 FLOPs"
    yield Figure("Training step", f"{bound}{numbers.flops(total)}", exact, note, tone)


def _inputs(report: ModelReport) -> str:
    """The shapes of what was drawn; an input whose values were given, like a target, says nothing of size."""
    drawn = (row for row in report.probe.inputs if row.data is None and len(set(row.values or (0, 1))) > 1)
    shapes = [numbers.shape(row.shape) for row in drawn]
    return f" for {', '.join(shapes)}" if 0 < len(shapes) <= 3 else ""


def _bound(report: ModelReport) -> tuple[str, Tone, str]:
    """How a figure of work is marked where it is a bound."""
    flops = report.totals.flops
    if flops.exact:
        return "", "plain", ""
    if not flops.upper_bound:
        return "≥ ", "warn", "a lower bound, see findings; "
    if not flops.uncounted:
        return "≤ ", "warn", "an upper bound, see diagnostics; "
    return "≈ ", "warn", "part of it is assumed and part uncounted, see findings and diagnostics; "


def _missing(label: str, stage: StageStatus, note: str | None = None) -> Figure:
    """A figure that is not there, and whether that is because it failed, was not wanted, or is not known."""
    return Figure(label, _MISSING[stage], note=note, tone="bad" if stage == "failed" else "muted")


def _gradients(report: ModelReport) -> Iterator[Figure]:
    totals, stage = report.totals.gradients, report.probe.stages.backward
    if not report.totals.parameters.tensors:
        return
    if stage != "ok":
        yield _missing("Gradients", stage, f"the backward pass {'failed' if stage == 'failed' else 'was not run'}")
        return
    missing = [group for group in by_gradient(report.parameters) if group.key != "computed"]
    reasons = "".join(f", {group.tensors:,} {group.key.replace('_', ' ')}" for group in missing)
    yield Figure(
        "Gradients",
        f"{numbers.exact(totals.computed)} of {numbers.exact(report.totals.parameters.tensors)}",
        note=f"parameter tensors, {numbers.size(totals.bytes)}{reasons}",
        tone="warn" if any(group.key in {"unused", "detached"} for group in missing) else "plain",
    )


def _buffers(report: ModelReport) -> Iterator[Figure]:
    totals = report.totals.buffers
    note = f"{numbers.plural(totals.tensors, 'tensor')}, {numbers.size(totals.bytes)}" if totals.tensors else None
    yield _count("Buffers", totals.unique, note)


def _modules(report: ModelReport, nodes: Sequence[Node]) -> Iterator[Figure]:
    classes = len({module.class_name for module in report.modules})
    depth = max((len(chain) - 1 for chain in walk(nodes)), default=0)
    note = f"{numbers.plural(classes, 'class', 'classes')}, {numbers.plural(depth, 'level')} deep"
    yield _count("Modules", report.totals.modules, note)


def _memory(report: ModelReport) -> Iterator[Figure]:
    memory = report.totals.memory
    if memory.peak_training is not None:
        yield _size("Peak memory", memory.peak_training, "of one training step, with these inputs")
    if memory.saved_for_backward is not None:
        yield _size("Saved for backward", memory.saved_for_backward, "activations kept between forward and backward")


def _checkpoint(report: ModelReport) -> Iterator[Figure]:
    facts = report.checkpoint
    if facts is not None:
        tone: Tone = "plain" if facts.fits else "bad"
        yield Figure("Checkpoint", "fits" if facts.fits else "does not fit", note=names.brief(facts.name), tone=tone)
