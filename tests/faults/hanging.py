"""Models that hang in every way, until a file called ``go`` lies beside this one."""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from torch import Tensor, nn

GO = Path(__file__).with_name("go")


class Good(nn.Linear):
    """Works."""

    def __init__(self) -> None:
        super().__init__(2, 1)


class Waiting(Good):
    """Says that it runs, and then does what it was given, unless it may go."""

    def __init__(self, hang: Callable[[], None]) -> None:
        super().__init__()
        self.hang = hang

    def forward(self, x: Tensor) -> Tensor:
        if not GO.exists():
            GO.with_name(f"{self.hang.__name__}.runs").touch()
            self.hang()
        return super().forward(x)


def _in_c() -> None:
    """In an extension that lets neither Python nor a signal in."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    ctypes.PyDLL(None).sleep(600)


def _deaf() -> None:
    """In Python, without listening to what asks it to end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(600)


def _forking() -> None:
    """And so does a child of it, in a process group of its own."""
    if os.fork() == 0:
        os.setpgid(0, 0)
        _deaf()
    _deaf()


def a_good() -> nn.Module:
    """One that works."""
    return Good()


def b_good() -> nn.Module:
    """One that works."""
    return Good()


def c_hangs() -> nn.Module:
    """One that hangs."""
    return Waiting(_in_c)


def d_hangs() -> nn.Module:
    """One that hangs."""
    return Waiting(_deaf)


def e_hangs() -> nn.Module:
    """One that hangs."""
    return Waiting(_forking)
