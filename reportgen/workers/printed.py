"""What a process prints: the first and the last of it, however much it is."""

from __future__ import annotations

import os
import re

_KEPT = 8_192  # bytes of the beginning, and as many of the end
_CHUNK, _CHUNKS = 65_536, 64  # more than a pipe holds
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")  # colours and cursor movements of a terminal


class Printed:
    """The text that comes out of the pipe with the descriptor ``source``, which it makes non-blocking."""

    def __init__(self, source: int) -> None:
        os.set_blocking(source, False)
        self._source = source
        self._first, self._last, self._left_out = bytearray(), bytearray(), 0
        self.open = True  # until the process has closed its end

    def listen(self) -> bool:
        """Takes up a chunk of what was printed since; False where there is no more for now."""
        try:
            data = os.read(self._source, _CHUNK)
        except BlockingIOError:
            return False
        self.open = bool(data)
        room = max(_KEPT - len(self._first), 0)
        self._first += data[:room]
        self._last += data[room:]
        self._left_out += max(len(self._last) - _KEPT, 0)
        del self._last[:-_KEPT]
        return bool(data)

    def take(self) -> str:
        """All of it until now, as a terminal would show it, and begins anew; of much of it the first and the last."""
        for _ in range(_CHUNKS):  # something that the process started may print on and on
            if not self.listen():
                break
        first, last = (part.decode("utf-8", "replace") for part in (self._first, self._last))
        between = f"\n… {self._left_out:,} bytes more …\n" if self._left_out else ""
        self._first, self._last, self._left_out = bytearray(), bytearray(), 0
        lines = _CONTROL.sub("", first + between + last).replace("\r\n", "\n").split("\n")
        return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines).strip("\n")
