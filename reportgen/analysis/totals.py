"""Breakdowns of a record: what its parameters are made of. Every tensor counts once, under its first name.

That a record's own totals agree with its ledger is `reportgen.report.verify`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Generic, TypeVar

from reportgen.analysis.fold import Node, walk
from reportgen.report.sums import add

if TYPE_CHECKING:
    from reportgen.report.schema import ModuleFacts, ParameterFacts

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Group:
    """The parameters of one kind: how many tensors, their elements and bytes (None: one of them has no known size)."""

    key: str
    tensors: int
    elements: int | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Own(Generic[K]):
    """All modules that share ``key``: how many, and what is directly their own, apart from the modules in them.

    Elements of parameters, forward FLOPs, and bytes saved for backward. None: not known of one of them; and of FLOPs
    and bytes also where they cannot be told apart, because a module was called from outside its parent.
    """

    key: K
    modules: int
    elements: int | None
    flops: int | None
    saved_bytes: int | None


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


def by_class(nodes: Sequence[Node]) -> tuple[Own[str], ...]:
    """Modules by class, most elements of their own first, then by order of appearance."""
    types = own_by(nodes, lambda chain: chain[-1].module.class_name)
    return tuple(sorted(types, key=lambda layer: -(layer.elements or 0)))


def own_by(nodes: Sequence[Node], key: Callable[[tuple[Node, ...]], K]) -> tuple[Own[K], ...]:
    """Modules by a property of the chain of nodes that leads to them, in order of appearance.

    A module's own FLOPs are its subtree's less its children's, and its own bytes likewise. Where that is negative for
    one module (a child did work for another module than its parent), the split means nothing, and all are None.
    """
    found: dict[K, list[Own[K]]] = {}
    for chain in walk(nodes):
        node, repeats = chain[-1], prod(node.count for node in chain)
        elements = add(row.numel for row in node.parameters if row.tied_to is None)
        figures = (times(repeats, each) for each in (elements, own_flops(node), _own_bytes(node)))
        found.setdefault(key(chain), []).append(Own(key(chain), repeats, *figures))
    every = [own for group in found.values() for own in group]
    flops_split = all(own.flops is None or own.flops >= 0 for own in every)
    bytes_split = all(own.saved_bytes is None or own.saved_bytes >= 0 for own in every)
    return tuple(
        Own(
            name,
            sum(own.modules for own in group),
            add(own.elements for own in group),
            add(own.flops for own in group) if flops_split else None,
            add(own.saved_bytes for own in group) if bytes_split else None,
        )
        for name, group in found.items()
    )


def times(number: int, value: int | None) -> int | None:
    """A figure so many times; None stays not known."""
    return None if value is None else number * value


def own_flops(node: Node) -> int | None:
    """Forward FLOPs of one module of the node, less those of its parts; negative where they worked for others."""
    return _less_parts(node, lambda module: module.flops_forward)


def _own_bytes(node: Node) -> int | None:
    return _less_parts(node, lambda module: module.saved_bytes)


def _less_parts(node: Node, figure: Callable[[ModuleFacts], int | None]) -> int | None:
    total = figure(node.module)
    parts = add(times(child.count, figure(child.module)) for child in node.children)
    return None if total is None or parts is None else total - parts
