"""How a run shows on standard error: live on a terminal, one line a finished model elsewhere, or as JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from reportgen.errors import WriteError
from reportgen.render.text import display, one_line
from reportgen.runs.batch import Model, Progress
from reportgen.runs.tally import Tally, verdict
from reportgen.runs.tasks import Outcome
from reportgen.saying import say
from reportgen.view import numbers

if TYPE_CHECKING:
    from rich.console import RenderableType

_TONES = {"complete": "green", "partial": "yellow", "failed": "red"}
_SHOWN = 8  # models at work at once that there is room for
STDERR = "-"


class Display(Progress):
    """Shows a run, and what else there is to say of it."""

    def note(self, text: str) -> None:
        """A remark on the run as a whole."""

    def error(self, text: str) -> None:
        """A problem of the run as a whole."""


@contextmanager
def progress(*, quiet: bool, log: str | None = None, builds: bool = True) -> Iterator[Display]:
    """What to tell a run's progress to, while it is shown.

    ``quiet`` shows only what could not be reported or, where nothing is built, rendered. ``log`` is a file that gets
    the run's `Log`; ``-`` puts it on standard error, in place of everything else.

    Raises:
        WriteError: the file cannot be written.
    """
    with ExitStack() as stack:
        if log == STDERR:
            yield stack.enter_context(_logging(sys.stderr))
            return
        shown = Lines(quiet=quiet, builds=builds) if quiet or not _is_terminal() else stack.enter_context(_live())
        if log is None:
            yield shown
            return
        file = stack.enter_context(_opened(log))
        yield _Both(shown, stack.enter_context(_logging(file)))


@contextmanager
def _opened(log: str) -> Iterator[IO[str]]:
    """The file, which a full disk keeps from being whole, and nothing else from going on."""
    try:
        file = Path(log).open("w", encoding="ascii", buffering=1)  # noqa: SIM115 - its end may fail, and is told of
    except OSError as exc:
        raise WriteError(
            f"cannot write {log}: {exc.strerror or exc}", remedy="give --log-json another FILE, or none"
        ) from exc
    try:
        yield file
    finally:
        try:
            file.close()
        except OSError as exc:
            say(f"reportgen: note: {log} is not whole: {exc.strerror or exc}", error=True)


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


class Lines(Display):
    """One line a finished model. What cannot be shown, for a full disk or a closed terminal, stops nothing."""

    def __init__(self, *, quiet: bool = False, builds: bool = True) -> None:
        self._quiet, self._builds = quiet, builds
        self._total = self._done = 0

    def planned(self, models: Sequence[Model]) -> None:
        """Learns how many there are."""
        self._total = len(models)

    def finished(self, model: Model, outcome: Outcome) -> None:
        """Prints the line."""
        self._done += 1
        good = outcome.ok and outcome.sound if self._builds else outcome.rendered
        if not (self._quiet and good):
            self._print(f"[{self._done:>{len(str(self._total))}}/{self._total}] {line(model, outcome)}")

    def note(self, text: str) -> None:
        """Prints it."""
        self._print(f"reportgen: note: {one_line(text)}")

    def error(self, text: str) -> None:
        """Prints it."""
        self._print(f"reportgen: error: {one_line(text)}")

    def _print(self, text: str) -> None:
        say(text, error=True)


@contextmanager
def _live() -> Iterator[Display]:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    terminal = Terminal(console.print)
    with Live(get_renderable=terminal.view, console=console, refresh_per_second=4, transient=True):
        yield terminal


class Terminal(Lines):
    """Counts, rate, time left and the models at work, beneath the lines of the finished ones."""

    def __init__(self, show: Any) -> None:
        super().__init__()
        self._show = show
        self._tally = Tally()
        self._running: dict[Path, tuple[Model, str, float]] = {}

    def planned(self, models: Sequence[Model]) -> None:
        """Learns how many there are."""
        super().planned(models)
        self._tally.planned(len(models))

    def started(self, model: Model, stage: str) -> None:
        """Shows that it is at work, and what on."""
        self._tally.started()
        self._running[model.folder] = model, stage, time.monotonic()

    def finished(self, model: Model, outcome: Outcome) -> None:
        """Prints its line and counts it."""
        self._running.pop(model.folder, None)  # what stands from a run before never started
        self._tally.finished(outcome)
        self._print(line(model, outcome), style=_TONES[verdict(outcome)])

    def _print(self, text: str, style: str = "") -> None:
        from rich.text import Text

        with suppress(OSError):
            self._show(Text(text, style=style), soft_wrap=True)

    def view(self) -> RenderableType:
        """What stands at the foot of the terminal now."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        tally, running = self._tally, list(self._running.values())
        head = Table.grid(padding=(0, 2))
        head.add_row(
            Text(f"{tally.done:,}/{tally.models:,}"),
            ProgressBar(total=max(tally.models, 1), completed=tally.done, width=24),
            *(Text(f"{tally.verdicts[word]:,} {word}", style=tone) for word, tone in _TONES.items()),
            Text(pace(tally)),
        )
        rows = Table.grid(padding=(0, 2))
        rows.add_column(no_wrap=True)
        rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        rows.add_column(no_wrap=True, justify="right")
        for model, stage, since in running[:_SHOWN]:
            rows.add_row(Text(stage), Text(display(model.label)), Text(clock(time.monotonic() - since)))
        rest = [Text(f"and {len(running) - _SHOWN} more")] if len(running) > _SHOWN else []
        return Group(head, rows, *rest)


@contextmanager
def _logging(file: IO[str]) -> Iterator[Log]:
    log = Log(file)
    try:
        yield log
    except KeyboardInterrupt:
        log.close(interrupted=True)
        raise
    log.close(interrupted=False)


class Log(Display):
    """One JSON object a line: the events of a run, as ``docs/how-it-works.md`` describes them."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._tally = Tally()

    def planned(self, models: Sequence[Model]) -> None:
        """``planned``: how many there are."""
        self._tally.planned(len(models))
        self._write("planned", models=len(models))

    def started(self, model: Model, stage: str) -> None:
        """``started``: a step of a model."""
        self._write("started", **_named(model), stage=stage)

    def finished(self, model: Model, outcome: Outcome) -> None:
        """``finished``: what became of a model."""
        self._tally.finished(outcome)
        self._write(
            "finished",
            **_named(model),
            status=outcome.status,
            reason=outcome.reason or next(iter(outcome.problems), None),
            remedy=outcome.remedy,
            stage=outcome.summary.stage or ("rendering" if outcome.problems else None),
            problems=outcome.problems,
            parameters=outcome.parameters,
            unchanged=outcome.seconds is None and outcome.stands,
            seconds=None if outcome.seconds is None else round(outcome.seconds, 3),
        )

    def note(self, text: str) -> None:
        """``note``: a remark on the run."""
        self._write("note", message=text)

    def error(self, text: str) -> None:
        """``error``: a problem of the run."""
        self._write("error", message=text)

    def close(self, *, interrupted: bool) -> None:
        """``summary``: how it went."""
        tally = self._tally
        counts = {word: tally.verdicts[word] for word in _TONES}
        self._write("summary", models=tally.models, **counts, unchanged=tally.unchanged, interrupted=interrupted)

    def _write(self, event: str, **fields: Any) -> None:
        with suppress(OSError):  # a full disk stops nothing
            text = json.dumps({"event": event, "elapsed": round(self._tally.elapsed, 3), **fields})
            print(text, file=self._file, flush=True)


class _Both(Display):
    """Two at once."""

    def __init__(self, *displays: Display) -> None:
        self._displays = displays

    def planned(self, models: Sequence[Model]) -> None:
        for each in self._displays:
            each.planned(models)

    def started(self, model: Model, stage: str) -> None:
        for each in self._displays:
            each.started(model, stage)

    def finished(self, model: Model, outcome: Outcome) -> None:
        for each in self._displays:
            each.finished(model, outcome)

    def note(self, text: str) -> None:
        for each in self._displays:
            each.note(text)

    def error(self, text: str) -> None:
        for each in self._displays:
            each.error(text)


def _named(model: Model) -> dict[str, str]:
    return {"ref": str(model.ref), "name": model.label, "slug": model.folder.name}


def line(model: Model, outcome: Outcome) -> str:
    """``builtin:lenet5: complete, 61,706 parameters, 0.4 s``, and a line for each remedy and each file that is not."""
    facts = [outcome.status if outcome.reason is None else f"{outcome.status}: {outcome.reason}"]
    if outcome.parameters is not None:
        facts.append(numbers.plural(outcome.parameters, "parameter"))
    if outcome.seconds is not None:
        facts.append(f"{outcome.seconds:.1f} s")
    elif outcome.stands:
        facts.append("unchanged")
    told = [f"{model.label}: {', '.join(facts)}"]
    told += [f"  remedy: {outcome.remedy}"] if outcome.remedy is not None else []
    told += [f"  {problem}" for problem in outcome.problems]
    return "\n".join(map(display, told))


def pace(tally: Tally) -> str:
    """``2.3 models/s, 9:42 left``; below one a second by the minute. What is not known yet is left out."""
    if tally.rate is None or tally.left is None:
        return clock(tally.elapsed)
    rate = f"{tally.rate:.1f} models/s" if tally.rate >= 1 else f"{tally.rate * 60:.1f} models/min"
    return f"{rate}, {clock(tally.left)} left"


def clock(seconds: float) -> str:
    """``8 s``, ``9:42``, ``3:07:42``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"
