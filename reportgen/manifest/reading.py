"""Manifests read from TOML files, or made from references; all that is wrong is told, with its line."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from reportgen.branding import Brand, read_description, read_logo
from reportgen.config import ProbeOptions, Style, WeightsFile
from reportgen.errors import ConfigError
from reportgen.manifest.entries import Manifest, ModelEntry
from reportgen.manifest.keys import DEFAULTS, MODEL, Key, invalid, part
from reportgen.manifest.toml_lines import Place, lines_of
from reportgen.registry.base import ModelRef

BUNDLED_MANIFEST = Path(__file__).with_name("bundled.toml")
PYPROJECT = "pyproject.toml"  # a manifest may be a table of it
_LONGEST = 80  # of a reference in a message


def read_manifest(path: Path, overrides: Mapping[str, Any] | None = None) -> Manifest:
    """Reads a manifest: TOML with an optional ``[defaults]`` table and one ``[[model]]`` table an entry.

    `reportgen.manifest.keys` has the keys. Of a ``pyproject.toml`` the table ``[tool.reportgen]`` is read. A model's
    own key wins over the default of that name. Paths are relative to the manifest. ``overrides`` are fields of
    `ProbeOptions` and `Style`, ``formats``, ``select``, ``fail_on`` and ``baseline``, that win over the file's.

    Raises:
        ConfigError: the file cannot be read, or something in it is wrong; the message says where. If more than one
            thing is, the error's ``others`` are the rest.
    """
    given = overrides or {}
    ProbeOptions(**part("probe", {**given, "measure": False}))  # whether there is a device to measure on, the file says
    file = _File(path)
    folder, entries = path.parent, []
    defaults, models = file.tables()
    shared: dict[str, Any] = {}
    style, brand = Style(), Brand()
    with file.at("[defaults]", "defaults"):
        shared = file.values("[defaults]", ("defaults",), defaults, DEFAULTS)
        style = Style(**_below(folder, part("style", shared)) | part("style", given))
        brand = _brand(folder, shared)
    for index, table in enumerate(models):
        title = _title(index, table)
        with file.at(title, "model", index):
            own = file.values(title, ("model", index), table, MODEL)
            values, mark = {**shared, **own, **given}, _brand(folder, own).over(brand)
            entry = _entry(own, values, mark, _checkpoint(folder, own))
            entries.append(replace(entry, place=file.where(f"{title} › ref", ("model", index, "ref"))))
    file.complain()
    run = _below(folder, part("run", shared)) | part("run", given)
    return Manifest(tuple(entries), **run, style=style, brand=brand)


def manifest_of(refs: Iterable[str], given: Mapping[str, Any]) -> Manifest:
    """The manifest that model references amount to, with what `read_manifest` calls ``overrides``."""
    probe, style = ProbeOptions(**part("probe", given)), Style(**part("style", given))
    texts, file = list(refs), _checkpoint(Path(), given)
    if file is not None and (len(texts) != 1 or ModelRef.parse(texts[0]).has_wildcard):
        raise ConfigError(
            "a checkpoint for many models", code="checkpoint-models", remedy="name one model, or use a manifest"
        )
    entries = tuple(ModelEntry(ref, probe, checkpoint=file, **part("entry", given)) for ref in texts)
    return Manifest(entries, **part("run", given), style=style)


def find_manifest(folder: Path) -> Path | None:
    """The manifest that a folder has: ``reportgen.toml``, else a ``pyproject.toml`` with that table.

    Raises:
        ConfigError: there is a ``pyproject.toml`` that is no TOML.
    """
    usual, project = folder / "reportgen.toml", folder / PYPROJECT
    if usual.is_file():
        return usual
    return project if project.is_file() and _File(project).has_table else None


def baseline_of(path: Path) -> Path | None:
    """The baseline that a manifest names; whatever is wrong in it, `read_manifest` tells.

    Raises:
        ConfigError: the file cannot be read, or is no TOML.
    """
    defaults, _ = _File(path).tables()
    named = defaults.get("baseline")
    return path.parent / named if isinstance(named, str) else None


def _title(index: int, table: Mapping[str, Any]) -> str:
    return f"[[model]] {index + 1} ({str(table.get('ref', 'no ref'))[:_LONGEST]})"


def _entry(
    own: Mapping[str, Any], values: Mapping[str, Any], brand: Brand, checkpoint: WeightsFile | None
) -> ModelEntry:
    if "ref" not in own:
        raise invalid("no model is named", 'add ref = "SOURCE:NAME"')
    ref = ModelRef.parse(own["ref"])
    if ref.has_wildcard and "name" in own:
        raise invalid("one name for many models", "leave out name, or the wildcards in ref")
    if ref.has_wildcard and checkpoint is not None:
        raise invalid("one checkpoint for many models", "leave out checkpoint, or the wildcards in ref")
    if "exclude" in own and not ref.has_wildcard:
        raise invalid("exclude beside a ref that names one model", "leave out exclude, or write a wildcard in ref")
    return ModelEntry(
        ref=str(replace(ref, kwargs={**ref.kwargs, **own.get("kwargs", {})})),  # one way to say it from here on
        probe=ProbeOptions(**part("probe", values)),
        brand=brand,
        checkpoint=checkpoint,
        **part("model", own),
        **part("entry", values),
    )


def _brand(folder: Path, values: Mapping[str, Any]) -> Brand:
    logo, description = values.get("logo"), values.get("description_file")
    return Brand(
        title=values.get("title"),
        author=values.get("author"),
        logo=None if logo is None else read_logo(folder / logo),
        about=None if description is None else read_description(folder / description),
    )


def _checkpoint(folder: Path, values: Mapping[str, Any]) -> WeightsFile | None:
    path, key = values.get("checkpoint"), values.get("checkpoint_key")
    if path is None and key is not None:
        raise invalid("checkpoint_key without checkpoint", "add checkpoint, the file that it leads into")
    return None if path is None else WeightsFile((folder / path).absolute(), key)


def _below(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: folder / value if isinstance(value, Path) else value for key, value in values.items()}


class _Told(Exception):
    """What is wrong here has been told already."""


class _File:
    """A manifest that is being read, and what was found wrong in it so far.

    Raises:
        ConfigError: it cannot be read, or is no TOML.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._problems: list[tuple[int, ConfigError]] = []  # with their lines
        self._root: Place = ("tool", "reportgen") if path.name == PYPROJECT else ()
        try:
            self._text = path.read_text(encoding="utf-8-sig")
            self._table: Any = tomllib.loads(self._text)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            reason = (isinstance(exc, OSError) and exc.strerror) or str(exc)
            raise invalid(f"{path}: {reason}", "give a TOML file in UTF-8") from exc
        for key in self._root:
            self._table = self._table.get(key) if isinstance(self._table, dict) else None

    @property
    def has_table(self) -> bool:
        """Whether there is a manifest in it: of a ``pyproject.toml`` it is one table."""
        return self._table is not None

    def tables(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Its defaults and its models."""
        table = self._table if isinstance(self._table, dict) else {}
        self._refuse_unknown("", (), table, ("defaults", "model"))
        defaults, models = table.get("defaults", {}), table.get("model", [])
        is_list = isinstance(models, list) and all(isinstance(item, dict) for item in models)
        if isinstance(defaults, dict) and is_list and models:
            return defaults, models
        header = "".join(f"{key}." for key in self._root)
        remedy = f"write [{header}defaults] at most once, and [[{header}model]] before each entry"
        self._keep(invalid("no model, or none that can be read", remedy), "", ())
        return {}, []

    def values(self, title: str, place: Place, table: Mapping[str, object], keys: Mapping[str, Key]) -> dict[str, Any]:
        """What the keys of one of its tables amount to; each that is wrong is told."""
        before = len(self._problems)
        self._refuse_unknown(f"{title} › ", place, table, keys)
        values = {}
        for name, key in keys.items():
            with self.at(f"{title} › {name}", *place, name):
                if name in table:
                    values[name] = key.kind.read(table[name])
        if len(self._problems) > before:
            raise _Told
        return values

    def _refuse_unknown(self, title: str, place: Place, table: Iterable[str], known: Iterable[str]) -> None:
        names = list(known)
        for key in table:
            with self.at(f"{title}{key}", *place, key):
                if key not in names:
                    close = difflib.get_close_matches(key, names, n=1)
                    raise invalid(
                        "there is no such key", f"did you mean {close[0]!r}?" if close else f"use {', '.join(names)}"
                    )

    @contextmanager
    def at(self, title: str, *place: str | int) -> Iterator[None]:
        """Keeps what is found wrong within, with its place, and goes on after it."""
        try:
            yield
        except _Told:
            pass
        except ConfigError as exc:
            self._keep(exc, title, place)

    def _keep(self, problem: ConfigError, title: str, place: Place) -> None:
        where = self.where(title, place) if title else str(self._path)
        told = ConfigError(f"{where}: {problem}", code=problem.code, remedy=problem.remedy)
        told.__cause__ = problem
        self._problems.append((self._line(place), told))

    def where(self, title: str, place: Place) -> str:
        """A place in words: the file, the line, and what it is called."""
        return f"{self._path}:{self._line(place)}: {title}"

    def _line(self, place: Place) -> int:
        """Where it stands, or the nearest table that it would stand in."""
        lines = (self._lines.get((*self._root, *place[:end])) for end in range(len(place), -1, -1))
        return next((line for line in lines if line is not None), 1)

    @cached_property
    def _lines(self) -> Mapping[Place, int]:
        return lines_of(self._text)

    def complain(self) -> None:
        """Raises what was found wrong, in the order of lines: the first one, with the others in it."""
        if self._problems:
            first, *others = [error for _, error in sorted(self._problems, key=lambda problem: problem[0])]
            first.others = tuple(others)
            raise first
