"""Models that are cast to another dtype."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from reportgen.report.schema import InputFacts, ModelReport

Run = Callable[..., ModelReport]
DTYPES = ("float64", "float32", "float16", "bfloat16")


class Mixture(nn.Module):
    """What a cast meets: a tie, a float64 parameter, and buffers that are floating, integer and complex."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 4)
        self.head = nn.Linear(4, 5, bias=False)
        self.head.weight = self.embedding.weight
        self.scale = nn.Parameter(torch.ones(4, dtype=torch.float64))
        self.register_buffer("shift", torch.zeros(4))
        self.register_buffer("steps", torch.zeros(4, dtype=torch.int64))
        self.register_buffer("phases", torch.zeros(4, dtype=torch.complex64))

    def forward(self, ids: Tensor, mask: Tensor, given: Tensor) -> Tensor:
        x = self.embedding(ids) * self.scale.to(mask.dtype) + self.shift * mask
        return self.head(x) + given.sum().to(x.dtype)


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_a_cast_changes(run: Run, dtype: str, device: str) -> None:
    """Floating parameters and buffers, float32 inputs and gradients have the dtype; all else and ties stay."""
    given = ("2x3:int64:0-4", "2x3x4", "2:complex64")
    report = run(Mixture, *given, dtype=dtype, device=device, mode="eval")
    assert ("complete", dtype) == (report.probe.status, report.probe.dtype)
    assert {"embedding.weight": dtype, "head.weight": dtype, "scale": dtype} == {
        row.name: row.dtype for row in report.parameters
    }
    assert [None, "embedding.weight"] == [row.tied_to for row in report.parameters if row.name != "scale"]
    assert {"shift": dtype, "steps": "int64", "phases": "complex64"} == {row.name: row.dtype for row in report.buffers}
    assert ["int64", dtype, "complex64"] == [row.dtype for row in report.probe.inputs]
    assert {dtype} == {row.gradient.dtype for row in report.parameters}
    size = torch.empty(0, dtype=getattr(torch, dtype)).element_size()
    assert (24, 24 * size) == (report.totals.parameters.unique, report.totals.parameters.bytes)


def test_nothing_is_cast_by_default(run: Run) -> None:
    """Without a dtype everything is as the constructor made it; with one, the module that was handed over still is."""
    model, given = Mixture(), ("2x3:int64:0-4", "2x3x4", "2:complex64")
    made = {"scale": "float64", "embedding.weight": "float32", "head.weight": "float32"}
    report = run(model, *given)
    assert (None, made) == (report.probe.dtype, {row.name: row.dtype for row in report.parameters})
    run(model, *given, dtype="float16")
    assert (torch.float32, torch.float64) == (model.head.weight.dtype, model.scale.dtype)


def test_an_input_of_another_dtype_keeps_it(run: Run) -> None:
    """Only float32, which is what an input is if nothing is said, gives way to the model's dtype."""
    report = run(nn.Identity, "2x3:float64", dtype="float16")
    expected = InputFacts(name="input", shape=(2, 3), dtype="float64", origin="user")
    assert (expected,) == report.probe.inputs


class Reads(nn.Module):
    """Reads a value of a small floating buffer that it was made with."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("sizes", torch.tensor([2.0, 3.0]))
        self.layer = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[: int(self.sizes[0])]


def test_small_values_follow_a_cast(run: Run) -> None:
    """What a small buffer holds is known after the cast too: the model stays on meta."""
    report = run(Reads, "5x3", dtype="bfloat16")
    assert ("complete", "meta", (2, 2)) == (
        report.probe.status,
        report.probe.device.used,
        report.probe.outputs[0].shape,
    )


LAYERS = {
    "linear": (nn.Linear(4, 4), "2x4"),
    "no bias": (nn.Linear(4, 4, bias=False), "2x4"),
    "batched": (nn.Linear(4, 4), "2x3x4"),
    "convolution": (nn.Conv2d(3, 4, 3, bias=False), "2x3x8x8"),
    "transposed": (nn.ConvTranspose2d(3, 4, 3), "2x3x8x8"),
    "layer norm": (nn.LayerNorm(4), "2x4"),
    "batch norm": (nn.BatchNorm2d(3), "2x3x4x4"),
    "group norm": (nn.GroupNorm(1, 3), "2x3x4x4"),
    "RMS norm": (nn.RMSNorm(4), "2x4"),
    "GRU": (nn.GRU(4, 4), "2x3x4"),
    "attention": (nn.TransformerEncoderLayer(4, 2), "2x3x4"),
    "PReLU": (nn.PReLU(), "2x3"),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(("cast", "given"), [("bfloat16", "bfloat16"), ("bfloat16", "float64"), (None, "float16")])
def test_meta_refuses_what_the_cpu_refuses(run: Run, layer: str, cast: str | None, given: str) -> None:
    """A layer that gets another dtype than its own fails on meta where it fails on the CPU, and nowhere else."""
    module, shape = LAYERS[layer]
    reports = [run(module, f"{shape}:{given}", dtype=cast, device=device) for device in ("cpu", "meta")]
    truth, found = ((report.probe.status, report.totals.flops.forward) for report in reports)
    assert truth == found
