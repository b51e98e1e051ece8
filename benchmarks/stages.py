"""Where workers spend processor time and memory: a stopwatch around the functions that make up a step."""

from __future__ import annotations

import importlib
import os
import resource
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any

from reportgen.workers.processes import Done, Processes

REST = "rest"  # of a step: the room for the model, the registry
STAGES = {  # → whose own time it is, without that of stages inside
    "constructor": ("reportgen.probe.attempt:Attempt.build",),
    "probe": ("reportgen.probe:probe",),
    "record": ("reportgen.report.codec:to_json", "reportgen.report.codec:loads"),
    "page": ("reportgen.rendering:build",),
    "charts": ("reportgen.render.charts:svg",),
    "graphviz": ("reportgen.render.charts.graphviz:layouts",),
    "markdown": ("reportgen.render.markdown:MarkdownRenderer.render",),
    "html": ("reportgen.render.html:HtmlRenderer.render",),
    "pdf": ("reportgen.render.pdf:PdfRenderer.render",),
    "files": ("reportgen.rendering:write_file",),
}


class Stopwatch:
    """Processor seconds of this process and of those it started and waited for, by stage."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._running = [REST]
        self._since = processor_time()

    @contextmanager
    def at(self, stage: str) -> Iterator[None]:
        """What runs inside is that stage's."""
        self.stop()
        self._running.append(stage)
        try:
            yield
        finally:
            self.stop()
            self._running.pop()

    def stop(self) -> None:
        """Puts down what has passed until now."""
        now = processor_time()
        self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def watch(self, stage: str, place: str) -> None:
        """Counts the own time of the function at ``package.module:Class.name`` as that stage's."""
        module, _, path = place.partition(":")
        holder: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        for part in outer:
            holder = getattr(holder, part)
        function = getattr(holder, name)

        @wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self.at(stage):
                return function(*args, **kwargs)

        setattr(holder, name, watched)


def processor_time() -> float:
    """Seconds of this process, and of its children that have ended."""
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a worker gave, and what it took: seconds by stage, the most bytes it had to itself, and who forked it."""

    result: Any
    seconds: Counter[str]
    memory: int
    server: int


def measured(formats: tuple[str, ...], function: Callable[[Any], Any], task: Any) -> Measured:
    """Runs the function on the task, in a worker of its own, under a stopwatch."""
    for stage, places in STAGES.items():
        if stage != "pdf" or "pdf" in formats:  # importing WeasyPrint is no stage's
            for place in places:
                _watch(stage, place)
    watch = _stopwatch()
    watch.stop()
    watch.seconds.clear()  # the imports above
    result = function(task)
    watch.stop()
    return Measured(result, watch.seconds, _own_memory(), os.getppid())


@cache
def _stopwatch() -> Stopwatch:
    return Stopwatch()


@cache
def _watch(stage: str, place: str) -> None:
    _stopwatch().watch(stage, place)


def _own_memory() -> int:
    """The most bytes that this process has had beside those that it shares with the server it was forked from."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    own = sum(_kilobytes(line.split(":", 1)[1]) for line in rollup if line.startswith("Private_"))
    return 1024 * (own + _kilobytes(status["VmHWM"]) - _kilobytes(status["VmRSS"]))


def _kilobytes(text: str) -> int:
    return int(text.split(maxsplit=1)[0])


class Watching:
    """An executor that keeps what its workers took."""

    def __init__(self, executor: Processes, formats: tuple[str, ...]) -> None:
        self._executor = executor
        self._formats = formats
        self.taken: list[tuple[Any, Measured]] = []  # each step of each model

    def map(
        self, function: Callable[[Any], Any], tasks: Iterable[Any], started: Callable[[Any], object] = lambda _: None
    ) -> Generator[Done[Any, Any], None, None]:
        """As `Processes.map`."""
        for done in self._executor.map(partial(measured, self._formats, function), tasks, started):
            if isinstance(done.result, Measured):
                self.taken.append((done.task, done.result))
                yield replace(done, result=done.result.result)
            else:
                yield done
