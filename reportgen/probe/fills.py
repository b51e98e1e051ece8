"""Constructors on meta, without the work of filling tensors that hold nothing.

More than half the time of a constructor on meta goes into `torch.nn.init`: torch spells ``normal_`` and its like out in
Python, to end with a tensor as empty as before. Here such a call ends at once. One that torch may refuse is left to
torch, so that whatever is wrong with a constructor is still found, and said, by torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._device import DeviceContext

from reportgen.probe.operations import LIMIT
from reportgen.probe.values import Values

_FLOATS = frozenset({torch.float32, torch.float64, torch.bfloat16, torch.float16})
_LARGEST = 1e4  # each of these dtypes holds such numbers; of larger ones torch may think otherwise

_Accepts = Callable[..., bool]
"""Takes a fill's arguments after the tensor, by torch's names; says whether torch is sure to take them too."""

# The last four make up the truncated normal distribution of several libraries.
_METHODS: dict[Any, _Accepts] = {
    Tensor.fill_: lambda _value: True,
    Tensor.zero_: lambda: True,
    Tensor.normal_: lambda mean=0.0, std=1.0: std >= 0,  # noqa: ARG005 (torch's names, here and below)
    Tensor.uniform_: lambda low=0.0, high=1.0: low <= high,
    Tensor.erfinv_: lambda: True,
    Tensor.mul_: lambda _other: True,
    Tensor.add_: lambda _other: True,
    Tensor.clamp_: lambda min, max: True,  # noqa: A006, ARG005
}
# These torch hands over whole and by name; the methods that they call inside would not be seen.
_INITIALISERS: dict[Any, _Accepts] = {
    nn.init.constant_: lambda val: True,  # noqa: ARG005
    nn.init.normal_: lambda mean, std: std >= 0,  # noqa: ARG005
    nn.init.uniform_: lambda a, b: a <= b,
    nn.init.kaiming_uniform_: lambda a, mode, nonlinearity: (  # noqa: ARG005
        mode in {"fan_in", "fan_out"} and nonlinearity in {"relu", "leaky_relu"}
    ),
}
_ACCEPTS = {**_METHODS, **_INITIALISERS}


class Unfilled(DeviceContext):
    """The meta device as a context, like ``with torch.device("meta")``; in it, filling a tensor does nothing.

    Where ``values`` are followed, small tensors that are no parameters are filled.
    """

    def __init__(self, device: torch.device, values: Values | None = None) -> None:
        super().__init__(device)
        self._values = values

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Gives back the tensor that was to be filled; every other call is torch's."""
        if func in _ACCEPTS:
            named = {name: value for name, value in (kwargs or {}).items() if value is not None}  # no generator
            tensor, *numbers = args or (named.pop("tensor", None),)
            follows = self._values is not None and type(tensor) is Tensor and tensor.numel() <= LIMIT
            if not follows and _is_plain(tensor, func) and _are_accepted(func, numbers, named):
                if self._values is not None:
                    self._values.forget(tensor)
                return tensor
        return super().__torch_function__(func, types, args, dict(kwargs or {}))  # type: ignore[no-untyped-call]


def _is_plain(tensor: Any, func: Any) -> bool:
    """Whether it is a meta tensor of which torch lets every element be written."""
    if type(tensor) not in {Tensor, nn.Parameter} or not tensor.is_meta or tensor.dtype not in _FLOATS:
        return False
    if func is nn.init.kaiming_uniform_ and (tensor.dim() < 2 or not tensor.numel()):
        return False
    recorded = func in _METHODS and tensor.requires_grad and torch.is_grad_enabled()
    return tensor.is_contiguous() and not recorded


def _are_accepted(func: Any, numbers: Sequence[Any], named: Mapping[str, Any]) -> bool:
    given = (*numbers, *(value for name, value in named.items() if name not in {"mode", "nonlinearity"}))
    if not all(type(number) in {int, float} and abs(number) <= _LARGEST for number in given):
        return False
    try:
        return _ACCEPTS[func](*numbers, **named)
    except TypeError:  # other arguments than these: torch knows what they mean, or says that they mean nothing
        return False
