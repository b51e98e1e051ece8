"""The parts that charts show a model in, and their colours: a part has one colour in all charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reportgen.analysis.fold import Node, paths

Chain = tuple[Node, ...]


def top(root: Node) -> Chain:
    """The chain of nodes to the module that parts: past wrappers, of which one part holds all the parameters."""
    chain: Chain = (root,)
    while all_held := [node for node in chain[-1].children if node.count * node.elements == chain[-1].elements > 0]:
        chain = (*chain, all_held[0])
    return chain


def branches(root: Node) -> tuple[Chain, ...]:
    """The first level at which the parameters part: the wrappers above it would all have one colour."""
    chain = top(root)
    return tuple((*chain, node) for node in chain[-1].children if node.elements)


@dataclass(frozen=True, slots=True)
class Colours:
    """The colour of every module: that of the branch it lies in; None of what lies in none."""

    hues: Mapping[str, int]  # by the paths of the branches' modules

    def of(self, path: str) -> int | None:
        """The colour of the module at ``path``."""
        while path:
            if path in self.hues:
                return self.hues[path]
            path = path.rpartition(".")[0]
        return None


def colours(nodes: Sequence[Node]) -> Colours:
    """The colours of a folded model's modules."""
    chains = [chain for root in nodes for chain in branches(root)]
    return Colours({path: hue for hue, chain in enumerate(chains) for path in paths(chain)})
