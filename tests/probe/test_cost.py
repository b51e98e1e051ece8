"""FLOPs: every expected figure is worked out by hand in the test, in multiply-adds."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.registry.base import InputSpec
from reportgen.report.schema import ModelReport


def run(module: nn.Module, *inputs: str, **options: Any) -> ModelReport:
    """The report on a live module."""
    return probe(module, ProbeOptions(inputs=tuple(InputSpec.parse(text) for text in inputs), **options))


class Tied(nn.Module):
    """An embedding whose weight is the head's too."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(1000, 64)
        self.head = nn.Linear(64, 1000, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.embed(ids))


class ListMatmul(nn.Module):
    """Products of bare parameters, which belong to no layer."""

    def __init__(self) -> None:
        super().__init__()
        self.factors = nn.ParameterList([torch.zeros(4, 8), torch.zeros(8, 3)])

    def forward(self, x: Tensor) -> Tensor:
        for factor in self.factors:
            x = x @ factor
        return x


class DirectForward(nn.Module):
    """Calls its layer's ``forward`` directly, past every hook."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer.forward(x)


class SelfAttention(nn.Module):
    """`nn.MultiheadAttention` with query = key = value."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x)[0]


_ATTENTION = 5 * 16 * 48 + 2 * (2 * 5 * 5 * 8) + 5 * 16 * 16  # in-projection, two products a head, out-projection

FORWARD_MACS = {
    "linear": (nn.Linear(4, 8), ["2x4"], 2 * 4 * 8),
    "linear on three dimensions": (nn.Linear(4, 8), ["2x3x4"], 2 * 3 * 4 * 8),
    "convolution": (nn.Conv2d(3, 6, 3, padding=1), ["2x3x8x8"], 2 * 6 * 8 * 8 * 3 * 9),
    "grouped convolution": (nn.Conv2d(4, 8, 3, groups=4), ["1x4x6x6"], 8 * 4 * 4 * 1 * 9),
    "transposed convolution": (
        nn.ConvTranspose2d(16, 32, 4, stride=2, padding=1),
        ["1x16x8x8"],
        8 * 8 * 16 * 32 * 16,
    ),
    "1-d convolution": (nn.Conv1d(3, 5, 7), ["2x3x10"], 2 * 4 * 5 * 3 * 7),
    "3-d convolution": (nn.Conv3d(2, 3, 3), ["1x2x5x5x5"], 27 * 3 * 2 * 27),
    "bilinear": (nn.Bilinear(3, 4, 5), ["2x3", "2x4"], 2 * 3 * 4 * 5),
    "embedding look-up": (nn.Embedding(1000, 64), ["2x5:int64:0-999"], 0),
    "tied head": (Tied(), ["2x5:int64:0-999"], 2 * 5 * 64 * 1000),
    "parameter list": (ListMatmul(), ["2x4"], 2 * 4 * 8 + 2 * 8 * 3),
    "direct forward": (DirectForward(), ["2x4"], 2 * 4 * 8),
    "batch norm is free": (nn.BatchNorm2d(3), ["2x3x4x4"], 0),
    "LSTM": (nn.LSTM(8, 16), ["5x2x8"], 5 * 2 * 4 * 16 * (8 + 16)),
    "GRU, two layers, both ways": (
        nn.GRU(8, 16, num_layers=2, bidirectional=True),
        ["5x2x8"],
        5 * 2 * 3 * 16 * 2 * ((8 + 16) + (32 + 16)),
    ),
    "attention": (SelfAttention(), ["1x5x16"], _ATTENTION),
    "complex linear": (nn.Linear(4, 8, dtype=torch.complex64), ["2x4:complex64"], 4 * 2 * 4 * 8),
}


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("case", FORWARD_MACS)
def test_forward_multiply_adds(case: str, mode: str, device: str) -> None:
    """Forward figures are what a person counts, in both modes and on both devices."""
    module, inputs, macs = FORWARD_MACS[case]
    report = run(module, *inputs, mode=mode, device=device)
    assert (report.probe.status, report.totals.macs.forward, report.totals.flops.exact) == ("complete", macs, True)


class Grouped(nn.Module):
    """Two grouped convolutions, so that the second one's input needs a gradient and the first one's does not."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, 8, 3, groups=4, padding=1)
        self.second = nn.Conv2d(8, 8, 3, groups=8, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


def test_backward_of_grouped_convolutions() -> None:
    """Backward is forward × (input needs a gradient + weight needs one), groups or not, attributed to each layer."""
    report = run(Grouped(), "1x4x6x6")
    first, second = 2 * 8 * 36 * 9, 2 * 8 * 36 * 9
    assert {row.path: (row.flops_forward, row.flops_backward) for row in report.modules} == {
        "": (first + second, first + 2 * second),
        "first": (first, first),
        "second": (second, 2 * second),
    }


def test_frozen_layers_cost_no_weight_gradient() -> None:
    """A frozen first layer has no backward at all; the second has only its weight's."""
    report = run(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2)), "3x4", freeze=("0.*",))
    assert [row.flops_backward for row in report.modules] == [2 * 3 * 8 * 2, 0, 2 * 3 * 8 * 2]


class Checkpointed(nn.Module):
    """Two layers whose forward is computed again in backward."""

    def __init__(self, *, reentrant: bool) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 4)
        self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 6))
        self.reentrant = reentrant

    def forward(self, x: Tensor) -> Tensor:
        return checkpoint(self.body, self.stem(x), use_reentrant=self.reentrant)


@pytest.mark.parametrize("reentrant", [False, True])
def test_recomputation_shows_in_backward(reentrant: bool) -> None:
    """What is computed again is its own layer's backward, and no further call.

    The reentrant kind computes everything again; the other stops at what backward needs, before the last product.
    """
    report = run(Checkpointed(reentrant=reentrant), "2x4")
    stem, first, last = 2 * 2 * 4 * 4, 2 * 2 * 4 * 8, 2 * 2 * 8 * 6
    again = last if reentrant else 0
    assert {row.path: (row.calls, row.flops_forward, row.flops_backward) for row in report.modules} == {
        "": (1, stem + first + last, stem + 3 * first + 2 * last + again),
        "stem": (1, stem, stem),
        "body": (1, first + last, 3 * first + 2 * last + again),
        "body.0": (1, first, 3 * first),
        "body.1": (1, 0, 0),
        "body.2": (1, last, 2 * last + again),
    }


class Exponential(nn.Module):
    """Uses an operation that has no formula."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.eye(3))

    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.matrix_exp(self.matrix) + x @ self.matrix


def test_operations_without_a_formula_are_named() -> None:
    """What cannot be counted makes the total a lower bound, and is named with its calls."""
    flops = run(Exponential(), "3x3").totals.flops
    assert flops.exact is False
    assert flops.forward == 2 * 3 * 3 * 3
    assert [(row.op, row.calls) for row in flops.uncounted] == [("aten.linalg_matrix_exp", 2)]  # backward has one too


class Shared(nn.Module):
    """One layer called three times, once by way of a second name."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.again = self.layer

    def forward(self, x: Tensor) -> Tensor:
        return self.again(self.layer(self.layer(x)))


def test_shared_modules_add_up() -> None:
    """A module under two names is one row with all its calls."""
    report = run(Shared(), "2x4")
    assert [(row.path, row.calls, row.flops_forward) for row in report.modules] == [
        ("", 1, 3 * 2 * 2 * 16),
        ("layer", 3, 3 * 2 * 2 * 16),
    ]


class Catching(nn.Module):
    """Tries a layer that fails, and goes on without it."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong = nn.Linear(5, 5)
        self.right = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        try:
            return self.wrong(x)
        except RuntimeError:
            return self.right(x)


def test_an_error_the_model_catches_is_no_call() -> None:
    """A call that failed and was caught does not count, and leaves the attribution of later work right."""
    report = run(Catching(), "2x4")
    assert [(row.path, row.calls, row.flops_forward) for row in report.modules] == [
        ("", 1, 64),
        ("wrong", 0, 0),
        ("right", 1, 64),
    ]


def test_the_loss_costs_the_model_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Products inside a loss of the user's are not the model's."""
    (tmp_path / "costly.py").write_text("def loss(output):\n    return (output @ output.T).sum()\n")
    monkeypatch.syspath_prepend(tmp_path)
    report = run(nn.Linear(4, 4), "2x4", loss="python:costly:loss")
    assert (report.totals.flops.forward, report.totals.flops.backward) == (64, 64)


def test_outputs_of_every_packing_are_found() -> None:
    """Nested outputs are listed by path; integers are no part of the loss."""

    class Nested(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Any:
            y = self.layer(x)
            return {"logits": y, "extra": [y.argmax(-1), (y * 2,)]}

    outputs = run(Nested(), "3x4").probe.outputs
    assert [(row.path, row.shape, row.dtype, row.in_loss) for row in outputs or ()] == [
        ("logits", (3, 2), "float32", True),
        ("extra.0", (3,), "int64", False),
        ("extra.1.0", (3, 2), "float32", True),
    ]


def test_fused_attention_counts_as_its_products() -> None:
    """The CPU's fused kernel and meta's plain products give the same figures, forward and backward."""

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(16, 48)

        def forward(self, x: Tensor) -> Tensor:
            q, k, v = self.qkv(x).unflatten(-1, (3, 2, 8)).permute(2, 0, 3, 1, 4)
            return F.scaled_dot_product_attention(q, k, v)

    on = {device: run(Plain(), "2x5x16", device=device).totals.flops for device in ("meta", "cpu")}
    products = 2 * 2 * (2 * 2 * 5 * 5 * 8)
    projection = 2 * 2 * 5 * 16 * 48
    assert [(on[device].forward, on[device].backward) for device in ("meta", "cpu")] == [
        (projection + products, projection + 2 * products)
    ] * 2


@pytest.mark.parametrize("name", ["Hardswish", "SELU", "Mish", "Hardtanh", "RReLU", "CELU", "Softplus", "GLU", "PReLU"])
def test_activations_are_free_in_place_or_not(name: str) -> None:
    """Element-wise work is zero by convention, and never 'uncounted'."""
    kind = getattr(nn, name)
    in_place = {"inplace": True} if "inplace" in inspect.signature(kind).parameters else {}
    report = run(nn.Sequential(nn.Linear(4, 4), kind(**in_place)), "2x4")
    assert (report.totals.flops.uncounted, report.totals.macs.forward) == ((), 32)


class Stack(nn.Module):
    """Layers in a list, which is never called itself, one of them called by another."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.tail = DirectForward()

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.tail(x)


def test_a_container_did_what_its_parts_did() -> None:
    """Figures are of the whole subtree by name, called or not; directly called forwards are their caller's."""
    report = run(Stack(), "2x4")
    assert {row.path: (row.calls, row.flops_forward, row.flops_backward) for row in report.modules} == {
        "": (1, 64 + 64 + 128, 64 + 128 + 256),
        "layers": (0, 128, 64 + 128),
        "layers.0": (1, 64, 64),
        "layers.1": (1, 64, 128),
        "tail": (1, 128, 256),
        "tail.layer": (0, 0, 0),
    }


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_backward_of_a_recurrent_layer(device: str) -> None:
    """Two layers, 2 × 5 steps, 16 → 32 wide: neither the input nor the first states need a gradient."""
    layer = 2 * 10 * 4 * 32  # FLOPs for each input of the four gates, over all steps
    first = layer * 16 + layer * 32 * 2 - layer * 32 // 5
    second = layer * 32 * 2 + layer * 32 * 2 - layer * 32 // 5
    report = run(nn.LSTM(16, 32, 2, batch_first=True), "2x5x16", device=device)
    assert report.totals.flops.backward == first + second == 499_712


@pytest.mark.parametrize("make", [torch.jit.script, lambda layer: torch.jit.trace(layer, torch.ones(2, 8))])
@pytest.mark.filterwarnings("ignore:`torch.jit")
@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_scripted_modules(make: Any, device: str) -> None:
    """Scripted and traced modules, alone and inside others, are modules."""
    layer = make(nn.Linear(8, 4))
    for model in (layer, nn.Sequential(layer)):
        report = run(model, "2x8", device=device)
        assert report.totals.parameters.unique == 36
        assert (report.totals.flops.forward, report.totals.flops.backward) == (128, 128)


def test_marks_of_the_profiler_are_no_arithmetic() -> None:
    """A wrapper that marks its calls for the profiler costs nothing for it."""
    flops = run(nn.DataParallel(nn.Linear(8, 4)), "2x8").totals.flops
    assert (flops.forward, flops.backward, flops.exact) == (128, 128, True)
