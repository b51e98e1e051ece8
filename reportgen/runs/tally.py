"""The state of a run in numbers: how many are done and how they came out, how fast it goes, how long it will take."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable

from reportgen.runs.tasks import Outcome

_LATELY = 30  # models that the rate is taken over: what comes in a zoo's middle is not like its beginning


class Tally:
    """Counts what `reportgen.runs.batch.Progress` is told. Seconds are those of ``clock``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = clock()
        self._since: float | None = None  # when the models of which `_ends` tells began
        self._ends: deque[float] = deque()
        self.models = 0
        self.unchanged = 0
        self.verdicts: Counter[str] = Counter()

    def planned(self, models: int) -> None:
        """That many will be reported on."""
        self.models = models

    def started(self) -> None:
        """Work on one of them begins."""
        if self._since is None:
            self._since = self._clock()

    def finished(self, outcome: Outcome) -> None:
        """One of them is done, by work of this run or before it."""
        self.verdicts[verdict(outcome)] += 1
        if outcome.seconds is None and outcome.stands:
            self.unchanged += 1
            return
        self._ends.append(self._clock())
        if len(self._ends) > _LATELY:
            self._since = self._ends.popleft()

    @property
    def done(self) -> int:
        """Models that are done, however they came out."""
        return self.verdicts.total()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._begun

    @property
    def rate(self) -> float | None:
        """Models a second, of late, by work of this run alone; None where none is done yet."""
        if self._since is None or not self._ends:
            return None
        return len(self._ends) / max(self._clock() - self._since, 1e-3)

    @property
    def left(self) -> float | None:
        """Seconds until all are done, at this rate; what stood from a run before has no part in it."""
        rate = self.rate
        return None if rate is None else (self.models - self.done) / rate


def verdict(outcome: Outcome) -> str:
    """``complete``, ``partial`` or ``failed``; a report of which a file could not be made counts as failed."""
    return "failed" if outcome.problems else outcome.status
