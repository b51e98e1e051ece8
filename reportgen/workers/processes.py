"""Worker processes: what a model's code does to its process, and what kills it, reaches no other model."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Generic, TypeVar

from reportgen.workers import forkserver, sandbox
from reportgen.workers.printed import Printed
from reportgen.workers.serving import TRACE, Lost, serve
from reportgen.workers.signals import end_sessions, name_of, shielded

T = TypeVar("T")
R = TypeVar("R")
_GRACE = 1.0  # seconds between SIGTERM, at which a worker says where it is, and SIGKILL


@dataclass(frozen=True, slots=True)
class Done(Generic[T, R]):
    """A task that ended: its result, and what it printed, or the first and the last of it."""

    task: T
    result: R | Lost
    printed: str = ""


class Processes:
    """At most ``count`` processes at a time.

    Where the system allows, they are forked from one server that has imported ``preload`` once, with ``environment``
    among its environment variables, so that each starts warm and takes one task only: no task meets what another left
    behind. (There is one server for all instances, and the first to start it says in which environment.) Elsewhere,
    on Windows and macOS, each imports anew, and so takes task after task.
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
        self._preload = preload
        self._environment = environment
        self._fresh = sys.platform not in ("win32", "darwin")
        self._context = multiprocessing.get_context("forkserver" if self._fresh else "spawn")

    def map(
        self, function: Callable[[T], R], tasks: Iterable[T], started: Callable[[T], object] = lambda _: None
    ) -> Generator[Done[T, R], None, None]:
        """Each task with its result, in the order in which they end; ``started`` is told when a process takes a task.

        ``tasks`` that are a deque may grow while this runs. A process that dies, raises, or runs longer than
        ``timeout`` seconds gives a `Lost`, and so does one that cannot be started. Leaving the iterator early, by an
        exception too, kills the processes.
        """
        waiting = tasks if isinstance(tasks, deque) else deque(tasks)
        idle, busy = list[_Worker[T, R]](), list[_Worker[T, R]]()
        scratch = Path(tempfile.mkdtemp(prefix="reportgen-"))
        try:
            while waiting or busy:
                while waiting and len(busy) < self._count:
                    task = waiting.popleft()
                    try:
                        worker = idle.pop() if idle else self._start(function, scratch)
                    except (OSError, EOFError) as exc:  # no more memory, processes, descriptors, room on the disk
                        yield Done(task, Lost(f"could not be started: {exc}"))
                        continue
                    busy.append(worker)
                    worker.give(task, self._timeout)
                    started(task)
                for worker in _ended(busy) if busy else ():  # none, where none could be started
                    done = worker.done()
                    if self._fresh or isinstance(done.result, Lost):
                        _end([worker])
                    else:
                        idle.append(worker)
                    busy.remove(worker)
                    yield done
        finally:
            with shielded():
                _end(busy + idle)
                for worker in busy + idle:
                    worker.process.join(_GRACE)
                shutil.rmtree(scratch, ignore_errors=True)

    def _start(self, function: Callable[[T], R], scratch: Path) -> _Worker[T, R]:
        with _without_main(), _environment(self._environment):
            try:
                if self._fresh:
                    forkserver.start_server(self._preload)
                return _Worker(self._context, function, scratch, fresh=self._fresh)
            except KeyboardInterrupt:
                forkserver.end_server()  # lest it fork, once it is ready, what nobody knows of
                raise


class _Worker(Generic[T, R]):
    """One process, seen from the parent."""

    task: T

    def __init__(self, context: Any, function: Callable[[T], R], scratch: Path, *, fresh: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=scratch))
        self._timeout: float | None = None
        self._deadline: float | None = None
        self.connection, theirs = context.Pipe()
        self.output, its_output = context.Pipe(duplex=False)
        self.printed = Printed(self.output.fileno())
        self.process = context.Process(
            target=serve, args=(theirs, its_output, function, str(self.folder), fresh), daemon=False
        )
        self.process.start()
        theirs.close()
        its_output.close()

    def give(self, task: T, timeout: float | None) -> None:
        self.task = task
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        with suppress(OSError):  # it died already; waiting for its result tells
            self.connection.send(task)

    def seconds_left(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def done(self) -> Done[T, R]:
        """How its task ended; to be asked when it has a result, is dead, or has no time left."""
        result = self._result()
        if isinstance(result, Lost):
            result = replace(result, reason=sandbox.anonymous(result.reason, str(self.folder)))
        return Done(self.task, result, sandbox.anonymous(self.printed.take(), str(self.folder)))

    def _result(self) -> R | Lost:
        if not wait([self.connection, self.process.sentinel], timeout=0):
            self.process.terminate()
            self.process.join(_GRACE)
            return Lost(f"ran longer than {self._timeout:g} s", self._frames())
        if self.connection.poll():
            with suppress(EOFError, OSError):
                return self.connection.recv()  # type: ignore[no-any-return]
        self.process.join(_GRACE)
        code = self.process.exitcode
        reason = f"was killed by {name_of(-code)}" if code and code < 0 else f"exited with status {code}"
        return Lost("hung up" if code is None else reason, self._frames())

    def _frames(self) -> tuple[str, ...]:
        """What faulthandler left, in the order of Python's own tracebacks."""
        with suppress(OSError):  # the model may have removed it
            text = (self.folder / TRACE).read_text(encoding="utf-8", errors="replace")
            lines = reversed(sandbox.anonymous(text, str(self.folder)).splitlines())
            return tuple(line.strip() for line in lines if line.startswith("  File "))
        return ()


def _end(workers: Collection[_Worker[T, R]]) -> None:
    """Kills the processes and whatever they started in their sessions, and removes what they left."""
    if not workers:
        return
    for worker in workers:
        worker.process.kill()
    end_sessions([worker.process.pid for worker in workers])
    for worker in workers:
        worker.connection.close()
        worker.output.close()
        shutil.rmtree(worker.folder, ignore_errors=True)


def _ended(busy: Sequence[_Worker[T, R]]) -> list[_Worker[T, R]]:
    """Waits until a worker printed something, has a result, is dead, or has no time left; gives those that ended."""
    handles: dict[Any, _Worker[T, R]] = {}
    for worker in busy:
        handles[worker.connection] = handles[worker.process.sentinel] = worker
    outputs = {worker.output: worker.printed for worker in busy if worker.printed.open}
    limits = [left for worker in busy if (left := worker.seconds_left()) is not None]
    ready = wait([*handles, *outputs], timeout=min(limits, default=None))
    for output in outputs.keys() & set(ready):
        outputs[output].listen()
    answered = [handles[handle] for handle in ready if handle in handles]
    return [worker for worker in busy if worker in answered or worker.seconds_left() == 0]


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
