"""A difference in as few lines as tell it: equal changes together, what lies in an added module with that module."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from reportgen.report.difference import (
    Difference,
    Match,
    Module,
    ModuleChange,
    ModuleWhat,
    Repeat,
    Tensor,
    TensorChange,
    TensorWhat,
)

Change = TypeVar("Change", ModuleChange, TensorChange)
_NUMBER = re.compile(r"[0-9]+")
_CARRIED = "carried"


@dataclass(frozen=True, slots=True)
class ModuleLine:
    """Equal changes of modules whose paths differ in numbers alone; ``old`` or ``new`` is empty where there is none.

    ``tensors`` lie in modules that were added or removed, with all below. ``wrapper`` is the class of what it is now
    inside of, or was. Of a ``repeat`` the blocks that came or went are the line's modules.
    """

    what: tuple[ModuleWhat, ...]
    old: tuple[Module, ...]
    new: tuple[Module, ...]
    match: Match | None
    tensors: int = 0
    wrapper: str | None = None
    repeat: Repeat | None = None


@dataclass(frozen=True, slots=True)
class TensorLine:
    """Equal changes of tensors: the same happened to tensors of the same shapes and dtypes, whose names are alike."""

    what: tuple[TensorWhat, ...]
    old: tuple[Tensor, ...]
    new: tuple[Tensor, ...]
    match: Match | None


@dataclass(frozen=True, slots=True)
class Lines:
    """A difference in lines; ``carried`` tensors have another name because of a module above them, and no more."""

    modules: tuple[ModuleLine, ...]
    tensors: tuple[TensorLine, ...]
    carried: int


@dataclass(slots=True)
class _Alone:
    """The modules that one side has alone: the topmost of them, and the tensors below each."""

    tops: dict[str, Module] = field(default_factory=dict)
    tensors: Counter[str] = field(default_factory=Counter)
    wrappers: dict[str, Module] = field(default_factory=dict)  # by the path of what is inside; the topmost one

    @classmethod
    def of(cls, alone: Mapping[str, Module], inside: Iterable[str], names: Iterable[str]) -> _Alone:
        """``inside`` are paths of what corresponds to something and is in a wrapper; ``names`` those of tensors."""
        found, wrappers = cls(), set()
        for path in inside:
            above = _above(path)
            while above is not None and above in alone:
                wrappers.add(above)
                found.wrappers[path] = alone[above]
                above = _above(above)
        for path, module in alone.items():
            if path not in wrappers and (_above(path) not in alone or _above(path) in wrappers):
                found.tops[path] = module
        for name in names:
            if (top := found.top(name)) is not None:
                found.tensors[top] += 1
        return found

    def top(self, name: str) -> str | None:
        """The topmost module that a tensor lies in, where that is one of these."""
        path = _above(name)
        while path is not None and path not in self.tops:
            path = _above(path)
        return path


def _above(path: str) -> str | None:
    return path.rpartition(".")[0] if path else None


def lines(difference: Difference) -> Lines:
    """Every change but those that follow from another; runs of blocks first, what is gone last."""
    alone = _Both(_alone(difference, "old", "unwrapped"), _alone(difference, "new", "wrapped"))
    modules = [change for change in difference.modules if alone.tells(change)]
    blocks = _blocks(difference)
    repeated: dict[Repeat, list[ModuleChange]] = {repeat: [] for repeat in difference.repeats}
    rest: list[ModuleChange] = []
    for change in modules:
        repeat = blocks.get(_path_alone(change))
        (rest if repeat is None else repeated[repeat]).append(change)
    tensors = [change for change in difference.tensors if change.what != (_CARRIED,) and not alone.holds(change)]
    return Lines(
        modules=(
            *(alone.line(group, repeat) for repeat, group in repeated.items() if group),
            *(alone.line(group) for group in _groups(rest, _module_key)),
        ),
        tensors=tuple(_tensor_line(group) for group in _groups(tensors, _tensor_key)),
        carried=sum(_CARRIED in change.what for change in difference.tensors),
    )


def _alone(difference: Difference, side: Literal["old", "new"], wrapping: ModuleWhat) -> _Alone:
    rows = [(change, getattr(change, side)) for change in difference.modules]
    alone = {row.path: row for change, row in rows if row is not None and change.match is None}
    inside = [row.path for change, row in rows if row is not None and wrapping in change.what]
    tensors = [getattr(change, side) for change in difference.tensors if change.match is None]
    return _Alone.of(alone, inside, [row.name for row in tensors if row is not None])


@dataclass(frozen=True, slots=True)
class _Both:
    """What each side has alone."""

    removed: _Alone
    added: _Alone

    def tells(self, change: ModuleChange) -> bool:
        """Whether a change is more than a consequence of one above it."""
        if change.old is not None and change.new is not None:
            return change.what != (_CARRIED,)
        return _path_alone(change) in (self.removed if change.new is None else self.added).tops

    def holds(self, change: TensorChange) -> bool:
        """Whether a tensor lies in a module that one side has alone."""
        if change.new is None:
            return change.old is not None and self.removed.top(change.old.name) is not None
        return change.old is None and self.added.top(change.new.name) is not None

    def line(self, group: Sequence[ModuleChange], repeat: Repeat | None = None) -> ModuleLine:
        """One line for equal changes."""
        old = tuple(change.old for change in group if change.old is not None)
        new = tuple(change.new for change in group if change.new is not None)
        count = sum(self.removed.tensors[row.path] for row in old) + sum(self.added.tensors[row.path] for row in new)
        wrappers = [self.removed.wrappers.get(row.path) for row in old]
        wrappers += [self.added.wrappers.get(row.path) for row in new]
        wrapper = next((row.class_name for row in wrappers if row is not None), None)
        return ModuleLine(group[0].what, old, new, group[0].match, 0 if old and new else count, wrapper, repeat)


def _blocks(difference: Difference) -> Mapping[str | None, Repeat]:
    """The repeats by the paths of the blocks of their longer side."""
    found: dict[str | None, Repeat] = {}
    for repeat in difference.repeats:
        longer = max(repeat.old, repeat.new, key=lambda run: run.count)
        stem = longer.first.rstrip("0123456789")
        first = int(longer.first[len(stem) :] or 0)
        found |= {f"{stem}{first + index}": repeat for index in range(longer.count)}
    return found


def _path_alone(change: ModuleChange) -> str | None:
    """The path of a module that is on one side alone."""
    if change.old is not None and change.new is not None:
        return None
    row = change.new if change.old is None else change.old
    return None if row is None else row.path


def _tensor_line(group: Sequence[TensorChange]) -> TensorLine:
    old = tuple(change.old for change in group if change.old is not None)
    new = tuple(change.new for change in group if change.new is not None)
    return TensorLine(tuple(what for what in group[0].what if what != _CARRIED), old, new, group[0].match)


def _groups(changes: Iterable[Change], key: Callable[[Change], Hashable]) -> list[list[Change]]:
    groups: dict[Hashable, list[Change]] = {}
    for change in changes:
        groups.setdefault(key(change), []).append(change)
    return list(groups.values())


def _module_key(change: ModuleChange) -> Hashable:
    rows = [(_shape_of_name(row.path), row.class_name) if row is not None else None for row in (change.old, change.new)]
    return change.what, change.match, *rows


def _tensor_key(change: TensorChange) -> Hashable:
    rows = [
        (_shape_of_name(row.name), row.kind, row.shape, row.dtype, row.gradient and row.gradient.reason)
        if row is not None
        else None
        for row in (change.old, change.new)
    ]
    return change.what, change.match and change.match.sure, *rows


def _shape_of_name(name: str) -> str:
    """A name without its numbers."""
    return _NUMBER.sub("#", name)
