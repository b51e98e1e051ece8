"""Filling a meta tensor takes no time, and torch refuses what it always refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from reportgen.probe import fills
from reportgen.probe.fills import Unfilled

INIT = nn.init
NUMBERS = st.sampled_from([-1.0, 0.0, 0.02, 1, 2.5, -1e9, 1e9, float("nan"), float("inf"), True, 1j, "a", None])
FILLS: dict[str, Callable[..., Any]] = {
    name: getattr(Tensor, f"{name}_") for name in "fill zero normal uniform erfinv mul add clamp".split()
}
FILLS |= {f"init.{name}": getattr(INIT, f"{name}_") for name in "constant normal uniform kaiming_uniform".split()}
FILLS |= {f"init.{name}": getattr(INIT, f"{name}_") for name in "ones zeros kaiming_normal xavier_uniform".split()}


@st.composite
def tensors(draw: Any) -> Tensor:
    """A meta tensor of any sort that a constructor may fill."""
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=3)))
    dtype = draw(st.sampled_from([torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.complex64]))
    made = torch.empty(shape, dtype=dtype, device="meta")
    kind = draw(st.sampled_from(["plain", "plain", "parameter", "leaf", "expanded", "reversed"]))
    if kind == "parameter":
        return nn.Parameter(made, requires_grad=dtype.is_floating_point)
    if kind == "leaf" and dtype.is_floating_point:
        return made.requires_grad_()
    if kind == "expanded":
        return made.expand(2, *shape)
    return made.permute(tuple(reversed(range(len(shape))))) if kind == "reversed" else made


def outcome(context: Any, fill: Callable[..., Any], tensor: Tensor, numbers: list[Any]) -> str:
    """What a fill gives: the tensor itself, or the kind of error."""
    with context:
        try:
            return "filled" if fill(tensor, *numbers) is tensor else "another tensor"
        except Exception as exc:  # noqa: BLE001 (whatever torch raises)
            return type(exc).__name__


@pytest.mark.filterwarnings("ignore")  # of these torch says some once only
@given(name=st.sampled_from(sorted(FILLS)), tensor=tensors(), numbers=st.lists(NUMBERS, max_size=2), grad=st.booleans())
def test_as_torch_would(name: str, tensor: Tensor, numbers: list[Any], grad: bool) -> None:
    """Every fill ends as it does on torch's own meta device."""
    with torch.set_grad_enabled(grad):
        assert outcome(torch.device("meta"), FILLS[name], tensor, numbers) == outcome(
            Unfilled("meta"), FILLS[name], tensor, numbers
        )


def test_common_initialisers_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What layers and libraries fill their weights with never reaches torch's kernels."""
    ran = []
    monkeypatch.setattr(
        fills.DeviceContext,
        "__torch_function__",
        lambda _self, func, _types, args=(), kwargs=None: ran.append(func) or func(*args, **kwargs or {}),
    )
    weight = nn.Parameter(torch.empty(4, 3, device="meta"))
    with Unfilled("meta"):
        for initialise in (INIT.kaiming_uniform_, INIT.kaiming_normal_, INIT.xavier_uniform_, INIT.xavier_normal_):
            initialise(weight)
        INIT.normal_(weight, std=0.02)
        INIT.uniform_(weight, -0.1, 0.1)
        INIT.constant_(weight, 0.5)
        weight.data.normal_(mean=0.0, std=0.02)
    assert [] == [func for func in ran if func in FILLS.values()]


def test_new_tensors_are_on_meta() -> None:
    """It is the meta device in everything else, also to who asks for the default device."""
    with Unfilled("meta"):
        assert ("meta", "meta") == (torch.empty(2).device.type, torch.get_default_device().type)
        assert torch.zeros(2, device="cpu").device.type == "cpu"
    assert torch.get_default_device().type == "cpu"
