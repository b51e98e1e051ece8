"""The worker's side: what a process does that `reportgen.workers.processes` has started."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from reportgen.workers import sandbox
from reportgen.workers.forkserver import leave_server

T = TypeVar("T")
R = TypeVar("R")
TRACE = "frames"  # the file in a worker's folder in which it says where it is, at SIGTERM or a crash
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of sys/prctl.h


@dataclass(frozen=True, slots=True)
class Lost:
    """What is known of a task whose process gave no result.

    ``reason`` completes a sentence: "was killed by SIGSEGV", "ran longer than 600 s". ``frames`` are the Python frames
    it was in, outermost first; none where it could not say.
    """

    reason: str
    frames: tuple[str, ...] = ()


def serve(connection: Connection, output: Connection, function: Callable[[T], R], folder: str, fresh: bool) -> None:
    """Tasks in, results out, until the parent hangs up.

    A worker that is ``fresh``, for one task only, can shut itself in ``folder``; one that takes more could not get out.
    """
    _set_apart()
    _redirect(output)
    if fresh:
        sandbox.give(folder)
    try:
        file = (Path(folder) / TRACE).open("w", encoding="utf-8")
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


def _set_apart() -> None:
    """Into a session of its own, for Ctrl-C in the terminal is the parent's to handle; but it ends with its parent.

    The parent of a forked worker is the server, which ends when nobody holds the other end of a pipe any more: only
    whoever started it is to hold that, lest a worker that hangs keeps the server, and so itself, alive.
    """
    if hasattr(os, "setsid"):
        os.setsid()
    if hasattr(signal, "pthread_sigmask"):  # the server was started with it blocked
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    leave_server()
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


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
