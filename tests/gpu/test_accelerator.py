"""On a machine with an accelerator: the record is the same there as on meta. Elsewhere these skip."""

from __future__ import annotations

import msgspec
import pytest
import torch

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.registry.catalog import Catalog
from reportgen.report.schema import DeviceFacts, ModelReport

pytestmark = pytest.mark.skipif(not torch.accelerator.is_available(), reason="this machine has no accelerator")


def facts(report: ModelReport) -> ModelReport:
    """The record without the device it was measured on."""
    probed = msgspec.structs.replace(report.probe, device=DeviceFacts("", ""))
    flops = msgspec.structs.replace(report.totals.flops, operations=())
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
