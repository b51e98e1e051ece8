"""Signals that end a run, and processes that must end with it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Those that ask a run to end: Ctrl-C, a scheduler or service manager, a terminal that is closed."""


@contextmanager
def shielded() -> Iterator[None]:
    """Keeps `ENDING` signals waiting until what is inside is through, so that it happens whole."""
    if threading.current_thread() is not threading.main_thread():  # where no signal is handled
        yield
        return
    caught: list[int] = []

    def wait(number: int, _: FrameType | None) -> None:
        caught.append(number)

    before = {number: signal.getsignal(number) for number in ENDING}
    mine = [number for number in ENDING if before[number] not in (signal.SIG_IGN, None)]  # None: not Python's to handle
    for number in mine:
        signal.signal(number, wait)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])
        for number in dict.fromkeys(caught):
            signal.raise_signal(number)


@contextmanager
def unheard_by_children(number: int) -> Iterator[None]:
    """Processes that are started inside never get that signal, unless they ask for it: it waits for us."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_sessions(leaders: Collection[int]) -> None:
    """Kills what these processes, which have ended, left in their sessions, as far as the system lists processes."""
    known = set(leaders)
    while found := _members(leaders) - known:  # until nobody is left who might start others
        for pid in found:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        known |= found


def _members(leaders: Collection[int]) -> set[int]:
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - a hot path
    except OSError:  # no such folder here
        return set()
    return {pid for pid in pids if _leader(pid) in leaders}


def _leader(pid: int) -> int | None:
    with suppress(OSError):  # it has ended meanwhile
        return os.getsid(pid)
    return None


def name_of(number: int) -> str:
    """``SIGSEGV``, or ``signal 99`` where it has no name here."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
