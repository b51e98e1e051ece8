"""Lines for people, on standard output and standard error."""

from __future__ import annotations

import os
import sys


def say(line: str, *, error: bool = False) -> None:
    """Writes a line; where nobody reads any more, as behind ``| head``, or a disk is full, the rest goes nowhere."""
    stream = sys.stderr if error else sys.stdout
    try:
        print(line, file=stream, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
