"""The course of a quantity over a pass whose length is not known beforehand, in a bounded number of stretches."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

STRETCHES = 200  # even: they are joined in pairs


class Timeline:
    """The largest value in each of at most `STRETCHES` stretches of equally many notes; the last may be shorter.

    A stretch is one note long until there are too many; then every two are joined, and those to come are twice as
    long. So a note takes the same time however many there are, and what comes out depends on the notes alone.

    Attributes:
        stretches: the largest value of each, first to last, and whose it was; of several as large, the first.
    """

    def __init__(self) -> None:
        self.stretches: list[tuple[int, Any]] = []
        self._length = 1
        self._left = 0  # notes that the last stretch has room for

    def note(self, value: int, owner: Any) -> None:
        """The next value, not below zero."""
        if not self._left:
            self._begin()
        self._left -= 1
        if value > self.stretches[-1][0]:
            self.stretches[-1] = value, owner

    def _begin(self) -> None:
        if len(self.stretches) == STRETCHES:
            pairs = zip(self.stretches[::2], self.stretches[1::2], strict=True)
            self.stretches = [max(pair, key=itemgetter(0)) for pair in pairs]
            self._length *= 2
        self.stretches.append((-1, None))
        self._left = self._length
