"""Watching one forward and backward pass: which modules ran, what each operation cost, which tensors were read.

One dispatch mode sees every operation that torch runs; two global hooks see every module call. Nothing is attached to
the user's modules. Backward work finds its module through autograd's sequence numbers: the nodes that a module's
forward made are numbered consecutively, so a note of the counter at every module boundary is enough to know, in
backward, whose node is running.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    _global_forward_hooks_with_kwargs,
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.utils._python_dispatch import TorchDispatchMode

from reportgen.probe import kernels
from reportgen.probe.cost import Costs, Phase
from reportgen.probe.flow import Flow
from reportgen.probe.memory import Storages
from reportgen.probe.places import Place
from reportgen.probe.structure import sizes, tensors
from reportgen.probe.timeline import Timeline
from reportgen.report.totals import MemoryMoment

Shapes = tuple[tuple[int | None, ...], ...]


class _Frame:
    """One call of one module; the root frame stands for what runs outside every module."""

    __slots__ = ("backward", "error", "forward", "module", "parent", "place", "saved")

    def __init__(self, module: nn.Module | None, parent: _Frame | None, place: Place) -> None:
        self.module = module
        self.parent = parent
        self.place = place  # in the flow of data, if it is a call of forward
        self.error = sys.exception()  # what was being handled when the call began
        self.forward = 0
        self.backward = 0
        self.saved = 0


class Work(NamedTuple):
    """What was done in a module's calls: FLOPs forward and backward, and bytes made that are kept for backward."""

    forward: int = 0
    backward: int = 0
    saved: int = 0


class ModuleTrace:
    """What was seen of one module: completed calls, and the shapes of the first one."""

    __slots__ = ("calls", "inputs", "outputs")

    def __init__(self) -> None:
        self.calls = 0
        self.inputs: Shapes | None = None
        self.outputs: Shapes | None = None


class Trace(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records one pass. Enter it around the forward; `start` the loss's phase and backward's.

    Args:
        watched: the tensors (parameters and buffers) of which it is to be known whether an operation read them.
        run: what runs an operation.
        inputs: the tensors that forward is given.
        modules: the model's, with their paths, in the order of the record.

    Attributes:
        modules: what was seen of each module, by its id: a module need not be hashable.
        costs: of all operations.
        storages: those that were made.
        saved: bytes kept between forward and backward; None where forward did not finish.
        flow: what forward read, and whose results.
        failed: the operation that raised last.
    """

    def __init__(
        self,
        watched: Iterable[Tensor],
        run: kernels.Run = kernels.run,
        inputs: Iterable[Tensor] = (),
        modules: Sequence[tuple[str, nn.Module]] = (),
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.phase = Phase.FORWARD
        self.modules: dict[int, ModuleTrace] = {}
        self.costs = Costs()
        self.failed: str | None = None
        self._run = run
        watched, inputs = tuple(watched), tuple(inputs)
        self.storages = Storages(watched, inputs)
        self.saved: int | None = None
        self._timeline = Timeline()  # of the bytes alive in forward
        self.flow = Flow(modules, watched, inputs, self.storages)
        self._root = _Frame(None, None, self.flow.outside)
        self._stack = [self._root]  # the calls that are running
        self._frames = [self._root]  # every call, callers first
        self._callers: dict[int, _Frame] = {}  # module id → whose call it ran in first
        self._boundaries: list[int] = []  # sequence numbers, ascending
        self._owners: list[_Frame | None] = []  # whose nodes start there; None: the loss's
        self._hooks = ExitStack()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing is compiled while a probe runs, and torch's saying so costs more than most operations."""
        return False

    def __enter__(self) -> Self:
        before = register_module_forward_pre_hook(_aside(self._enter_module))
        self._hooks.callback(before.remove)
        after = register_module_forward_hook(_aside(self._leave_module), with_kwargs=True, always_call=True)
        self._hooks.callback(_global_forward_hooks_with_kwargs.pop, after.id, None)  # which remove() forgets
        self._hooks.callback(after.remove)
        self._mark(self._root)
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            super().__exit__(*exc)  # type: ignore[no-untyped-call]
        finally:
            self._hooks.close()

    def start(self, phase: Phase) -> None:
        """What runs from now on belongs to ``phase``."""
        self.phase = phase
        self._stack = [self._root]
        self._mark(None if phase is Phase.LOSS else self._root)

    def returned(self, outputs: Sequence[Tensor]) -> None:
        """Forward has given ``outputs``: what there is besides them is kept for backward."""
        with torch._C.DisableTorchFunction():
            saved = self.storages.saved(outputs)
        self.saved = saved.total
        for frame, size in saved.made_by.items():
            frame.saved += size

    def work(self, paths: Mapping[int, str]) -> dict[str, Work]:
        """Module path → the work of its whole subtree; a module that did none is left out.

        Work counts for every module in whose call it was done and for every module that holds one of those by name,
        each once: a list of layers is never called, and did what its layers did.

        Args:
            paths: the model's modules, by id.
        """
        totals: dict[str, Work] = {}
        credited: dict[int, frozenset[str]] = {id(self._root): frozenset()}
        for frame in self._frames:  # a caller is always made before what it calls
            above = credited[id(frame.parent)] if frame.parent is not None else frozenset()
            path = paths.get(id(frame.module))
            credited[id(frame)] = above if path is None or path in above else above | _holders(path)
            if frame.forward or frame.backward or frame.saved:
                for path in credited[id(frame)]:
                    forward, backward, saved = totals.get(path, Work())
                    totals[path] = Work(forward + frame.forward, backward + frame.backward, saved + frame.saved)
        return totals

    def timeline(self, indexes: Mapping[int, int]) -> tuple[MemoryMoment, ...]:
        """The forward pass from start to end in equal stretches: the most bytes alive at once, and whose call it was.

        Args:
            indexes: the model's modules, by id; what runs in none of them counts for the model.
        """
        if not self.storages.followed:
            return ()
        resident = self.storages.resident
        return tuple(
            MemoryMoment(module=_innermost(frame, indexes), bytes=alive - resident)
            for alive, frame in self._timeline.stretches
        )

    # -- modules -----------------------------------------------------------------------------------------------------

    def _enter_module(self, module: nn.Module, args: Any) -> None:
        if self.phase is Phase.LOSS:
            return
        parent = self._stack[-1]
        if self.phase is Phase.BACKWARD and parent is self._root:  # computed again: for whoever called it in forward
            parent = self._callers.get(id(module), parent)
        self._callers.setdefault(id(module), parent)
        place = self.flow.call(module, parent.place) if self.phase is Phase.FORWARD else parent.place
        frame = _Frame(module, parent, place)
        self._frames.append(frame)
        self._stack.append(frame)
        self._mark(frame)
        seen = self.modules.setdefault(id(module), ModuleTrace())
        if seen.inputs is None:
            seen.inputs = _shapes(args)

    def _leave_module(self, module: nn.Module, args: Any, *rest: Any) -> None:
        """``rest`` is (kwargs, output); torch leaves the kwargs out after an error."""
        frame = self._stack[-1]
        if self.phase is Phase.LOSS or frame.module is not module:
            return
        self._stack.pop()
        self._mark(self._stack[-1])
        failed = sys.exception() is not frame.error
        if failed or self.phase is Phase.BACKWARD:  # in backward, a checkpoint computes again
            return
        self.flow.returned(module, frame.place, tensors(rest[-1]))
        seen = self.modules[id(module)]
        seen.calls += 1
        if seen.calls == 1:
            if rest[0]:
                seen.inputs = _shapes((args, rest[0]))
            seen.outputs = _shapes(rest[-1])

    def _mark(self, owner: _Frame | None) -> None:
        self._boundaries.append(torch._C._autograd._get_sequence_nr())
        self._owners.append(owner)

    # -- operations --------------------------------------------------------------------------------------------------

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Runs the operation, then notes what it made, what it read and what it cost."""
        kwargs = kwargs or {}
        if torch.is_inference_mode_enabled() and _is_composite(func):
            return self._by_its_parts(func, args, kwargs)
        try:
            out = self._run(func, args, kwargs)
        except Exception:
            self.failed = func._schema.name.replace("::", ".")
            raise
        frame = self._stack[-1]
        alive = self.storages.note(func, args, out, frame)
        if self.phase is Phase.FORWARD:
            self._timeline.note(alive, frame)
            self.flow.note(frame.place, func, args, kwargs, out)
        if self.phase is not Phase.LOSS:
            self._note_cost(func, args, kwargs, out)
        return out

    def _by_its_parts(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Runs an operation that stands for several, which come back to this mode one by one."""
        super().__enter__()  # type: ignore[no-untyped-call]
        try:
            return func.decompose(*args, **kwargs)
        finally:
            super().__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def _note_cost(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> None:
        """Adds the operation up, and credits the FLOPs of products to the module call they belong to."""
        tally = self.costs.tally(func)
        if tally is None:
            return
        frame = self._owner()
        if frame is None:
            return
        flops = tally.add(args, kwargs, out, self.phase)
        if self.phase is Phase.FORWARD:
            frame.forward += flops
        else:
            frame.backward += flops

    def _owner(self) -> _Frame | None:
        """The module call that what runs now belongs to; None where it is the loss's."""
        if self.phase is Phase.FORWARD or len(self._stack) > 1:
            return self._stack[-1]
        node: Any = torch._C._current_autograd_node()
        if node is None:
            return self._root
        return self._owners[bisect_right(self._boundaries, node._sequence_nr()) - 1]


@cache
def _is_composite(operation: Any) -> bool:
    """Whether it is made of other operations. Autograd takes it apart; inference mode, without autograd, does not."""
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(operation.name(), "CompositeImplicitAutograd"))


def _aside(hook: Callable[..., None]) -> Callable[..., None]:
    """The hook without the function modes that its looks at tensors would pass through, each at a price."""

    def unseen(*args: Any) -> None:
        with torch._C.DisableTorchFunction():
            hook(*args)

    return unseen


def _innermost(frame: _Frame | None, indexes: Mapping[int, int]) -> int:
    """The index of the innermost known module in whose call ``frame`` is."""
    while frame is not None:
        index = indexes.get(id(frame.module))
        if index is not None:
            return index
        frame = frame.parent
    return 0


def _holders(path: str) -> frozenset[str]:
    """A module's path and those of the modules that hold it: ``a.b`` is held by ``a`` and by the model, ``""``."""
    parts = path.split(".") if path else []
    return frozenset(".".join(parts[:length]) for length in range(len(parts) + 1))


def _shapes(value: Any) -> Shapes:
    only = value[0] if type(value) is tuple and len(value) == 1 else value
    if isinstance(only, Tensor):
        return (sizes(only),)
    return tuple(sizes(tensor) for tensor in tensors(value))
