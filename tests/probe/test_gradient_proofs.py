"""Two proofs of every gradient, ``.grad`` and autograd's graph: they agree, or one is silent, or it is an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from reportgen.report.schema import GradientFacts, ModelReport

Run = Callable[..., ModelReport]


def reasons(report: ModelReport) -> dict[str, str | None]:
    """Parameter name → why it has no gradient; None where it has one."""
    return {row.name: row.gradient.reason for row in report.parameters}


def codes(report: ModelReport) -> list[tuple[str, str]]:
    """Severity and code of every diagnostic."""
    return [(row.severity, row.code) for row in report.diagnostics]


class Checkpointed(nn.Module):
    """Two layers; the one called by ``which`` is computed again in backward."""

    def __init__(self, which: str, *, reentrant: bool) -> None:
        super().__init__()
        self.one = nn.Linear(4, 4, bias=False)
        self.two = nn.Linear(4, 4, bias=False)
        self.which, self.reentrant = which, reentrant

    def forward(self, x: Tensor) -> Tensor:
        for name, layer in self.named_children():
            x = checkpoint(layer, x, use_reentrant=self.reentrant) if name == self.which else layer(x)
        return x


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_checkpointing(run: Run, device: str) -> None:
    """A reentrant checkpoint hides its graph, which is told, and loses gradients where no input of it needs one."""
    found = {}
    for which in ("one", "two"):
        for reentrant in (False, True):
            report = run(Checkpointed(which, reentrant=reentrant), "2x4", device=device)
            found[which, reentrant] = reasons(report), codes(report)
    assert found == {
        ("one", False): ({"one.weight": None, "two.weight": None}, []),
        ("two", False): ({"one.weight": None, "two.weight": None}, []),
        ("one", True): ({"one.weight": "detached", "two.weight": None}, []),
        ("two", True): ({"one.weight": None, "two.weight": None}, [("note", "gradients-outside-graph")]),
    }


class ByHand(torch.autograd.Function):
    """Sets the gradient of a tensor that it was not given."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: nn.Linear) -> Tensor:
        ctx.layer = layer
        ctx.save_for_backward(x)
        return x @ layer.weight

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        ctx.layer.weight.grad = x.T @ grads[0]
        return grads[0] @ ctx.layer.weight.T, None


class Reversible(nn.Module):
    """Its second layer's gradient is made by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(4, 4, bias=False)
        self.two = nn.Linear(4, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return ByHand.apply(self.one(x), self.two)


def test_a_gradient_made_by_hand(run: Run) -> None:
    """A custom function may set any gradient: it counts, and the note says whose proof is missing."""
    report = run(Reversible(), "2x4")
    assert (reasons(report), codes(report)) == (
        {"one.weight": None, "two.weight": None},
        [("note", "gradients-outside-graph")],
    )
    assert report.diagnostics[0].message == (
        "two.weight: the gradient comes from a backward pass within backward, and .grad is the only proof of it. "
        "Custom functions on the way: ByHandBackward."
    )


class Meddling(nn.Module):
    """A hook on a tensor sets one gradient and clears another, while backward runs."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(4, 4, bias=False)
        self.two = nn.Linear(4, 4, bias=False)
        self.aside = nn.Parameter(torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.one(x)
        if hidden.requires_grad:
            hidden.register_hook(self._meddle)
        return self.two(hidden)

    def _meddle(self, _: Tensor) -> None:
        self.two.weight.grad = None
        self.aside.grad = torch.ones_like(self.aside)


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_proofs_that_disagree_are_an_error(run: Run, device: str) -> None:
    """What autograd's graph and ``.grad`` say differently of is named, parameter by parameter."""
    report = run(Meddling(), "2x4", device=device)
    assert [(row.severity, row.code, row.message) for row in report.diagnostics] == [
        (
            "error",
            "gradient-proofs-disagree",
            "two.weight: no gradient, though a path of autograd's graph leads there.",
        ),
        ("error", "gradient-proofs-disagree", "aside: a gradient, though no path of autograd's graph leads there."),
    ]
    assert reasons(report) == {"aside": None, "one.weight": None, "two.weight": "non_differentiable"}


class TrainsItself(nn.Module):
    """Frees each gradient as it comes, as optimizers fused into backward do; another hook scales them before."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)
        for parameter in self.layer.parameters():
            parameter.register_hook(lambda gradient: 2 * gradient)
            parameter.register_post_accumulate_grad_hook(self._free)

    def _free(self, parameter: Tensor) -> None:
        parameter.grad = None

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_gradient_that_a_hook_takes_away_counts(run: Run, device: str) -> None:
    """It was computed; it is described as it was before the hook took it."""
    report = run(TrainsItself, "3x4", device=device)
    assert report.parameters[0].gradient == GradientFacts(
        status="computed", shape=(2, 4), dtype="float32", layout="strided"
    )
    assert (report.totals.gradients.computed, report.totals.gradients.bytes, codes(report)) == (2, 40, [])


class TrainsInForward(nn.Module):
    """Runs a backward pass of an auxiliary loss in forward."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Linear(4, 4, bias=False)
        self.side = nn.Linear(4, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            self.side(x).sum().backward()
        return self.main(x)


def test_gradients_of_the_forward_pass_are_not_those_of_the_loss(run: Run) -> None:
    """What forward left in ``.grad`` is cleared, and told."""
    report = run(TrainsInForward(), "2x4")
    assert (reasons(report), codes(report)) == (
        {"main.weight": None, "side.weight": "detached"},
        [("warning", "gradients-in-forward")],
    )


class Leaves(nn.Module):
    """Uses parameters in ways that keep, move or lose their place in the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.doubled = nn.Parameter(torch.ones(4))
        self.viewed = nn.Parameter(torch.ones(4))
        self.leaf = nn.Parameter(torch.ones(4))
        self.replaced = nn.Parameter(torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            self.doubled.mul_(2)
        out = x * self.doubled + self.viewed.view(2, 2).view(4) + self.leaf.data.view(4).requires_grad_()
        out = out + self.replaced
        self.replaced = nn.Parameter(self.replaced * 2)
        return out


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_parameters_changed_viewed_and_replaced_in_forward(run: Run, device: str) -> None:
    """Only a new leaf over a parameter's memory cuts it off."""
    report = run(Leaves(), "2x4", device=device)
    assert (reasons(report), codes(report)) == (
        {"doubled": None, "viewed": None, "leaf": "detached", "replaced": None},
        [],
    )
