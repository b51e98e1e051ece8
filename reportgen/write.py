"""Files: names that are safe on every file system, and contents that are whole or absent."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from reportgen.errors import WriteError

MAX_SLUG = 80
_HASH = 8  # hexadecimal digits
# Windows refuses the first ones as file names, with any suffix; the others are a run's own, and a release's.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|index|failures)(\..*)?|models\.svg|sha256sums", re.IGNORECASE)


def slugs(labels: Mapping[str, str]) -> dict[str, str]:
    """A folder name for each key of ``labels``, made of its label: ``torchvision-vgg11`` of ``torchvision:vgg11``.

    Names are ASCII, at most 80 characters, and safe on every file system. Labels that would share a name, on a file
    system that knows no upper case either, all carry a hash of their key, so that no name depends on the order.
    """
    hashed: set[str] = set()
    while True:
        names = {key: _slug(label, key if key in hashed else None) for key, label in labels.items()}
        count = Counter(name.casefold() for name in names.values())
        shared = {key for key, name in names.items() if count[name.casefold()] > 1} - hashed
        if not shared:
            return names
        hashed |= shared


def _slug(label: str, key: str | None) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-._") or "model"
    if _RESERVED.fullmatch(name):
        name = f"model-{name}"
    if key is None and len(name) <= MAX_SLUG:
        return name
    digest = hashlib.sha256((key or label).encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    return f"{name[: MAX_SLUG - _HASH - 1].rstrip('-._')}-{digest}"


def write_file(path: Path, data: bytes) -> None:
    """Writes ``data`` to ``path`` and makes its folder; where that fails, what was there before is still there, whole.

    Raises:
        WriteError: the folder or the file cannot be written.
    """
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, which becomes ``path`` when all is written; until then what was there is still there.

    Raises:
        WriteError: the folder or the file cannot be written.
    """
    temporary = path.with_name(f".reportgen-{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                yield file
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as exc:
        raise WriteError(
            f"cannot write {path}: {exc.strerror or exc}",
            remedy=f"make room and give yourself the right to write in {path.parent}, or choose another folder with -o",
        ) from exc


def sweep(folder: Path) -> None:
    """Removes what a process that was killed while writing left in ``folder``, as far as it may be removed."""
    for debris in folder.glob(".reportgen-*.tmp"):
        with suppress(OSError):
            debris.unlink()


def check_writable(folder: Path) -> None:
    """Makes sure, before any work, that files can be written in ``folder``.

    Raises:
        WriteError: they cannot.
    """
    probe = folder / ".reportgen-writable"
    write_file(probe, b"")
    probe.unlink()
