"""How memory grows with the batch: a line through two further probes of the same recipe, at larger batches.

The batches are large ones because the most is there at another moment where activations are few: in a small batch when
all gradients are there, in a large one between forward and backward. From some batch on it is always the same moment,
and the line is exact.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import msgspec
from torch import nn

from reportgen.config import ProbeOptions
from reportgen.probe import run
from reportgen.registry.base import InputSpec, ModelSpec
from reportgen.report.schema import Diagnostic, InputFacts, ModelReport
from reportgen.report.totals import BytesByBatch, MemoryScaling

_TIMES = ((1024, 2048), (32, 64))  # tried in this order: of large inputs, not even the small values are followed


class _NotApplicable(Exception):
    """Why there is no line."""


def scaled(report: ModelReport, target: ModelSpec | nn.Module, options: ProbeOptions) -> ModelReport:
    """The record with its ``totals.memory.scaling``; where there is none, a warning says why.

    Args:
        report: what `reportgen.probe.run.probe` gave for ``target`` and ``options``.
        target: as there.
        options: as there.
    """
    try:
        scaling = _scaling(report, target, options)
    except _NotApplicable as exc:
        told = Diagnostic(
            severity="warning",
            code="not-scaled",
            stage="forward",
            module=None,
            message=f"No scaling of memory with the batch: {exc}.",
        )
        return msgspec.structs.replace(report, diagnostics=(*report.diagnostics, told))
    memory = msgspec.structs.replace(report.totals.memory, scaling=scaling)
    return msgspec.structs.replace(report, totals=msgspec.structs.replace(report.totals, memory=memory))


def _scaling(report: ModelReport, target: ModelSpec | nn.Module, options: ProbeOptions) -> MemoryScaling:
    batch = _batch(report)
    times, (low, high) = _pair(report, target, options)
    batches = (times[0] * batch, times[1] * batch)
    smaller, larger = low.totals.memory, high.totals.memory
    other_inputs = isinstance(target, ModelSpec) and target.eval_inputs is not None  # in evaluation, which stay small
    return MemoryScaling(
        batches=batches,
        saved_for_backward=_line(batches, smaller.saved_for_backward, larger.saved_for_backward),
        peak_training=_line(batches, smaller.peak_training, larger.peak_training),
        peak_inference=None if other_inputs else _line(batches, smaller.peak_inference, larger.peak_inference),
    )


def _batch(report: ModelReport) -> int:
    """The first dimension that all inputs have in common."""
    if report.probe.stages.forward != "ok":
        raise _NotApplicable("the forward pass did not finish")
    if report.probe.device.used != "meta":
        raise _NotApplicable("the model runs with real values, for which larger batches may be too large")
    sizes = {row.shape[0] for row in report.probe.inputs or () if row.shape}
    if len(sizes) != 1 or 0 in sizes:
        raise _NotApplicable("the inputs do not have the same first dimension")
    return sizes.pop()


def _pair(
    report: ModelReport, target: ModelSpec | nn.Module, options: ProbeOptions
) -> tuple[tuple[int, int], tuple[ModelReport, ModelReport]]:
    """Two larger batches that the model takes, in times of the probed one, and their records."""
    *larger, last = _TIMES
    for times in larger:
        with suppress(_NotApplicable):
            return times, (_at(times[0], report, target, options), _at(times[1], report, target, options))
    return last, (_at(last[0], report, target, options), _at(last[1], report, target, options))


def _at(times: int, report: ModelReport, target: ModelSpec | nn.Module, options: ProbeOptions) -> ModelReport:
    """The record with so many times the batch."""
    inputs = tuple(_longer(row, times) for row in report.probe.inputs or ())
    further = run.probe(target, replace(options, inputs=inputs, audit=False, measure=False, batch_scaling=False))
    if further.probe.stages.forward != "ok" or further.probe.device.used != "meta":
        causes = [row.message for row in further.diagnostics if row.severity == "error"]
        why = causes[0] if causes else "it needs real values"
        raise _NotApplicable(f"with {times} times the first dimension of every input, the forward pass fails ({why})")
    before, after = ([row.shape[:1] for row in each.probe.outputs or () if row.shape] for each in (report, further))
    if not before or [(times * (size[0] or 0),) for size in before] != after:
        raise _NotApplicable("the first dimension of the outputs does not grow as that of the inputs does")
    return further


def _longer(row: InputFacts, times: int) -> InputSpec:
    low, high = row.values or (None, None)
    return InputSpec(
        shape=(times * row.shape[0], *row.shape[1:]) if row.shape else (),
        dtype=row.dtype,
        name=None if row.name.isdecimal() else row.name,
        low=low,
        high=high,
        data=row.data * (times if row.shape else 1) if row.data is not None else None,
    )


def _line(batches: tuple[int, int], low: int | None, high: int | None) -> BytesByBatch | None:
    """Through both points, exactly through the second; what a sample takes is rounded to whole bytes, upwards."""
    if low is None or high is None:
        return None
    per_sample = -((low - high) // (batches[1] - batches[0]))
    return BytesByBatch(fixed=high - batches[1] * per_sample, per_sample=per_sample)
