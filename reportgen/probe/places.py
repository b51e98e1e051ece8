"""Calls of modules, in a tree that follows names.

Calls do not nest as names do: a list of layers holds its layers by name and is never called; a module that is shared
has one name and several callers. So every call has a *place* in a tree whose every step is a step of the model's tree
of names: above it is a call of the module that holds it by name or, where that is not called itself, a place that
stands for it. Two calls of one module are two places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import nn

_OUTSIDE = -1  # index of what calls the model


class Place:
    """A call of a module, or what stands for one that is not called itself.

    Attributes:
        index: of the module in the record.
        depth: steps down from outside of the model.
        above: the place of the module that holds it by name.
        caller: where it was called; None where it was not.
        first: of several calls of one module below the same place, the first.
    """

    __slots__ = ("above", "caller", "depth", "first", "index")

    def __init__(self, index: int, above: Place | None, caller: Place | None, first: Place | None = None) -> None:
        self.index = index
        self.above = above
        self.caller = caller
        self.first = first or self
        self.depth: int = 0 if above is None else above.depth + 1

    def is_within(self, other: Place) -> bool:
        """Whether it is the other, or below it."""
        place: Place | None = self
        while place is not None and place.depth > other.depth:
            place = place.above
        return place is other

    def below(self, other: Place) -> tuple[list[Place], list[Place]]:
        """The way up from this place, and that from the other, to the lowest that is above both (or is one of them)."""
        mine, others, left, right = self, other, [], []
        while mine is not others:
            if mine.depth >= others.depth:
                left.append(mine)
                mine = cast(Place, mine.above)
            else:
                right.append(others)
                others = cast(Place, others.above)
        return left, right


class Places:
    """The places of one pass.

    Args:
        modules: the model's modules with their paths, in the order of the record.

    Attributes:
        outside: the place of what calls the model.
        indexes: of the modules, by id.
        reached: indexes of the modules that have places.
    """

    def __init__(self, modules: Sequence[tuple[str, nn.Module]]) -> None:
        self.outside = Place(_OUTSIDE, None, None)
        self.indexes = {id(module): index for index, (_, module) in enumerate(modules)}
        self.reached: set[int] = set()
        self._holders = _holders([path for path, _ in modules])
        self._uncalled: dict[tuple[Place, int], Place] = {}
        self._called: dict[tuple[Place, int], Place] = {}  # for the first time

    def call(self, module: nn.Module, caller: Place) -> Place:
        """The place of a call that begins; that of its caller, where the module has no name in the model."""
        index = self.indexes.get(id(module))
        if index is None:
            return caller
        self.reached.add(index)
        holder = self._holder(index, caller)
        place = Place(index, holder, caller, self._called.get((holder, index)))
        self._called.setdefault((holder, index), place)
        return place

    def _holder(self, index: int, caller: Place) -> Place:
        """The running call of the module that holds another, or what stands for it below the call of one further up."""
        holder = self._holders[index]
        running: Place | None = caller
        while running is not None:
            if running.index == holder:
                return running
            running = running.caller
        key = self._holder(holder, caller), holder
        if key not in self._uncalled:
            self._uncalled[key] = Place(holder, key[0], None)
            self.reached.add(holder)
        return self._uncalled[key]


def _holders(paths: Sequence[str]) -> list[int]:
    """The index of the module that holds each; the model is held by what calls it."""
    indexes = {path: index for index, path in enumerate(paths)}
    return [indexes[_above(path, indexes)] if path else _OUTSIDE for path in paths]


def _above(path: str, indexes: dict[str, int]) -> str:
    """The path of the module that holds another, whose own name may have dots in it."""
    above = path.rpartition(".")[0]
    return above if above in indexes else _above(above, indexes)
