"""A run in a few rows: what it is made of, and what went wrong in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from natsort import natsorted

from reportgen.view import numbers
from reportgen.view.entries import TONES
from reportgen.view.page import Cell, Table
from reportgen.view.tables import field, tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import Status
    from reportgen.view.causes import Cause
    from reportgen.view.entries import IndexEntry

_MOST_CAUSES = 6
_LONGEST = 100  # characters of a message


def by_source(entries: Sequence[IndexEntry]) -> Table | None:
    """How many models there are of each source and each status; None where all have one source."""
    groups: dict[str, list[IndexEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.source, []).append(entry)
    if len(groups) < 2:
        return None
    counts = {source: Counter(entry.status for entry in group) for source, group in groups.items()}
    present = {entry.status for entry in entries}

    def count(status: Status) -> Callable[[str], Cell]:
        return lambda source: _count(counts[source][status])

    return tabulate(
        "sources",
        natsorted(groups),
        (
            field("source", "source", Cell),
            field("models", "models", lambda source: _count(len(groups[source])), kind="number"),
            *(field(status, status, count(status), kind="number", shown=status in present) for status in TONES),
        ),
        caption="Sources",
    )


def most_frequent(causes: Sequence[Cause], suffix: str) -> Table | None:
    """The causes that most models failed for, each leading to its section of ``failures.SUFFIX``; None without any."""
    if not causes:
        return None
    left_out = len(causes) - _MOST_CAUSES
    return tabulate(
        "causes",
        list(enumerate(causes[:_MOST_CAUSES], start=1)),
        (
            field("models", "models", lambda item: _count(len(item[1].entries)), kind="number"),
            field(
                "cause",
                "cause",
                lambda item: Cell(_short(item[1].message), href=f"failures.{suffix}#cause-{item[0]}"),
                weight=5,
            ),
        ),
        caption="What failed, and why",
        note=f"{numbers.plural(left_out, 'more cause')} on the page of failures." if left_out > 0 else None,
    )


def _short(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"


def _count(number: int) -> Cell:
    return Cell(numbers.exact(number), sort=number, tone="plain" if number else "muted")
