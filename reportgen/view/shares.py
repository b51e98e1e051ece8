"""The chart of where work goes against where parameters sit: each part's share of both, and of what backward needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node
from reportgen.view import names, numbers, parts
from reportgen.view.chart import Part, Share, Shares
from reportgen.view.parts import Chain, Colours

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

_MOST = 12  # rows; where the model itself has more parts, the smallest go together
_SMALL = 0.01  # so do parts that have less of everything
_SPLIT = 0.6  # a part that has more of anything is shown by its own parts
_FEWEST = 4  # fewer numbers are better read in the table


@dataclass(frozen=True, slots=True)
class _Quantity:
    """Something that the parts of a model share: its name, the whole, and how much one module has of it."""

    name: str
    phrase: str  # "58.6 % of the parameters"
    whole: int
    of: Callable[[Node], int | None]
    written: Callable[[int], str]  # an amount of it, exactly


@dataclass(frozen=True, slots=True)
class _Row:
    """A part with its amount of each quantity."""

    label: str
    amounts: tuple[int, ...]
    hue: int | None


def shares(report: ModelReport, nodes: Sequence[Node]) -> Shares | None:
    """The chart; None where parameters or work are not known or nothing, or lie in a few parts only."""
    quantities = _quantities(report)
    if not quantities:
        return None
    colours = parts.colours(nodes)
    rows = [_row(chain, quantities, colours) for chain in _opened(nodes, quantities)]
    if len(rows) < _FEWEST:
        return None
    rows = _with_rest(rows, quantities)
    return Shares(
        id="shares",
        title="Where the work goes, and where the parameters sit",
        alt=_alt(rows, quantities),
        quantities=tuple(quantity.name for quantity in quantities),
        parts=tuple(_part(row, quantities) for row in rows),
    )


def _quantities(report: ModelReport) -> tuple[_Quantity, ...]:
    """Parameters and work, where there are some of both, and the memory that is kept for backward where it is known."""
    totals = report.totals
    parameters, work, saved = totals.parameters.unique, totals.flops.forward, totals.memory.saved_for_backward
    if not parameters or not work:
        return ()
    found = [
        _Quantity(
            "parameters",
            "the parameters",
            parameters,
            lambda node: node.elements,
            lambda elements: numbers.plural(elements, "parameter"),
        ),
        _Quantity(
            "forward MACs",
            "the forward pass's MACs",
            work,
            lambda node: node.module.flops_forward,
            lambda flops: numbers.plural(flops // 2, "MAC"),
        ),
    ]
    if saved and any(row.saved_bytes for row in report.modules):
        found.append(
            _Quantity(
                "kept for backward",
                "what is kept for backward",
                saved,
                lambda node: node.module.saved_bytes,
                lambda size: f"{numbers.exact(size, 'B')} kept for backward",
            )
        )
    return tuple(found)


def _opened(nodes: Sequence[Node], quantities: Sequence[_Quantity]) -> list[Chain]:
    """The parts, from the whole model on: one that has most of anything is replaced by what it is made of."""
    parts: list[Chain] = [(node,) for node in nodes]
    large = _count_large(parts, quantities)
    index = 0
    while index < len(parts):
        inside = _inside(parts[index], quantities)
        larger = large - _count_large(parts[index : index + 1], quantities) + _count_large(inside, quantities)
        if inside and (len(parts) == 1 or larger <= _MOST):
            parts[index : index + 1], large = inside, larger
        else:
            index += 1
    return parts


def _count_large(parts: Sequence[Chain], quantities: Sequence[_Quantity]) -> int:
    """How many of the parts have more than a little of anything."""
    return sum(_largest(_amounts(part, quantities), quantities) >= _SMALL for part in parts)


def _inside(part: Chain, quantities: Sequence[_Quantity]) -> list[Chain]:
    """What a part that has most of anything is made of; nothing where it holds or does something of its own.

    What is empty is left out. Memory that a part keeps of its own, sums of its parts' outputs mostly, is no reason.
    """
    if _largest(_amounts(part, quantities), quantities) < _SPLIT:
        return []
    below = [(*part, child) for child in part[-1].children if any(quantity.of(child) for quantity in quantities)]
    inside = map(sum, zip(*(_amounts(chain, quantities) for chain in below), strict=True))
    own = [abs(whole - parts) for whole, parts in zip(_amounts(part, quantities), inside, strict=False)]
    return below if len(part) == 1 or _largest(own[:2], quantities) < _SMALL else []


def _amounts(chain: Chain, quantities: Sequence[_Quantity]) -> tuple[int, ...]:
    return tuple(names.repeats(chain) * (quantity.of(chain[-1]) or 0) for quantity in quantities)


def _row(chain: Chain, quantities: Sequence[_Quantity], colours: Colours) -> _Row:
    return _Row(names.path(chain), _amounts(chain, quantities), colours.of(chain[-1].module.path))


def _with_rest(rows: list[_Row], quantities: Sequence[_Quantity]) -> list[_Row]:
    """The larger parts in the model's order, the others as one, and what is done outside of all of them."""
    sizes = [_largest(row.amounts, quantities) for row in rows]
    limit = max(_SMALL, *sorted(sizes, reverse=True)[:_MOST][-1:])
    small = [row for row, size in zip(rows, sizes, strict=True) if size < limit]
    shown = [*rows] if len(small) == 1 else [row for row, size in zip(rows, sizes, strict=True) if size >= limit]
    if len(small) > 1:
        sums = tuple(map(sum, zip(*(row.amounts for row in small), strict=True)))
        shown.append(_Row(numbers.plural(len(small), "smaller part"), sums, None))
    outside = tuple(
        quantity.whole - sum(row.amounts[index] for row in rows) for index, quantity in enumerate(quantities)
    )
    if min(outside) >= 0 and _largest(outside, quantities) >= _SMALL:
        shown.append(_Row("outside of these", outside, None))
    return shown


def _largest(amounts: Sequence[int], quantities: Sequence[_Quantity]) -> float:
    """The largest of a part's shares of all quantities."""
    return max((_share(amount, quantity) for amount, quantity in zip(amounts, quantities, strict=False)), default=0.0)


def _share(amount: int, quantity: _Quantity) -> float:
    return amount / quantity.whole


def _part(row: _Row, quantities: Sequence[_Quantity]) -> Part:
    return Part(
        row.label,
        tuple(
            Share(_share(amount, quantity), numbers.percent(amount, quantity.whole), quantity.written(amount))
            for amount, quantity in zip(row.amounts, quantities, strict=True)
        ),
        row.hue,
    )


def _alt(rows: Sequence[_Row], quantities: Sequence[_Quantity]) -> str:
    """The parts that have most of anything, in words."""
    largest = sorted(rows, key=lambda row: -_largest(row.amounts, quantities))[:4]
    return f"{'; '.join(_words(row, quantities) for row in largest)}."


def _words(row: _Row, quantities: Sequence[_Quantity]) -> str:
    *most, last = (
        f"{numbers.percent(amount, quantity.whole)} of {quantity.phrase}"
        for amount, quantity in zip(row.amounts, quantities, strict=True)
    )
    return f"{names.brief(row.label)}: {', '.join(most)} and {last}"
