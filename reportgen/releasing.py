"""A folder of reports as the files of a release: one archive, checksums, an index, and a text that tells of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reportgen.errors import ConfigError, ReportFormatError
from reportgen.release.archive import SUMS, Content, sums, tar_gz
from reportgen.render import markdown
from reportgen.report import codec
from reportgen.runs.index import FILES as INDEX_FILES
from reportgen.runs.index import read_index
from reportgen.view import numbers
from reportgen.view.entries import IndexEntry
from reportgen.view.names import brief, listing
from reportgen.view.release import build_release
from reportgen.write import write_file, writing

NAME = "model-reports"
ASSETS = 1_000  # files that a release on GitHub may have
SIZE = 2**31 - 1  # bytes of each; it must be under 2 GiB
BODY = 125_000  # characters of its text
TEXT = "RELEASE.md"
INDEX = "index.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_PICTURE = re.compile(r"[a-z0-9-]{1,40}\.svg")
_FORMAT = re.compile(r"[a-z0-9_-]{1,20}")
_SHED = (("pdf",), ("pdf", "html"), ("pdf", "html", "md"))  # of what is too large: what other formats say as well
_CALLED = {"pdf": "PDF", "html": "HTML", "md": "Markdown"}
_TOLD = 5  # broken reports in one error


@dataclass(frozen=True, slots=True)
class Release:
    """The files of a release, without the text beside them, and what is not in it, a line each."""

    files: tuple[Path, ...]
    text: Path
    models: int
    left_out: tuple[str, ...]


def release(
    folder: str | Path,
    *,
    output: str | Path = "dist",
    name: str = NAME,
    assets: Iterable[str] = (),
    max_assets: int = ASSETS,
    max_size: int = SIZE,
    time: int | None = None,
) -> Release:
    """Packs the reports that `reportgen.build` left in ``folder``. The same reports give the same files.

    Args:
        folder: it has an ``index.json``; what that does not name stays out.
        output: where the files go: ``NAME.tar.gz``, ``index.json``, ``SHA256SUMS``, and the text, ``RELEASE.md``.
        name: of the archive, and of the folder in it.
        assets: formats whose files are also laid beside the archive, each under its model's name.
        max_assets: how many files there may be, the text not counted. Models come in the order of the index.
        max_size: bytes that a file may have. An archive that is larger goes without PDF, then HTML, then Markdown.
        time: of the files in the archive, in seconds since 1970.

    Raises:
        ConfigError: there is no index, a report that it names is missing or broken, or an argument is wrong. Nothing
            was written then.
        WriteError: a file cannot be written.
    """
    folder, output = Path(folder), Path(output)
    entries = read_index(folder)
    wanted = tuple(dict.fromkeys(assets))
    _check_arguments(name, wanted, max_assets, entries)
    _check_reports(folder, entries)
    left_out = [*_unmade(entries), *_strangers(folder, entries, output)]
    files: dict[str, Content] = {INDEX: folder / INDEX}
    archive = f"{name}.tar.gz"
    members = partial(_members, folder, entries, name)
    left_out += _write_archive(output / archive, members, most=max_size, time=time)
    files[archive] = output / archive
    beside, missing = _beside(folder, entries, wanted, max_assets - len(files) - 1, max_size)
    left_out += missing
    for asset, path in {**beside, INDEX: folder / INDEX}.items():
        _copy(path, output / asset)
        files[asset] = output / asset
    write_file(output / SUMS, sums(files).encode())
    commands = f"sha256sum --check --ignore-missing {SUMS}\ntar -xf {archive}"
    page = build_release(entries, archive=archive, commands=commands, left_out=left_out)
    write_file(output / TEXT, markdown.fitted(page, BODY))
    paths = tuple(output / each for each in sorted({*files, SUMS}))
    return Release(paths, output / TEXT, len(entries), (*left_out, *_others(output, paths)))


def _check_arguments(name: str, assets: Sequence[str], max_assets: int, entries: Sequence[IndexEntry]) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name for an archive", remedy="use at most 60 letters, digits, '.', '_' and '-'"
        )
    if max_assets < 3:
        raise ConfigError(f"{max_assets} files are too few", remedy=f"an archive, {INDEX} and {SUMS} are 3")
    known = {each for entry in entries for each in entry.formats}
    for each in assets:
        if each not in known:
            raise ConfigError(
                f"no report is there as {each!r}",
                code="format-unknown",
                remedy=f"use any of {', '.join(sorted(known))}" if known else "build the reports in that format",
            )


def _check_reports(folder: Path, entries: Sequence[IndexEntry]) -> None:
    """Makes sure that all that the index names is there, and is what it says.

    Raises:
        ConfigError: something is not; the first few are told.
    """
    if not entries:
        raise ConfigError(f"{folder} has no reports", code="release-incomplete", remedy="build some first")
    broken = [problem for entry in entries for problem in _problems(folder, entry)]
    if broken:
        more = f"; and {len(broken) - _TOLD:,} more" if len(broken) > _TOLD else ""
        raise ConfigError(
            f"{folder} is not what its index says: {'; '.join(broken[:_TOLD])}{more}",
            code="release-incomplete",
            remedy="run the same `reportgen build` again: it makes what is missing",
        )


def _problems(folder: Path, entry: IndexEntry) -> Iterator[str]:
    if (folder / entry.slug).is_symlink():
        yield f"{entry.slug!r} is no folder of reportgen's"
        return
    for each in entry.formats:
        path = folder / entry.slug / f"report.{each}"
        if not _FORMAT.fullmatch(each):
            yield f"{each!r} is no format"
        elif not _is_whole(path):
            yield f"{entry.slug}/{path.name} is missing"
        elif each == "json":
            yield from _contradictions(path, entry)


def _contradictions(path: Path, entry: IndexEntry) -> Iterator[str]:
    try:
        report = codec.load(path)
    except ReportFormatError as exc:
        yield str(exc)
        return
    if (report.model.ref, report.probe.status) != (entry.ref, entry.status):
        yield f"{entry.slug}/{path.name} is of another run than the index"


def _write_archive(
    path: Path, members: Callable[[Sequence[str]], dict[str, Content]], *, most: int, time: int | None
) -> list[str]:
    """Packs as many formats as fit, of what ``members`` gives without some; gives a line on those that do not."""
    for shed in ((), *_SHED):
        with suppress(_TooLargeError):
            with writing(path) as file:
                tar_gz(file, members(shed), time=time)
                if file.tell() > most:
                    raise _TooLargeError
            what = listing([_CALLED.get(each, each) for each in shed])
            return [f"{what} of all models: the archive may have {numbers.size(most)}"] if shed else []
    raise ConfigError(
        f"the records alone take more than the {numbers.size(most)} that a file may have",
        code="release-too-large",
        remedy="release the models in several parts, each built into a folder of its own",
    )


class _TooLargeError(Exception):
    """The archive is; it is not to be kept."""


def _members(folder: Path, entries: Sequence[IndexEntry], name: str, shed: Sequence[str]) -> dict[str, Content]:
    """What goes into the archive without some formats, by its place there, with checksums of it all."""
    members: dict[str, Content] = {each: folder / each for each in INDEX_FILES if _is_whole(folder / each)}
    for entry in entries:
        for each in entry.formats:
            if each not in shed:
                members |= {f"{entry.slug}/{path.name}": path for path in _files(folder / entry.slug, each)}
    try:
        members[SUMS] = sums(members).encode()
    except OSError as exc:
        raise _unreadable(exc) from exc
    return {f"{name}/{inside}": content for inside, content in members.items()}


def _unreadable(exc: OSError) -> ConfigError:
    return ConfigError(
        f"cannot read {exc.filename}: {exc.strerror or exc}", code="release-incomplete", remedy="build it again"
    )


def _files(folder: Path, file_format: str) -> list[Path]:
    """A report in one format: of Markdown, the pictures beside it too."""
    pictures = folder.iterdir() if file_format == "md" else ()
    own = (path for path in pictures if _PICTURE.fullmatch(path.name) and _is_whole(path))
    return [folder / f"report.{file_format}", *own]


def _is_whole(path: Path) -> bool:
    """Whether it is a file, and of the folder itself: a link may lead anywhere."""
    return path.is_file() and not path.is_symlink()


def _beside(
    folder: Path, entries: Sequence[IndexEntry], assets: Sequence[str], room: int, most: int
) -> tuple[dict[str, Path], list[str]]:
    """The single files beside the archive, and a line on those that there is no room for."""
    wanted = {
        f"{entry.slug}.{each}": folder / entry.slug / f"report.{each}"
        for entry in entries
        for each in assets
        if each in entry.formats
    }
    large = [asset for asset, path in wanted.items() if path.stat().st_size > most]
    small = [asset for asset in wanted if asset not in large]
    left_out = [f"{listing(large)}: a file may have {numbers.size(most)}"] if large else []
    if len(small) > room:
        more = numbers.plural(len(small) - room, "single file")
        left_out.append(f"{more}, from {small[room]} on: {room:,} have room")
    return {asset: wanted[asset] for asset in small[:room]}, left_out


def _copy(path: Path, target: Path) -> None:
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise _unreadable(exc) from exc
    write_file(target, data)


def _unmade(entries: Sequence[IndexEntry]) -> Iterator[str]:
    """Models whose report could not be made in any format; the index says why."""
    found = [brief(entry.name) for entry in entries if not entry.formats]
    if found:
        yield f"{listing(found)}: no report could be made"


def _strangers(folder: Path, entries: Sequence[IndexEntry], output: Path) -> Iterator[str]:
    """What lies in the folder and is none of the run's."""
    own = {*INDEX_FILES, *(entry.slug for entry in entries)}
    found = sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in own and not path.name.startswith(".") and path.resolve() != output.resolve()
    )
    if found:
        yield f"{listing(found)}: in the folder, and not in its index"


def _others(output: Path, files: Sequence[Path]) -> Iterator[str]:
    """What lies beside the release and is none of it."""
    found = sorted(path.name for path in output.iterdir() if path not in files and path.name != TEXT)
    if found:
        yield f"{listing(found)}: in {output}, and none of this release; {SUMS} does not name it"
