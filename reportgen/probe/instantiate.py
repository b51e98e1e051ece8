"""From a recipe, or a live module, to a fresh module on the device of the probe."""

from __future__ import annotations

import copy
import fnmatch
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.overrides import TorchFunctionMode

from reportgen.errors import DeviceUnavailable, InstantiationError
from reportgen.probe import kernels
from reportgen.probe.fills import Unfilled
from reportgen.probe.reading import building
from reportgen.probe.values import Values

META = torch.device("meta")


def resolve_device(name: str) -> torch.device:
    """The device of that name; ``auto`` is this machine's accelerator, else the CPU.

    Raises:
        DeviceUnavailable: it is not on this machine.
    """
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if name == "auto":
        return accelerator if accelerator is not None else torch.device("cpu")
    device = torch.device(name)
    if device.type in {"meta", "cpu"}:
        return device
    count = torch.accelerator.device_count() if accelerator is not None and accelerator.type == device.type else 0
    if (device.index or 0) >= count:
        raise DeviceUnavailable(
            f"device {name} is not available: this machine has {count} {device.type} devices that torch can use",
            remedy="use --device meta (needs no device at all) or --device cpu; `reportgen doctor` lists what is here",
        )
    return device


def build(factory: Callable[[], nn.Module], device: torch.device, values: Values | None = None) -> nn.Module:
    """A fresh module whose tensors were made on ``device``; ``values`` learns the content of its constants."""
    skips_fills = device.type == "meta" and not kernels.is_plain()
    constructing = Unfilled(device, values) if skips_fills else device
    with building(values) if values is not None else nullcontext(), constructing:
        model = _checked(factory())
    if device.type != "meta":
        model.to(device)  # a constructor may name a device of its own
    else:
        _move_rest(model, _Copies(META, values))
    return model


def build_hybrid(factory: Callable[[], nn.Module], values: Values | None = None) -> nn.Module:
    """A fresh module on meta whose constructor saw real values.

    Tensors are made on the CPU; parameters and buffers move to meta the moment they are registered, and ties hold
    because a tensor that comes back gets the same stand-in.
    """
    stand_ins = _Copies(META, values)

    def registered(_module: nn.Module, _name: str, tensor: Any) -> Any:
        return stand_ins.of(tensor) if isinstance(tensor, Tensor) else tensor

    hooks = [
        register_module_parameter_registration_hook(registered),
        register_module_buffer_registration_hook(registered),
    ]
    try:
        model = _checked(factory())
    finally:
        for hook in hooks:
            hook.remove()
    _move_rest(model, stand_ins)
    return model


def _move_rest(model: nn.Module, stand_ins: _Copies) -> None:
    """Puts stand-ins in place of tensors that a constructor made elsewhere, ``torch.Tensor(4)`` for one."""
    for module in model.modules():
        tables: tuple[dict[str, Any], ...] = (module._parameters, module._buffers, vars(module))
        for table in tables:
            for name, value in table.items():
                if isinstance(value, Tensor) and not value.is_meta:
                    table[name] = stand_ins.of(value)


def copy_of(model: nn.Module, device: torch.device, values: Values | None = None) -> nn.Module:
    """A copy of a live module on ``device``; the module itself is not touched.

    On meta the copy has no values; ``values`` learns those of small tensors that are no parameters.

    Raises:
        InstantiationError: the module cannot be copied.
    """
    try:
        copies = _Copies(device, values)
        memo: dict[int, Any] = {}
        for tensor in (*model.parameters(), *model.buffers()):
            memo[id(tensor)] = copies.of(tensor)
        with _CopyTensors(copies), torch.no_grad():  # scripted code clones, and would lead gradients to the original
            copied = copy.deepcopy(model, memo)
        if not isinstance(copied, nn.Module):
            raise TypeError(f"its copy is a {type(copied).__name__}")  # noqa: TRY301 (told like every other reason)
        for tensor, own in zip(model.parameters(), copied.parameters(), strict=True):
            if own.requires_grad != tensor.requires_grad:
                own.requires_grad_(tensor.requires_grad)
    except Exception as exc:
        raise InstantiationError(
            f"the module cannot be copied: {type(exc).__name__}: {exc}",
            code="copy-failed",
            remedy="give a function that builds it: python:pkg.module:factory",
        ) from exc
    return copied


def to_dtype(model: nn.Module, dtype: torch.dtype, values: Values | None = None) -> None:
    """Casts the floating parameters and buffers, as ``model.to(dtype)`` does, and leaves complex ones as they are.

    ``values`` follows what small ones hold.
    """
    with building(values) if values is not None else nullcontext():
        model._apply(  # type: ignore[no-untyped-call]  # what half(), double() and to() are made of
            lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor
        )


def freeze(model: nn.Module, patterns: Iterable[str]) -> list[str]:
    """Switches off ``requires_grad`` where a parameter's name matches a pattern; gives the patterns that match none."""
    parameters = list(model.named_parameters(remove_duplicate=False))
    idle = []
    for pattern in patterns:
        matching = [parameter for name, parameter in parameters if fnmatch.fnmatchcase(name, pattern)]
        for parameter in matching:
            parameter.requires_grad_(False)
        if not matching:
            idle.append(pattern)
    return idle


def _checked(model: Any) -> nn.Module:
    if not isinstance(model, nn.Module):
        raise InstantiationError(
            f"the factory gave an object of type {type(model).__name__}, not a torch.nn.Module",
            code="not-a-module",
            remedy="name a class derived from torch.nn.Module, or a function that returns one",
        )
    return model


class _Copies:
    """Tensors on another device in place of the given ones: the same one for the same tensor, sharing memory alike.

    On meta they have no values; ``values`` learns those of small tensors that are no parameters.
    """

    def __init__(self, device: torch.device, values: Values | None) -> None:
        self._device = device
        self._values = values
        self._tensors: dict[int, Tensor] = {}
        self._memory: dict[tuple[int, torch.dtype], Tensor] = {}
        self._alive: list[Tensor] = []  # an id is one tensor's only while that tensor lives

    def of(self, tensor: Tensor) -> Tensor:
        if id(tensor) not in self._tensors:
            copied = self._copy(tensor)
            self._alive.append(tensor)
            self._tensors[id(tensor)] = self._tensors[id(copied)] = copied
        return self._tensors[id(tensor)]

    def _copy(self, tensor: Tensor) -> Tensor:
        if nn.parameter.is_lazy(tensor):
            kind: Any = type(tensor)
            return cast("Tensor", kind(tensor.requires_grad, device=self._device, dtype=tensor.data.dtype))
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested:
            copied = tensor.detach().to(self._device, copy=True)
        else:
            copied = self._flat(tensor).as_strided(tensor.size(), tensor.stride(), tensor.storage_offset())
            if self._values is not None and not isinstance(tensor, nn.Parameter) and tensor.device.type == "cpu":
                self._values.set(copied, tensor.detach())
        if isinstance(tensor, nn.Parameter):
            return nn.Parameter(copied, requires_grad=tensor.requires_grad)
        return copied.requires_grad_(tensor.requires_grad)

    def _flat(self, tensor: Tensor) -> Tensor:
        """The copy of all the memory that ``tensor`` is a view of."""
        storage = tensor.untyped_storage()
        key = (storage._cdata, tensor.dtype)
        if key not in self._memory:
            size = storage.nbytes() // tensor.element_size()
            if self._device.type == "meta":
                self._memory[key] = torch.empty(size, dtype=tensor.dtype, device=self._device)
            else:
                self._memory[key] = tensor.detach().as_strided((size,), (1,), 0).to(self._device, copy=True)
        return self._memory[key]


class _CopyTensors(TorchFunctionMode):
    """Under it, `copy.deepcopy` takes tensors that are neither parameter nor buffer from ``copies`` too."""

    def __init__(self, copies: _Copies) -> None:
        super().__init__()
        self._copies = copies

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is Tensor.__deepcopy__:
            return self._copies.of(args[0])
        return func(*args, **(kwargs or {}))
