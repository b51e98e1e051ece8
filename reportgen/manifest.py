"""The manifest: which models a run reports on, how each is measured, and what is said in their reports."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.branding import Brand, read_description, read_logo
from reportgen.config import ProbeOptions, Style, parse_formats
from reportgen.errors import ConfigError
from reportgen.registry.base import InputSpec, ModelRef

BUNDLED_MANIFEST = Path(__file__).with_name("manifest.toml")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One line of what to build: a reference, wildcards allowed, how its models are measured, and what is said of them.

    ``name`` and ``description`` go into the record, ``brand`` onto the pages made of it.
    """

    ref: str
    probe: ProbeOptions = ProbeOptions()
    name: str | None = None
    description: str | None = None
    brand: Brand = Brand()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What to build. ``formats`` None is every format that can be made here; ``brand`` is for pages of no one model."""

    models: tuple[ModelEntry, ...]
    formats: tuple[str, ...] | None = None
    select: tuple[str, ...] = ()
    style: Style = Style()
    brand: Brand = Brand()


def read_manifest(path: Path, overrides: Mapping[str, Any] | None = None) -> Manifest:
    """Reads a manifest: TOML with an optional ``[defaults]`` table and one ``[[model]]`` table an entry.

    Both take the fields of `ProbeOptions` by name, and ``title``, ``author``, ``logo`` and ``description_file``;
    ``[defaults]`` also ``formats``, ``select`` and the fields of `Style`, ``[[model]]`` also ``ref`` (needed), ``name``
    and ``description``. Paths are relative to the manifest. ``overrides`` are fields of `ProbeOptions` and `Style`,
    ``formats`` and ``select``, that win over the file's.

    Raises:
        ConfigError: the file cannot be read, or holds a wrong key or value; the message says where.
    """
    given = overrides or {}
    with _at(str(path)):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise ConfigError(str(exc), code="manifest-invalid", remedy="give a TOML file in UTF-8") from exc
        defaults, tables = _split(document)
        with _at("[defaults]"):
            shared = _read_table(defaults, _PROBE_KEYS | _RENDER_KEYS | _STYLE_KEYS | _BRAND_KEYS)
            style = Style(**_paths(path.parent, _only(_STYLE_KEYS, shared)) | _only(_STYLE_KEYS, given))
            brand = _brand(path.parent, shared)
        models = []
        for number, table in enumerate(tables, start=1):
            with _at(f"[[model]] {number} ({table.get('ref', 'no ref')})"):
                values = _read_table(table, _PROBE_KEYS | _MODEL_KEYS | _BRAND_KEYS)
                own = _brand(path.parent, values)
                models.append(_entry(values, {**shared, **values, **given}, own.over(brand)))
        return Manifest(tuple(models), **_only(_RENDER_KEYS, {**shared, **given}), style=style, brand=brand)


def manifest_of(refs: Iterable[str], given: Mapping[str, Any]) -> Manifest:
    """The manifest that model references amount to, with what `read_manifest` calls ``overrides``."""
    probe, style = ProbeOptions(**_only(_PROBE_KEYS, given)), Style(**_only(_STYLE_KEYS, given))
    return Manifest(tuple(ModelEntry(ref, probe) for ref in refs), **_only(_RENDER_KEYS, given), style=style)


def _split(document: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    _refuse_unknown(document, ("defaults", "model"))
    defaults, models = document.get("defaults", {}), document.get("model", [])
    if not isinstance(defaults, dict) or not _is_list_of(dict, models) or not models:
        raise _invalid(
            "no model, or none that can be read", "write [defaults] at most once, and [[model]] before each entry"
        )
    return defaults, models


def _entry(own: Mapping[str, Any], values: Mapping[str, Any], brand: Brand) -> ModelEntry:
    if "ref" not in own:
        raise _invalid("no model is named", 'add ref = "SOURCE:NAME"')
    if ModelRef.parse(own["ref"]).has_wildcard and "name" in own:
        raise _invalid("one name for many models", "leave out name, or the wildcards in ref")
    return ModelEntry(probe=ProbeOptions(**_only(_PROBE_KEYS, values)), brand=brand, **_only(_MODEL_KEYS, own))


def _brand(folder: Path, values: Mapping[str, Any]) -> Brand:
    logo, description = values.get("logo"), values.get("description_file")
    return Brand(
        title=values.get("title"),
        author=values.get("author"),
        logo=None if logo is None else read_logo(folder / logo),
        about=None if description is None else read_description(folder / description),
    )


def _paths(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: folder / value if isinstance(value, Path) else value for key, value in values.items()}


def _read_table(table: Mapping[str, object], keys: Mapping[str, Callable[[object], Any]]) -> dict[str, Any]:
    _refuse_unknown(table, keys)
    values = {}
    for key, value in table.items():
        with _at(key):
            values[key] = keys[key](value)
    return values


def _refuse_unknown(table: Iterable[str], valid: Iterable[str]) -> None:
    known = sorted(valid)
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            raise _invalid(
                f"unknown key {key!r}", f"did you mean {close[0]!r}?" if close else f"use {', '.join(known)}"
            )


def _only(keys: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}


def _is_list_of(kind: type, value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _invalid(message: str, remedy: str) -> ConfigError:
    return ConfigError(message, code="manifest-invalid", remedy=remedy)


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Puts the place in front of what is wrong there."""
    try:
        yield
    except ConfigError as exc:
        raise ConfigError(f"{place}: {exc}", code=exc.code, remedy=exc.remedy) from exc


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _invalid(f"{value!r} is no text", "write it in quotes")
    return value


def _path(value: object) -> Path:
    return Path(_text(value))


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _invalid(f"{value!r} is no integer", "write digits without quotes")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _invalid(f"{value!r} is neither true nor false", "write true or false without quotes")
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _invalid(f"{value!r} is no number", "write it like 8 or 0.5")
    return float(value)


def _texts(value: object) -> tuple[str, ...]:
    if not _is_list_of(str, value):
        raise _invalid(f"{value!r} is no list of texts", 'write it like ["one", "two"]')
    return tuple(value)  # type: ignore[arg-type]  # the line above made sure


def _formats(value: object) -> tuple[str, ...]:
    return parse_formats(_texts(value))


def _inputs(value: object) -> tuple[InputSpec, ...]:
    return tuple(InputSpec.parse(text) for text in _texts(value))


_PROBE_KEYS: dict[str, Callable[[object], Any]] = {
    "device": _text,
    "mode": _text,
    "loss": _text,
    "seed": _integer,
    "freeze": _texts,
    "inputs": _inputs,
    "audit": _truth,
    "max_real_memory": _number,
    "measure": _truth,
    "batch_scaling": _truth,
}
_RENDER_KEYS: dict[str, Callable[[object], Any]] = {"formats": _formats, "select": _texts}
_STYLE_KEYS: dict[str, Callable[[object], Any]] = {
    "templates": _path,
    "css": _path,
    "pdf_variant": _text,
    "markdown_flavor": _text,
}
_BRAND_KEYS: dict[str, Callable[[object], Any]] = {
    "title": _text,
    "author": _text,
    "logo": _path,
    "description_file": _path,
}
_MODEL_KEYS: dict[str, Callable[[object], Any]] = {"ref": _text, "name": _text, "description": _text}
