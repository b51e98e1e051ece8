"""What a whole training step takes: the peak of forward and backward, and what an optimizer keeps on top of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.report.sums import add

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.report.totals import BytesByBatch

_BLOCK = 2048  # elements that share a scale in 8-bit optimizers
_SMALL = 4096  # tensors below it keep 32-bit states there


@dataclass(frozen=True, slots=True)
class Training:
    """Bytes of one way to train: what the optimizer keeps, and the most that is there at once in a step.

    ``state`` and ``fp32``: everything in the model's own dtypes. ``bf16``: what is float32 in bfloat16 instead, with a
    float32 copy of every trainable parameter, which is what the optimizer updates and keeps states of. None where the
    model's own peak is not known.
    """

    optimizer: str
    state: int | None
    fp32: int | None
    bf16: int | None


CAPACITIES = (16, 24, 80)  # GB of usual accelerators


@dataclass(frozen=True, slots=True)
class Fit:
    """The largest batches that fit into ``capacity`` bytes, for a training step and for inference.

    None where a line is not known; 0 where the probed batch does not fit.
    """

    capacity: int
    training: int | None
    inference: int | None


def fits(report: ModelReport) -> tuple[Fit, ...]:
    """What fits into 16, 24 and 80 GB, without an optimizer's states; nothing where there is no scaling."""
    memory, scaling = report.totals.memory, report.totals.memory.scaling
    if scaling is None or not report.probe.inputs:
        return ()
    batch = next(row.shape[0] for row in report.probe.inputs if row.shape)
    return tuple(
        Fit(
            capacity=giga * 10**9,
            training=_largest(giga * 10**9, batch, memory.peak_training, scaling.batches[0], scaling.peak_training),
            inference=_largest(giga * 10**9, batch, memory.peak_inference, scaling.batches[0], scaling.peak_inference),
        )
        for giga in CAPACITIES
    )


def _largest(capacity: int, batch: int, taken: int | None, larger: int, line: BytesByBatch | None) -> int | None:
    """By the line from the batch ``larger`` on; below it by that from ``batch``, which takes ``taken``, to there.

    A peak is the highest of several lines, and so below the straight way between two of its points.
    """
    if line is None or taken is None or line.per_sample <= 0:
        return None
    there = line.fixed + line.per_sample * larger
    if there <= capacity:
        return (capacity - line.fixed) // line.per_sample
    if taken > capacity:
        return 0
    return batch + (capacity - taken) * (larger - batch) // (there - taken)


def training(report: ModelReport) -> tuple[Training, ...]:
    """The usual optimizers; their states are there from the first step's end, and so in every later step's peak.

    A state is as large as what it belongs to, in the same dtype: the trainable parameters that got a gradient, ties
    once; where there are float32 copies, those. SGD keeps none, with momentum one; Adam and AdamW two, and a count of 4
    bytes for each tensor. Of 8-bit Adam (as of bitsandbytes: Dettmers et al., 2022, https://arxiv.org/abs/2110.02861)
    they are bytes, with a float32 scale for each 2,048 elements, and 32-bit ones for tensors of less than 4,096.
    """
    rows = [row for row in report.parameters if row.tied_to is None and row.gradient.status == "computed"]
    memory = report.totals.memory
    own, copies = add(row.bytes for row in rows), _times(4, add(row.numel for row in rows))
    small = add(None if row.numel is None else _eight_bit(row.numel) for row in rows)
    states = {
        "SGD": (0, 0),
        "SGD with momentum": (own, copies),
        "Adam, AdamW": tuple(add((_times(2, size), 4 * len(rows))) for size in (own, copies)),
        "8-bit Adam": (small, small),
    }
    return tuple(
        Training(
            optimizer=name,
            state=state,
            fp32=add((memory.peak_training, state)),
            bf16=add((memory.peak_training_bf16, copies, state_of_copies)),
        )
        for name, (state, state_of_copies) in states.items()
    )


def _eight_bit(size: int) -> int:
    return 8 * size if size < _SMALL else 2 * (size + 4 * -(-size // _BLOCK))


def _times(number: int, value: int | None) -> int | None:
    return None if value is None else number * value
