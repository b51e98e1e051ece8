"""Why models failed: those that failed for the same reason together, the most frequent reason first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reportgen.view.entries import IndexEntry

UNSAID = "no error says why"
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+\b")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,x]\d+)*(?!\w)")  # 1,024, 0.5, 3x224x224; not the 2 of conv2d
_NUMBERS = re.compile(r"…(?:(?:, ?| ?× ?)…)+")  # a shape, of whatever rank
_EXCEPTION = re.compile(r"([A-Z]\w*)(?::|\Z)")  # what a model's own error begins with


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason, and the models that it holds for, in their order."""

    code: str | None  # None: the report is whole, and a format of it could not be made
    message: str  # with … where the models' own numbers differ
    entries: tuple[IndexEntry, ...]

    @property
    def kind(self) -> str:
        """In a word or two: the exception, else the code."""
        exception = _EXCEPTION.match(self.message)
        return exception[1] if exception else self.code or "a format"

    @property
    def stages(self) -> tuple[str, ...]:
        """Where it happened, the most frequent first."""
        return _frequent([entry.summary.stage or "rendering" for entry in self.entries])

    @property
    def remedies(self) -> tuple[str, ...]:
        """What to do, the most frequent first."""
        return _frequent([entry.remedy for entry in self.entries if entry.remedy is not None])

    @property
    def messages(self) -> tuple[str, ...]:
        """What was said, in the words of each model."""
        return tuple(entry.reason or UNSAID for entry in self.entries)


def causes(entries: Sequence[IndexEntry]) -> tuple[Cause, ...]:
    """The reasons of all that are not complete, or complete and yet with an error.

    Models share one if their errors have the same code, and the same words but for numbers and addresses.
    """
    groups: dict[tuple[str | None, str], list[IndexEntry]] = {}
    for entry in entries:
        if entry.status != "complete" or entry.reason is not None:
            groups.setdefault((entry.summary.code, pattern(entry.reason or UNSAID)), []).append(entry)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0][0] or "", item[0][1]))
    return tuple(_cause(code, words, group) for (code, words), group in ordered)


def _cause(code: str | None, words: str, entries: Sequence[IndexEntry]) -> Cause:
    said = {entry.reason or UNSAID for entry in entries}
    return Cause(code, said.pop() if len(said) == 1 else words, tuple(entries))


def pattern(message: str) -> str:
    """The words of a message without its figures: ``expected … channels``, ``shape […]``; numbers in names stay."""
    return _NUMBERS.sub("…", _NUMBER.sub("…", _ADDRESS.sub("0x…", message)))


def _frequent(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for value, _ in Counter(values).most_common())
