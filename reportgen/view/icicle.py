"""The chart of parameters by module: each module as wide as its share, its parts below it, repeats as one tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reportgen.analysis.fold import Node
from reportgen.view import names, numbers
from reportgen.view.chart import Icicle, Tile
from reportgen.view.parts import Chain, branches, colours

_ROWS = 6  # the model and five levels below it
_ROWS_OF_SEVERAL, _ALL_ROWS = 3, 16  # of each model beside others, and of all of them, if they are not too many
_TOLD = 4  # models whose largest parts are told in words
_SLIVER = 0.002  # narrower tiles cannot be seen; neighbours of that kind share one


def icicle(name: str, nodes: Sequence[Node]) -> Icicle | None:
    """The chart for a folded model called ``name``; None where nothing parts in it.

    A tensor is counted under its first name. What a module holds directly, apart from its parts, is the gap to the
    right of them.
    """
    if not nodes or not nodes[0].elements:
        return None
    if not branches(nodes[0]):
        return None
    tiles = tuple(_Layout(name, nodes[0]).tiles())
    return Icicle(
        id="parameters",
        title="Parameters by module",
        alt=_alt(nodes[0]),
        tiles=tiles,
        depth=1 + max(tile.depth for tile in tiles),
    )


def icicles(names_of: Sequence[str], models: Sequence[Sequence[Node]]) -> Icicle | None:
    """The charts of several models below each other, all at one scale; None where less than two hold parameters.

    The more models, the fewer of their levels are shown.
    """
    shown = [(name, nodes[0]) for name, nodes in zip(names_of, models, strict=True) if nodes and nodes[0].elements]
    if len(shown) < 2:
        return None
    most = max(root.elements for _, root in shown)
    rows = max(1, min(_ROWS_OF_SEVERAL, _ALL_ROWS // len(shown)))
    return Icicle(
        id="compare-parameters",
        title="Parameters by module, all at one scale",
        alt=" ".join(f"{name}: {_alt(root)}" for name, root in shown[:_TOLD]),
        tiles=tuple(
            replace(tile, depth=tile.depth + number * rows, start=tile.start * scale, width=tile.width * scale)
            for number, (name, root) in enumerate(shown)
            for scale in (root.elements / most,)
            for tile in _Layout(numbers.exact(root.elements), root, rows).tiles()
        ),
        depth=len(shown) * rows,
        labels=tuple((number * rows, name) for number, (name, _) in enumerate(shown)),
    )


class _Layout:
    """Places the tiles in so many rows; shares are of all parameters."""

    def __init__(self, name: str, root: Node, rows: int = _ROWS) -> None:
        self.name, self.root, self.total, self.rows = name, root, root.elements, rows
        self.colours = colours((root,))

    def tiles(self) -> Iterator[Tile]:
        """All tiles, each above its parts and left of its neighbours."""
        yield self._tile(self.name, 0, 0, self.total, (self.root,))
        yield from self._below((self.root,), 1, 0)

    def _below(self, chain: Chain, depth: int, start: int) -> Iterator[Tile]:
        if depth == self.rows:
            return
        slivers: list[tuple[int, int]] = []
        for node in chain[-1].children:
            below = _past_list((*chain, node))
            elements = node.elements * names.repeats((*chain, node))
            if elements == 0:
                continue
            if elements < _SLIVER * self.total:
                slivers.append((start, elements))
            else:
                yield from self._merged(slivers, depth, chain)
                yield self._tile(names.label(below), depth, start, elements, below)
                yield from self._below(below, depth + 1, start)
            start += elements
        yield from self._merged(slivers, depth, chain)

    def _merged(self, slivers: list[tuple[int, int]], depth: int, above: Chain) -> Iterator[Tile]:
        """One tile for neighbours too narrow to show, if together they are not; ``slivers`` starts anew."""
        elements = sum(width for _, width in slivers)
        if elements >= _SLIVER * self.total:
            yield self._tile(numbers.plural(len(slivers), "small part"), depth, slivers[0][0], elements, above)
        slivers.clear()

    def _tile(self, label: str, depth: int, start: int, elements: int, chain: Chain) -> Tile:
        """A tile in the colour of the last module of ``chain``."""
        value = f"{numbers.human(elements)}, {numbers.percent(elements, self.total)}"
        hue = self.colours.of(chain[-1].module.path)
        return Tile(label, depth, start / self.total, elements / self.total, value, hue)


def _past_list(chain: Chain) -> Chain:
    """The run that a list of equal blocks is made of: ``h.0–11`` says it all, and ``h`` above it nothing more."""
    filled = [node for node in chain[-1].children if node.elements]
    if len(filled) == 1 and filled[0].count * filled[0].elements == chain[-1].elements and filled[0].name[:1].isdigit():
        return (*chain, filled[0])
    return chain


def _alt(root: Node) -> str:
    """What the chart shows, in words: the largest parts and their shares."""
    parts = sorted(
        ((names.repeats(chain) * chain[-1].elements, names.path(chain)) for chain in branches(root)),
        key=lambda part: -part[0],
    )
    shares = [f"{names.brief(path)} holds {numbers.percent(elements, root.elements)}" for elements, path in parts[:5]]
    rest = f", and {numbers.plural(len(parts) - 5, 'smaller part')} the rest" if len(parts) > 5 else ""
    return f"Of {numbers.exact(root.elements)} parameters {', '.join(shares)}{rest}."
