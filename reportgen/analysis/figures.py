"""Totals by their place in the record, ``parameters.unique``: what differences, rules and baselines are about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args, get_origin

import msgspec

from reportgen.report.base import Count, Record
from reportgen.report.totals import Totals


def _names(record: type[Record], prefix: str = "") -> Iterator[str]:
    """The numbers of a record and of those in it; lists have no place of their own."""
    for field in msgspec.structs.fields(record):
        kinds = (field.type, *get_args(field.type))
        if get_origin(field.type) is tuple:
            continue
        if int in kinds or Count in kinds:
            yield prefix + field.name
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, Record):
                yield from _names(kind, f"{prefix}{field.name}.")


NAMES = tuple(_names(Totals))  # in the order of the record


def figures(totals: Totals) -> dict[str, int | None]:
    """Each figure by its name, None where it is not known; those of a part that is not there are left out."""
    return dict(_figures(totals))


def _figures(record: Record, prefix: str = "") -> Iterator[tuple[str, int | None]]:
    for field in record.__struct_fields__:
        name, value = prefix + field, getattr(record, field)
        if isinstance(value, Record):
            yield from _figures(value, f"{name}.")
        elif name in NAMES:
            yield name, value
