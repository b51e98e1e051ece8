"""Seconds and peak memory: which there are and what they are of, never how many."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
import torch
from torch import Tensor, nn

from reportgen.config import ProbeOptions
from reportgen.errors import ConfigError
from reportgen.report import codec
from reportgen.report.schema import Measured, ModelReport

Run = Callable[..., ModelReport]


def shape_of(measured: Measured | None) -> tuple[bool, ...]:
    """Which figures there are and whether they are sane."""
    assert measured is not None
    taken = measured.forward_seconds, measured.step_seconds or 0.0
    return measured.device.startswith("cpu"), measured.threads == torch.get_num_threads(), taken[0] > 0, taken[1] > 0


def test_a_training_step_is_timed(run: Run) -> None:
    """Forward and step, and a record that is otherwise the one without."""
    report = run(nn.Linear(64, 32), "8x64", device="cpu", measure=True)
    assert shape_of(report.measured) == (True, True, True, True)
    assert (report.measured.runs, report.measured.peak_source) == (7, "profiler")  # type: ignore[union-attr]
    assert msgspec.structs.replace(report, measured=None) == run(nn.Linear(64, 32), "8x64", device="cpu")
    assert codec.loads(report.to_json()) == report


def test_the_peak_holds_what_must_be_there(run: Run) -> None:
    """A million parameters, their gradient, and little else: 4 MB each, and an input and an output of 4 KB."""
    report = run(nn.Linear(1000, 1000, bias=False), "1x1000", device="cpu", measure=True)
    assert report.measured is not None
    held = 4_000_000 + 4_000  # parameters and input
    assert held + 4_000_000 <= (report.measured.peak_bytes or 0) <= held + 4_000_000 + 3 * 4_000


def test_without_a_backward_only_forward_is_timed(run: Run) -> None:
    """A model without parameters has no step."""
    report = run(nn.ReLU(), "8x64", device="cpu", measure=True)
    assert shape_of(report.measured) == (True, True, True, False)


class OnlyTwice(nn.Module):
    """Refuses to run again."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.runs = 0

    def forward(self, x: Tensor) -> Tensor:
        self.runs += 1
        if self.runs > 1:
            raise RuntimeError("enough")
        return self.layer(x)


def test_what_fails_when_run_again_is_told(run: Run) -> None:
    """The record stays whole, without seconds."""
    report = run(OnlyTwice(), "2x4", device="cpu", measure=True)
    assert (report.probe.status, report.measured) == ("complete", None)
    assert [(row.severity, row.code, row.message) for row in report.diagnostics] == [
        (
            "note",
            "inference-failed",
            (
                "A forward pass in eval mode, without autograd, fails (RuntimeError: enough); the peak of inference is"
                " not known."
            ),
        ),
        ("warning", "not-measured", "Neither seconds nor memory were measured: RuntimeError: enough."),
    ]


def test_a_live_module_is_left_as_it_was(run: Run) -> None:
    """Measured is a copy, like everything else."""
    module = nn.BatchNorm1d(4)
    run(module, "8x4", device="cpu", measure=True)
    assert [module.weight.grad, int(module.num_batches_tracked or 0)] == [None, 0]  # type: ignore[call-overload]


def test_an_audit_and_seconds_together(run: Run) -> None:
    """Seconds are nothing to be counted again."""
    report = run(nn.Linear(4, 4), "2x4", device="cpu", measure=True, audit=True)
    assert [check.result for check in report.audit or ()] == ["agreed", "agreed", "agreed", "not_applicable"]


def test_meta_has_nothing_to_measure() -> None:
    """It computes nothing; the message says what to add."""
    with pytest.raises(ConfigError, match="nothing can be measured on meta") as raised:
        ProbeOptions(measure=True)
    assert raised.value.code == "measure-on-meta"
