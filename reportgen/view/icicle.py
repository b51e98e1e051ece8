"""The chart of parameters by module: each module as wide as its share, its parts below it, repeats as one tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportgen.analysis.fold import Node
from reportgen.view import names, numbers
from reportgen.view.page import Icicle, Tile

_ROWS = 6  # the model and five levels below it
_SLIVER = 0.002  # narrower tiles cannot be seen; neighbours of that kind share one


def icicle(name: str, nodes: Sequence[Node]) -> Icicle | None:
    """The chart for a folded model called ``name``; None where it would show one tile only.

    A tensor is counted under its first name. What a module holds directly, apart from its parts, is the gap to the
    right of them.
    """
    if not nodes or not nodes[0].elements:
        return None
    tiles = tuple(_Layout(name, nodes[0]).tiles())
    if len(tiles) == 1:
        return None
    return Icicle(
        id="parameters",
        title="Parameters by module",
        alt=_alt(nodes[0]),
        tiles=tiles,
        depth=1 + max(tile.depth for tile in tiles),
    )


class _Layout:
    """Places the tiles; shares are of all parameters."""

    def __init__(self, name: str, root: Node) -> None:
        self.name, self.root, self.total = name, root, root.elements
        self.hues = {names.path(chain): hue for hue, chain in enumerate(_branches(root))}

    def tiles(self) -> Iterator[Tile]:
        """All tiles, each above its parts and left of its neighbours."""
        yield Tile(self.name, 0, 0.0, 1.0, self._value(self.total), 0)
        yield from self._below((self.root,), 0, 0)

    def _below(self, chain: tuple[Node, ...], start: int, hue: int) -> Iterator[Tile]:
        if len(chain) == _ROWS:
            return
        slivers: list[tuple[int, int]] = []
        for node in chain[-1].children:
            below = (*chain, node)
            elements = node.elements * names.repeats(below)
            if elements == 0:
                continue
            if elements < _SLIVER * self.total:
                slivers.append((start, elements))
            else:
                yield from self._merged(slivers, len(chain), hue)
                own_hue = self.hues.get(names.path(below), hue)
                yield self._tile(names.label(below), len(chain), start, elements, own_hue)
                yield from self._below(below, start, own_hue)
            start += elements
        yield from self._merged(slivers, len(chain), hue)

    def _merged(self, slivers: list[tuple[int, int]], depth: int, hue: int) -> Iterator[Tile]:
        """One tile for neighbours too narrow to show, if together they are not; ``slivers`` starts anew."""
        elements = sum(width for _, width in slivers)
        if elements >= _SLIVER * self.total:
            yield self._tile(numbers.plural(len(slivers), "small part"), depth, slivers[0][0], elements, hue)
        slivers.clear()

    def _tile(self, label: str, depth: int, start: int, elements: int, hue: int) -> Tile:
        return Tile(label, depth, start / self.total, elements / self.total, self._value(elements), hue)

    def _value(self, elements: int) -> str:
        return f"{numbers.human(elements)}, {numbers.percent(elements, self.total)}"


def _branches(root: Node) -> list[tuple[Node, ...]]:
    """The first level at which the parameters part: the wrappers above it would all have one colour."""
    chain: tuple[Node, ...] = (root,)
    while True:
        filled = [node for node in chain[-1].children if node.elements]
        if len(filled) != 1:
            return [(*chain, node) for node in filled]
        chain = (*chain, filled[0])


def _alt(root: Node) -> str:
    """What the chart shows, in words: the largest parts and their shares."""
    parts = sorted(
        ((names.repeats(chain) * chain[-1].elements, names.path(chain)) for chain in _branches(root)),
        key=lambda part: -part[0],
    )
    shares = [f"{path} holds {numbers.percent(elements, root.elements)}" for elements, path in parts[:5]]
    rest = f", and {numbers.plural(len(parts) - 5, 'smaller part')} the rest" if len(parts) > 5 else ""
    return f"Of {numbers.exact(root.elements)} parameters {', '.join(shares)}{rest}."
