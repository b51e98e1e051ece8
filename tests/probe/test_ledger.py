"""The ledger: names, counts, bytes, ties, storage, buffers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from reportgen.probe.storage import storage_elements
from reportgen.report.schema import ModelReport
from reportgen.report.totals import ParameterTotals

Run = Callable[..., ModelReport]


class Everything(nn.Module):
    """Direct parameters, nested modules, frozen and trainable, several dtypes, both kinds of buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3, dtype=torch.float64))
        self.inner = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
        self.inner[0].bias.requires_grad_(requires_grad=False)
        self.register_buffer("offset", torch.zeros(3, dtype=torch.float16))
        self.register_buffer("cache", torch.zeros(5, dtype=torch.int8), persistent=False)
        self.nothing = None
        self.register_parameter("absent", None)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) * self.scale + self.offset


def test_parameters_by_name_shape_dtype_and_trainability(run: Run) -> None:
    """Every registered parameter is one row, in registration order, frozen ones included."""
    report = run(Everything(), "2x4")
    assert [(row.name, row.shape, row.dtype, row.numel, row.bytes, row.trainable) for row in report.parameters] == [
        ("scale", (3,), "float64", 3, 24, True),
        ("inner.0.weight", (3, 4), "float32", 12, 48, True),
        ("inner.0.bias", (3,), "float32", 3, 12, False),
        ("inner.1.weight", (3,), "float32", 3, 12, True),
        ("inner.1.bias", (3,), "float32", 3, 12, True),
    ]
    assert report.totals.parameters == ParameterTotals(
        declared=24, unique=24, storage=24, trainable=21, frozen=3, packed=0, active=None, tensors=5, bytes=108
    )


def test_buffers_are_no_parameters(run: Run) -> None:
    """Buffers have rows and totals of their own; the transient ones are not saved."""
    report = run(Everything(), "2x4")
    assert [(row.name, row.shape, row.dtype, row.bytes, row.persistent) for row in report.buffers] == [
        ("offset", (3,), "float16", 6, True),
        ("cache", (5,), "int8", 5, False),
        ("inner.1.running_mean", (3,), "float32", 12, True),
        ("inner.1.running_var", (3,), "float32", 12, True),
        ("inner.1.num_batches_tracked", (), "int64", 8, True),
    ]
    totals = report.totals.buffers
    assert (totals.unique, totals.tensors, totals.bytes, totals.persistent_bytes) == (15, 5, 43, 38)
    assert report.totals.state_dict_bytes == 108 + 38


def test_modules_count_their_subtree(run: Run) -> None:
    """A module's parameters are those of its whole subtree; its own are those directly on it."""
    report = run(Everything(), "2x4")
    assert [(row.path, row.class_name, row.parameters, row.own_parameters) for row in report.modules] == [
        ("", f"{Everything.__module__}.Everything", 24, 3),
        ("inner", "torch.nn.modules.container.Sequential", 21, 0),
        ("inner.0", "torch.nn.modules.linear.Linear", 15, 15),
        ("inner.1", "torch.nn.modules.batchnorm.BatchNorm1d", 6, 6),
    ]
    assert report.totals.modules == 4


def test_a_tied_head_counts_once(run: Run) -> None:
    """``Embedding(1000, 64)`` tied to a head declares 128,000 parameters and has 64,000."""
    model = nn.Module()
    model.embed = nn.Embedding(1000, 64)
    model.head = nn.Linear(64, 1000, bias=False)
    model.head.weight = model.embed.weight
    model.forward = lambda ids: model.head(model.embed(ids))  # type: ignore[method-assign]
    report = run(lambda: model, "1x2:int64:0-9", device="cpu")
    totals = report.totals.parameters
    assert (totals.declared, totals.unique, totals.storage, totals.tensors) == (128_000, 64_000, 64_000, 1)
    assert [(row.name, row.tied_to) for row in report.parameters] == [
        ("embed.weight", None),
        ("head.weight", "embed.weight"),
    ]
    assert report.totals.state_dict_bytes == 256_000


class TwoViews(nn.Module):
    """Two parameters that are overlapping views of one memory of 10 elements."""

    def __init__(self) -> None:
        super().__init__()
        memory = torch.zeros(10)
        self.first = nn.Parameter(memory[:6])
        self.second = nn.Parameter(memory[4:])

    def forward(self, x: Tensor) -> Tensor:
        return x * self.first + self.second


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_shared_memory_is_counted_once_as_storage(run: Run, device: str) -> None:
    """Two parameters over one memory are 12 unique elements in 10 elements of storage, built here or copied."""
    for target in (TwoViews, TwoViews()):
        totals = run(target, "2x6", device=device).totals.parameters
        assert (totals.unique, totals.storage) == (12, 10)


@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 3),
    st.sampled_from(["plain", "transposed", "strided", "expanded"]),
)
def test_storage_of_a_view_is_the_set_of_its_elements(rows: int, columns: int, offset: int, kind: str) -> None:
    """Counting runs of memory gives what marking every element gives."""
    memory = torch.zeros(64)
    view = memory[offset : offset + rows * columns * 2].view(rows, columns * 2)
    view = {
        "plain": view,
        "transposed": view.T,
        "strided": view[:, ::2],
        "expanded": view[:, :1].expand(rows, 5),
    }[kind]
    other = memory[3:9]
    marked = torch.zeros_like(memory)
    for tensor in (view, other):
        marked.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()).fill_(1)
    assert storage_elements([view, other]) == int(marked.sum())


def saved_bytes(model: nn.Module) -> int:
    """What `torch.save` writes of the tensors of a state dict."""
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    with zipfile.ZipFile(file) as archive:
        return sum(entry.file_size for entry in archive.infolist() if "/data/" in entry.filename)


class Expanded(nn.Module):
    """A buffer of a million elements in the memory of one."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 4)
        self.register_buffer("ones", torch.ones(1, 1).expand(1000, 1000))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


@pytest.mark.parametrize("model", [TwoViews(), Expanded(), nn.BatchNorm1d(6)], ids=["views", "expanded", "plain"])
def test_the_state_dict_is_as_large_as_it_is_saved(run: Run, model: nn.Module) -> None:
    """Each memory once and whole, as torch writes it."""
    assert run(model, "2x6").totals.state_dict_bytes == saved_bytes(model)


class Lazy(nn.Module):
    """A layer whose weight takes shape in the first forward."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.LazyLinear(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def test_lazy_parameters_are_counted_after_forward(run: Run) -> None:
    """A lazy layer has its real shape once it ran."""
    report = run(Lazy, "2x7")
    assert [(row.name, row.shape) for row in report.parameters] == [("layer.weight", (3, 7)), ("layer.bias", (3,))]
    assert report.totals.parameters.unique == 24


def test_lazy_parameters_that_never_took_shape_are_unknown(run: Run) -> None:
    """Without a forward, a lazy parameter's figures are unknown, not zero."""
    live = Lazy()
    report = run(live, "x=2x7", "y=2x7")
    assert [(row.name, row.shape, row.numel) for row in report.parameters] == [
        ("layer.weight", None, None),
        ("layer.bias", None, None),
    ]
    assert (report.probe.status, report.totals.parameters.unique, report.totals.parameters.tensors) == (
        "partial",
        None,
        2,
    )
    assert nn.parameter.is_lazy(live.layer.weight)


def test_dynamically_quantised_layers_have_packed_elements(run: Run) -> None:
    """Packed weights are no parameters, and are counted all the same: 4 × 8 + 8."""
    quantized = pytest.importorskip("torch.ao.nn.quantized.dynamic")
    report = run(lambda: nn.Sequential(quantized.Linear(4, 8)), "2x4", device="cpu", mode="eval")
    totals = report.totals.parameters
    assert (totals.unique, totals.packed) == (0, 40)
    assert report.totals.state_dict_bytes == 4 * 8 + 8 * 4


def test_freezing_by_pattern(run: Run) -> None:
    """``--freeze`` patterns match whole names; one that matches nothing is a warning."""
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    report = run(model, "2x4", freeze=("0.*", "nothing.*"))
    assert [(row.name, row.trainable, row.gradient.reason) for row in report.parameters] == [
        ("0.weight", False, "frozen"),
        ("0.bias", False, "frozen"),
        ("1.weight", True, None),
        ("1.bias", True, None),
    ]
    assert [(row.severity, row.code) for row in report.diagnostics] == [("warning", "freeze-no-match")]
    assert all(parameter.requires_grad for parameter in model.parameters())


class Hiding(nn.Module):
    """Overrides what others rely on."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def named_parameters(self, *args: object, **kwargs: object) -> object:
        """Shows nothing."""
        return iter(())

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def test_no_override_hides_a_parameter(run: Run) -> None:
    """The ledger reads the registries themselves."""
    assert run(Hiding(), "2x4").totals.parameters.unique == 10


def test_a_module_inside_itself(run: Run) -> None:
    """A cycle of modules, which torch itself cannot walk, still leaves a ledger and a reason."""
    inner = nn.Linear(4, 4)
    model = nn.Sequential(inner)
    inner.add_module("above", model)
    report = run(lambda: model, "2x4")
    assert [row.name for row in report.parameters] == ["0.weight", "0.bias"]
    assert [row.message.split(":")[0] for row in report.diagnostics] == ["RecursionError"]


def test_the_fingerprint_is_of_the_architecture_alone(run: Run) -> None:
    """Device, mode, inputs and values do not matter; a frozen layer does."""
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    same = {
        run(model, "2x4").fingerprint,
        run(model, "3x4", device="cpu", mode="eval").fingerprint,
        run(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), "2x4").fingerprint,
    }
    assert len(same) == 1
    assert run(model, "2x4", freeze=("*",)).fingerprint not in same
