"""Tests of `reportgen.analysis.figures`: the names of all totals, and what they are read as."""

from __future__ import annotations

from reportgen.analysis.figures import NAMES, figures
from reportgen.report.totals import BytesByBatch, MemoryScaling

SCALING = tuple(
    f"memory.scaling.{what}.{part}"
    for what in ("saved_for_backward", "peak_training", "peak_inference")
    for part in ("fixed", "per_sample")
)


def test_names():
    """Every number in the totals by its place: 10 parts, no truth, no list."""
    assert (
        "parameters.declared",
        "parameters.unique",
        "parameters.storage",
        "parameters.trainable",
        "parameters.frozen",
        "parameters.packed",
        "parameters.active",
        "parameters.tensors",
        "parameters.bytes",
        "buffers.unique",
        "buffers.tensors",
        "buffers.bytes",
        "buffers.persistent_bytes",
        "state_dict_bytes",
        "modules",
        "gradients.computed",
        "gradients.none",
        "gradients.bytes",
        "flops.forward",
        "flops.backward",
        "flops.conventions.multiply_adds",
        "flops.conventions.fvcore",
        "flops.conventions.everything",
        "flops.attention",
        "macs.forward",
        "memory.parameters",
        "memory.buffers",
        "memory.gradients",
        "memory.saved_for_backward",
        "memory.peak_training",
        "memory.peak_training_bf16",
        "memory.peak_inference",
        *SCALING,
    ) == NAMES


def test_figures(frozen_sequential, replace):
    """What a record has not is left out; what it does not know is None."""
    totals = frozen_sequential.totals
    found = figures(totals)
    assert totals.parameters.unique == found["parameters.unique"]
    assert set(SCALING) | {name for name in NAMES if "conventions" in name} == set(NAMES) - set(found)
    scaling = MemoryScaling((1_024, 2_048), None, BytesByBatch(-3, 5), None)
    memory = replace(totals.memory, scaling=scaling, peak_training=None)
    found = figures(replace(totals, memory=memory))
    assert (None, -3, 5) == tuple(found[name] for name in ("memory.peak_training", *SCALING[2:4]))
    assert SCALING[0] not in found
