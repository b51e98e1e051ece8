"""Worker processes: what a model's code does to its process, and what kills it, reaches no other model."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_GRACE = 1.0  # seconds between SIGTERM, at which a worker says where it is, and SIGKILL


@dataclass(frozen=True, slots=True)
class Lost:
    """What is known of a task whose process gave no result.

    ``reason`` completes a sentence: "was killed by SIGSEGV", "ran longer than 600 s". ``frames`` are the Python frames
    it was in, outermost first; none where it could not say.
    """

    reason: str
    frames: tuple[str, ...] = ()


class Processes:
    """At most ``count`` processes at a time.

    Where the system allows, they are forked from one server that has imported ``preload`` once, with ``environment``
    among its environment variables, so that each starts warm and takes one task only: no task meets what another left
    behind. (There is one server for all instances; the first to start it has its way.) Elsewhere, on Windows and macOS,
    each imports anew, and so takes task after task.
    """

    def __init__(
        self,
        count: int,
        *,
        timeout: float | None = None,
        preload: Sequence[str] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._count = count
        self._timeout = timeout
        self._environment = environment
        self._fresh = sys.platform not in ("win32", "darwin")
        self._context = multiprocessing.get_context("forkserver" if self._fresh else "spawn")
        if self._fresh:
            self._context.set_forkserver_preload(list(preload))

    def map(
        self, function: Callable[[T], R], tasks: Iterable[T], started: Callable[[T], object] = lambda _: None
    ) -> Iterator[tuple[T, R | Lost]]:
        """Each task with its result, in the order in which they end; ``started`` is told when a process takes a task.

        A process that dies, raises, or runs longer than ``timeout`` seconds gives a `Lost`. Leaving the iterator early,
        by an exception too, ends the processes.
        """
        waiting, idle, busy = deque(tasks), list[_Worker[T, R]](), list[_Worker[T, R]]()
        with tempfile.TemporaryDirectory(prefix="reportgen-") as scratch:
            try:
                while waiting or busy:
                    while waiting and len(busy) < self._count:
                        worker = idle.pop() if idle else self._start(function, Path(scratch))
                        busy.append(worker)
                        worker.give(waiting.popleft(), self._timeout)
                        started(worker.task)
                    for worker in _ended(busy):
                        busy.remove(worker)
                        result = worker.result()
                        if self._fresh or isinstance(result, Lost):
                            worker.end()
                        else:
                            idle.append(worker)
                        yield worker.task, result
            finally:
                for worker in busy + idle:
                    worker.end()

    def _start(self, function: Callable[[T], R], scratch: Path) -> _Worker[T, R]:
        with _without_main(), _environment(self._environment):
            return _Worker(self._context, function, scratch)


class _Worker(Generic[T, R]):
    """One process, seen from the parent."""

    task: T

    def __init__(self, context: Any, function: Callable[[T], R], scratch: Path) -> None:
        handle, name = tempfile.mkstemp(dir=scratch)
        os.close(handle)
        self._trace = Path(name)
        self._timeout: float | None = None
        self._deadline: float | None = None
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, function, name), daemon=False)
        self.process.start()
        theirs.close()

    def give(self, task: T, timeout: float | None) -> None:
        self.task = task
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        with suppress(OSError):  # it died already; waiting for its result tells
            self.connection.send(task)

    def seconds_left(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def result(self) -> R | Lost:
        if not wait([self.connection, self.process.sentinel], timeout=0):
            self.end()
            return Lost(f"ran longer than {self._timeout:g} s", self._frames())
        if self.connection.poll():
            with suppress(EOFError, OSError):
                return self.connection.recv()  # type: ignore[no-any-return]
        self.process.join(_GRACE)
        code = self.process.exitcode
        self.end()
        reason = f"was killed by {_signal_name(-code)}" if code and code < 0 else f"exited with status {code}"
        return Lost(reason, self._frames())

    def end(self) -> None:
        """Ends the process, and where it lives in a session of its own, whatever it started."""
        self.connection.close()
        for number, grace in ((signal.SIGTERM, _GRACE), (getattr(signal, "SIGKILL", signal.SIGTERM), None)):
            if not self.process.is_alive():
                break
            with suppress(OSError):
                _kill(self.process.pid, number)
            self.process.join(grace)

    def _frames(self) -> tuple[str, ...]:
        """What faulthandler left, in the order of Python's own tracebacks."""
        lines = self._trace.read_text(encoding="utf-8", errors="replace").splitlines()
        return tuple(line.strip() for line in reversed(lines) if line.startswith("  File "))


def _ended(busy: Sequence[_Worker[T, R]]) -> list[_Worker[T, R]]:
    """Waits until at least one worker has a result, is dead, or has no time left."""
    handles: dict[Connection | int, _Worker[T, R]] = {}
    for worker in busy:
        handles[worker.connection] = handles[worker.process.sentinel] = worker
    limits = [left for worker in busy if (left := worker.seconds_left()) is not None]
    ready = wait(list(handles), timeout=min(limits, default=None))
    answered = [handles[handle] for handle in ready]  # type: ignore[index]  # wait gives back what it was given
    return [worker for worker in busy if worker in answered or worker.seconds_left() == 0]


def _kill(pid: int, number: signal.Signals) -> None:
    if hasattr(os, "killpg") and os.getpgid(pid) == pid:
        os.killpg(pid, number)
    else:
        os.kill(pid, number)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@contextmanager
def _without_main() -> Iterator[None]:
    """Hides the caller's script, which multiprocessing would otherwise run anew in every worker."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Sets environment variables for what is started inside."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _work(connection: Connection, function: Callable[[T], R], trace: str) -> None:
    """The worker's side: tasks in, results out, until the parent hangs up."""
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C in the terminal is the parent's to handle
    os.dup2(2, 1)  # what a model prints is no output of ours
    try:
        file = Path(trace).open("w", encoding="utf-8")  # noqa: SIM115 (closed below)
    except FileNotFoundError:  # the parent has stopped, and swept up, before this process came to anything
        return
    with file:
        faulthandler.enable(file, all_threads=False)
        if hasattr(faulthandler, "register"):
            faulthandler.register(signal.SIGTERM, file, all_threads=False, chain=True)
        with suppress(EOFError, OSError):
            while True:
                connection.send(_outcome(function, connection.recv()))


def _outcome(function: Callable[[T], R], task: T) -> R | Lost:
    try:
        return function(task)
    except BaseException as exc:  # noqa: BLE001 - the parent must hear of SystemExit too
        frames = traceback.extract_tb(exc.__traceback__)
        lines = tuple(f'File "{frame.filename}", line {frame.lineno} in {frame.name}' for frame in frames)
        return Lost(f"raised {''.join(traceback.format_exception_only(exc)).strip()}", lines)
