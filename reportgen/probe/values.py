"""Real values for small tensors on meta: enough for models whose path depends on data.

Masks, positions, token ids, shapes of images: models read such numbers to decide what to run, and meta has none. Here
every small meta tensor whose content follows from constants or from the integer inputs has a twin on the CPU. An
operation on known tensors runs on the twins too, and one that reads a value is answered from them; the rest, which is
nearly everything of substance, stays on meta. What is unknown is unknown: reading it fails as it does without this,
except that activations are taken to be finite, and, where assumptions are allowed, selections to select all, and the
best of several to be each of them in turn.

A twin belongs to a storage, so that views and writes in place see one content, and it goes when its storage goes.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from reportgen.probe import kernels
from reportgen.probe.operations import (
    BY_MASK,
    CHOICES,
    CONSTANTS,
    FILLS,
    LIMIT,
    LOOKED_INTO,
    UNFILLED,
    flat,
    is_determined,
    is_tensor,
    limit,
    on_cpu,
    swapped,
    tells_values,
    written_by,
)

_aten = torch.ops.aten
_META = torch.device("meta")
_CPU = torch.device("cpu")


class _Twin(NamedTuple):
    """The content of a storage."""

    storage: Any  # a reference that tells its end
    content: torch.UntypedStorage
    uniform: bool  # one element stands for all


class Values:
    """The contents that are known. `run` runs an operation; `probe.reading` catches what never becomes one."""

    def __init__(self, *, assume: bool = False) -> None:
        self.assumes = assume
        self.took_finite = False  # whether something unknown was taken to be finite
        self.took_all = False  # or to select all, or each in turn
        self._twins: dict[int, _Twin] = {}  # by storage

    def set(self, tensor: Tensor, content: Tensor) -> None:
        """From now on ``tensor``, a meta tensor, has ``content``, a CPU tensor of its shape; not if it is large."""
        if tensor.numel() <= LIMIT:
            twin = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=_CPU)
            self._remember(tensor, twin.copy_(content).untyped_storage(), uniform=False)

    def _remember(self, tensor: Tensor, content: torch.UntypedStorage, *, uniform: bool) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        self._twins[key] = _Twin(weakref.ref(storage, lambda _: self._twins.pop(key, None)), content, uniform)

    def get(self, tensor: Tensor) -> Tensor | None:
        """A CPU tensor that shares the content of ``tensor``; None where that is not known."""
        if not tensor.is_meta:
            return tensor if tensor.device.type == "cpu" else None
        if not self._twins or tensor.layout is not torch.strided:
            return None
        twin = self._twins.get(tensor.untyped_storage()._cdata)
        if twin is None or (tensor.numel() > LIMIT and not twin.uniform):
            return None
        view = torch.empty(0, dtype=tensor.dtype, device=_CPU)
        if twin.uniform:
            return view.set_(twin.content, 0, (), ()).expand(tensor.shape)
        return view.set_(twin.content, tensor.storage_offset(), tensor.shape, tensor.stride())

    def run(self, operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """What ``operation`` gives on meta, with the content of what it gives where that follows from what is known."""
        if operation not in LOOKED_INTO and self._is_beyond(args) and not any(map(is_tensor, kwargs.values())):
            return kernels.run(operation, args, kwargs)
        given = list(flat((args, kwargs)))
        if not any(tensor.is_meta for tensor in given):
            return self._made(operation, args, kwargs)
        twins = {id(tensor): self.get(tensor) for tensor in given}
        if operation in CONSTANTS and twins[id(args[0])] is None and args[0].numel() <= LIMIT:
            twins[id(args[0])] = torch.empty(args[0].shape, dtype=args[0].dtype, device=_CPU)
        if is_determined(operation) and all(twin is not None for twin in twins.values()):
            return self._followed(operation, args, kwargs, twins)
        if self.assumes and operation is _aten.nonzero.default:
            return self.run(_aten.stack.default, (self._positions(args[0]), -1), {})
        if self.assumes and operation in CHOICES:
            return self._chosen(operation, args, kwargs)
        if operation is _aten.masked_select.default:
            shape = torch.broadcast_shapes(args[0].shape, args[1].shape)  # type: ignore[no-untyped-call]
            operation, args = _aten.index.Tensor, (args[0].expand(shape), [args[1].expand(shape)])
        if operation in BY_MASK:
            args = (args[0], self._without_masks(args[1]), *args[2:])
        return self._unfollowed(operation, args, kwargs, twins)

    def _is_beyond(self, args: Sequence[Any]) -> bool:
        """Whether all tensors given are on meta and unknown, as nearly all of a model's are."""
        found = False
        for value in args:
            if is_tensor(value):
                if not value.is_meta or value.untyped_storage()._cdata in self._twins:
                    return False
                found = True
            elif isinstance(value, list | tuple) and any(map(is_tensor, value)):
                return False
        return found

    # -- ways to run an operation ------------------------------------------------------------------------------------

    def _made(self, operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Nothing given is on meta; what is made may be: a new tensor, be it random, or a copy of a real one."""
        out = kernels.run(operation, args, kwargs)
        if isinstance(out, Tensor) and out.is_meta and out.numel() <= limit(operation):
            if operation not in UNFILLED:
                self.set(out, operation(*args, **{**kwargs, "device": _CPU}))
            elif not out.dtype.is_floating_point:  # anything is right where nothing was said; filled bit by bit, maybe
                self.set(out, torch.zeros(out.shape, dtype=out.dtype, device=_CPU))
        return out

    def _followed(
        self, operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any], twins: Mapping[int, Tensor | None]
    ) -> Any:
        """The content of everything given is known."""
        real = partial(operation, *swapped(args, twins), **swapped(on_cpu(kwargs), twins))
        if tells_values(operation, kwargs):
            content = real()
            return content if "device" in kwargs else self._moved(content)
        written = written_by(operation, args, kwargs)
        if any(not tensor.is_meta for tensor in written):
            return real()
        out = kernels.run(operation, *self._on_meta(args, kwargs))
        made = [tensor for tensor in flat(out) if tensor.is_meta]
        if any(tensor.numel() > LIMIT for tensor in made) or any(map(self._is_uniform, written)):
            self.forget(*written)
            return out
        try:
            contents = real()
        except NotImplementedError:  # for this dtype on the CPU
            self.forget(*written)
            return out
        for tensor, content in zip(made, flat(contents), strict=False):
            if tensor.untyped_storage()._cdata not in self._twins:
                self.set(tensor, content)
        return out

    def _unfollowed(
        self, operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any], twins: Mapping[int, Tensor | None]
    ) -> Any:
        """Something unknown goes in; whatever it is written to is unknown from now on."""
        out = kernels.run(operation, *self._on_meta(args, kwargs))
        written = written_by(operation, args, kwargs)
        self.forget(*written)
        if operation in FILLS and all(twins[id(tensor)] is not None for tensor in flat(args[1:])):
            self._filled(operation, args, twins)
        return out

    def _chosen(self, operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The best of several unknown ones, assumed to be each in turn: tokens spread evenly over experts."""
        self.took_all = True
        out = kernels.run(operation, *self._on_meta(args, kwargs))
        indices = out if isinstance(out, Tensor) else out[1]
        place = CHOICES[operation]
        dim = args[place] if len(args) > place else kwargs.get("dim", -1)
        if 0 < indices.numel() <= LIMIT and args[0].dim() > 0:
            several = args[0].numel() if dim is None else args[0].shape[dim]
            turns = torch.arange(indices.numel(), device=_CPU) % several
            if operation is _aten.topk.default:  # its best are not the same along that dimension
                turns = turns.view(indices.movedim(dim, -1).shape).movedim(-1, dim)
            self.set(indices, turns.reshape(indices.shape))
        return out

    def _filled(self, operation: Any, args: Sequence[Any], twins: Mapping[int, Tensor | None]) -> None:
        """All of an unknown tensor was overwritten with something known."""
        target = args[0]
        whole = target.is_meta and target.numel() * target.element_size() == target.untyped_storage().nbytes()
        if whole and target.numel() <= limit(operation):
            real = torch.empty(target.shape, dtype=target.dtype, device=_CPU)
            self.set(target, operation(real, *swapped(tuple(args[1:]), twins)))

    def forget(self, *tensors: Tensor) -> None:
        """From now on what these tensors hold is not known."""
        for tensor in tensors:
            if tensor.is_meta and tensor.layout is torch.strided:
                self._twins.pop(tensor.untyped_storage()._cdata, None)

    # -- helpers -----------------------------------------------------------------------------------------------------

    def _on_meta(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
        """The arguments with every real tensor of more than one number replaced by one on meta, its content known.

        A single number may stand beside tensors on any device, and keeps its part in deciding the result's dtype.
        """
        moved = {
            id(tensor): self._moved(tensor)
            for tensor in flat((args, kwargs))
            if tensor.device.type == "cpu" and tensor.dim() > 0 and tensor.layout is torch.strided
        }
        return (swapped(args, moved), swapped(kwargs, moved)) if moved else (args, kwargs)

    def _moved(self, value: Any) -> Any:
        """CPU tensors as meta tensors whose content is known; anything else as it is."""
        if isinstance(value, list | tuple):
            return type(value)(self._moved(item) for item in value)
        if not isinstance(value, Tensor):
            return value
        out = torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=_META)
        self.set(out, value)
        return out

    def _is_uniform(self, tensor: Tensor) -> bool:
        twin = self._twins.get(tensor.untyped_storage()._cdata)
        return twin is not None and twin.uniform

    def finite(self, tensor: Tensor, answer: bool) -> Tensor:
        """What a test for infinity or for numbers says of a tensor taken to be finite."""
        self.took_finite = True
        out = torch.empty(tensor.shape, dtype=torch.bool, device=_META)
        self._remember(out, torch.tensor([answer], device=_CPU).untyped_storage(), uniform=True)
        return out

    def _positions(self, mask: Tensor) -> list[Tensor]:
        """Where the mask is true, an index a dimension; everywhere, where its content is not known."""
        content = self.get(mask)
        self.took_all = self.took_all or content is None
        if content is not None or mask.numel() <= LIMIT:
            known = torch.ones(mask.shape, device=_CPU) if content is None else content
            return list(self._moved(known.nonzero(as_tuple=True)))
        return [torch.empty(mask.numel(), dtype=torch.int64, device=_META) for _ in mask.shape]

    def _without_masks(self, indices: Any) -> Any:
        """Masks among indices, as the positions where they are true: how many is what meta cannot know."""
        plain: list[Any] = []
        for index in indices:
            is_mask = isinstance(index, Tensor) and index.dtype in {torch.bool, torch.uint8}
            if is_mask and (self.assumes or self.get(index) is not None):
                plain.extend(self._positions(index))
            else:
                plain.append(index)
        return plain

    def fresh(self) -> Values:
        """Another such object that knows nothing yet."""
        return Values(assume=self.assumes)
