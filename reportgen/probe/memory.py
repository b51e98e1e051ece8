"""How much memory a pass takes: every storage that an operation makes, from its birth to its death.

A tensor's bytes lie in its storage, which views share and which is freed when the last holder lets go, be it Python or
autograd. So it is storages that are followed, by weak references: the sum of those alive, and the most that it ever
was, is what an allocator sees. On meta, storages have sizes and lifetimes like anywhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, cast
from weakref import ref

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from reportgen.probe.kernels import Run
from reportgen.probe.workspace import NEEDS, Need

_aten = torch.ops.aten
_RESIZING = frozenset(
    {
        _aten.resize_.default,
        _aten.resize_as_.default,
        _aten.lift_fresh.default,  # the first that is seen of a tensor made from Python's numbers
        _aten.set_.source_Tensor,
        _aten.set_.source_Storage,
        _aten.set_.source_Storage_storage_offset,
    }
)
"""Operations that give what they are given, and yet have storages to show that were not there before."""

_KINDS: dict[int, _Kind] = {}
_SEVERAL = frozenset({list, tuple})


class _Storage(ref[Any]):
    """A storage that is alive; calls back when it dies."""

    __slots__ = ("bytes", "key", "narrow", "owner")
    key: int  # its address
    bytes: int
    narrow: int  # bytes, if what is float32 were bfloat16
    owner: Any  # who made it


class _Kind(NamedTuple):
    """What is to be known of an operation, looked up by its id: its hash is made in Python, and costs more."""

    operation: Any  # held, so that no other ever has its id
    need: Need | None
    makes_nothing: bool  # it gives views of what it is given, or writes there

    @classmethod
    def of(cls, operation: Any) -> _Kind:
        schema = operation._schema
        aliases = all(value.alias_info is not None for value in schema.returns)
        resizes = operation in _RESIZING or any(argument.is_out for argument in schema.arguments)
        kind = cls(operation, NEEDS.get(operation), makes_nothing=aliases and not resizes)
        return _KINDS.setdefault(id(operation), kind)


class Saved(NamedTuple):
    """Bytes that lie there between forward and backward: in all, and of what each owner made."""

    total: int
    made_by: Mapping[Any, int]


class Storages:
    """The storages that are alive, on top of those of a model's tensors and inputs, which were there before and stay.

    Attributes:
        resident: bytes of the storages of parameters, buffers and inputs, each once.
        peak: the most bytes that were alive at once, ``resident`` ones and the workspaces of kernels included.
        narrow_peak: the same, if every float32 tensor were a bfloat16 one.
        followed: whether every tensor that was made had a storage to follow; if not, the peaks are too low.
        labels: what others keep of storages, by address; forgotten when the storage goes.
    """

    def __init__(self, model: Sequence[Tensor], inputs: Sequence[Tensor] = ()) -> None:
        own, given = (
            {key: (size, dtype) for tensor in resident for key, size, dtype in _sizes(tensor)}
            for resident in (model, inputs)
        )
        known = own | given
        self.resident = sum(size for size, _ in known.values())
        self.followed = True
        self.labels: dict[int, Any] = {}
        self._model = model
        self._given = {key: size for key, (size, _) in given.items() if key not in own}
        self._known = frozenset(known)
        self._living: dict[int, _Storage] = {}  # by address, oldest first
        self._alive = self.peak = self.resident
        self._narrow = self.narrow_peak = sum(_narrow(size, dtype) for size, dtype in known.values())

    def __contains__(self, key: int) -> bool:
        """Whether the storage at an address is followed, or there to stay."""
        return key in self._living or key in self._known

    def note(self, operation: Any, args: Sequence[Any], out: Any, owner: Any = None) -> int:
        """An operation, called by ``owner``, has just given ``out``; gives the bytes that were alive at its end."""
        kind = _KINDS.get(id(operation)) or _Kind.of(operation)
        if type(out) is Tensor and out.layout is torch.strided:
            if kind.makes_nothing:
                return self._alive
            self._follow(out, owner)
        else:
            self._take(out, owner)
        extra = kind.need(args, out) if kind.need is not None else 0
        alive = self._alive + extra
        self.peak = max(self.peak, alive)
        self.narrow_peak = max(self.narrow_peak, self._narrow + extra // 2)
        return alive

    def saved(self, outputs: Sequence[Tensor]) -> Saved:
        """What there is between forward and backward; to be asked when forward has just returned ``outputs``.

        The model's own tensors do not count. Inputs and outputs are held by the caller anyway, and count where autograd
        holds them as well.
        """
        own = {key for tensor in self._model for key, _, _ in _sizes(tensor)}  # lazy ones are there by now
        held = {key for tensor in outputs for key, _, _ in _sizes(tensor)}
        in_graph = _held_by_autograd(outputs)
        made_by: Counter[Any] = Counter()
        for key, storage in self._living.items():
            if key not in own and (key not in held or key in in_graph):
                made_by[storage.owner] += storage.bytes
        given = sum(size for key, size in self._given.items() if key in in_graph)
        return Saved(sum(made_by.values()) + given, made_by)

    def _take(self, out: Any, owner: Any) -> None:
        if isinstance(out, Tensor):
            if out.layout is torch.strided:
                self._follow(out, owner)
            elif out.layout is torch.sparse_coo:
                self._follow(out._indices(), owner)
                self._follow(out._values(), owner)
            else:
                self.followed = False
        elif type(out) is tuple or type(out) is list:
            for item in out:
                self._take(item, owner)

    def _follow(self, tensor: Tensor, owner: Any) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._known:
            return
        size = storage.nbytes()
        before = self._living.get(key)
        if before is not None:
            if before.bytes == size:
                return
            self._forget(before)  # it was resized
        living = self._living[key] = _Storage(storage, self._forget)
        living.key, living.bytes, living.owner = key, size, owner
        living.narrow = size // 2 if tensor.dtype is torch.float32 else size
        self._alive += size
        self._narrow += living.narrow

    def _forget(self, gone: ref[Any]) -> None:
        key = cast(_Storage, gone).key
        gone = self._living.pop(key)
        self._alive -= gone.bytes
        self._narrow -= gone.narrow
        self.labels.pop(key, None)


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the storages of whatever runs inside; ``run`` is what runs an operation."""

    def __init__(self, storages: Storages, run: Run) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._storages, self._run = storages, run

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled while a probe runs, and saying so costs more than most operations

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Runs the operation, then takes note of what it made."""
        out = self._run(func, args, kwargs or {})
        self._storages.note(func, args, out)
        return out


def address(tensor: Tensor) -> int | None:
    """Of the storage that a tensor lies in, of a sparse one its values; None where there is none to follow."""
    key: int | None = None
    if tensor.layout is torch.strided:
        key = tensor.untyped_storage()._cdata
    elif tensor.layout is torch.sparse_coo:
        key = tensor._values().untyped_storage()._cdata
    return key


def _narrow(size: int, dtype: torch.dtype) -> int:
    return size // 2 if dtype is torch.float32 else size


def _sizes(tensor: Tensor) -> Iterator[tuple[int, int, torch.dtype]]:
    """Address, bytes and dtype of the storages that a tensor lies in; none for one that has none to be seen."""
    if nn.parameter.is_lazy(tensor):
        return
    if tensor.layout is torch.strided:
        parts: tuple[Tensor, ...] = (tensor,)
    elif tensor.layout is torch.sparse_coo:
        parts = (tensor._indices(), tensor._values())
    else:
        return
    for part in parts:
        storage = part.untyped_storage()
        yield storage._cdata, storage.nbytes(), part.dtype


def _held_by_autograd(outputs: Iterable[Tensor]) -> set[int]:
    """Addresses of the storages that the graph behind ``outputs`` keeps for backward.

    Raw saved values are looked at, and nothing is unpacked: what a checkpoint packed would be computed again.
    """
    keys: set[int] = set()
    seen: set[Any] = set()
    stack: list[Any] = [tensor.grad_fn for tensor in outputs]
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        for name in _saved_names(cast(Hashable, type(node))):
            raw = getattr(node, name)
            for saved in raw if type(raw) in _SEVERAL else (raw,):
                value = saved.data
                if isinstance(value, Tensor):
                    if value.layout is torch.strided:
                        keys.add(value.untyped_storage()._cdata)
                    else:
                        keys.update(key for key, _, _ in _sizes(value))
        stack.extend(following for following, _ in node.next_functions)
    return keys


@cache
def _saved_names(kind: Hashable) -> tuple[str, ...]:
    """The attributes in which autograd nodes of a class keep what they saved."""
    return tuple(name for name in dir(kind) if name.startswith("_raw_saved_"))
