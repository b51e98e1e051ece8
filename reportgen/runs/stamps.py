"""What need not be built again: a stamp beside the reports says of each what it was made from.

A report stands if it would be made from the same things again: the reference and the options, this reportgen and every
installed package, the content of every file of the user's own that was read, and if its files are still as they were
left. A stamp is written after the files that it vouches for, so a run may be killed at any moment.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from reportgen.errors import WriteError
from reportgen.render.templating import own_templates
from reportgen.runs.tasks import Job, Outcome
from reportgen.write import write_file

FOLDER = ".reportgen"  # in the output folder, beside the reports' own
_PACKAGE = Path(__file__).parent.parent
_BIG = 2**28  # bytes


class Stamps:
    """The stamps of one output folder. With ``fresh`` none of them holds."""

    def __init__(self, output: Path, *, fresh: bool = False) -> None:
        self._folder = output / FOLDER
        self._fresh = fresh
        self._contents: dict[Path, str] = {}  # of what options name; nobody should change it while a run goes

    def outcome(self, job: Job) -> Outcome | None:
        """What a run before this one said of the job; None where it is to be done anew."""
        if self._fresh:
            return None
        try:
            stamp = json.loads(self._place(job).read_bytes())
            holds = (
                stamp["key"] == self._key(job)
                and stamp["memory_limit"] in (None, job.memory_limit)
                and stamp["files"] == _left(job.folder)
                and all(_digest(Path(path)) == digest for path, digest in stamp["sources"].items())
            )
            return msgspec.convert({**stamp["outcome"], "problems": ()}, Outcome) if holds else None
        except (OSError, ValueError, LookupError, TypeError):  # none, or none that can be read
            return None

    def put(self, job: Job, outcome: Outcome) -> None:
        """Vouches for what the job has just left, unless it may come out otherwise the next time."""
        with suppress(OSError, WriteError):  # without a stamp it is done anew, and no harm is done
            self._place(job).unlink(missing_ok=True)
            if not outcome.stands:
                return
            told = {item.name: getattr(outcome, item.name) for item in dataclasses.fields(outcome) if item.compare}
            stamp = {
                "key": self._key(job),
                "memory_limit": None if outcome.status == "complete" else job.memory_limit,  # which may be why
                "outcome": told,
                "files": _left(job.folder),
                "sources": {path: _digest(Path(path)) for path in outcome.sources},
            }
            write_file(self._place(job), json.dumps(stamp, indent=1, default=msgspec.to_builtins).encode())

    def _place(self, job: Job) -> Path:
        return self._folder / f"{job.folder.name}.json"

    def _key(self, job: Job) -> str:
        """A hash of all that is known beforehand of what a report will be made from."""
        entry = dataclasses.replace(job.entry, fail_on=())  # which are judged by what the report says, when it stands
        parts = (_machine(), str(job.ref), entry, job.render, job.network)
        text = json.dumps([self._plain(part) for part in parts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _plain(self, value: Any) -> Any:
        """A value as JSON; a path stands for what lies there."""
        if dataclasses.is_dataclass(value):
            return {item.name: self._plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
        if isinstance(value, Path):
            if value not in self._contents:
                self._contents[value] = _content(value)
            return self._contents[value]
        if isinstance(value, Mapping):
            return {str(name): self._plain(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(part) for part in value]
        return value if isinstance(value, str | int | float | None) else repr(value)


@cache
def _machine() -> str:
    """This reportgen, to the byte, this Python, and the versions of everything installed."""
    packages = sorted({f"{each.name} {each.version}" for each in metadata.distributions()})
    own = [_content(_PACKAGE), _content(own_templates())]
    return hashlib.sha256("\n".join([*own, platform.python_version(), *packages]).encode()).hexdigest()


def _content(path: Path) -> str:
    """A hash of a file, or of the names and contents of all files below a folder."""
    files = sorted(_files(path)) if path.is_dir() else [path]
    lines = (f"{file.relative_to(path).as_posix()} {_digest(file)}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _digest(file: Path) -> str | None:
    """The hash of a file; of a big one, weights say, which would take longer than the report, its size and time."""
    try:
        state = file.stat()
        if state.st_size > _BIG:
            return f"{state.st_size} bytes of {state.st_mtime_ns}"
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None


def _left(folder: Path) -> dict[str, str | None]:
    """The files of a report, each with its hash."""
    return {path.name: _digest(path) for path in sorted(folder.iterdir())}
