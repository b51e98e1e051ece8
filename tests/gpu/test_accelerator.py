"""On a machine with an accelerator: the record is the same there as on meta. Elsewhere these skip."""

from __future__ import annotations

import msgspec
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.registry.base import InputSpec
from reportgen.registry.catalog import Catalog
from reportgen.report.schema import DeviceFacts, ModelReport

pytestmark = pytest.mark.skipif(not torch.accelerator.is_available(), reason="this machine has no accelerator")


def facts(report: ModelReport) -> ModelReport:
    """The record without the device it was measured on, and what depends on the choice of kernels."""
    probed = msgspec.structs.replace(report.probe, device=DeviceFacts("", ""))
    flops = msgspec.structs.replace(report.totals.flops, operations=(), conventions=None)
    totals = msgspec.structs.replace(report.totals, flops=flops)
    return msgspec.structs.replace(report, probe=probed, totals=totals)


@pytest.mark.parametrize("name", ["simplenet", "resnet18", "unet?image_size=188", "lstm_classifier", "bert_base"])
def test_the_record_is_the_same_on_every_device(name: str) -> None:
    """Parameters, gradients, modules and FLOPs do not depend on where the model ran."""
    accelerator = torch.accelerator.current_accelerator()
    assert accelerator is not None
    spec = Catalog().spec(f"builtin:{name}")
    there = probe(spec, ProbeOptions(device=accelerator.type))
    assert there.probe.device.used.startswith(accelerator.type)
    assert facts(there) == facts(probe(spec, ProbeOptions()))


class Attention(nn.Module):
    """Causal attention of an input with itself, in two heads whose width no kernel has to pad."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(32, 96)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, 2, 16)).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)


LAYERS: dict[str, tuple[nn.Module, list[str]]] = {
    "LSTM": (nn.LSTM(8, 16, 2, bidirectional=True), ["5x2x8"]),
    "LSTM, batch first": (nn.LSTM(8, 16, batch_first=True), ["2x5x8"]),
    "GRU": (nn.GRU(8, 16, 2), ["5x2x8"]),
    "GRU cell": (nn.GRUCell(8, 16), ["2x8"]),
    "encoder layer": (nn.TransformerEncoderLayer(32, 2, 64, batch_first=True), ["2x5x32"]),
    "attention": (Attention(), ["2x16x32"]),
    "attention in half precision": (Attention().bfloat16(), ["2x16x32:bfloat16"]),
    "convolutions": (nn.Sequential(nn.Conv2d(4, 8, 3, groups=4), nn.BatchNorm2d(8), nn.ReLU()), ["2x4x8x8"]),
    "transposed": (nn.ConvTranspose2d(4, 8, 3, stride=2), ["2x4x8x8"]),
    "bags": (nn.EmbeddingBag(10, 8), ["3x4:int64:0-9"]),
}


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("case", LAYERS)
def test_kernels_of_the_device_cost_the_same(case: str, mode: str) -> None:
    """What fuses there is counted as what it replaces, forward and backward."""
    accelerator = torch.accelerator.current_accelerator()
    assert accelerator is not None
    module, inputs = LAYERS[case]
    given = tuple(map(InputSpec.parse, inputs))
    there, here = (
        probe(module, ProbeOptions(inputs=given, mode=mode, device=device)).totals.flops
        for device in (accelerator.type, "meta")
    )
    assert (there.uncounted, there.forward, there.backward, there.attention) == (
        (),
        here.forward,
        here.backward,
        here.attention,
    )


def test_nothing_stays_on_the_device() -> None:
    """Memory that a probe took is given back."""
    accelerator = torch.accelerator.current_accelerator()
    assert accelerator is not None
    spec = Catalog().spec("builtin:resnet18")
    probe(spec, ProbeOptions(device=accelerator.type))
    before = torch.accelerator.memory_allocated()
    probe(spec, ProbeOptions(device=accelerator.type))
    assert torch.accelerator.memory_allocated() == before


def test_seconds_and_peak_memory() -> None:
    """Measured with the device synchronised, and by its allocator; the record is the same without them."""
    accelerator = torch.accelerator.current_accelerator()
    assert accelerator is not None
    spec = Catalog().spec("builtin:resnet18")
    report = probe(spec, ProbeOptions(device=accelerator.type, measure=True))
    taken = report.measured
    assert taken is not None
    assert (taken.threads, taken.runs, taken.peak_source) == (None, 7, "allocator")
    assert (taken.step_seconds or 0) > taken.forward_seconds > 0
    parameters = report.totals.parameters.bytes or 0
    assert (taken.peak_bytes or 0) > 2 * parameters
    assert facts(msgspec.structs.replace(report, measured=None)) == facts(probe(spec, ProbeOptions()))


def test_an_audit_on_the_accelerator() -> None:
    """Identity, closed forms and plain kernels agree there as well."""
    accelerator = torch.accelerator.current_accelerator()
    assert accelerator is not None
    report = probe(Catalog().spec("builtin:simplenet"), ProbeOptions(device=accelerator.type, audit=True))
    assert [check.result for check in report.audit or ()] == ["agreed", "agreed", "agreed", "not_applicable"]
