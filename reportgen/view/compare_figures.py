"""The key figures of models side by side: the least of each, and how far the others are from a baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reportgen.report.comparison import Comparison
from reportgen.view import numbers
from reportgen.view.entries import BOUNDS
from reportgen.view.page import Cell, Column, Figure, Row, Table

LEAST = "↓ "  # stands before the least of a row


@dataclass(frozen=True, slots=True)
class Key:
    """A figure that is shown: the totals that it is the sum of, and how it is told.

    ``conditions``: it holds for the inputs alone. ``counted``: it may be a bound, as FLOPs are. ``ranked``: less is
    better. ``always``: it is shown even if no model has any.
    """

    label: str
    totals: tuple[str, ...]
    human: Callable[[int | None], str]
    unit: str = ""
    conditions: bool = False
    counted: bool = False
    ranked: bool = True
    always: bool = True


KEYS = (
    Key("Parameters", ("parameters.unique",), numbers.human),
    Key("Active for one token", ("parameters.active",), numbers.human, always=False),
    Key("Packed parameters", ("parameters.packed",), numbers.human, ranked=False, always=False),
    Key("Frozen parameters", ("parameters.frozen",), numbers.human, ranked=False, always=False),
    Key("State dict", ("state_dict_bytes",), numbers.size, "B"),
    Key("Forward pass", ("macs.forward",), numbers.macs, "MACs", conditions=True, counted=True),
    Key("Training step", ("flops.forward", "flops.backward"), numbers.flops, "FLOPs", conditions=True, counted=True),
    Key("Peak memory, inference", ("memory.peak_inference",), numbers.size, "B", conditions=True),
    Key("Peak memory, training", ("memory.peak_training",), numbers.size, "B", conditions=True),
    Key("Saved for backward", ("memory.saved_for_backward",), numbers.size, "B", conditions=True),
    Key("Buffers", ("buffers.unique",), numbers.human, ranked=False),
    Key("Modules", ("modules",), numbers.human, ranked=False),
    Key("Tensors without gradient", ("gradients.none",), numbers.human, always=False),
)
_LEADING = ("Parameters", "State dict", "Forward pass", "Peak memory, training")


def leaders(comparison: Comparison, labels: Sequence[str]) -> Iterator[Figure]:
    """For the figures that matter most, the least, and whose that is."""
    for key in KEYS:
        values = values_of(comparison, key)
        best = least(comparison, key, values)
        if key.label in _LEADING and len(best) == 1:
            value = values[best[0]]
            exact = numbers.exact(value, key.unit)
            yield Figure(f"Least: {key.label}", key.human(value), exact, labels[best[0]])


def figures(comparison: Comparison, labels: Sequence[str], *, against_all: bool) -> Table:
    """One row a figure; ``against_all`` prepares every cell for any model as the baseline."""
    rows = []
    for key in KEYS:
        values = values_of(comparison, key)
        if key.always or any(values):
            best = least(comparison, key, values)
            cells = tuple(
                _cell(comparison, key, values, place, marked=place in best, against_all=against_all)
                for place in range(len(values))
            )
            rows.append(Row((Cell(key.label), *cells), same=len(set(values)) == 1))
    models = (Column(f"model-{place}", label, "number") for place, label in enumerate(labels))
    columns = (Column("figure", "figure", weight=1.4), *models)
    note = f"{LEAST}marks the least, where figures are of the same thing; in brackets, the change from the baseline."
    return Table("figures", columns, tuple(rows), note=note, sides=True)


def values_of(comparison: Comparison, key: Key) -> tuple[int | None, ...]:
    """The figure of each model; None where a part of it is not known."""
    totals = {quantity.name: quantity.values for quantity in comparison.totals}
    none = (None,) * len(comparison.models)
    parts = zip(*(totals.get(name, none) for name in key.totals), strict=True)
    return tuple(None if None in part else sum(value or 0 for value in part) for part in parts)


def least(comparison: Comparison, key: Key, values: Sequence[int | None]) -> tuple[int, ...]:
    """The places of the least, where the figures can be ranked, and not all are the same."""
    known = [value for value in values if value is not None]
    if not key.ranked or len(set(known)) < 2:
        return ()
    if key.conditions and {"inputs", "mode", "dtype"} & set(comparison.differing):
        return ()
    if key.counted and any(model.flops not in (None, "exact") for model in comparison.models):
        return ()
    return tuple(place for place, value in enumerate(values) if value == min(known))


def _cell(
    comparison: Comparison, key: Key, values: Sequence[int | None], place: int, *, marked: bool, against_all: bool
) -> Cell:
    value, model = values[place], comparison.models[place]
    if value is None:
        text = numbers.NOT_APPLICABLE if not key.always else numbers.UNKNOWN
        return Cell(numbers.FAILED if model.status == "failed" else text, tone="muted")
    bound = BOUNDS.get(model.flops, "") if key.counted else ""
    shown = f"{LEAST if marked else ''}{bound}{key.human(value)}"
    texts = [_against(shown, base, value) if i != place else shown for i, base in enumerate(values)]
    exact = numbers.exact(value, key.unit)
    return Cell(
        texts[comparison.baseline],
        sort=value,
        tone="good" if marked else "plain",
        hint=exact if exact != key.human(value) else None,
        versions=tuple(texts) if against_all else (),
    )


def _against(shown: str, base: int | None, value: int) -> str:
    if base is None or base == value:
        return shown
    change = numbers.change_percent(base, value)
    return shown if change == numbers.NOT_APPLICABLE else f"{shown} ({change})"
