"""Breakdowns of a record: what its parameters are made of. Every tensor counts once, under its first name.

That a record's own totals agree with its ledger is `reportgen.report.verify`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node, walk

if TYPE_CHECKING:
    from reportgen.report.schema import ParameterFacts


@dataclass(frozen=True, slots=True)
class Group:
    """The parameters of one kind: how many tensors, their elements and bytes (None: one of them has no known size)."""

    key: str
    tensors: int
    elements: int | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class LayerType:
    """All modules of one class: how many, and the elements and forward FLOPs that are directly their own.

    ``elements`` None: one of their tensors has no known size. ``flops`` None: not known, or not theirs to tell apart,
    because a module was called from outside its parent.
    """

    class_name: str
    modules: int
    elements: int | None
    flops: int | None


def add(numbers: Iterable[int | None]) -> int | None:
    """The sum, or None where a term is not known."""
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total


def by_dtype(rows: Sequence[ParameterFacts]) -> tuple[Group, ...]:
    """Parameters by dtype, most elements first."""
    return _group(rows, lambda row: row.dtype)


def by_gradient(rows: Sequence[ParameterFacts]) -> tuple[Group, ...]:
    """Parameters by ``computed`` or the reason why they have no gradient, most elements first."""
    return _group(rows, lambda row: row.gradient.reason or row.gradient.status)


def _group(rows: Sequence[ParameterFacts], key: Callable[[ParameterFacts], str]) -> tuple[Group, ...]:
    kinds: dict[str, list[ParameterFacts]] = {}
    for row in rows:
        if row.tied_to is None:
            kinds.setdefault(key(row), []).append(row)
    groups = [
        Group(kind, len(members), add(row.numel for row in members), add(row.bytes for row in members))
        for kind, members in kinds.items()
    ]
    return tuple(sorted(groups, key=lambda group: -(group.elements or 0)))


def by_class(nodes: Sequence[Node]) -> tuple[LayerType, ...]:
    """Modules by class, most elements of their own first, then by order of appearance.

    A module's own FLOPs are its subtree's less its children's. Where that is negative for one module of any class (a
    child did work for another module than its parent), the split by class means nothing, and all are None.
    """
    found: dict[str, list[LayerType]] = {}
    for chain in walk(nodes):
        node, repeats = chain[-1], prod(node.count for node in chain)
        elements = add(row.numel for row in node.parameters if row.tied_to is None)
        own = LayerType(node.module.class_name, repeats, _times(repeats, elements), _times(repeats, own_flops(node)))
        found.setdefault(own.class_name, []).append(own)
    sound = all(layer.flops is None or layer.flops >= 0 for layers in found.values() for layer in layers)
    types = [
        LayerType(
            class_name,
            sum(layer.modules for layer in layers),
            add(layer.elements for layer in layers),
            add(layer.flops for layer in layers) if sound else None,
        )
        for class_name, layers in found.items()
    ]
    return tuple(sorted(types, key=lambda layer: -(layer.elements or 0)))


def _times(number: int, value: int | None) -> int | None:
    return None if value is None else number * value


def own_flops(node: Node) -> int | None:
    """Forward FLOPs of one module of the node, less those of its parts; negative where they worked for others."""
    total = node.module.flops_forward
    parts = add(_times(child.count, child.module.flops_forward) for child in node.children)
    return None if total is None or parts is None else total - parts
