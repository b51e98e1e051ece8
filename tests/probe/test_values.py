"""Small real values on meta: what is known stays true through views and writes, what is unknown stays unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.probe.operations import LIMIT
from reportgen.probe.reading import reading
from reportgen.probe.trace import Trace
from reportgen.probe.values import Values
from reportgen.registry.base import InputSpec, ModelRef, ModelSpec
from reportgen.report.schema import ModelReport


def known(values: Values, content: Tensor) -> Tensor:
    """A meta tensor of that content."""
    tensor = torch.empty_strided(content.shape, content.stride(), dtype=content.dtype, device="meta")
    values.set(tensor, content)
    return tensor


def followed(function: Callable[..., Any], *contents: Tensor, assume: bool = False) -> Any:
    """What a function gives on meta for arguments of known content."""
    values = Values(assume=assume)
    arguments = [known(values, content) for content in contents]
    with reading(values), Trace((), values.run):
        return function(*arguments)


def told(value: Any) -> Any:
    """Numbers of a result, read inside the mode."""
    return value.tolist() if isinstance(value, Tensor) else value


IDS = torch.tensor([[3, 1, 2], [0, 5, 1]])

READERS: dict[str, Callable[[Tensor], Any]] = {
    "item": lambda x: x.max().item(),
    "tolist": lambda x: (x + 1).tolist(),
    "bool of all": lambda x: bool((x >= 0).all()),
    "index of a list": lambda x: list("abcdef")[x[0, 0]],
    "range": lambda x: list(range(x[0, 2])),
    "mask": lambda x: x[x > 1].tolist(),
    "nonzero": lambda x: (x > 1).nonzero().tolist(),
    "where": lambda x: [part.tolist() for part in torch.where(x == 1)],
    "unique": lambda x: torch.unique(x).tolist(),
    "repeat_interleave": lambda x: torch.arange(3).repeat_interleave(x[0]).tolist(),
    "one_hot": lambda x: nn.functional.one_hot(x).shape,
    "equal": lambda x: torch.equal(x, x.clone()),
    "numpy": lambda x: x.numpy().sum().item(),
    "tensor of numbers": lambda x: torch.tensor([x[0, 0], 7]).tolist(),
    "tensor on its device": lambda x: (torch.tensor([1, 2, 3], device=x.device) * x).tolist(),
    "constant on the CPU": lambda x: (torch.tensor([1, 2, 3], device="cpu") * x).tolist(),
    "list as index": lambda x: x[:, [-1, 0]].tolist(),
    "membership": lambda x: 5 in x[:, [1, 0]],
    "to the CPU": lambda x: x.cpu().tolist(),
    "cumsum": lambda x: x.cumsum(-1)[:, -1].tolist(),
    "filled bit by bit": lambda x: _filled_bit_by_bit(x).tolist(),
    "empty, then filled": lambda x: torch.empty(2).fill_(3.0).add(x.sum()).tolist(),
    "written through a view": lambda x: _written_through_a_view(x).tolist(),
    "in a name": lambda x: f"expert_{x[0, 0]}",
    "drawn from known weights": lambda x: torch.multinomial(x[0].float(), 3).sort().values.tolist(),
    "a throw of dice": lambda x: torch.manual_seed(3) and (torch.empty(1).uniform_().item(), torch.rand(()).item()),
    "split by values": lambda x: [part.tolist() for part in torch.split(torch.arange(6), x[0].tolist())],
}


def _filled_bit_by_bit(x: Tensor) -> Tensor:
    shapes = torch.empty((2, 2), dtype=torch.long, device=x.device)
    for row in range(2):
        shapes[row, 0] = row
        shapes[row, 1] = x[row, 1]
    return shapes


def _written_through_a_view(x: Tensor) -> Tensor:
    copy = x.clone()
    copy.view(-1)[4] = 9
    return copy


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_values_read_on_meta_are_the_real_ones(read: Callable[[Tensor], Any]) -> None:
    """Whatever is read of known integers on meta is what the CPU gives."""
    assert read(IDS.clone()) == followed(read, IDS)


UNKNOWN: dict[str, Callable[[Tensor], Any]] = {
    "an unknown tensor": lambda x: torch.empty(3, device="meta").sum().item(),
    "known times unknown": lambda x: (x * torch.empty(3, device="meta")).sum().item(),
    "overwritten with unknown": lambda x: x.float().mul_(torch.empty(3, device="meta")).sum().item(),
    "a view of overwritten memory": lambda x: _view_of_overwritten(x.float()).item(),
    "too large": lambda x: torch.zeros(LIMIT + 1).sum().item(),
    "an unfilled float": lambda x: torch.empty(3).sum().item(),
}


def _view_of_overwritten(x: Tensor) -> Tensor:
    view = x[0, 0]
    x.copy_(torch.empty(x.shape, device="meta"))
    return view


@pytest.mark.parametrize("read", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_the_unknown_is_not_guessed(read: Callable[[Tensor], Any]) -> None:
    """Reading what does not follow from what is known fails, as on plain meta."""
    with pytest.raises(RuntimeError, match="cannot be called on meta tensors"):
        followed(read, IDS)


def test_of_unknown_values_a_known_mask_selects_a_known_number() -> None:
    """Two of four rows of three, whether the mask is as large or is broadcast; a scalar that is a number, too."""

    def selected(mask: Tensor) -> Any:
        unknown = torch.empty(4, 3, device="meta")
        return unknown[mask].shape, unknown.masked_select(mask[:, None]).shape, bool(unknown.max().isnan())

    assert ((2, 3), (6,), False) == followed(selected, torch.tensor([True, False, True, False]))


def test_what_a_model_asserts_of_unknown_values_is_taken_to_hold() -> None:
    """A check that only a broken model fails is no reason to stop."""

    def checked(x: Tensor) -> int:
        torch._check_tensor_all_with(ValueError, torch.empty(3, device="meta") > 0, lambda: "must be positive")
        return int(x[0, 0])

    assert followed(checked, IDS) == 3


def test_the_best_of_unknown_values_are_assumed_to_be_each_in_turn() -> None:
    """Rows of a choice of two of three, columns of one, and of single best ones."""

    def chosen(x: Tensor) -> list[Any]:
        scores = torch.empty(4, 3, device="meta")
        return [scores.topk(2).indices.tolist(), scores.t().topk(2, dim=0).indices.tolist(), scores.argmax(1).tolist()]

    rows = [[0, 1], [2, 0], [1, 2], [0, 1]]
    assert [rows, [list(column) for column in zip(*rows, strict=True)], [0, 1, 2, 0]] == followed(
        chosen, IDS, assume=True
    )


STEPS: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda x: x + 1,
    lambda x: x * x,
    lambda x: x.flip(-1),
    lambda x: x.t(),
    lambda x: x[..., 1:],
    lambda x: x.contiguous(),
    lambda x: x.clone().add_(2),
    lambda x: torch.cat([x, x], dim=0),
    lambda x: x.masked_fill(x > 3, 0),
    lambda x: torch.where(x > 2, x, -x),
    lambda x: x.index_fill(0, torch.tensor([0]), 4),
    lambda x: x.float().mean(-1, keepdim=True).expand(x.shape).long(),
    lambda x: x.sort(-1).values,
    lambda x: torch.gather(x, 0, torch.zeros_like(x)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=6))
def test_any_chain_of_steps_gives_what_the_cpu_gives(steps: list[Callable[[Tensor], Tensor]]) -> None:
    """Views, copies and arithmetic in any order keep content, shape and strides those of a real run."""

    def chain(x: Tensor) -> tuple[Any, Any, Any]:
        for step in steps:
            if x.dim() == 2 and x.shape[-1] > 1:
                x = step(x)
        return x.tolist(), x.shape, x.stride()

    assert chain(IDS.clone()) == followed(chain, IDS)


def test_contents_go_with_their_storages() -> None:
    """Nothing is kept of tensors that are gone."""
    values = Values()
    tensor = known(values, IDS)
    view = tensor[0]
    del tensor
    assert told(values.get(view)) == [3, 1, 2]
    del view
    assert values._twins == {}


class Routed(nn.Module):
    """Sends the rows of even ids through a layer: how many there are is a matter of values."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 4)
        self.layer = nn.Linear(4, 4)
        self.register_buffer("even", torch.arange(10) % 2 == 0, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.table(ids)
        chosen = self.even[ids]
        x[chosen] = self.layer(x[chosen])
        return x


def report_on(build: Callable[[], nn.Module], spec: InputSpec, **options: Any) -> ModelReport:
    """The record of a model of one input."""
    return probe(ModelSpec(ModelRef("test", "m"), build, (spec,)), ProbeOptions(**options))


def test_a_path_that_depends_on_ids_is_followed_on_meta() -> None:
    """Of the drawn ids as many go through the layer as on the CPU, forward and backward, and a note names the line."""
    ids = InputSpec((1, 8), dtype="int64", low=0, high=9)
    on_meta, real = (report_on(Routed, ids, device=device) for device in ("meta", "cpu"))
    assert (on_meta.probe.status, on_meta.probe.device.used) == ("complete", "meta")
    assert on_meta.totals.flops.forward == real.totals.flops.forward
    assert on_meta.totals.flops.backward == real.totals.flops.backward
    [note] = on_meta.diagnostics
    assert (note.severity, note.code) == ("note", "small-values")
    assert "(aten.index at tests/probe/test_values.py:" in note.message


class Clamped(nn.Module):
    """Clamps where something overflowed, as published encoders do."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer(x)
        if torch.isinf(y).any() or not torch.isfinite(y).all():
            y = y.clamp(-1, 1)
        return y


def test_activations_are_taken_to_be_finite() -> None:
    """A test for overflow is answered as in a sound run, and a note says so."""
    report = report_on(Clamped, InputSpec((2, 4)))
    assert (report.probe.status, report.probe.device.used) == ("complete", "meta")
    assert [row.code for row in report.diagnostics] == ["small-values", "finite-assumed"]


class Sparse(nn.Module):
    """Sends the rows that score above nought through a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(4, 1)
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        chosen = (self.score(x) > 0).squeeze(-1)
        return self.layer(x[chosen])


def test_selection_by_unknown_values_is_assumed_to_take_all() -> None:
    """All eight rows pass: 8·4·1 + 8·4·4 multiply-adds, an upper bound that a warning declares."""
    report = report_on(Sparse, InputSpec((8, 4)))
    assert (report.probe.status, report.totals.macs.forward) == ("complete", 8 * 4 + 8 * 16)
    assert (report.totals.flops.exact, report.totals.flops.upper_bound) == (False, True)
    assert [(row.severity, row.code) for row in report.diagnostics][1:] == [("warning", "values-assumed")]


class Experts(nn.Module):
    """Each row goes to the two best of four experts, one expert after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(8, 4, bias=False)
        self.experts = nn.ModuleDict({f"expert_{index}": nn.Linear(8, 8, bias=False) for index in range(4)})

    def forward(self, x: Tensor) -> Tensor:
        mask = nn.functional.one_hot(self.router(x).topk(2).indices, num_classes=4).permute(2, 1, 0)
        total = torch.zeros_like(x)
        for index in mask.sum(dim=(-1, -2)).gt(0).nonzero():
            _, rows = torch.where(mask[index[0]])
            total.index_add_(0, rows, self.experts[f"expert_{index[0]}"](x[rows]))
        return total


def test_rows_are_assumed_to_spread_over_experts() -> None:
    """Six rows through the router (8·4) and two experts (8·8) each, and every expert gets a gradient."""
    report = report_on(Experts, InputSpec((6, 8)))
    assert (report.probe.status, report.totals.macs.forward) == ("complete", 6 * (8 * 4 + 2 * 8 * 8))
    assert [row.gradient.status for row in report.parameters] == ["none"] + 4 * ["computed"]
    assert (report.totals.flops.exact, report.totals.flops.upper_bound) == (False, True)
