"""One folder of many: the reports of several runs, the shards of one say, under one index."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from natsort import natsorted

from reportgen.config import RenderOptions
from reportgen.errors import ConfigError, WriteError
from reportgen.runs.index import read_index, write_index
from reportgen.runs.stamps import FOLDER
from reportgen.view.entries import IndexEntry
from reportgen.write import check_writable


def merge(folders: Sequence[Path], output: Path) -> int:
    """Copies the reports of ``folders`` into ``output``, writes their index, and gives their number.

    Raises:
        ConfigError: a folder without an index, or two with different reports under one name.
        WriteError: they cannot be copied.
    """
    found: dict[str, tuple[Path, IndexEntry]] = {}
    for folder in folders:
        for entry in read_index(folder):
            before, _ = found.setdefault(entry.slug, (folder, entry))
            if before != folder and _record(before, entry.slug) != _record(folder, entry.slug):
                raise ConfigError(
                    f"{before} and {folder} have different reports called {entry.slug}",
                    code="merge-conflict",
                    remedy="build both with the same options, or merge only one of them",
                )
    check_writable(output)
    for slug, (folder, _) in found.items():
        _copy(folder, output, slug)
    entries = natsorted((entry for _, entry in found.values()), key=lambda entry: entry.ref)
    write_index(entries, output, RenderOptions())
    return len(entries)


def _record(folder: Path, slug: str) -> bytes | None:
    path = folder / slug / "report.json"
    return path.read_bytes() if path.exists() else None


def _copy(folder: Path, output: Path, slug: str) -> None:
    """The report, and the stamp that says what it was made from, as old as they are."""
    if folder.resolve() == output.resolve():
        return
    stamp = f"{FOLDER}/{slug}.json"
    try:
        shutil.copytree(folder / slug, output / slug, dirs_exist_ok=True)
        if (folder / stamp).exists():
            (output / FOLDER).mkdir(exist_ok=True)
            shutil.copy2(folder / stamp, output / stamp)
    except OSError as exc:
        raise WriteError(
            f"cannot copy {folder / slug} to {output}: {exc}", remedy="make room, and merge again: nothing is lost"
        ) from exc
