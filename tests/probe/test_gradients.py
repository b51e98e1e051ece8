"""The gradient ledger: which parameters get a gradient, and the reason for every one that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reportgen.report.schema import GradientFacts, ModelReport

Run = Callable[..., ModelReport]


def reasons(report: ModelReport) -> dict[str, str | None]:
    """Parameter name → why it has no gradient; None where it has one."""
    return {row.name: row.gradient.reason for row in report.parameters}


class EveryReason(nn.Module):
    """One parameter for each thing that can become of a gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.used = nn.Parameter(torch.ones(4))
        self.frozen = nn.Parameter(torch.ones(4), requires_grad=False)
        self.unused = nn.Parameter(torch.ones(4))
        self.detached = nn.Parameter(torch.ones(4))
        self.compared = nn.Parameter(torch.ones(4))
        self.through_data = nn.Parameter(torch.ones(4))
        self.integers = nn.Parameter(torch.ones(4, dtype=torch.int64), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        mask = (x > self.compared).float()
        constant = self.detached.detach() + self.through_data.data * 2 + self.integers
        return (x * self.used + self.frozen) * mask + constant


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_every_reason(run: Run, device: str) -> None:
    """Frozen, unused, detached and non-differentiable parameters are told apart."""
    assert reasons(run(EveryReason(), "2x4", device=device)) == {
        "used": None,
        "frozen": "frozen",
        "unused": "unused",
        "detached": "detached",
        "compared": "detached",
        "through_data": "detached",
        "integers": "non_differentiable",
    }


def test_a_computed_gradient_has_shape_dtype_and_layout(run: Run) -> None:
    """A gradient is described as backward left it."""
    report = run(nn.Linear(4, 2, bias=False), "3x4")
    assert report.parameters[0].gradient == GradientFacts(
        status="computed", shape=(2, 4), dtype="float32", layout="strided"
    )
    assert (report.totals.gradients.computed, report.totals.gradients.none, report.totals.gradients.bytes) == (1, 0, 32)


def test_sparse_gradients_keep_their_layout(run: Run) -> None:
    """An embedding with ``sparse=True`` leaves a sparse gradient: six looked-up rows of four, and their indices."""
    report = run(nn.Embedding(10, 4, sparse=True), "2x3:int64:0-9", device="cpu")
    assert report.parameters[0].gradient == GradientFacts(
        status="computed", shape=(10, 4), dtype="float32", layout="sparse_coo"
    )
    assert report.totals.gradients.bytes == 6 * 4 * 4 + 6 * 8


class BlockingFunction(torch.autograd.Function):
    """Passes its input on and gives no gradient for it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, blocked: Tensor) -> Tensor:
        return x + blocked

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        return grads[0], None


class Blocked(nn.Module):
    """A parameter that a custom function blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.free = nn.Parameter(torch.ones(4))
        self.blocked = nn.Parameter(torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        return BlockingFunction.apply(x * self.free, self.blocked)


def test_a_function_that_gives_no_gradient(run: Run) -> None:
    """A parameter that the graph reaches, but whose function gives None, is non-differentiable."""
    assert reasons(run(Blocked(), "2x4")) == {"free": None, "blocked": "non_differentiable"}


class Classes(nn.Module):
    """Returns integers only."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)
        self.spare = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).argmax(-1)


def test_no_differentiable_output_is_a_result(run: Run) -> None:
    """A model that returns integers is complete; its backward costs nothing, and each parameter says why."""
    report = run(Classes(), "2x4")
    assert (report.probe.status, report.probe.stages.backward) == ("complete", "skipped")
    assert report.totals.flops.backward == 0
    assert [row.code for row in report.diagnostics] == ["no-differentiable-output"]
    assert reasons(report) == {
        "layer.weight": "non_differentiable",
        "layer.bias": "non_differentiable",
        "spare.weight": "unused",
        "spare.bias": "unused",
    }


def test_without_a_loss_nothing_runs_backward(run: Run) -> None:
    """``--loss none`` skips backward: gradients are not run, frozen ones stay frozen, and FLOPs are not known."""
    report = run(nn.Linear(4, 2), "2x4", loss="none", freeze=("bias",))
    assert reasons(report) == {"weight": "not_run", "bias": "frozen"}
    assert (report.probe.status, report.probe.stages.backward) == ("complete", "skipped")
    assert report.totals.flops.backward is None


def test_a_second_name_has_the_gradient_of_the_first(run: Run) -> None:
    """Ties are one tensor: both rows show its gradient, the totals count it once."""
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    model[1].weight = model[0].weight
    report = run(model, "2x4")
    assert [(row.name, row.tied_to, row.gradient.status) for row in report.parameters] == [
        ("0.weight", None, "computed"),
        ("1.weight", "0.weight", "computed"),
    ]
    assert report.totals.gradients.computed == 1


def test_low_precision_and_complex_gradients(run: Run) -> None:
    """Gradients come in the parameter's own dtype."""
    half = run(nn.Linear(4, 2, dtype=torch.bfloat16), "2x4:bfloat16")
    twofold = run(nn.Linear(4, 2, dtype=torch.complex64), "2x4:complex64")
    assert [half.parameters[0].gradient.dtype, twofold.parameters[0].gradient.dtype] == ["bfloat16", "complex64"]
    assert [half.totals.gradients.bytes, twofold.totals.gradients.bytes] == [10 * 2, 10 * 8]


def test_cross_entropy_reads_the_first_floating_output(run: Run) -> None:
    """The classification loss marks the one output that it reads."""

    class TwoHeads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(4, 3)
            self.two = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"ids": x.argmax(-1), "one": self.one(x), "two": self.two(x)}

    report = run(TwoHeads(), "2x4", loss="cross_entropy")
    assert [(row.path, row.in_loss) for row in report.probe.outputs or ()] == [
        ("ids", False),
        ("one", True),
        ("two", False),
    ]
    assert reasons(report) == {"one.weight": None, "one.bias": None, "two.weight": "detached", "two.bias": "detached"}


def test_parametrized_weights(run: Run) -> None:
    """A parametrized weight's original is what gets the gradient, and its module keeps its class."""
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(4, 2, bias=False))
    report = run(layer, "2x4")
    assert reasons(report) == {
        "parametrizations.weight.original0": None,
        "parametrizations.weight.original1": None,
    }
    assert report.modules[0].class_name == "torch.nn.modules.linear.Linear"
