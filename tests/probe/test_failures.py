"""Models that fail: what was learnt stays, and the report says where, why, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reportgen.config import ProbeOptions
from reportgen.errors import DeviceUnavailable
from reportgen.probe import probe
from reportgen.registry.base import InputSpec, ModelRef, ModelSpec
from reportgen.report import codec
from reportgen.report.schema import DeviceFacts, ModelReport, StageFacts

Run = Callable[..., ModelReport]


class BrokenConstructor(nn.Module):
    """Cannot be built."""

    def __init__(self) -> None:
        super().__init__()
        raise ValueError("width must divide heads")

    def forward(self, x: Tensor) -> Tensor:
        return x


def test_a_constructor_that_fails(run: Run) -> None:
    """Nothing is known but the reason; every figure is null, none is zero."""
    report = run(BrokenConstructor, "2x4")
    assert report.probe.stages == StageFacts(instantiate="failed", forward="skipped", backward="skipped")
    assert (report.probe.status, report.totals.parameters.unique, report.totals.modules) == ("failed", None, None)
    (found,) = report.diagnostics
    assert (found.severity, found.code, found.stage) == ("error", "instantiate-failed", "instantiate")
    assert found.message == "ValueError: width must divide heads"
    assert 'raise ValueError("width must divide heads")' in (found.traceback or "")
    assert codec.loads(report.to_json()) == report


class Mismatched(nn.Module):
    """Its second layer does not fit its first."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 5), nn.Linear(4, 3))
        self.tail = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.tail(self.body(x))


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_forward_that_fails(run: Run, device: str) -> None:
    """The ledger is whole, the module is named, completed calls have figures and the rest is null."""
    report = run(Mismatched(), "2x4", device=device)
    assert report.probe.stages == StageFacts(instantiate="ok", forward="failed", backward="skipped")
    assert (report.probe.status, report.totals.parameters.unique) == ("partial", 25 + 15 + 12)
    assert (report.totals.flops.forward, report.totals.flops.exact, report.probe.outputs) == (None, False, None)
    (found,) = report.diagnostics
    assert (found.code, found.stage, found.module) == ("forward-failed", "forward", "body.1")
    assert "return self.tail(self.body(x))" in (found.traceback or "")
    assert "module.py" not in (found.traceback or "")
    assert {row.path: (row.calls, row.inputs, row.outputs, row.flops_forward) for row in report.modules} == {
        "": (None, ((2, 4),), None, None),
        "body": (None, ((2, 4),), None, None),
        "body.0": (1, ((2, 4),), ((2, 5),), 80),
        "body.1": (None, ((2, 5),), None, None),
        "tail": (None, None, None, None),
    }
    assert {row.gradient.reason for row in report.parameters} == {"not_run"}
    assert codec.loads(report.to_json()) == report


class FailingBackward(torch.autograd.Function):
    """Fails on the way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        raise RuntimeError("no way back")


class OneWay(nn.Module):
    """Its first layer cannot be reached from behind."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.last = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(FailingBackward.apply(self.first(x)))


def test_a_backward_that_fails(run: Run) -> None:
    """Forward's figures stay; no gradient is reported, not even one that was there already."""
    report = run(OneWay(), "2x4")
    assert report.probe.stages == StageFacts(instantiate="ok", forward="ok", backward="failed")
    assert (report.totals.flops.forward, report.totals.flops.backward) == (128, None)
    assert {row.gradient.reason for row in report.parameters} == {"not_run"}
    assert [(row.code, row.message) for row in report.diagnostics] == [("backward-failed", "RuntimeError: no way back")]


class Leaving(nn.Module):
    """Tries to end the process."""

    def forward(self, x: Tensor) -> Tensor:
        sys.exit(3)


def test_a_model_cannot_end_the_run(run: Run) -> None:
    """``sys.exit`` in a model is its failure."""
    report = run(Leaving(), "2x4")
    assert [(row.code, row.message) for row in report.diagnostics] == [("forward-failed", "SystemExit: 3")]


class ReadsInConstructor(nn.Module):
    """Chooses its width by a value, as some published constructors do; its head is tied."""

    def __init__(self) -> None:
        super().__init__()
        width = int(torch.linspace(4, 8, 3)[1].item())
        self.layer = nn.Linear(4, width)
        self.back = nn.Linear(width, 4)
        self.again = self.back
        self.ladder = torch.arange(4.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.again(self.layer(x + self.ladder))


def test_a_constructor_that_reads_values_is_measured_on_meta(run: Run) -> None:
    """The constructor ran with real values, everything else on meta, and a note says so."""
    report = run(ReadsInConstructor, "2x4")
    assert report.probe.device == DeviceFacts(requested="meta", used="meta")
    assert (report.probe.status, report.totals.parameters.unique) == ("complete", 30 + 28)
    assert [(row.severity, row.code) for row in report.diagnostics] == [("note", "hybrid-constructor")]


class ReadsInForward(nn.Module):
    """Branches on a value."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) if self.layer(x).sum().item() > -1e9 else x


def test_a_forward_that_reads_values_falls_back_to_the_cpu(run: Run) -> None:
    """Where meta has no value to read, a small model runs on the CPU, and a note says why."""
    for target in (ReadsInForward, ReadsInForward()):
        report = run(target, "2x4")
        assert report.probe.device == DeviceFacts(requested="meta", used="cpu")
        assert (report.probe.status, report.totals.flops.forward) == ("complete", 128)
        assert [row.code for row in report.diagnostics] == ["small-values", "device-fallback"]


def test_a_large_model_does_not_take_the_cpu_unasked(run: Run) -> None:
    """A model that reads values and has 4 GiB of parameters stays on meta, and says what to do."""

    class Large(ReadsInForward):
        def __init__(self) -> None:
            super().__init__()
            self.memory = nn.Parameter(torch.empty(2**30))

    report = run(Large, "2x4")
    assert (report.probe.device.used, report.probe.status) == ("meta", "partial")
    codes = ["small-values", "values-assumed", "forward-failed", "device-fallback-refused"]
    assert [row.code for row in report.diagnostics] == codes


class Normalised(nn.Module):
    """Batch normalisation of one value a channel."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


@pytest.mark.parametrize(("mode", "batch", "codes"), [("train", 2, ["batch-of-two"]), ("eval", 1, [])])
def test_batch_normalisation_gets_a_batch(mode: Any, batch: int, codes: list[str]) -> None:
    """A source's batch of one is doubled where training needs it, with a note, and only there."""
    spec = ModelSpec(ref=ModelRef("test", "m"), build=Normalised, inputs=(InputSpec((1, 4)),))
    report = probe(spec, ProbeOptions(mode=mode))
    assert [row.shape for row in report.probe.inputs] == [(batch, 4)]
    assert (report.probe.status, [row.code for row in report.diagnostics]) == ("complete", codes)


def test_inputs_that_do_not_fit(run: Run) -> None:
    """The signature is named, and the ledger is there."""
    report = run(nn.Linear(4, 2), "x=2x4")
    assert (report.probe.status, report.totals.parameters.unique) == ("partial", 10)
    (found,) = report.diagnostics
    assert (found.code, found.stage) == ("inputs-invalid", "inputs")
    assert found.message == (
        "the inputs do not fit forward(input: torch.Tensor) -> torch.Tensor: missing a required argument: 'input'"
    )
    assert found.traceback is None


def test_inputs_that_cannot_be_made(run: Run) -> None:
    """An absurd size is the input's failure, not the constructor's."""
    report = run(nn.Linear(4, 2), f"{2**40}x{2**40}")
    assert [(row.code, row.stage) for row in report.diagnostics] == [("inputs-failed", "inputs")]
    assert (report.probe.stages.instantiate, report.totals.parameters.unique) == ("ok", 10)


class Answering(nn.Module):
    """Answers for every attribute, `copy`'s own among them."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return lambda *_: None

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def test_a_copy_that_is_none(run: Run) -> None:
    """A module whose copy is something else is not measured as that."""
    report = run(Answering(), "2x4")
    assert (report.probe.status, [row.code for row in report.diagnostics]) == ("failed", ["copy-failed"])
    assert report.diagnostics[0].message == "the module cannot be copied: TypeError: its copy is a NoneType"


class Growing(nn.Module):
    """Changes what is registered while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)
        self.register_buffer("seen", torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        self.seen = torch.cat([self.seen, self.seen])
        self.late = nn.Linear(4, 2, device=x.device)
        return self.late(self.layer(x))


def test_a_forward_that_changes_the_model(run: Run) -> None:
    """The model is the one that was given, and the change is told."""
    report = run(Growing(), "2x8")
    assert (report.totals.parameters.unique, report.totals.modules, report.totals.state_dict_bytes) == (36, 2, 156)
    assert [(row.name, row.shape) for row in report.buffers] == [("seen", (3,))]
    assert [(row.severity, row.code) for row in report.diagnostics] == [("warning", "changed-in-forward")]


def test_inputs_that_nothing_tells(run: Run) -> None:
    """Two required arguments and no inputs: the report says what to give."""
    report = run(nn.Bilinear(2, 3, 4))
    assert [row.code for row in report.diagnostics] == ["inputs-unknown"]
    assert (report.probe.stages.forward, report.totals.parameters.unique) == ("failed", 28)


class Session:
    """What a video model keeps from frame to frame."""


class Tracker(nn.Module):
    """Takes a session, and no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, session: Session) -> Tensor:
        return self.layer(session)


def test_an_argument_that_is_no_tensor_is_not_made_up(run: Run) -> None:
    """An argument of a class of the model's own module cannot be inferred from its layers."""
    assert ["inputs-unknown"] == [row.code for row in run(Tracker()).diagnostics]


def test_a_model_without_a_forward_reads_no_values(run: Run) -> None:
    """What is missing is the method, which neither assumptions nor a real run give."""
    report = run(nn.ModuleList([nn.Linear(2, 2)]), "2x2")
    assert ["forward-failed"] == [row.code for row in report.diagnostics]


def test_a_factory_that_gives_no_module(run: Run) -> None:
    """The type that came instead is named."""
    report = run(lambda: 3)
    assert [(row.code, row.message) for row in report.diagnostics] == [
        ("not-a-module", "the factory gave an object of type int, not a torch.nn.Module")
    ]


def test_a_loss_that_is_no_number(run: Run, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss of the user's that returns a vector is told so, and forward's figures stay."""
    (tmp_path / "vector_loss.py").write_text("def loss(output):\n    return output\n")
    monkeypatch.syspath_prepend(tmp_path)
    report = run(nn.Linear(4, 2), "2x4", loss="python:vector_loss:loss")
    assert [(row.code, row.message) for row in report.diagnostics] == [
        ("loss-unfit", "the loss python:vector_loss:loss gave a tensor of shape [2, 2], not a scalar tensor")
    ]
    assert report.totals.flops.forward == 32


@pytest.mark.skipif(torch.accelerator.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there(run: Run) -> None:
    """An asked-for device is never silently replaced."""
    with pytest.raises(DeviceUnavailable, match="cuda:7 is not available: this machine has 0 cuda devices"):
        run(nn.Linear(4, 2), "2x4", device="cuda:7")
