"""The chart of a run: every model by its parameters and the MACs of its forward pass, on logarithmic scales."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from reportgen.view import numbers
from reportgen.view.chart import Axis, Dot, Scatter

if TYPE_CHECKING:
    from reportgen.view.entries import IndexEntry

_FEWEST = 3  # dots; fewer are better read in the table
_NAMED = 24  # so many can have their names beside them
_MARKS = 8  # at most, on one axis


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic scale between two powers of ten."""

    low: int
    high: int

    @classmethod
    def over(cls, values: Iterable[int | None]) -> Scale | None:
        """The narrowest whose ends are powers of ten; None where there is nothing above zero to show on it."""
        shown = [value for value in values if value]
        if not shown:
            return None
        low, high = floor(log10(min(shown))), ceil(log10(max(shown)))
        return cls(low, max(high, low + 1))

    def place(self, value: int) -> float:
        """Where a value above zero lies, from 0 to 1."""
        return (log10(value) - self.low) / (self.high - self.low)

    def axis(self, label: str, *, work: bool = False) -> Axis:
        """The axis, marked at powers of ten."""
        step = ceil((self.high - self.low) / _MARKS)
        powers = range(self.low, self.high + 1, step)
        return Axis(
            label,
            tuple(((each - self.low) / (self.high - self.low), numbers.decade(each, work=work)) for each in powers),
        )


def scatter(entries: Sequence[IndexEntry], suffix: str) -> Scatter | None:
    """The chart, its dots leading to the reports of format ``suffix``; None where less than three models have both."""
    shown = [entry for entry in entries if entry.parameters and entry.macs]
    across, up = Scale.over(entry.parameters for entry in shown), Scale.over(entry.macs for entry in shown)
    if across is None or up is None or len(shown) < _FEWEST:
        return None
    counts = Counter(entry.source for entry in shown)
    sources = [source for source, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    named = {id(entry) for entry in (shown if len(shown) <= _NAMED else _extremes(shown))}
    return Scatter(
        id="models",
        title="Parameters against the forward pass",
        alt=_alt(entries, shown),
        across=across.axis("parameters"),
        up=up.axis("MACs", work=True),
        series=tuple(f"{source} ({counts[source]:,})" for source in sources),
        dots=tuple(
            Dot(
                entry.name,
                across.place(entry.parameters or 0),
                up.place(entry.macs or 0),
                f"{numbers.human(entry.parameters)} parameters, {numbers.macs(entry.macs)}",
                sources.index(entry.source),
                entry.href(suffix),
                named=id(entry) in named,
            )
            for entry in shown
        ),
    )


def _extremes(shown: Sequence[IndexEntry]) -> list[IndexEntry]:
    """The models with the most and the least of each."""
    measures: tuple[Callable[[IndexEntry], int], ...] = (
        lambda entry: entry.parameters or 0,
        lambda entry: entry.macs or 0,
    )
    return [choose(shown, key=measure) for measure in measures for choose in (max, min)]


def _alt(entries: Sequence[IndexEntry], shown: Sequence[IndexEntry]) -> str:
    most, least, hardest, lightest = _extremes(shown)
    words = (
        f"From {numbers.human(least.parameters)} parameters ({least.name}) to {numbers.human(most.parameters)} "
        f"({most.name}), and from {numbers.macs(lightest.macs)} ({lightest.name}) to {numbers.macs(hardest.macs)} "
        f"({hardest.name}), on logarithmic scales."
    )
    left_out = len(entries) - len(shown)
    if left_out:
        words += (
            f" Not shown: {numbers.plural(left_out, 'model')} with nothing of one of them, or where that is not known."
        )
    return words
