"""Archives that are the same for the same files: nothing in them tells when, where or by whom they were packed."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, TypeAlias

EPOCH = 315_532_800  # 1980-01-01, the first day that every archiver knows
SUMS = "SHA256SUMS"

Content: TypeAlias = Path | bytes


def tar_gz(target: BinaryIO, members: Mapping[str, Content], *, time: int | None = None) -> None:
    """Packs files, by their names in the archive, as a gzipped tar archive (of POSIX: `pax`).

    The order, the time of all (seconds since 1970, by default `EPOCH`), their owner (0) and mode (0644) are fixed. The
    bytes are the same wherever zlib compresses alike; what is in them, everywhere.

    Raises:
        OSError: a file cannot be read, or the archive cannot be written.
    """
    with (
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=target, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(members):
            with _opened(members[name]) as file:
                entry = tarfile.TarInfo(name)
                entry.size = file.seek(0, io.SEEK_END)
                entry.mtime = EPOCH if time is None else time
                file.seek(0)
                archive.addfile(entry, file)


def sums(files: Mapping[str, Content]) -> str:
    """A line for each file, by its name, as ``sha256sum -c`` reads them. Raises OSError where one cannot be read."""
    lines = []
    for name in sorted(files):
        with _opened(files[name]) as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    return "".join(lines)


def _opened(content: Content) -> io.BytesIO | io.BufferedReader:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
