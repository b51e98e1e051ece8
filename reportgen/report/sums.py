"""Sums of figures of which some may not be known."""

from __future__ import annotations

from collections.abc import Iterable


def add(numbers: Iterable[int | None]) -> int | None:
    """The sum, or None where a term is not known."""
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total
