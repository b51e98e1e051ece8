"""Lines for people, on standard output and standard error."""

from __future__ import annotations

import os
import sys

from reportgen.errors import WriteError


def say(line: str, *, error: bool = False) -> None:
    """Writes a line. Where nobody reads any more, as behind ``| head``, the rest goes nowhere.

    Raises:
        WriteError: standard output cannot be written, a full disk say. That of standard error stops nothing.
    """
    stream = sys.stderr if error else sys.stdout
    try:
        print(line, file=stream, flush=True)
    except OSError as exc:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        if not error and not isinstance(exc, BrokenPipeError):
            raise WriteError(
                f"cannot write to standard output: {exc.strerror or exc}", remedy="make room where it goes to"
            ) from exc
