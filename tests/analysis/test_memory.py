"""What training takes as a whole, by hand."""

from __future__ import annotations

import msgspec
import pytest
import torch
from torch import nn

from reportgen.analysis.memory import Fit, Training, fits, training
from reportgen.report.schema import GradientFacts, InputFacts, ModelReport, ParameterFacts
from reportgen.report.totals import BytesByBatch, MemoryScaling

COMPUTED, FROZEN = GradientFacts("computed"), GradientFacts("none", reason="frozen")


def parameter(name: str, numel: int | None, gradient: GradientFacts, tied_to: str | None = None) -> ParameterFacts:
    """A row of float32."""
    size = None if numel is None else 4 * numel
    return ParameterFacts(name, None, "float32", numel, size, gradient is COMPUTED, tied_to, gradient)


def with_peaks(report: ModelReport, peak: int | None, narrow: int | None, *rows: ParameterFacts) -> ModelReport:
    """The report with these parameters and peaks."""
    memory = msgspec.structs.replace(report.totals.memory, peak_training=peak, peak_training_bf16=narrow)
    totals = msgspec.structs.replace(report.totals, memory=memory)
    return msgspec.structs.replace(report, totals=totals, parameters=rows)


def test_states_of_the_usual_optimizers(frozen_sequential: ModelReport) -> None:
    """10,000 and 100 trainable elements, 7 frozen ones and a tie: states for 10,100 elements in two tensors.

    8-bit Adam: 2 × (10,000 + 5 scales of 4 bytes) and 8 × 100.
    """
    report = with_peaks(
        frozen_sequential,
        1_000_000,
        500_000,
        parameter("a", 10_000, COMPUTED),
        parameter("b", 100, COMPUTED),
        parameter("c", 7, FROZEN),
        parameter("d", 10_000, COMPUTED, tied_to="a"),
    )
    master = 40_400
    assert training(report) == (
        Training("SGD", 0, 1_000_000, 500_000 + master),
        Training("SGD with momentum", 40_400, 1_040_400, 540_400 + master),
        Training("Adam, AdamW", 80_808, 1_080_808, 580_808 + master),
        Training("8-bit Adam", 20_840, 1_020_840, 520_840 + master),
    )


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64"])
def test_states_of_real_optimizers(frozen_sequential: ModelReport, dtype: str) -> None:
    """They are as large as those that torch's optimizers keep after a step, in the dtypes of the parameters."""
    weights = [nn.Parameter(torch.ones(size, dtype=getattr(torch, dtype))) for size in (10_000, 100)]
    optimizers = {
        "SGD": torch.optim.SGD(weights),
        "SGD with momentum": torch.optim.SGD(weights, momentum=0.9),
        "Adam, AdamW": torch.optim.AdamW(weights),
    }
    rows = [
        ParameterFacts(f"{weight.numel()}", None, dtype, weight.numel(), weight.nbytes, True, None, COMPUTED)
        for weight in weights
    ]
    found = {row.optimizer: row.state for row in training(with_peaks(frozen_sequential, 0, 0, *rows))}
    for name, optimizer in optimizers.items():
        sum(weight.sum() for weight in weights).backward()
        optimizer.step()
        kept = [value for state in optimizer.state.values() for value in state.values() if value is not None]
        assert sum(value.nbytes for value in kept) == found[name]


def test_unknown_stays_unknown(frozen_sequential: ModelReport) -> None:
    """A parameter without a size, and no peak."""
    report = with_peaks(frozen_sequential, None, None, parameter("a", None, COMPUTED))
    assert [(row.state, row.fp32, row.bf16) for row in training(report)] == [(0, None, None), *3 * [(None, None, None)]]


def test_what_fits(frozen_sequential: ModelReport) -> None:
    """Ten samples take 15 GB in training, by the line 32 take 14 + 0.1 × 32 = 17.2: 16 GB hold 10 + 22 / 2.2 of them.

    24 GB: (24 - 14) / 0.1. Nothing is known of inference.
    """
    giga = 10**9
    line = BytesByBatch(14 * giga, giga // 10)
    scaling = MemoryScaling((32, 64), saved_for_backward=None, peak_training=line, peak_inference=None)
    memory = msgspec.structs.replace(frozen_sequential.totals.memory, peak_training=15 * giga, scaling=scaling)
    given = (InputFacts("x", (10, 4), "float32", "user"),)
    report = msgspec.structs.replace(
        frozen_sequential,
        totals=msgspec.structs.replace(frozen_sequential.totals, memory=memory),
        probe=msgspec.structs.replace(frozen_sequential.probe, inputs=given),
    )
    assert fits(report) == (Fit(16 * giga, 20, None), Fit(24 * giga, 100, None), Fit(80 * giga, 660, None))
    larger = msgspec.structs.replace(memory, peak_training=17 * giga)
    report = msgspec.structs.replace(report, totals=msgspec.structs.replace(report.totals, memory=larger))
    assert fits(report)[0] == Fit(16 * giga, 0, None)
