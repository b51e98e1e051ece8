"""Which part of a model feeds which: the folded tree, opened as far as it stays small, and the arrows in it.

A module that was opened is no vertex itself: what it took goes to those of its parts that work on it, and what it gave
comes from those that its results were made from. Dropout and identities are left out, with arrows through them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node, paths, walk
from reportgen.analysis.totals import own_flops

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport, ModuleFacts

INPUT, OUTPUT = -1, -2  # the ends of arrows that are no vertex
MOST = 24  # vertices
_GIVEN = -1  # in a record: what the holder took itself
_OWN = 0.05  # a module with a larger share that is its own stays whole: its parts would not show that
_SILENT = re.compile(r"(Identity|Dropout(\dd)?|DropPath|StochasticDepth)\Z")

Chain = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """Vertices, as the chains of nodes down to them, and arrows between them, by index or `INPUT` and `OUTPUT`.

    ``frames`` are the runs of equal modules that were opened: the vertices below one stand for one of the run.
    """

    vertices: tuple[Chain, ...]
    arrows: tuple[tuple[int, int], ...]
    frames: tuple[Chain, ...]


def flow(report: ModelReport, nodes: Sequence[Node], most: int = MOST) -> Flow | None:
    """The flow through a model; None where it is not known, or where the first level alone has too many parts.

    From the top on, parts of one class on one level are opened where no more than ``most`` vertices come of it, and not
    so many arrows that nobody could follow them.
    """
    tree = _Tree(report, nodes)
    shown: list[Chain] = [(node,) for node in nodes]
    found: Flow | None = None
    kinds = [_kind(part) for part in shown]
    while kinds:
        kind = kinds.pop(0)
        deeper = [chain for part in shown for chain in (tree.inside(part) if _kind(part) == kind else [part])]
        if deeper == shown or sum(not _is_silent(chain[-1]) for chain in deeper) > most:
            continue
        candidate = _Paths(tree, deeper).flow()
        if found is None or not _is_tangled(candidate):
            shown, found = deeper, candidate
            kinds = sorted(dict.fromkeys(map(_kind, shown)), key=itemgetter(0))  # the highest level first
    return found


def _is_tangled(flow: Flow) -> bool:
    return len(flow.arrows) > 5 + 1.5 * len(flow.vertices)


def _kind(part: Chain) -> tuple[int, str]:
    return len(part), part[-1].module.class_name


def _is_silent(node: Node) -> bool:
    return node.module.calls == 1 and _SILENT.search(node.module.class_name) is not None


def _ran(node: Node) -> bool:
    """Whether it is known what a module, or one that it holds, worked on."""
    return node.module.sources is not None and (bool(node.module.calls) or any(map(_ran, node.children)))


def _has_own(node: Node) -> bool:
    module = node.module
    own = (module.own_parameters or 0, abs(own_flops(node) or 0))
    wholes = (module.parameters or 0, module.flops_forward or 0)
    return any(part > _OWN * whole for part, whole in zip(own, wholes, strict=True))


class _Tree:
    """The folded tree by the indexes of modules in the record; a run of equal modules has that of its first."""

    def __init__(self, report: ModelReport, nodes: Sequence[Node]) -> None:
        places = {module.path: index for index, module in enumerate(report.modules)}
        self.index = {id(chain[-1]): places[chain[-1].module.path] for chain in walk(nodes)}
        self.run: dict[int, int] = {}  # of every module
        self.holder: dict[int, int] = {}  # of every run
        self.sources: dict[int, list[int]] = {}  # of every run: runs outside of it, and what its holder took
        self.ends: dict[int, list[int]] = {}  # of every run: those of its parts that its results came from
        for chain in walk(nodes):
            index = self.index[id(chain[-1])]
            self.run.update((places[path], index) for path in paths(chain))
            if len(chain) > 1:
                self.holder[index] = self.index[id(chain[-2])]
        for chain in walk(nodes):
            index = self.index[id(chain[-1])]
            # The first of all that a run in runs stands for are those in the first of the runs above.
            members = [report.modules[places[path]] for path in paths(chain)[: chain[-1].count]]
            self.sources[index] = self._runs(members, index)
        for chain in walk(nodes):
            self.ends[self.index[id(chain[-1])]] = self._ends(chain[-1])

    def _runs(self, members: Sequence[ModuleFacts], index: int) -> list[int]:
        sources = {source for member in members for source in member.sources or ()}
        return sorted({_GIVEN if source == _GIVEN else self.run[source] for source in sources} - {index})

    def _ends(self, node: Node) -> list[int]:
        """Where the record does not say: those parts whose results no other part works on."""
        if node.module.ends is not None:
            return sorted({_GIVEN if end == _GIVEN else self.run[end] for end in node.module.ends})
        parts = [self.index[id(child)] for child in node.children if _ran(child)]
        read = {source for part in parts for source in self.sources[part]}
        return [part for part in parts if part not in read]

    def inside(self, part: Chain) -> list[Chain]:
        """The parts that a part is opened into; itself where it has none, or where they would not say what it does."""
        node = part[-1]
        below = [(*part, child) for child in node.children if _ran(child)]
        return below if below and (len(part) == 1 or not (_has_own(node) or self._is_mixed(node))) else [part]

    def _is_mixed(self, node: Node) -> bool:
        """Whether it cannot be told apart which of its parts worked on what: of which call, or of which source."""
        readers = [child for child in node.children if _GIVEN in self.sources[self.index[id(child)]]]
        return (node.module.calls or 0) > 1 or (len(readers) > 1 and len(self.sources[self.index[id(node)]]) > 1)


class _Paths:
    """Follows what was worked on through the modules that are no vertices themselves."""

    def __init__(self, tree: _Tree, shown: Sequence[Chain]) -> None:
        self.tree = tree
        self.chains = tuple(chain for chain in shown if not _is_silent(chain[-1]))
        self.vertices = {tree.index[id(chain[-1])]: number for number, chain in enumerate(self.chains)}
        self.silent = {tree.index[id(chain[-1])] for chain in shown if _is_silent(chain[-1])}
        self.root = tree.index[id(shown[0][0])]

    def flow(self) -> Flow:
        """The vertices, what leads from one to another, and the frames around repeated ones."""
        arrows = [
            (source, number)
            for index, number in self.vertices.items()
            for source in sorted(set(self._taken(index, set())))
        ]
        arrows += [(source, OUTPUT) for source in sorted(set(self._given(self.root, set())))]
        runs = {
            id(chain[length - 1]): chain[:length]
            for chain in self.chains
            for length in range(1, len(chain))
            if chain[length - 1].count > 1
        }
        return Flow(self.chains, tuple(arrows), tuple(runs.values()))

    def _taken(self, index: int, seen: set[tuple[bool, int]]) -> Iterator[int]:
        """The vertices, and `INPUT`, whose results a run worked on."""
        if (True, index) in seen:
            return
        seen.add((True, index))
        for source in self.tree.sources[index]:
            if source != _GIVEN:
                yield from self._given(source, seen)
            elif index != self.root:
                yield from self._taken(self.tree.holder[index], seen)
            else:
                yield INPUT

    def _given(self, index: int, seen: set[tuple[bool, int]]) -> Iterator[int]:
        """The vertices, and `INPUT`, that a run's results came from."""
        if index in self.vertices:
            yield self.vertices[index]
        elif index in self.silent:
            yield from self._taken(index, seen)
        elif (False, index) not in seen:
            seen.add((False, index))
            for end in self.tree.ends[index]:
                yield from self._taken(index, seen) if end == _GIVEN else self._given(end, seen)
