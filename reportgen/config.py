"""Options and the manifest, valid by construction: every stage gets its own slice, nobody gets ``**kwargs``."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from reportgen.errors import ConfigError
from reportgen.registry.base import InputSpec, ModelRef

Mode = Literal["train", "eval"]
Format = Literal["json", "md", "html", "pdf"]  # in this order: the record, which the others are made of, comes first
FORMATS: tuple[Format, ...] = get_args(Format)
BUNDLED_MANIFEST = Path(__file__).with_name("manifest.toml")
_LARGEST = 10_000_000  # seconds (some four months), gibibytes, or processes
_DEVICE = re.compile(r"meta|cpu|mps|auto|(cuda|xpu)(:\d+)?")
_LOSS = re.compile(r"sum|cross_entropy|none|python:\w+(\.\w+)*:\w+(\.\w+)*")


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """How one model is measured.

    ``loss`` None means the source's own, else ``sum``. ``freeze`` are patterns of parameter names whose
    ``requires_grad`` is switched off. ``inputs`` replace the ones that the source suggests. ``audit`` counts everything
    again by independent means. ``max_real_memory`` in GiB bounds a run with real values, where meta is not enough.
    ``measure`` takes seconds and peak memory on a real device, which are never the same twice.
    ``batch_scaling`` tells how memory grows with the batch, from further probes at larger ones.

    Raises:
        ConfigError: a value that is none of the ones allowed.
    """

    device: str = "meta"
    mode: Mode = "train"
    loss: str | None = None
    seed: int = 0
    freeze: tuple[str, ...] = ()
    inputs: tuple[InputSpec, ...] = ()
    audit: bool = False
    max_real_memory: float = 8.0
    measure: bool = False
    batch_scaling: bool = False

    def __post_init__(self) -> None:
        if not _DEVICE.fullmatch(self.device):
            raise ConfigError(
                f"device {self.device!r} is not known",
                code="device-unknown",
                remedy="use meta, cpu, cuda, cuda:N, mps, xpu or auto",
            )
        if self.mode not in get_args(Mode):
            raise ConfigError(f"mode {self.mode!r} is not known", code="mode-unknown", remedy="use train or eval")
        if self.loss is not None and not _LOSS.fullmatch(self.loss):
            raise ConfigError(
                f"loss {self.loss!r} is not known",
                code="loss-unknown",
                remedy="use sum, cross_entropy, none or python:package.module:function",
            )
        if self.measure and self.device == "meta":
            raise ConfigError(
                "nothing can be measured on meta, which computes nothing",
                code="measure-on-meta",
                remedy="add --device cpu, cuda, cuda:N, mps, xpu or auto",
            )
        if not 0 <= self.seed < 2**64:
            raise ConfigError(
                f"seed {self.seed} is out of range", code="seed-range", remedy="use an integer from 0 to 2**64 - 1"
            )
        if not 0 <= self.max_real_memory <= _LARGEST:
            raise ConfigError(
                f"max_real_memory {self.max_real_memory} is out of range",
                code="limit-range",
                remedy="give it in GiB; 0 keeps real runs from happening",
            )


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What is made of a record.

    ``formats`` come in canonical order and each once; ``select`` are patterns of names that narrow the parameter
    tables; files in the folder ``templates`` replace reportgen's own templates of the same name.

    Raises:
        ConfigError: an unknown format, or none at all.
    """

    formats: tuple[Format, ...] = FORMATS
    select: tuple[str, ...] = ()
    templates: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "formats", parse_formats(self.formats))


def parse_formats(names: Iterable[str]) -> tuple[Format, ...]:
    """The formats of these names, in canonical order and each once.

    Raises:
        ConfigError: an unknown one, or none at all.
    """
    asked = list(names)
    for name in asked or [""]:
        if name not in FORMATS:
            raise ConfigError(
                f"format {name!r} is not known", code="format-unknown", remedy=f"use any of {', '.join(FORMATS)}"
            )
    return tuple(name for name in FORMATS if name in asked)


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a run goes: its folder, how many models at a time (None: one a core), and the limits of each.

    ``timeout`` is in seconds, ``memory_limit`` in GiB on top of what the bare worker holds; None is no limit.

    Raises:
        ConfigError: a number that is not positive, or absurd.
    """

    output: Path = Path("reports")
    jobs: int | None = None
    timeout: float | None = 600.0
    memory_limit: float | None = None

    def __post_init__(self) -> None:
        for name in ("jobs", "timeout", "memory_limit"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= _LARGEST:
                raise ConfigError(
                    f"{name.replace('_', ' ')} {value} is out of range",
                    code="limit-range",
                    remedy=f"give a number above 0 and up to {_LARGEST:,}, or leave the option out",
                )


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One line of what to build: a reference, wildcards allowed, and how its models are measured and called."""

    ref: str
    probe: ProbeOptions = ProbeOptions()
    name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What to build. ``formats`` None is every format that can be made here."""

    models: tuple[ModelEntry, ...]
    formats: tuple[Format, ...] | None = None
    select: tuple[str, ...] = ()


def read_manifest(path: Path, overrides: Mapping[str, Any] | None = None) -> Manifest:
    """Reads a manifest: TOML with an optional ``[defaults]`` table and one ``[[model]]`` table an entry.

    Both take the fields of `ProbeOptions` by name; ``[defaults]`` also ``formats`` and ``select``, ``[[model]]`` also
    ``ref`` (needed), ``name`` and ``description``. ``overrides`` are fields of `ProbeOptions` that win over the file's.

    Raises:
        ConfigError: the file cannot be read, or holds a wrong key or value; the message says where.
    """
    with _at(str(path)):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise ConfigError(str(exc), code="manifest-invalid", remedy="give a TOML file in UTF-8") from exc
        shared = _read_defaults(document)
        models = []
        for number, table in enumerate(document["model"], start=1):
            with _at(f"[[model]] {number} ({table.get('ref', 'no ref')})"):
                models.append(_read_entry(table, shared, overrides or {}))
        return Manifest(tuple(models), **_only(_RENDER_KEYS, shared))


def _read_defaults(document: dict[str, Any]) -> dict[str, Any]:
    _refuse_unknown(document, ("defaults", "model"))
    defaults, models = document.get("defaults", {}), document.get("model", [])
    if not isinstance(defaults, dict) or not _is_list_of(dict, models) or not models:
        raise _invalid(
            "no model, or none that can be read", "write [defaults] at most once, and [[model]] before each entry"
        )
    with _at("[defaults]"):
        return _read_table(defaults, _PROBE_KEYS | _RENDER_KEYS)


def _read_entry(table: dict[str, Any], defaults: Mapping[str, Any], overrides: Mapping[str, Any]) -> ModelEntry:
    values = _read_table(table, _PROBE_KEYS | _MODEL_KEYS)
    if "ref" not in values:
        raise _invalid("no model is named", 'add ref = "SOURCE:NAME"')
    if ModelRef.parse(values["ref"]).has_wildcard and "name" in values:
        raise _invalid("one name for many models", "leave out name, or the wildcards in ref")
    probe = ProbeOptions(**_only(_PROBE_KEYS, {**defaults, **values, **overrides}))
    return ModelEntry(probe=probe, **_only(_MODEL_KEYS, values))


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


def _formats(value: object) -> tuple[Format, ...]:
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
_MODEL_KEYS: dict[str, Callable[[object], Any]] = {"ref": _text, "name": _text, "description": _text}
