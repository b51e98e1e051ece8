"""Models that misbehave, each in a way of its own; `Good` does not."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn


class Good(nn.Module):
    """Two weights and a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def in_forward(act: Callable[[], object]) -> type[Good]:
    """A class that does that in forward, and goes on."""

    class Misbehaving(Good):
        def forward(self, x: Tensor) -> Tensor:
            act()
            return super().forward(x)

    return Misbehaving


def in_constructor(act: Callable[[], object]) -> type[Good]:
    """A class that does that before it is made."""

    class Misbehaving(Good):
        def __init__(self) -> None:
            act()
            super().__init__()

    return Misbehaving


def _raise(error: BaseException) -> None:
    raise error


def _segfault() -> None:
    sys.stdout.write("last words\n")
    ctypes.string_at(0)


def _hang_in_c() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    ctypes.CDLL(None).sleep(600)


def _leave_a_child() -> None:
    if os.fork() == 0:
        os.setpgid(0, 0)
        time.sleep(600)


def _recurse() -> None:
    _recurse()


def _print_gigabytes() -> None:
    data = b"y" * 1_000_000
    for _ in range(2_000):
        os.write(1, data)


def _take_all_memory() -> None:
    held = []
    while True:
        held.append(bytearray(2**28))


def _change_torch() -> None:
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.nn.Linear.forward = lambda self, x: x


def _delete_working_directory() -> None:
    shutil.rmtree(Path.cwd())


def _litter() -> None:
    Path("litter").write_text("x", encoding="utf-8")
    Path(tempfile.gettempdir(), "litter").write_text("x", encoding="utf-8")
    raise RuntimeError(f"at {Path.cwd()} and in {tempfile.gettempdir()}")


raises_early = in_constructor(lambda: _raise(ValueError("no way in")))
interrupts = in_constructor(lambda: _raise(KeyboardInterrupt()))
exits_early = in_constructor(lambda: os._exit(0))
deletes = in_constructor(_delete_working_directory)
changes_torch = in_constructor(_change_torch)
raises = in_forward(lambda: _raise(ValueError("no way forward")))
exits_politely = in_forward(lambda: sys.exit(4))
exits = in_forward(lambda: os._exit(3))
segfaults = in_forward(_segfault)
kills_itself = in_forward(lambda: os.kill(os.getpid(), signal.SIGKILL))
hangs = in_forward(_hang_in_c)
forks = in_forward(os.fork)
leaves_a_child = in_forward(_leave_a_child)
leaves_a_thread = in_forward(lambda: threading.Thread(target=time.sleep, args=(600,)).start())
recurses = in_forward(_recurse)
prints = in_forward(_print_gigabytes)
takes_memory = in_forward(_take_all_memory)
reads_input = in_forward(sys.stdin.read)
closes_files = in_forward(lambda: os.closerange(0, 64))
litters = in_forward(_litter)
reaches_out = in_forward(lambda: urllib.request.urlopen("http://192.0.2.1/"))


class Unpicklable(Good):
    """Returns what cannot go to another process."""

    def forward(self, x: Tensor) -> Callable[[], Tensor]:
        return lambda: x
