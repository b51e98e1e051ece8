"""A difference in as few lines as tell it: equal changes together, what lies in an added module with that module."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

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
    """Every change but those that follow from another; modules in the order of the new model, those gone last."""
    added, removed = _alone(difference, "new", "wrapped"), _alone(difference, "old", "unwrapped")
    modules = [change for change in difference.modules if _is_told(change, added, removed)]
    tensors = [
        change
        for change in difference.tensors
        if change.what != (_CARRIED,)
        and not (change.old is None and change.new is not None and added.top(change.new.name) is not None)
        and not (change.new is None and change.old is not None and removed.top(change.old.name) is not None)
    ]
    return Lines(
        modules=(*_repeats(difference, modules, added, removed), *_rest(difference, modules, added, removed)),
        tensors=tuple(_tensor_line(group) for group in _groups(tensors, _tensor_key)),
        carried=sum(_CARRIED in change.what for change in difference.tensors),
    )


def _alone(difference: Difference, side: str, wrapping: ModuleWhat) -> _Alone:
    rows = [(change, getattr(change, side)) for change in difference.modules]
    alone = {row.path: row for change, row in rows if row is not None and change.match is None}
    inside = [row.path for change, row in rows if row is not None and wrapping in change.what]
    tensors = [getattr(change, side) for change in difference.tensors if change.match is None]
    return _Alone.of(alone, inside, [row.name for row in tensors if row is not None])


def _is_told(change: ModuleChange, added: _Alone, removed: _Alone) -> bool:
    if change.old is not None and change.new is not None:
        return change.what != (_CARRIED,)
    if change.new is not None:
        return change.new.path in added.tops
    return change.old is not None and change.old.path in removed.tops


def _blocks(difference: Difference) -> dict[str, Repeat]:
    """The repeats by the paths of the blocks of their longer side."""
    found: dict[str, Repeat] = {}
    for repeat in difference.repeats:
        longer = max(repeat.old, repeat.new, key=lambda run: run.count)
        stem, first = _stem(longer.first)
        found |= {f"{stem}{first + index}": repeat for index in range(longer.count)}
    return found


def _stem(path: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.*?)([0-9]+)", path, re.DOTALL)
    return (match[1], int(match[2])) if match else (path, 0)


def _repeats(
    difference: Difference, modules: Sequence[ModuleChange], added: _Alone, removed: _Alone
) -> list[ModuleLine]:
    blocks = _blocks(difference)
    found: list[ModuleLine] = []
    for repeat in difference.repeats:
        rows = [change for change in modules if blocks.get(_alone_path(change)) == repeat]
        if rows:
            old = tuple(change.old for change in rows if change.old is not None)
            new = tuple(change.new for change in rows if change.new is not None)
            count = sum(removed.tensors[row.path] for row in old) + sum(added.tensors[row.path] for row in new)
            found.append(ModuleLine(rows[0].what, old, new, None, count, repeat=repeat))
    return found


def _alone_path(change: ModuleChange) -> str:
    """The path of a module that is on one side alone; no path has a line break, which is given for others."""
    if change.old is None and change.new is not None:
        return change.new.path
    return change.old.path if change.new is None and change.old is not None else "\n"


def _rest(difference: Difference, modules: Sequence[ModuleChange], added: _Alone, removed: _Alone) -> list[ModuleLine]:
    blocks = _blocks(difference)
    told = [change for change in modules if _alone_path(change) not in blocks]
    found = []
    for group in _groups(told, _module_key):
        old = tuple(change.old for change in group if change.old is not None)
        new = tuple(change.new for change in group if change.new is not None)
        alone = not (old and new)
        count = sum(removed.tensors[row.path] for row in old) + sum(added.tensors[row.path] for row in new)
        wrappers = [removed.wrappers.get(row.path) for row in old] + [added.wrappers.get(row.path) for row in new]
        wrapper = next((row.class_name for row in wrappers if row is not None), None)
        found.append(ModuleLine(group[0].what, old, new, group[0].match, count if alone else 0, wrapper))
    return found


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
