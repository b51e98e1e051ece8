"""The server that workers are forked from: what multiprocessing keeps of it to itself."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import forkserver, util
from typing import Any

from reportgen.workers.signals import unheard_by_children

LONGEST = 70  # bytes: a socket's path has 107 at most, and multiprocessing adds 31
_server: Any = forkserver._forkserver  # noqa: SLF001 - there is no public way to it
_imported: set[str] = set()


def start_server(preload: Sequence[str]) -> None:
    """Starts it, unless it runs, and waits for nothing: what it is to ``preload``, it imports meanwhile.

    There is one in a process. One that has not imported all this makes way for another.
    """
    if not _imported.issuperset(preload):
        end_server()
        forkserver.set_forkserver_preload(list(preload))
        _imported.update(preload)
    _find_room_for_sockets()
    with unheard_by_children(signal.SIGINT):  # it would say so, at length, were it to come while it imports
        forkserver.ensure_running()


def _find_room_for_sockets() -> None:
    """Has multiprocessing keep its sockets in /tmp where their paths in the folder for temporary files are too long."""
    usual = tempfile.tempdir
    if len(os.fsencode(tempfile.gettempdir())) > LONGEST and os.access("/tmp", os.W_OK):  # noqa: S108 - as said
        tempfile.tempdir = "/tmp"  # noqa: S108
    try:
        util.get_temp_dir()  # made once for a process
    finally:
        tempfile.tempdir = usual


def end_server() -> None:
    """Ends it, and the workers with it, whatever they are at; the next worker starts another."""
    _imported.clear()
    if _server._forkserver_pid is not None:  # noqa: SLF001
        with suppress(ProcessLookupError):
            os.kill(_server._forkserver_pid, signal.SIGKILL)  # noqa: SLF001
        with suppress(ChildProcessError):
            _server._stop()  # noqa: SLF001 - closes and forgets, so that another can be started


def leave_server() -> None:
    """In a worker: lets go of the pipe by which the server knows that somebody still needs it.

    Else a worker that hangs would keep the server, and so itself, alive when the run is killed.
    """
    if _server._forkserver_alive_fd is not None:  # noqa: SLF001
        os.close(_server._forkserver_alive_fd)  # noqa: SLF001
        _server._forkserver_alive_fd = None  # noqa: SLF001
