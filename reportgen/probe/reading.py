"""Around a model's code while values are known: what makes a tensor without saying where, and what reads one in Python.

`Values.run` sees operations only. Some of what models do never becomes one: ``torch.tensor`` of Python's numbers,
``tensor.numpy()``, an index that is a list. A function mode catches those.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._device import _device_constructors
from torch.utils._python_dispatch import TorchDispatchMode

from reportgen.probe.values import Values

_META = torch.device("meta")
_CPU = torch.device("cpu")
_TELLS = frozenset[Any]((Tensor.numpy, Tensor.__array__, Tensor.__format__))  # without running an operation
_READERS = _TELLS | {Tensor.__getitem__, Tensor.__setitem__, Tensor._is_all_true}
_FINITE = {
    torch.isfinite: True,
    Tensor.isfinite: True,
    torch.isnan: False,
    Tensor.isnan: False,
    torch.isinf: False,
    Tensor.isinf: False,
}


@contextmanager
def building(values: Values) -> Iterator[None]:
    """Around a constructor: the constants it makes are known."""
    with reading(values), _Building(values):
        yield


@contextmanager
def reading(values: Values) -> Iterator[None]:
    """Around what runs under a mode that calls `Values.run`: new tensors are on meta, whatever makes them."""
    validates = torch.distributions.Distribution._validate_args
    torch.distributions.Distribution.set_default_validate_args(False)  # which reads what nobody knows
    try:
        with _Reading(values):
            yield
    finally:
        torch.distributions.Distribution.set_default_validate_args(validates)


class _Building(TorchDispatchMode):  # type: ignore[no-untyped-call]
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled while a probe runs, and saying so costs more than most operations

    def __init__(self, values: Values) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._values = values

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._values.run(func, args, kwargs or {})


class _Reading(TorchFunctionMode):
    """What makes a tensor makes it on meta, and what reads one in Python reads its twin.

    All that a model calls passes here, getters of attributes too; nearly all of it passes on at once.
    """

    def __init__(self, values: Values) -> None:
        super().__init__()
        self._values = values
        self._makers = _device_constructors()
        self._handled = self._makers | _READERS | _FINITE.keys()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        return self._handle(func, args, kwargs) if func in self._handled else func(*args, **kwargs)

    def _handle(self, func: Any, args: Any, kwargs: Any) -> Any:
        if func in self._makers and kwargs.get("device") is None:
            kwargs = {**kwargs, "device": _META}
        if func is torch.tensor or func is torch.as_tensor:
            return self._tensor(func, args, kwargs)
        if func in _FINITE and args[0].is_meta and self._values.get(args[0]) is None:
            return self._values.finite(args[0], _FINITE[func])
        if func is Tensor.__getitem__ or func is Tensor.__setitem__:
            args = (args[0], _with_tensors(args[1]), *args[2:])
        if func in _TELLS:
            content = self._values.get(args[0])
            if content is not None:
                return func(content, *args[1:], **kwargs)
        if func is Tensor._is_all_true and self._values.get(args[0]) is None:  # what torch's own checks ask
            return self._values.finite(args[0].all(), True)
        return func(*args, **kwargs)

    def _tensor(self, func: Any, args: Any, kwargs: Any) -> Tensor:
        data = args[0] if args else kwargs.get("data")
        if not isinstance(data, Tensor):
            data = self._numbers(data)
        arguments = {**kwargs, "data": data}
        out: Tensor = func(**arguments)
        if out.is_meta and not isinstance(data, Tensor):
            with torch.no_grad():
                self._values.set(out, torch.tensor(data, dtype=out.dtype, device=_CPU))
        return out

    def _numbers(self, data: Any) -> Any:
        """``data`` with the known tensors in it as numbers."""
        if isinstance(data, Tensor):
            content = self._values.get(data)
            return data if content is None else content.tolist()
        if isinstance(data, list | tuple):
            return [self._numbers(item) for item in data]
        return data


def _with_tensors(index: Any) -> Any:
    """An index with tensors in place of its lists of numbers, which torch would turn into tensors out of our sight."""
    if isinstance(index, tuple):
        return tuple(_with_tensors(item) for item in index)
    is_numbers = isinstance(index, list) and bool(index) and all(isinstance(item, int) for item in index)
    return torch.tensor(index, device=_CPU) if is_numbers else index
