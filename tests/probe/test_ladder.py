"""Further attempts: which one is the record, and what is said of the way there."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from torch import Tensor, nn

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.probe.bounds import memory_bound
from reportgen.registry.base import InputSpec, ModelRef, ModelSpec
from reportgen.report.schema import ModelReport


def report_on(build: Callable[[], nn.Module], *inputs: InputSpec, **more: Any) -> ModelReport:
    """The record of a model with these usual inputs."""
    options = {name: more.pop(name) for name in ("mode", "max_real_memory", "inputs") if name in more}
    return probe(ModelSpec(ModelRef("test", "m"), build, inputs, **more), ProbeOptions(**options))


def said(report: ModelReport) -> list[tuple[str, str]]:
    """Severity and code of every diagnostic."""
    return [(row.severity, row.code) for row in report.diagnostics]


FITTING = (InputSpec((2, 4)),)
UNFIT = (InputSpec((2, 9)),)


def test_other_inputs_are_tried_in_order_until_some_fit() -> None:
    """The usual ones and the first others are too wide; the record is of the second, and a note says why."""
    report = report_on(lambda: nn.Linear(4, 4), *UNFIT, alternatives=(UNFIT, FITTING))
    assert (report.probe.status, [row.shape for row in report.probe.inputs]) == ("complete", [(2, 4)])
    assert said(report) == [("note", "other-inputs")]


def test_the_users_inputs_are_not_replaced() -> None:
    """Inputs that were asked for fail as they are."""
    report = report_on(lambda: nn.Linear(4, 4), *UNFIT, alternatives=(FITTING,), inputs=UNFIT)
    assert (report.probe.status, [row.shape for row in report.probe.inputs]) == ("partial", [(2, 9)])
    assert said(report) == [("error", "forward-failed")]


def test_where_nothing_fits_the_first_error_is_told() -> None:
    """Attempts that come no further leave no trace."""
    report = report_on(lambda: nn.Linear(4, 4), *UNFIT, alternatives=((InputSpec((2, 7)),),))
    assert [row.shape for row in report.probe.inputs] == [(2, 9)]
    assert said(report) == [("error", "forward-failed")]


class WantsLabels(nn.Module):
    """Refuses to train without labels."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.training and labels is None:
            raise ValueError("labels must be given in training")
        return self.layer(x)


def test_what_fails_in_training_alone_is_measured_in_evaluation() -> None:
    """The record says eval, and a warning names the reason and the line."""
    report = report_on(WantsLabels, *FITTING)
    assert (report.probe.status, report.probe.mode) == ("complete", "eval")
    [warning] = report.diagnostics
    assert (warning.severity, warning.code) == ("warning", "eval-instead")
    assert "labels must be given in training at tests/probe/test_ladder.py:" in warning.message


class Stops(nn.Module):
    """Goes on only for what a real run would give."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer(x)
        return y * y.mean().item()


def test_real_runs_can_be_forbidden() -> None:
    """With nothing to spend on a real run the record is partial, and says what would allow one."""
    report = report_on(Stops, *FITTING, max_real_memory=0)
    assert (report.probe.status, report.probe.device.used) == ("partial", "meta")
    assert [row.code for row in report.diagnostics][-1] == "device-fallback-refused"
    assert "--max-real-memory" in str(report.diagnostics[-1].remedy)


def test_what_is_told_of_an_assumption_goes_with_it() -> None:
    """A real run assumes nothing, and is exact."""
    report = report_on(Stops, *FITTING)
    assert (report.probe.status, report.probe.device.used, report.totals.flops.exact) == ("complete", "cpu", True)
    assert said(report) == [("note", "small-values"), ("note", "device-fallback")]


def test_memory_beyond_the_bound_is_refused() -> None:
    """An allocation larger than the bound fails as an error; afterwards it succeeds."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    take = partial(mmap.mmap, -1, 2**28, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # malloc may have a hole to fill
    with memory_bound(2**20), pytest.raises(OSError, match="Cannot allocate memory"):
        take()
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    with take() as memory:
        assert len(memory) == 2**28
