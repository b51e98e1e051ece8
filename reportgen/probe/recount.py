"""Counting a model again, by other means than the ledger and the trace: tensors by identity, layers by closed forms.

A `Witness` sees the modules of a probe through hooks of its own. It shares no code with what it checks but the record
itself and the walk through nested outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    _global_forward_hooks_with_kwargs,
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

from reportgen.probe.closed_forms import flops_of_call
from reportgen.probe.structure import tensors
from reportgen.report.schema import ModelReport

Figure = tuple[str, Any, Any]  # its place in the record, what is there, what the recount gives

_MASK_LIMIT = 2**28  # elements of a memory that several tensors share


@dataclass(slots=True)
class Calls:
    """What was seen of one module."""

    forward: int = 0
    again: int = 0  # in backward, where a checkpoint computes again
    flops: int = 0  # of its forward calls, by closed forms
    covered: bool = True  # whether all of them have one
    input_needs_gradient: bool = False


class Witness:
    """Sees every call in the forward passes with autograd that run while it is entered.

    ``begun`` is the model of the last one, and ``finished`` that of the last one that came to its end, ``calls`` being
    those of the latter by the module's id: a model may be tried more than once.
    """

    def __init__(self) -> None:
        self.begun: nn.Module | None = None
        self.finished: nn.Module | None = None
        self.calls: dict[int, Calls] = {}
        self._current: dict[int, Calls] = {}
        self._depth = 0
        self._idle = False  # during the pass without autograd that the peak of inference comes from
        self._hooks = ExitStack()

    def __enter__(self) -> Self:
        before = register_module_forward_pre_hook(self._enter_module)
        self._hooks.callback(before.remove)
        after = register_module_forward_hook(self._leave_module, with_kwargs=True, always_call=True)
        self._hooks.callback(_global_forward_hooks_with_kwargs.pop, after.id, None)  # which remove() forgets
        self._hooks.callback(after.remove)
        return self

    def __exit__(self, *exc: object) -> None:
        self._hooks.close()

    def _enter_module(self, module: nn.Module, _args: Any) -> None:
        if self._depth == 0 and not _in_backward():
            self._idle = not torch.is_grad_enabled()
            if not self._idle:
                self.begun, self._current = module, {}
        self._depth += 1

    def _leave_module(self, module: nn.Module, args: Any, *rest: Any) -> None:
        """``rest`` is (kwargs, output); torch leaves the kwargs out after an error."""
        self._depth -= 1
        if self._idle:
            return
        calls = self._current.setdefault(id(module), Calls())
        if _in_backward():
            calls.again += 1
            return
        calls.forward += 1
        if self._depth == 0 and rest:
            self.finished, self.calls = module, self._current
        flops = flops_of_call(module, args, rest[0], rest[1]) if len(rest) > 1 else None
        calls.covered &= flops is not None
        calls.flops += flops or 0
        calls.input_needs_gradient = any(tensor.requires_grad for tensor in tensors(args))


def _in_backward() -> bool:
    return torch._C._current_autograd_node() is not None


# -- tensors by identity -----------------------------------------------------------------------------------------------


def identity(report: ModelReport, model: nn.Module) -> Iterator[Figure]:
    """Parameters, buffers, gradients and modules of ``model``, added up over the tensors that are there."""
    names = list(nn.Module.named_parameters(model, remove_duplicate=False))
    parameters = list({id(tensor): tensor for _, tensor in names}.values())
    buffers = list({id(tensor): tensor for tensor in nn.Module.buffers(model)}.values())
    totals = report.totals
    for name, recount in {
        "declared": sum(tensor.numel() for _, tensor in names),
        "unique": sum(tensor.numel() for tensor in parameters),
        "storage": _elements_of_memory(parameters),
        "trainable": sum(tensor.numel() for tensor in parameters if tensor.requires_grad),
        "frozen": sum(tensor.numel() for tensor in parameters if not tensor.requires_grad),
        "tensors": len(parameters),
        "bytes": _bytes(parameters),
    }.items():
        yield f"totals.parameters.{name}", getattr(totals.parameters, name), recount
    yield "totals.buffers.unique", totals.buffers.unique, sum(tensor.numel() for tensor in buffers)
    yield "totals.buffers.tensors", totals.buffers.tensors, len(buffers)
    yield "totals.buffers.bytes", totals.buffers.bytes, _bytes(buffers)
    yield "names of parameters", sorted(row.name for row in report.parameters), sorted(name for name, _ in names)
    yield from _tree(report, model)


def _tree(report: ModelReport, model: nn.Module) -> Iterator[Figure]:
    """Every module's own parameters and those of its subtree."""
    modules = dict(nn.Module.named_modules(model))
    yield "totals.modules", report.totals.modules, len(modules)
    for row in report.modules:
        module = modules.get(row.path)
        if module is None:
            yield f"modules[{row.path!r}]", row.path, None
            continue
        below = {id(tensor): tensor for tensor in nn.Module.parameters(module)}.values()
        own = {id(tensor): tensor for tensor in nn.Module.parameters(module, recurse=False)}.values()
        yield f"modules[{row.path!r}].parameters", row.parameters, sum(tensor.numel() for tensor in below)
        yield f"modules[{row.path!r}].own_parameters", row.own_parameters, sum(tensor.numel() for tensor in own)


def _bytes(counted: Sequence[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in counted)


def _elements_of_memory(parameters: Sequence[Tensor]) -> int | None:
    """Elements of memory, each once: marked one by one on a mask where several tensors share a memory."""
    groups: dict[int, list[Tensor]] = {}
    for tensor in parameters:
        groups.setdefault(tensor.untyped_storage()._cdata, []).append(tensor)
    total = 0
    for group in groups.values():
        size = group[0].untyped_storage().nbytes() // group[0].element_size()
        if len(group) == 1 and group[0].numel() == size:
            total += size
            continue
        if size > _MASK_LIMIT or len({tensor.element_size() for tensor in group}) > 1:
            return None
        mask = torch.zeros(size, dtype=torch.bool)
        for tensor in group:
            mask.as_strided(tensor.size(), tensor.stride(), tensor.storage_offset()).fill_(True)
        total += int(mask.sum())
    return total


# -- layers by closed forms --------------------------------------------------------------------------------------------


def closed_forms(report: ModelReport, witness: Witness, model: nn.Module) -> Iterator[Figure]:
    """Calls and FLOPs of every layer that has a closed form.

    Backward is compared where it must be once or twice the forward: a single call, whose weight is its own and has got
    a gradient.
    """
    computed = {row.name for row in report.parameters if row.gradient.status == "computed"}
    tied = {name for row in report.parameters if row.tied_to for name in (row.name, row.tied_to)}
    rows = {row.path: row for row in report.modules}
    for path, module, calls in _covered(witness, model):
        row = rows[path]
        yield f"modules[{path!r}].calls", row.calls, calls.forward
        yield f"modules[{path!r}].flops_forward", row.flops_forward, calls.flops
        weight = f"{path}.weight" if path else "weight"
        if _multiplies_once(module) and (calls.forward, calls.again) == (1, 0) and weight in computed - tied:
            backward = calls.flops * (1 + calls.input_needs_gradient)
            yield f"modules[{path!r}].flops_backward", row.flops_backward, backward


def covered_flops(witness: Witness, model: nn.Module) -> int:
    """Forward FLOPs of the layers that have a closed form."""
    return sum(calls.flops for _, _, calls in _covered(witness, model))


def _covered(witness: Witness, model: nn.Module) -> Iterator[tuple[str, nn.Module, Calls]]:
    for path, module in nn.Module.named_modules(model):
        calls = witness.calls.get(id(module))
        if calls is not None and calls.forward and calls.covered:
            yield path, module, calls


def _multiplies_once(module: nn.Module) -> bool:
    """Whether its forward is one product of input and weight, so that each of their gradients costs the same again."""
    return isinstance(module, nn.Linear | nn.modules.conv._ConvNd)
