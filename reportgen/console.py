"""How a run shows on standard error: a bar on a terminal, one line a finished model elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reportgen.batch import Progress
from reportgen.render.text import display
from reportgen.tasks import Job, Outcome
from reportgen.view import numbers

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_TONES = {"complete": "green", "partial": "yellow", "failed": "red"}


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """What to tell a run's progress to, while it is shown; ``quiet`` shows only what could not be reported."""
    if quiet or not sys.stderr.isatty():
        yield Lines(quiet=quiet)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Terminal(bar)


class Lines(Progress):
    """One line a finished model."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._total = self._done = 0

    def planned(self, jobs: Sequence[Job]) -> None:
        """Learns how many there are."""
        self._total = len(jobs)

    def finished(self, job: Job, outcome: Outcome) -> None:
        """Prints the line."""
        self._done += 1
        if not (self._quiet and outcome.ok and outcome.sound):
            print(f"[{self._done:>{len(str(self._total))}}/{self._total}] {line(job, outcome)}", file=sys.stderr)  # noqa: T201


class Terminal(Progress):
    """A bar with the models at work, and the lines of the finished ones above it."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)
        self._running: list[str] = []

    def planned(self, jobs: Sequence[Job]) -> None:
        """Learns how many there are."""
        self._bar.update(self._task, total=len(jobs))

    def started(self, job: Job) -> None:
        """Shows that it is at work."""
        self._running.append(display(job.label))
        self._show()

    def finished(self, job: Job, outcome: Outcome) -> None:
        """Prints its line and moves the bar."""
        if display(job.label) in self._running:  # what stands from a run before never started
            self._running.remove(display(job.label))
        self._bar.console.print(line(job, outcome), style=_TONES[outcome.status], markup=False, highlight=False)
        self._bar.advance(self._task)
        self._show()

    def _show(self) -> None:
        self._bar.update(self._task, description=", ".join(self._running))


def line(job: Job, outcome: Outcome) -> str:
    """``builtin:lenet5: complete, 61,706 parameters, 0.4 s``, and a second line with the remedy where there is one."""
    facts = [outcome.status if outcome.reason is None else f"{outcome.status}: {outcome.reason}"]
    if outcome.parameters is not None:
        facts.append(numbers.plural(outcome.parameters, "parameter"))
    facts.append("unchanged" if outcome.seconds is None else f"{outcome.seconds:.1f} s")
    told = display(f"{job.label}: {', '.join(facts)}")
    return told if outcome.remedy is None else f"{told}\n  remedy: {display(outcome.remedy)}"
