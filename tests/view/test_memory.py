"""The memory section."""

from __future__ import annotations

import msgspec

from reportgen.analysis.fold import fold
from reportgen.report.schema import ModelReport
from reportgen.report.totals import BytesByBatch, MemoryScaling, MemoryTotals
from reportgen.view.memory import memory
from reportgen.view.page import Facts, Table


def with_memory(report: ModelReport, totals: MemoryTotals) -> ModelReport:
    """The report with these figures."""
    return msgspec.structs.replace(report, totals=msgspec.structs.replace(report.totals, memory=totals))


def test_what_is_known_is_shown(frozen_sequential: ModelReport) -> None:
    """Small figures exactly, larger ones both ways; what is not known is left out."""
    totals = MemoryTotals(100, 0, 40, 2048, None, None, 3_000_000)
    (section,) = memory(with_memory(frozen_sequential, totals), fold(frozen_sequential))
    (facts,) = section.blocks
    assert isinstance(facts, Facts)
    assert [(label, cell.text) for label, cell in facts.items] == [
        ("Parameters", "100 B"),
        ("Buffers", "0 B"),
        ("Gradients", "40 B"),
        ("Saved for backward", "2.0 KiB (2,048 B)"),
        ("Peak of inference", "2.9 MiB (3,000,000 B)"),
    ]


def test_optimizers_where_there_is_a_training_step(frozen_sequential: ModelReport) -> None:
    """One row each, SGD without a state."""
    totals = MemoryTotals(100, 0, 40, 2048, 5000, 2500, None)
    (section,) = memory(with_memory(frozen_sequential, totals), fold(frozen_sequential))
    table = section.blocks[1]
    assert isinstance(table, Table)
    assert ["SGD", "SGD with momentum", "Adam, AdamW", "8-bit Adam"] == [row.cells[0].text for row in table.rows]
    assert ["SGD", "0", "5,000"] == [cell.text for cell in table.rows[0].cells[:3]]


def test_no_section_where_nothing_ran(frozen_sequential: ModelReport) -> None:
    """Parameters alone are shown elsewhere."""
    assert not list(
        memory(with_memory(frozen_sequential, MemoryTotals(100, 0, None, None, None)), fold(frozen_sequential))
    )


def test_scaling_and_what_fits(frozen_sequential: ModelReport) -> None:
    """A row for each line that is known, and one for each accelerator."""
    scaling = MemoryScaling((32, 64), BytesByBatch(0, 48), BytesByBatch(312, 120), None)
    totals = MemoryTotals(100, 0, 0, 2048, 5000, 2500, None, scaling)
    (section,) = memory(with_memory(frozen_sequential, totals), fold(frozen_sequential))
    growth, fits = section.blocks[1:]
    assert isinstance(growth, Table)
    assert isinstance(fits, Table)
    assert [[cell.text for cell in row.cells] for row in growth.rows] == [
        ["saved for backward", "0", "48"],
        ["peak of a training step", "312", "120"],
    ]
    assert ["80 GB", "666,666,664", "unknown"] == [cell.text for cell in fits.rows[2].cells]
