"""Worker processes: what a model's code does to its process, and what kills it, reaches no other model."""

from __future__ import annotations

import ctypes
import faulthandler
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Generic, TypeVar

from reportgen import sandbox

T = TypeVar("T")
R = TypeVar("R")
_GRACE = 1.0  # seconds between SIGTERM, at which a worker says where it is, and SIGKILL
_TRACE = "frames"  # the file in a worker's folder in which it says where it is
_PRINTED = 8_192  # bytes that are kept of a task's first output, and as many of its last
_CHUNK, _CHUNKS = 65_536, 64  # more than a pipe holds
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")  # colours and cursor movements of a terminal
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of sys/prctl.h


@dataclass(frozen=True, slots=True)
class Lost:
    """What is known of a task whose process gave no result.

    ``reason`` completes a sentence: "was killed by SIGSEGV", "ran longer than 600 s". ``frames`` are the Python frames
    it was in, outermost first; none where it could not say.
    """

    reason: str
    frames: tuple[str, ...] = ()


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
    ) -> Iterator[Done[T, R]]:
        """Each task with its result, in the order in which they end; ``started`` is told when a process takes a task.

        ``tasks`` that are a deque may grow while this runs. A process that dies, raises, or runs longer than
        ``timeout`` seconds gives a `Lost`. Leaving the iterator early, by an exception too, ends the processes.
        """
        waiting = tasks if isinstance(tasks, deque) else deque(tasks)
        idle, busy = list[_Worker[T, R]](), list[_Worker[T, R]]()
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
                        done = worker.done()
                        if self._fresh or isinstance(done.result, Lost):
                            worker.end()
                        else:
                            idle.append(worker)
                        yield done
            finally:
                for worker in busy + idle:
                    worker.end()

    def _start(self, function: Callable[[T], R], scratch: Path) -> _Worker[T, R]:
        with _without_main(), _environment(self._environment):
            return _Worker(self._context, function, scratch, fresh=self._fresh)


class _Worker(Generic[T, R]):
    """One process, seen from the parent."""

    task: T

    def __init__(self, context: Any, function: Callable[[T], R], scratch: Path, *, fresh: bool) -> None:
        self._folder = Path(tempfile.mkdtemp(dir=scratch))
        self._timeout: float | None = None
        self._deadline: float | None = None
        self._first, self._last, self._left_out = bytearray(), bytearray(), 0  # of what it printed
        self.talks = True
        self.connection, theirs = context.Pipe()
        self.output, its_output = context.Pipe(duplex=False)
        os.set_blocking(self.output.fileno(), False)
        self.process = context.Process(
            target=_work, args=(theirs, its_output, function, str(self._folder), fresh), daemon=False
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
            result = replace(result, reason=sandbox.anonymous(result.reason, str(self._folder)))
        return Done(self.task, result, self._printed())

    def _result(self) -> R | Lost:
        if not wait([self.connection, self.process.sentinel], timeout=0):
            self._stop()
            return Lost(f"ran longer than {self._timeout:g} s", self._frames())
        if self.connection.poll():
            with suppress(EOFError, OSError):
                return self.connection.recv()  # type: ignore[no-any-return]
        self.process.join(_GRACE)
        code = self.process.exitcode
        self._stop()
        reason = f"was killed by {_signal_name(-code)}" if code and code < 0 else f"exited with status {code}"
        return Lost(reason, self._frames())

    def listen(self) -> bool:
        """Takes up a chunk of what the process printed since; False where there is no more for now."""
        try:
            data = os.read(self.output.fileno(), _CHUNK)
        except BlockingIOError:
            return False
        self.talks = bool(data)  # nothing is the end: it has closed its output
        room = max(_PRINTED - len(self._first), 0)
        self._first += data[:room]
        self._last += data[room:]
        self._left_out += max(len(self._last) - _PRINTED, 0)
        del self._last[:-_PRINTED]
        return bool(data)

    def _printed(self) -> str:
        """What the process printed, as a terminal would show it; where it was much, the first and the last of it."""
        for _ in range(_CHUNKS):  # something it started may print on and on
            if not self.listen():
                break
        first, last = (part.decode("utf-8", "replace") for part in (self._first, self._last))
        between = f"\n… {self._left_out:,} bytes more …\n" if self._left_out else ""
        self._first, self._last, self._left_out = bytearray(), bytearray(), 0
        lines = _CONTROL.sub("", first + between + last).replace("\r\n", "\n").split("\n")
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines).strip("\n")
        return sandbox.anonymous(text, str(self._folder))

    def end(self) -> None:
        """Ends the process and whatever it started in its session, and removes what they left."""
        self._stop()
        self.connection.close()
        self.output.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stop(self) -> None:
        for number, grace in ((signal.SIGTERM, _GRACE), (getattr(signal, "SIGKILL", signal.SIGTERM), None)):
            if not self.process.is_alive():
                break
            with suppress(OSError):
                _kill(self.process.pid, number)
            self.process.join(grace)
        for pid in _session(self.process.pid):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def _frames(self) -> tuple[str, ...]:
        """What faulthandler left, in the order of Python's own tracebacks."""
        with suppress(OSError):  # the model may have removed it
            text = sandbox.anonymous(
                (self._folder / _TRACE).read_text(encoding="utf-8", errors="replace"), str(self._folder)
            )
            return tuple(line.strip() for line in reversed(text.splitlines()) if line.startswith("  File "))
        return ()


def _ended(busy: Sequence[_Worker[T, R]]) -> list[_Worker[T, R]]:
    """Waits until a worker printed something, has a result, is dead, or has no time left; gives those that ended."""
    handles: dict[Any, _Worker[T, R]] = {}
    for worker in busy:
        handles[worker.connection] = handles[worker.process.sentinel] = worker
    outputs = {worker.output: worker for worker in busy if worker.talks}
    limits = [left for worker in busy if (left := worker.seconds_left()) is not None]
    ready = wait([*handles, *outputs], timeout=min(limits, default=None))
    for output in outputs.keys() & set(ready):
        outputs[output].listen()
    answered = [handles[handle] for handle in ready if handle in handles]
    return [worker for worker in busy if worker in answered or worker.seconds_left() == 0]


def _session(leader: int | None) -> Iterator[int]:
    """The processes of a session, as far as the system lists them."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getsid(int(place.name)) == leader:
                yield int(place.name)


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


def _work(connection: Connection, output: Connection, function: Callable[[T], R], folder: str, fresh: bool) -> None:
    """The worker's side: tasks in, results out, until the parent hangs up.

    A worker that is ``fresh``, for one task only, can shut itself in ``folder``; one that takes more could not get out.
    """
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C in the terminal is the parent's to handle
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    _redirect(output)
    if fresh:
        sandbox.give(folder)
    try:
        file = (Path(folder) / _TRACE).open("w", encoding="utf-8")
    except FileNotFoundError:  # the parent has stopped, and swept up, before this process came to anything
        return
    own = os.getpid()
    with file:
        faulthandler.enable(file, all_threads=False)
        if hasattr(faulthandler, "register"):
            faulthandler.register(signal.SIGTERM, file, all_threads=False, chain=True)
        with suppress(EOFError, OSError):
            while True:
                outcome = _outcome(function, connection.recv())
                if os.getpid() != own:  # the task has forked, and this is the child
                    os._exit(0)
                _flush()
                connection.send(outcome)


def _redirect(output: Connection) -> None:
    """Standard input is empty from now on, and what is printed goes to the parent."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    output.close()


def _flush() -> None:
    with suppress(Exception):  # whatever the task has put in their places
        sys.stdout.flush()
        sys.stderr.flush()
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)


def _outcome(function: Callable[[T], R], task: T) -> R | Lost:
    try:
        return function(task)
    except BaseException as exc:  # noqa: BLE001 - the parent must hear of SystemExit too
        frames = traceback.extract_tb(exc.__traceback__)
        lines = tuple(f'File "{frame.filename}", line {frame.lineno} in {frame.name}' for frame in frames)
        return Lost(f"raised {''.join(traceback.format_exception_only(exc)).strip()}", lines)
