"""Seconds and peak memory on a real machine, kept apart from the figures that are exact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from reportgen.view import numbers
from reportgen.view.page import Cell, Facts, Section

if TYPE_CHECKING:
    from reportgen.report.schema import Measured, ModelReport, PeakSource

_SOURCES: Mapping[PeakSource, str] = {
    "allocator": "by the device's allocator",
    "profiler": "by the profiler's memory events",
}


def measured(report: ModelReport) -> Iterator[Section]:
    """No section where nothing was measured."""
    if report.measured is None:
        return
    runs = report.measured.runs
    how = f"Medians of {runs} runs after warm-up" if runs > 1 else "Of one run, as it is a slow one"
    intro = f"{how}, on this machine and at that time: unlike every other figure here, they are others on the next run."
    yield Section("measured", "Measured", (Facts(tuple(_facts(report.measured))),), intro=intro)


def _facts(taken: Measured) -> Iterator[tuple[str, Cell]]:
    threads = f", {numbers.plural(taken.threads, 'thread')}" if taken.threads else ""
    yield "Device", Cell(f"{taken.device}{threads}")
    yield "Forward pass", Cell(numbers.seconds(taken.forward_seconds))
    if taken.step_seconds is not None:
        yield "Forward, loss and backward", Cell(numbers.seconds(taken.step_seconds))
    if taken.peak_bytes is not None and taken.peak_source is not None:
        peak = f"{numbers.exact(taken.peak_bytes, 'B')} · {numbers.size(taken.peak_bytes)}"
        yield "Peak memory", Cell(f"{peak}, {_SOURCES[taken.peak_source]}")
