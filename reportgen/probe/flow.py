"""The flow of data between modules: whose results each works on, and what its own were made from.

Which of the model's own tensors operations read is noted by the way.

Every storage has a *label*: the place (`reportgen.probe.places`) where its content was made, and the *origins* of that
content: what was called from that place and gave it, and whether it was made from what the place was given itself. An
operation reads labels. Let L be the lowest place above both the reader and the maker; where L itself made the content,
above the reader and an origin. Then the module below L that the reader is in has a source, the module below L that the
maker (or origin) is in, and all that lies between that module and the reader took it from above. Where L itself reads,
what it makes has one origin more.

Views have the label of their storage; parameters and constants have none, and so are no source. A module that gives on
what it was given, as an identity does, counts as its maker from then on, also for those that had it before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from reportgen.probe.memory import Storages, address
from reportgen.probe.operations import flat, written_by
from reportgen.probe.places import Place, Places

GIVEN = -1  # among sources: what the holder was given itself
LIMIT = 64  # sources or ends of a module; where one has more, the last of them

_NOTHING: frozenset[Place] = frozenset()
_ABOVE = Place(GIVEN, None, None)  # among origins: what the place was given itself
_PASSED_ON = frozenset({_ABOVE})
_REST = -1  # of a storage, beside the offsets of views that have labels of their own
_SEVERAL = frozenset({list, tuple})
_KINDS: dict[int, _Kind] = {}


class Passage(NamedTuple):
    """What went through a module: see ``sources`` and ``ends`` of `reportgen.report.schema.ModuleFacts`."""

    sources: tuple[int, ...]
    ends: tuple[int, ...]


class _Label:
    """Where a content was made, and from what: places that were called from there, and `_ABOVE`."""

    __slots__ = ("origins", "place")

    def __init__(self, place: Place, origins: frozenset[Place]) -> None:
        self.place = place
        self.origins = origins


class _Kind(NamedTuple):
    """What is to be known of an operation, looked up by its id: its hash is made in Python, and costs more."""

    operation: Any  # held, so that no other ever has its id
    makes: bool  # something new, and no view
    writes: bool  # to something that it is given

    @classmethod
    def of(cls, operation: Any) -> _Kind:
        schema = operation._schema
        makes = any(value.alias_info is None for value in schema.returns)
        writes = any(argument.alias_info is not None and argument.alias_info.is_write for argument in schema.arguments)
        return _KINDS.setdefault(id(operation), cls(operation, makes, writes))


class Flow:
    """What is read in one forward pass, and where it comes from.

    Args:
        modules: the model's modules with their paths, in the order of the record.
        watched: the tensors (parameters and buffers) of which it is to be known whether an operation read them.
        inputs: the tensors that forward is given.
        storages: those that are followed; they forget the labels of those that go.

    Attributes:
        outside: the place of what calls the model.
    """

    def __init__(
        self,
        modules: Sequence[tuple[str, nn.Module]],
        watched: Iterable[Tensor],
        inputs: Iterable[Tensor],
        storages: Storages,
    ) -> None:
        self._places = Places(modules)
        self.outside = self._places.outside
        self._sources: dict[int, set[int]] = defaultdict(set)
        self._ends: dict[int, set[int]] = defaultdict(set)
        self._watched = {id(tensor): tensor for tensor in watched}
        self._aliases = _sole_owners(self._watched.values())
        self._read: set[int] = set()
        self._storages = storages
        self._labels: dict[int, Any] = storages.labels  # by address: one, or several by the offset of views
        self._known: dict[Place, dict[frozenset[Place], _Label]] = defaultdict(dict)  # of calls that have not ended
        self._taken: dict[Place, dict[_Label, frozenset[Place]]] = defaultdict(dict)
        given = self._label(self.outside, _PASSED_ON)
        self._labels.update({key: given for tensor in inputs if (key := address(tensor)) is not None})

    def was_read(self, tensor: Tensor) -> bool:
        """Whether an operation took this one of the watched tensors, or a view of its memory."""
        return id(tensor) in self._read

    def passages(self, indexes: Mapping[int, int]) -> Mapping[int, Passage]:
        """Index → what went through, of every module that was called or that holds one that was.

        Args:
            indexes: the modules by id; where these are not those that were given, nothing is known of them.
        """
        if indexes != self._places.indexes:
            return {}
        return {index: Passage(_last(self._sources[index]), _last(self._ends[index])) for index in self._places.reached}

    # -- calls -------------------------------------------------------------------------------------------------------

    def call(self, module: nn.Module, caller: Place) -> Place:
        """The place of a call that begins."""
        return self._places.call(module, caller)

    def returned(self, module: nn.Module, place: Place, tensors: Iterable[Tensor]) -> None:
        """A call ends and gives these; what was not made in it has gone through it."""
        if id(module) not in self._places.indexes:  # a part of its caller, which has not ended
            return
        for tensor in tensors:
            key = address(tensor)
            if key is None or key not in self._storages:
                continue
            label = _of_view(self._labels.get(key), tensor)
            if label is None or not label.place.is_within(place):
                label = self._label(place, self._take(place, label) if label is not None else _NOTHING)
                self._relabel(key, tensor, label)
            for origin in label.origins if label.place is place else (label.place,):
                if origin is _ABOVE:
                    self._ends[place.index].add(GIVEN)
                else:
                    self._leaves((*place.below(origin)[1], place))
        self._known.pop(place, None)
        self._taken.pop(place, None)

    def _relabel(self, key: int, tensor: Tensor, label: _Label) -> None:
        if _is_whole(tensor):
            self._labels[key] = label
        else:  # as one of query, key and value
            labels = self._labels.get(key)
            others = labels if type(labels) is dict else {_REST: labels}
            self._labels[key] = {**others, tensor.storage_offset(): label}

    # -- operations --------------------------------------------------------------------------------------------------

    def note(self, place: Place, operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> None:
        """An operation that a call did itself has given ``out``."""
        origins = self._origins(place, args, _NOTHING)
        if kwargs:
            origins = self._origins(place, kwargs.values(), origins)
        kind = _KINDS.get(id(operation)) or _Kind.of(operation)
        if not kind.makes and not kind.writes:
            return
        label = self._label(place, origins)
        if kind.writes:
            self._overwrite(label, written_by(operation, args, kwargs))
        if kind.makes:
            for tensor in (out,) if type(out) is Tensor else flat(out):
                key = address(tensor)
                if key is not None:
                    self._labels[key] = label

    def _origins(self, place: Place, values: Iterable[Any], origins: frozenset[Place]) -> frozenset[Place]:
        """Those given, and what an operation at ``place`` adds that reads all tensors among ``values``."""
        for value in values:
            if isinstance(value, Tensor):
                key = address(value)
                watched = id(value)
                if watched in self._watched:
                    self._read.add(watched)
                elif key in self._aliases:
                    self._read.add(self._aliases[key])
                label = self._labels.get(key) if key is not None else None
                if label is not None:
                    label = _of_view(label, value)
                    taken = self._take(place, label) if label is not None else _NOTHING
                    origins = origins | taken if origins else taken
            elif type(value) in _SEVERAL:
                origins = self._origins(place, value, origins)
        return origins

    def _take(self, place: Place, label: _Label) -> frozenset[Place]:
        """Notes the sources of all modules that a content comes into on its way; gives what it is at its end."""
        taken = self._taken[place]
        if label not in taken:
            taken[label] = self._follow(place, label)
        return taken[label]

    def _follow(self, reader: Place, label: _Label) -> frozenset[Place]:
        into, out_of = reader.below(label.place)
        if not into:
            return frozenset({_result(out_of)}) if out_of else label.origins
        if out_of:
            self._arrives(into, out_of)
            return _PASSED_ON
        for origin in label.origins:
            if origin is _ABOVE:
                self._arrives(into, [origin])
            else:
                self._arrives(*reader.below(origin))
        return _PASSED_ON if label.origins else _NOTHING

    def _arrives(self, into: Sequence[Place], out_of: Sequence[Place]) -> None:
        """What the topmost module of one way up gave comes into that of the other, and through it further down."""
        for source in out_of[-1:]:
            self._sources[into[-1].index].add(source.index)
            for place in into[:-1]:
                self._sources[place.index].add(GIVEN)
        self._leaves(out_of)

    def _leaves(self, out_of: Sequence[Place]) -> None:
        """What the first on a way up gave is a result of all that hold it on the way."""
        for below, holder in pairwise(out_of):
            self._ends[holder.index].add(below.index)

    def _overwrite(self, label: _Label, written: Iterable[Tensor]) -> None:
        """What was there remains a part of it, even if all of it was written over."""
        for tensor in written:
            key = address(tensor)
            if key is None or key not in self._storages:
                continue
            origins, labels = label.origins, self._labels.get(key)
            for other in labels.values() if type(labels) is dict else ():
                origins |= self._take(label.place, other) if other is not None else _NOTHING
            if origins or labels is not None:  # counting its batches makes no result of a module's buffer
                self._labels[key] = self._label(label.place, origins)

    def _label(self, place: Place, origins: frozenset[Place]) -> _Label:
        """The same for the same, so that what follows from it is found out once."""
        known = self._known[place]
        label = known.get(origins)
        if label is None:
            last = sorted(origins, key=attrgetter("index"))[-LIMIT:]
            label = known[origins] = _Label(place, frozenset(last))
        return label


def _last(found: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(found)[-LIMIT:])


def _result(out_of: Sequence[Place]) -> Place:
    """Of the modules on a way up, the topmost that was called: it gave what came up that way."""
    return next(place.first for place in reversed(out_of) if place.caller is not None)


def _of_view(labels: Any, tensor: Tensor) -> _Label | None:
    """The label of a view, of all that a storage has."""
    if type(labels) is dict:
        return labels.get(tensor.storage_offset(), labels[_REST])
    return cast("_Label | None", labels)


def _is_whole(tensor: Tensor) -> bool:
    """Whether it is all of its storage, and no part of it."""
    if tensor.layout is not torch.strided:
        return True
    return tensor.numel() * tensor.element_size() >= tensor.untyped_storage().nbytes()


def _sole_owners(watched: Iterable[Tensor]) -> dict[int | None, int]:
    """Address of a storage → the one watched tensor that lives in it; storages that several share are left out."""
    owners: dict[int | None, int | None] = {}
    for tensor in watched:
        if tensor.layout is torch.strided and not nn.parameter.is_lazy(tensor):
            key = address(tensor)
            owners[key] = None if key in owners else id(tensor)
    return {key: owner for key, owner in owners.items() if owner is not None}
