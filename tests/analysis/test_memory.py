"""What training takes as a whole, by hand."""

from __future__ import annotations

import msgspec

from reportgen.analysis.memory import Training, training
from reportgen.report.schema import GradientFacts, ModelReport, ParameterFacts

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


def test_unknown_stays_unknown(frozen_sequential: ModelReport) -> None:
    """A parameter without a size, and no peak."""
    report = with_peaks(frozen_sequential, None, None, parameter("a", None, COMPUTED))
    assert [(row.state, row.fp32, row.bf16) for row in training(report)] == [(0, None, None), *3 * [(None, None, None)]]
