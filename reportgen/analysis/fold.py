"""The module tree, with runs of equal sibling blocks folded into one node: ``layers.0`` … ``layers.31`` as one of 32.

Siblings fold where their names are one stem with consecutive numbers (``0`` ``1`` ``2``, ``layer_1`` ``layer_2``) and
their whole subtrees are equal in everything that the record knows of them: relative names, classes, calls, shapes,
counts, FLOPs, parameters and buffers with their dtypes, trainability, ties and gradients, and which part feeds which.
What feeds a block from outside differs in every chain, and does not count. So `unfold` gives back every module as it
was, but for its `sources` and `ends`.

Equality is decided from the leaves up. Each subtree's structure gets a number, the same for equal structures, so that
comparing two subtrees is comparing two numbers, and the whole takes time in proportion to the record.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from reportgen.report.schema import BufferFacts, ModelReport, ModuleFacts, ParameterFacts

# A stem and its number. No leading zeros, and no more digits than any model has: the number is counted up and written.
_NUMBERED = re.compile(r"(.*?)(0|[1-9][0-9]{0,8})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Node:
    """A module, or a run of ``count`` equal sibling modules of which ``module`` is the first.

    ``name`` is relative to the parent node; of a run it is the first one's, and the others count its number up.
    ``parameters``, ``buffers`` (those that are directly its own) and ``children`` are the first one's too; the others'
    differ in nothing but the path.

    ``elements`` and ``trainable`` count the parameters whose first name lies in the subtree of one module of the run,
    so that over the whole tree every tensor counts once; tensors of unknown size are left out.
    """

    module: ModuleFacts
    name: str
    count: int
    elements: int
    trainable: int
    parameters: tuple[ParameterFacts, ...]
    buffers: tuple[BufferFacts, ...]
    children: tuple[Node, ...]

    def nth(self, index: int) -> str:
        """The name of the run's module number ``index``, from 0."""
        return self.name if index == 0 else count_up(self.name, index)


@dataclass(slots=True)
class _Branch:
    """A module of the tree while it is folded; ``structure`` is the number that equal subtrees share."""

    module: ModuleFacts
    name: str
    index: int  # in the record
    parameters: list[ParameterFacts] = field(default_factory=list)
    buffers: list[BufferFacts] = field(default_factory=list)
    children: list[_Branch] = field(default_factory=list)
    nodes: tuple[Node, ...] = ()  # the children, folded
    structure: int = 0


def fold(report: ModelReport) -> tuple[Node, ...]:
    """The module tree of a record, runs folded: one node, the model itself; none where nothing was instantiated."""
    roots, branches = _grow(report)
    followers = _followers(report)
    numbers: dict[Hashable, int] = {}
    for branch in reversed(branches):  # children before their parents
        branch.nodes = _fold_siblings(branch.children)
        branch.structure = numbers.setdefault(_structure(branch, followers), len(numbers))
    return _fold_siblings(roots)


def unfold(nodes: Iterable[Node]) -> tuple[ModuleFacts, ...]:
    """Every module that the nodes stand for, in the record's order; indexes of others are None.

    Where a record has none, ``unfold(fold(report)) == report.modules``.
    """
    return tuple(_unfold(nodes, ""))


def _unfold(nodes: Iterable[Node], parent: str) -> Iterator[ModuleFacts]:
    for node in nodes:
        for index in range(node.count):
            path = join(parent, node.nth(index))
            yield replace(node.module, path=path, sources=None, ends=None)
            yield from _unfold(node.children, path)


def walk(nodes: Iterable[Node]) -> Iterator[tuple[Node, ...]]:
    """Every node, parents first, as the chain of nodes that leads to it: the node itself comes last.

    The product of the counts in a chain is how many modules its last node stands for.
    """
    stack: list[tuple[Node, ...]] = [(node,) for node in reversed(tuple(nodes))]
    while stack:
        chain = stack.pop()
        yield chain
        stack.extend((*chain, child) for child in reversed(chain[-1].children))


def paths(chain: Sequence[Node]) -> list[str]:
    """The paths of all modules that the last node of a chain stands for."""
    found = [""]
    for node in chain:
        found = [join(path, node.nth(index)) for path in found for index in range(node.count)]
    return found


def join(parent: str, name: str) -> str:
    """The path of what ``parent`` calls ``name``; the model itself is the path ``""``."""
    return f"{parent}.{name}" if parent else name


def _grow(report: ModelReport) -> tuple[list[_Branch], list[_Branch]]:
    """The tree by paths, as its roots and as all its branches in the record's order.

    A tensor belongs to the deepest listed module above its name: a module with two paths is listed under the first
    only, and what it owns under the second belongs to the module above that.
    """
    roots: list[_Branch] = []
    branches: list[_Branch] = []
    stack: list[_Branch] = []
    for index, module in enumerate(report.modules):
        while stack and not _is_above(stack[-1].module.path, module.path):
            stack.pop()
        parent = stack[-1].module.path if stack else ""
        branch = _Branch(module, module.path.removeprefix(f"{parent}.") if parent else module.path, index)
        (stack[-1].children if stack else roots).append(branch)
        stack.append(branch)
        branches.append(branch)
    by_path = {branch.module.path: branch for branch in branches}
    for parameter in report.parameters:
        if owner := _owner(by_path, parameter.name):
            owner.parameters.append(parameter)
    for buffer in report.buffers:
        if owner := _owner(by_path, buffer.name):
            owner.buffers.append(buffer)
    return roots, branches


def _is_above(path: str, other: str) -> bool:
    return path != other and (not path or other.startswith(f"{path}."))


def _owner(by_path: Mapping[str, _Branch], name: str) -> _Branch | None:
    path = name
    while path:
        path = path.rpartition(".")[0]
        if path in by_path:
            return by_path[path]
    return None


def _followers(report: ModelReport) -> Mapping[str, list[str]]:
    """The further names of each tied tensor, by its first."""
    followers: defaultdict[str, list[str]] = defaultdict(list)
    rows: tuple[ParameterFacts | BufferFacts, ...] = (*report.parameters, *report.buffers)
    for row in rows:
        if row.tied_to is not None:
            followers[row.tied_to].append(row.name)
    return followers


def _structure(branch: _Branch, followers: Mapping[str, list[str]]) -> Hashable:
    """All that the record says of a subtree, as seen from its top, so that equal blocks give equal values."""
    here = branch.module.path
    return (
        replace(branch.module, path="", sources=None, ends=None),
        _relative(branch, branch.module.ends),
        tuple(_tensor(row, here, followers) for row in branch.parameters),
        tuple(_tensor(row, here, followers) for row in branch.buffers),
        tuple((child.name, child.structure, _relative(child, child.module.sources)) for child in branch.children),
    )


def _relative(branch: _Branch, indexes: tuple[int, ...] | None) -> Hashable:
    """Other modules as places relative to this one; what its holder took is "given"."""
    return indexes and tuple("given" if index < 0 else index - branch.index for index in indexes)


def _tensor(row: ParameterFacts | BufferFacts, here: str, followers: Mapping[str, list[str]]) -> Hashable:
    tied = () if row.tied_to is None else _seen_from(here, row.tied_to)
    ties = tuple(_seen_from(here, name) for name in followers.get(row.name, ()))
    return replace(row, name=row.name[len(here) :], tied_to=None), tied, ties


def _seen_from(here: str, name: str) -> tuple[int, tuple[str, ...]]:
    """How many levels up from ``here``, and which way down from there, leads to ``name``."""
    path, target = here.split("."), name.split(".")
    common = 0
    while common < min(len(path), len(target)) and path[common] == target[common]:
        common += 1
    return len(path) - common, tuple(target[common:])


def _fold_siblings(branches: Sequence[_Branch]) -> tuple[Node, ...]:
    runs: list[list[_Branch]] = []
    for branch in branches:
        if runs and runs[-1][-1].structure == branch.structure and branch.name == successor(runs[-1][-1].name):
            runs[-1].append(branch)
        else:
            runs.append([branch])
    return tuple(_node(run[0], len(run)) for run in runs)


def _node(first: _Branch, count: int) -> Node:
    counted = [row for row in first.parameters if row.tied_to is None]
    return Node(
        module=first.module,
        name=first.name,
        count=count,
        elements=sum(row.numel or 0 for row in counted) + sum(node.count * node.elements for node in first.nodes),
        trainable=sum(row.numel or 0 for row in counted if row.trainable)
        + sum(node.count * node.trainable for node in first.nodes),
        parameters=tuple(first.parameters),
        buffers=tuple(first.buffers),
        children=first.nodes,
    )


def successor(name: str) -> str | None:
    """The name with the next number, ``layer_4`` of ``layer_3``; None where it ends in none."""
    return count_up(name, 1) if _NUMBERED.fullmatch(name) else None


def count_up(name: str, by: int) -> str:
    """``layer_7`` of ``layer_4``, counted up by 3. Raises ValueError where the name ends in no number."""
    match = _NUMBERED.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} does not end in a number")
    return f"{match[1]}{int(match[2]) + by}"
