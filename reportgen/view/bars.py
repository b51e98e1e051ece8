"""The chart of what the parameters are: their layer types, their dtypes, and whether they are trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node
from reportgen.analysis.totals import by_class, by_dtype
from reportgen.view import names, numbers
from reportgen.view.chart import Bars, Tile

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

_MOST = 6  # parts of a bar; the rest go together
_ONE_COLOUR = 0.98  # of a bar: one layer type holds nearly everything in most transformers

Amounts = list[tuple[str, int]]


def bars(report: ModelReport, nodes: Sequence[Node]) -> Bars | None:
    """One bar for each question that has more than one answer worth seeing; None where none has."""
    whole = report.totals.parameters.unique
    if not whole:
        return None
    kinds = [(label, _largest(parts)) for label, parts in _kinds(report, nodes, whole) if len(parts) > 1]
    if not kinds:
        return None
    return Bars(
        id="make-up",
        title="Parameters by kind",
        alt=f"{'. '.join(_words(label, parts, whole) for label, parts in kinds)}.",
        labels=tuple(label for label, _ in kinds),
        tiles=tuple(tile for row, (_, parts) in enumerate(kinds) for tile in _tiles(row, parts, whole)),
    )


def _kinds(report: ModelReport, nodes: Sequence[Node], whole: int) -> Iterator[tuple[str, Amounts]]:
    totals = report.totals.parameters
    types = _filled((names.simple(layer.key), layer.elements) for layer in by_class(nodes))
    if types and types[0][1] < _ONE_COLOUR * whole:
        yield "layer type", types
    yield "dtype", _filled((group.key, group.elements) for group in by_dtype(report.parameters))
    yield "training", _filled((("trainable", totals.trainable), ("frozen", totals.frozen)))


def _filled(parts: Iterable[tuple[str, int | None]]) -> Amounts:
    return [(label, elements) for label, elements in parts if elements]


def _largest(parts: Amounts) -> Amounts:
    """The parts, largest first as they come; many small ones together."""
    if len(parts) <= _MOST:
        return parts
    rest = parts[_MOST - 1 :]
    return [*parts[: _MOST - 1], (numbers.plural(len(rest), "other"), sum(elements for _, elements in rest))]


def _words(label: str, parts: Amounts, whole: int) -> str:
    return f"By {label}: " + ", ".join(
        f"{names.brief(part)} {numbers.percent(elements, whole)}" for part, elements in parts
    )


def _tiles(row: int, parts: Amounts, whole: int) -> Iterator[Tile]:
    start = 0
    for hue, (label, elements) in enumerate(parts):
        value = f"{numbers.human(elements)}, {numbers.percent(elements, whole)}"
        yield Tile(label, row, start / whole, elements / whole, value, hue)
        start += elements
