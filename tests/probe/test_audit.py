"""The self-audit agrees with sound records, and finds out each kind of wrong one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from reportgen.probe import kernels, totals
from reportgen.probe.formulas.base import PRODUCTS
from reportgen.report import codec
from reportgen.report.schema import AuditCheck, ModelReport

Run = Callable[..., ModelReport]


class Small(nn.Module):
    """A convolution, a norm, attention, and a head tied to nothing; one product outside of any layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv1d(4, 8, 3, padding=1)
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.frozen = nn.Linear(8, 8).requires_grad_(False)
        self.register_buffer("mix", torch.ones(8, 8))

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.stem(x).transpose(1, 2))
        x = x + self.attention(x, x, x)[0]
        return torch.relu(self.frozen(x)) @ self.mix


def results(report: ModelReport) -> dict[str, str]:
    """Name of each recount → result."""
    return {check.name: check.result for check in report.audit or ()}


AGREED = dict.fromkeys(("identity", "closed_forms", "plain_kernels", "real_run"), "agreed")


def test_a_sound_record_passes(run: Run) -> None:
    """All four recounts agree; the product outside of layers is what closed forms do not cover."""
    report = run(Small, "2x4x6", audit=True)
    assert results(report) == AGREED
    outside = 2 * 2 * 6 * 8 * 8
    (forms,) = [check for check in report.audit or () if check.name == "closed_forms"]
    assert forms == AuditCheck(
        name="closed_forms",
        result="agreed",
        compared=2 * 4 + 1,  # calls and forward of four layers; backward where the weight trains
        covered=(report.totals.flops.forward or 0) - outside,
        whole=report.totals.flops.forward,
    )
    assert codec.loads(report.to_json()) == report


def test_without_an_audit_there_is_none(run: Run) -> None:
    """It must be asked for."""
    assert run(Small, "2x4x6").audit is None


class Recomputing(nn.Module):
    """Layers that run twice, share a weight, or run again in backward."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.Linear(4, 4)
        self.again = nn.Linear(4, 4)
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.again.weight
        self.lazy = nn.LazyLinear(3)

    def forward(self, x: Tensor) -> Tensor:
        x = checkpoint(self.again, self.twice(self.twice(x)), use_reentrant=False)
        return self.lazy(self.tied(x))


def test_layers_that_run_more_than_once(run: Run) -> None:
    """Calls are counted in forward alone, and nothing is claimed of a backward that is no multiple."""
    report = run(Recomputing, "2x4", audit=True)
    assert results(report) == AGREED
    assert [check.compared for check in report.audit or () if check.name == "closed_forms"] == [2 * 4 + 1]


def _wrong_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRODUCTS, "convolution", lambda *_: 7)


def _wrong_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    relu = torch.ops.aten.relu.default
    monkeypatch.setitem(kernels.RULES, relu, lambda x: x.new_empty((1, *x.shape)) if x.is_meta else kernels.DECLINED)


def _wrong_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "storage_elements", lambda _: 1)


def _forgotten_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRODUCTS, "convolution_backward", lambda *_: 0)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_wrong_formula, ["closed_forms"]),
        (_forgotten_work, ["closed_forms"]),
        (_wrong_ledger, ["identity"]),
        (_wrong_rule, ["plain_kernels", "real_run"]),
    ],
)
def test_a_wrong_record_is_found_out(
    run: Run, monkeypatch: pytest.MonkeyPatch, spoil: Callable[..., None], expected: list[str]
) -> None:
    """A fault in a formula, the ledger or a shape rule is found by the recount that does not share it."""
    spoil(monkeypatch)
    report = run(Small, "2x4x6", audit=True)
    assert results(report) == AGREED | dict.fromkeys(expected, "differed")
    assert {(row.severity, row.code) for row in report.diagnostics} == {("error", "audit-differs")}
    assert report.probe.status == "complete"


def test_memory_may_depend_on_the_device(run: Run) -> None:
    """What the CPU's recurrent kernel keeps beside is memory, and no figure of a real run."""
    assert results(run(lambda: nn.LSTM(4, 5), "3x2x4", audit=True)) == AGREED


class SkipsAtRandom(nn.Module):
    """Leaves layers out in training, and draws other numbers besides, of which meta draws none."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(8)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = nn.functional.dropout(x, 0.1)
            if torch.rand(()) < 0.5:
                x = layer(x)
        return x


def test_a_model_that_draws_what_it_runs(run: Run) -> None:
    """No difference between devices, but between seeds."""
    report = run(SkipsAtRandom, "2x4", audit=True)
    (real,) = [check for check in report.audit or () if check.name == "real_run"]
    assert real.reason == "random draws decide what the model runs: other seeds give other figures"
    assert [row.severity for row in report.diagnostics if row.severity == "error"] == []


class Large(nn.Linear):
    """Takes more memory than an audit may."""

    def __init__(self) -> None:
        super().__init__(2**15, 2**15)


class Broken(nn.Module):
    """Has parameters and no forward that works."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        raise ValueError("no way")


def test_recounts_that_do_not_apply(run: Run) -> None:
    """Each says why."""

    def reasons(report: ModelReport) -> list[str | None]:
        return [check.reason for check in report.audit or ()]

    *agreed, large = reasons(run(Large, f"1x{2**15}", audit=True, max_real_memory=1.0))
    assert agreed == [None, None, None]
    assert (large or "").endswith(" bytes are more than the 1 GiB that a real run may take")
    assert reasons(run(Broken, "2x4", audit=True)) == [
        None,
        "the forward pass did not finish",
        None,
        "the record is partial",
    ]
    assert reasons(run(nn.Linear(4, 2), "2x4", audit=True, device="cpu")) == [
        None,
        None,
        None,
        "the record itself was made with real values, on cpu",
    ]
    assert reasons(run(lambda: 3, audit=True)) == [
        "no forward pass began, and so no model was seen",
        "the forward pass did not finish",
        None,
        "the record is failed",
    ]
