"""What the model takes in memory: its own tensors, what a pass adds, and what training it takes as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node
from reportgen.analysis.memory import Fit, Training, fits, training
from reportgen.view import numbers, tables
from reportgen.view.page import Block, Cell, Facts, Section, Table
from reportgen.view.tables import field, tabulate
from reportgen.view.timeline import timeline

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.report.totals import MemoryScaling

_INTRO = (
    "Tensor storage, shared storage once, and the workspaces of the CPU kernels, for the inputs above. A peak is the "
    "most that is allocated at once: parameters, buffers, inputs, activations, and in training gradients. Known to be "
    "less exact: GRUs and plain RNNs, LSTMs in inference, dilated and three-dimensional convolutions, embeddings "
    "used twice."
)
_NOTE = (
    "Peak of a step from the second on, when the optimizer's states are there, in the parameters' own dtypes. bf16: "
    "what is float32 in bfloat16, with a float32 copy of every trainable parameter, and states of those. 8-bit Adam: "
    "blocks of 2,048 elements with a scale each; tensors below 4,096 elements keep 32-bit states."
)


def memory(report: ModelReport, nodes: Sequence[Node]) -> Iterator[Section]:
    """The section; none where no pass was seen to its end."""
    totals = report.totals.memory
    figures = (
        ("Parameters", totals.parameters),
        ("Buffers", totals.buffers),
        ("Gradients", totals.gradients),
        ("Saved for backward", totals.saved_for_backward),
        ("Peak of a training step", totals.peak_training),
        ("Peak of inference", totals.peak_inference),
    )
    if all(value is None for _, value in figures[3:]):
        return
    blocks: list[Block] = [Facts(tuple((label, _size(value)) for label, value in figures if value is not None))]
    if chart := timeline(report, nodes):
        blocks.append(chart)
    if totals.peak_training is not None and totals.gradients:
        blocks.append(_optimizers(training(report)))
    if totals.scaling is not None:
        blocks.append(_growth(totals.scaling))
        blocks.append(_fits(fits(report)))
    yield Section("memory", "Memory", tuple(blocks), intro=_INTRO)


def _size(value: int) -> Cell:
    exact, human = numbers.exact(value, "B"), numbers.size(value)
    return Cell(exact if exact == human else f"{human} ({exact})")


def _growth(scaling: MemoryScaling) -> Table:
    lines = (
        ("saved for backward", scaling.saved_for_backward),
        ("peak of a training step", scaling.peak_training),
        ("peak of inference", scaling.peak_inference),
    )
    low, high = scaling.batches
    return tabulate(
        "scaling",
        [(name, line) for name, line in lines if line is not None],
        (
            field("figure", "figure", lambda row: Cell(row[0]), weight=1.5),
            field("fixed", "fixed", lambda row: tables.number(row[1].fixed, "B"), kind="number", weight=1.5),
            field(
                "sample", "each sample", lambda row: tables.number(row[1].per_sample, "B"), kind="number", weight=1.5
            ),
        ),
        caption="With the batch, in bytes",
        note=f"The line through probes at {low:,} and {high:,} in the first dimension of every input. Smaller batches"
        " may take more than it says, where the most is there at another moment.",
    )


def _fits(rows: tuple[Fit, ...]) -> Table:
    return tabulate(
        "fits",
        rows,
        (
            field("memory", "memory", lambda row: Cell(f"{row.capacity // 10**9} GB"), weight=1.5),
            field("training", "training step", lambda row: tables.number(row.training), kind="number", weight=1.5),
            field("inference", "inference", lambda row: tables.number(row.inference), kind="number", weight=1.5),
        ),
        caption="The largest batch that fits",
        note="Without an optimizer's states, which the table above has; 0: not even the probed batch does.",
    )


def _optimizers(rows: tuple[Training, ...]) -> Table:
    return tabulate(
        "optimizers",
        rows,
        (
            field("optimizer", "optimizer", lambda row: Cell(row.optimizer), weight=1.5),
            field("state", "optimizer state", lambda row: tables.number(row.state, "B"), kind="number", weight=1.5),
            field("fp32", "peak of a step", lambda row: tables.number(row.fp32, "B"), kind="number", weight=1.5),
            field(
                "bf16",
                "with bf16, master weights",
                lambda row: tables.number(row.bf16, "B"),
                kind="number",
                weight=1.7,
            ),
        ),
        caption="Peak memory of a training step by optimizer, in bytes",
        note=_NOTE,
    )
