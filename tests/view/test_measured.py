"""What was measured, on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reportgen.report.schema import Measured
from reportgen.view.build import build
from reportgen.view.overview import command
from reportgen.view.page import Facts

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

TAKEN = Measured(
    device="cpu (x86_64)",
    threads=2,
    runs=7,
    forward_seconds=0.01234,
    step_seconds=1.5,
    peak_bytes=2048,
    peak_source="profiler",
)


def test_seconds_have_a_section_of_their_own(frozen_sequential: ModelReport, replace: Callable[..., Any]) -> None:
    """With the device, and what the peak is taken from; the command asks for them again."""
    report = replace(frozen_sequential, measured=TAKEN)
    (section,) = [section for section in build(report).sections if section.id == "measured"]
    (facts,) = section.blocks
    assert isinstance(facts, Facts)
    assert [(label, cell.text) for label, cell in facts.items] == [
        ("Device", "cpu (x86_64), 2 threads"),
        ("Forward pass", "12.3 ms"),
        ("Forward, loss and backward", "1.50 s"),
        ("Peak memory", "2,048 B · 2.0 KiB, by the profiler's memory events"),
    ]
    assert "--measure" in command(report)


def test_nothing_measured_nothing_shown(frozen_sequential: ModelReport) -> None:
    """Without `--measure` a page has no seconds."""
    assert [section for section in build(frozen_sequential).sections if section.id == "measured"] == []
    assert "--measure" not in command(frozen_sequential)
