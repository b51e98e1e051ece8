"""Tables from records: each column says what it is called and how it shows an item; nothing else decides a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from reportgen.view import names, numbers
from reportgen.view.page import Cell, Column, Kind, Row, Table

T = TypeVar("T")

NONE = Cell(numbers.NOT_APPLICABLE, tone="muted")
kept = lru_cache(maxsize=16_384)  # ledgers say the same thing again and again, and cells never change
LONG = 60  # rows from which a table is long: set tight, searchable, and in the appendix


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One column over items of type T. ``shown`` False leaves it out: where it would say the same in every row."""

    column: Column
    cell: Callable[[T], Cell]
    shown: bool = True


def field(
    key: str,
    label: str,
    cell: Callable[[T], Cell],
    *,
    kind: Kind = "text",
    weight: float = 1.0,
    shown: bool = True,
) -> Field[T]:
    """A `Field` with its `Column`, in one line."""
    return Field(Column(key, label, kind, weight), cell, shown)


def tabulate(
    table_id: str,
    items: Iterable[T],
    fields: Sequence[Field[T]],
    *,
    depth: Callable[[T], int] = lambda _: 0,
    anchor: Callable[[T], str | None] = lambda _: None,
    caption: str | None = None,
    note: str | None = None,
    long_from: int = LONG,
) -> Table:
    """A table with one row for each item; ``depth`` indents it, ``anchor`` lets links reach it.

    With more than ``long_from`` rows it is long.
    """
    shown = [field for field in fields if field.shown]
    rows = tuple(
        Row(tuple(field.cell(item) for field in shown), depth=depth(item), anchor=anchor(item)) for item in items
    )
    columns = tuple(field.column for field in shown)
    return Table(table_id, columns, rows, caption=caption, note=note, long=len(rows) > long_from)


@kept
def text(value: str | None, *, hint: str | None = None) -> Cell:
    """A text; None is not applicable."""
    return NONE if value is None else Cell(value, hint=hint)


@kept
def number(value: int | None, unit: str = "") -> Cell:
    """An exact figure; from five digits on, its human form as the hint."""
    if value is None:
        return Cell(numbers.UNKNOWN, tone="muted")
    shown, hint = numbers.exact(value), numbers.size(value) if unit == "B" else numbers.human(value)
    return Cell(shown, sort=value, tone="plain" if value else "muted", hint=hint if value >= 10_000 else None)


@kept
def work(macs: int | None, *, times: int = 1) -> Cell:
    """Multiply-accumulates for the eye, exactly as the hint; ``12 × 4.09 G`` where ``times`` modules do it."""
    if macs is None:
        return Cell(numbers.UNKNOWN, tone="muted")
    shown, hint = multiple(numbers.si(macs), times), multiple(numbers.exact(macs), times)
    return Cell(shown, sort=times * macs, tone="plain" if macs else "muted", hint=hint if macs else None)


@kept
def share(part: int | None, whole: int | None) -> Cell:
    """A percentage that sorts by its part."""
    return Cell(numbers.percent(part, whole), sort=part, tone="plain" if part else "muted")


def multiple(figure: str, times: int) -> str:
    """``12 × 840`` where there are several, else the figure alone; nothing stays nothing."""
    return f"{times:,} × {figure}" if times > 1 and figure != "0" else figure


@kept
def shape(sizes: Sequence[int | None] | None) -> Cell:
    """The shape of one tensor."""
    return Cell(numbers.shape(sizes), tone="muted" if sizes is None else "plain")


@kept
def shapes(tensors: Sequence[Sequence[int | None]] | None) -> Cell:
    """The shapes of several tensors."""
    return Cell(numbers.shapes(tensors), tone="plain" if tensors else "muted")


@kept
def first_shapes(tensors: Sequence[Sequence[int | None]] | None) -> Cell:
    """The shapes of up to three tensors; of more, the first, how many others there are, and all as the hint."""
    whole = shapes(tensors)
    if tensors is None or len(tensors) <= 3:
        return whole
    return Cell(f"{numbers.shape(tensors[0])} and {len(tensors) - 1} more", hint=whole.text)


@kept
def class_name(qualified: str) -> Cell:
    """A class by its last name, in full as the hint."""
    simple = names.simple(qualified)
    return Cell(simple, hint=qualified if qualified != simple else None)
