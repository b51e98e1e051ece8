"""Modules of every kind: wrapped, compiled, scripted, parametrized, quantised, nested; each one is told right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.nn.utils import parametrizations

from reportgen.report import codec
from reportgen.report.schema import ModelReport

Run = Callable[..., ModelReport]


def reasons(report: ModelReport) -> dict[str, str | None]:
    """Parameter name → why it has no gradient; None where it has one."""
    return {row.name: row.gradient.reason for row in report.parameters}


def _compiled() -> nn.Module:
    return torch.compile(nn.Sequential(nn.Linear(4, 4)))  # type: ignore[return-value]  # a module, since one goes in


def _hooked() -> nn.Module:
    layer = nn.Linear(4, 4)
    layer.register_full_backward_hook(lambda *_: None)
    layer.weight.register_hook(lambda gradient: gradient.clone())
    return layer


class Listed(nn.Module):
    """Parameters in a list and a dict, some of them left out."""

    def __init__(self) -> None:
        super().__init__()
        self.listed = nn.ParameterList([torch.ones(4), torch.ones(4)])
        self.keyed = nn.ParameterDict({"a": torch.ones(4), "b": torch.ones(4)})

    def forward(self, x: Tensor) -> Tensor:
        return x * self.listed[0] + self.keyed["b"]


COMPUTED = {"weight": None, "bias": None}
KINDS: list[tuple[str, Callable[[], nn.Module], dict[str, str | None]]] = [
    ("compiled", _compiled, {"_orig_mod.0.weight": None, "_orig_mod.0.bias": None}),
    ("scripted", lambda: torch.jit.script(nn.Linear(4, 4)), COMPUTED),
    ("traced", lambda: torch.jit.trace(nn.Linear(4, 4), torch.ones(2, 4)), COMPUTED),  # type: ignore[no-untyped-call]
    ("wrapped", lambda: nn.DataParallel(nn.Linear(4, 4)), {"module.weight": None, "module.bias": None}),
    ("lazy", lambda: nn.LazyLinear(4), COMPUTED),
    ("hooked", _hooked, COMPUTED),
    (
        "lists",
        Listed,
        {"listed.0": None, "listed.1": "unused", "keyed.a": "unused", "keyed.b": None},
    ),
    (
        "weight_norm",
        lambda: parametrizations.weight_norm(nn.Linear(4, 4)),
        {"bias": None, "parametrizations.weight.original0": None, "parametrizations.weight.original1": None},
    ),
    (
        "spectral_norm",
        lambda: parametrizations.spectral_norm(nn.Linear(4, 4)),
        {"bias": None, "parametrizations.weight.original": None},
    ),
    (
        "orthogonal",
        lambda: parametrizations.orthogonal(nn.Linear(4, 4)),
        {"bias": None, "parametrizations.weight.original": None},
    ),
    (
        "old_weight_norm",
        lambda: nn.utils.weight_norm(nn.Linear(4, 4)),
        {"bias": None, "weight_g": None, "weight_v": None},
    ),
    ("none", nn.ReLU, {}),
]


@pytest.mark.filterwarnings("ignore:.*(weight_norm|jit).*deprecated:Warning")
@pytest.mark.parametrize("live", [False, True], ids=["factory", "live"])
@pytest.mark.parametrize(("make", "expected"), [kind[1:] for kind in KINDS], ids=[kind[0] for kind in KINDS])
def test_every_kind_of_module(
    run: Run, make: Callable[[], nn.Module], expected: dict[str, str | None], live: bool
) -> None:
    """However a module is made, its gradients are told right, the proofs agree, and a live one is not touched."""
    target = make() if live else make
    report = run(target, "2x4")
    assert (report.probe.status, reasons(report)) == ("complete", expected)
    assert "gradient-proofs-disagree" not in [row.code for row in report.diagnostics]
    if isinstance(target, nn.Module):
        assert [parameter.grad for parameter in target.parameters()] == [None] * len(list(target.parameters()))


class Nested(nn.Module):
    """Gives a nested tensor of one and of two rows, made before or after its layer."""

    def __init__(self, layout: torch.layout, *, inside: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.layout, self.inside = layout, inside

    def forward(self, x: Tensor) -> Tensor:
        if self.inside:
            return self.layer(self._nested(x))
        return self._nested(self.layer(x))

    def _nested(self, x: Tensor) -> Tensor:
        return torch.nested.as_nested_tensor([x[:1], x], layout=self.layout)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_nested_tensors(run: Run, layout: torch.layout, inside: bool) -> None:
    """A ragged dimension is null in the record; gradients are as of any other tensor."""
    report = run(Nested(layout, inside=inside), "2x4")
    assert (report.probe.status, reasons(report)) == ("complete", {"layer.weight": None, "layer.bias": None})
    assert [row.shape for row in report.probe.outputs or ()] == [(2, None, 3)]
    assert report.modules[1].inputs == (((2, None, 4),) if inside else ((2, 4),))
    assert codec.loads(report.to_json()) == report


class Packed(nn.Module):
    """A recurrent layer over a packed sequence of three steps and two."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.GRU(4, 5, batch_first=True)

    def forward(self, x: Tensor) -> Any:
        return self.layer(nn.utils.rnn.pack_padded_sequence(x, torch.tensor([3, 2]), batch_first=True))


def test_packed_sequences(run: Run) -> None:
    """A packed sequence is its data and its batch sizes; only steps that there are cost anything."""
    report = run(Packed, "2x3x4", device="cpu")
    assert [(row.path, row.shape) for row in report.probe.outputs or ()] == [
        ("0.data", (5, 5)),
        ("0.batch_sizes", (3,)),
        ("1", (1, 2, 5)),
    ]
    assert report.totals.flops.forward == 2 * 5 * (4 * 15 + 5 * 15)
    assert set(reasons(report).values()) == {None}


@pytest.mark.filterwarnings("ignore:.*torch.ao.quantization:DeprecationWarning")
def test_quantised_modules_have_nothing_to_train(run: Run) -> None:
    """Packed weights are no parameters: they are counted apart, and get no gradient."""

    def make() -> nn.Module:
        return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 3)), {nn.Linear}, dtype=torch.qint8)

    report = run(make, "2x4")
    assert (report.parameters, report.totals.parameters.packed) == ((), 15)
    assert "no-differentiable-output" in [row.code for row in report.diagnostics]


def test_embedding_bags_with_sparse_gradients(run: Run) -> None:
    """Sparse on meta as well."""
    report = run(nn.EmbeddingBag(10, 4, sparse=True, mode="sum"), "2x3:int64:0-9")
    assert [row.gradient.layout for row in report.parameters] == ["sparse_coo"]


@pytest.mark.skipif(not distributed.is_available(), reason="this torch was built without it")
def test_distributed_data_parallel(run: Run) -> None:
    """Hooks on gradients, run by a group of one process, leave both proofs in agreement, and the module untouched."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        module = nn.parallel.DistributedDataParallel(nn.Linear(4, 2))
        report = run(module, "2x4")
    finally:
        distributed.destroy_process_group()
    assert (report.probe.status, report.probe.device.used) == ("complete", "cpu")
    assert reasons(report) == {"module.weight": None, "module.bias": None}
    assert "gradient-proofs-disagree" not in [row.code for row in report.diagnostics]
    assert module.module.weight.grad is None
