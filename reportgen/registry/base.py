"""How a model is named and what a source must offer: the seam between the registry and everything else.

Importing this module imports no torch; only building a model does.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol

from reportgen.errors import ConfigError

if TYPE_CHECKING:
    import torch

DTYPES = frozenset(
    (
        "float64",
        "float32",
        "float16",
        "bfloat16",
        "complex128",
        "complex64",
        "complex32",
        "int64",
        "int32",
        "int16",
        "int8",
        "uint8",
        "bool",
    )
)
_INPUT = re.compile(
    r"(?:(?P<name>[^=]*)=)?(?P<shape>\d+(?:x\d+)*|scalar)(?::(?P<dtype>\w+))?"
    r"(?::(?:(?P<low>-?\d+)-(?P<high>-?\d+)|(?P<data>\[.*\])))?"
)
_PATH = re.compile(r"[^\W\d]\w*(?:\.[^.=\s]+)*")  # an argument's name, then indices and keys
WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One dummy tensor: shape, dtype, where it goes and what is in it.

    ``name`` None means positional. A dotted name is a path into an argument, which is then a list or a dictionary:
    ``images.0``, ``targets.0.boxes``. Floating values are drawn from a standard normal, integers uniformly from
    ``low``..``high``, booleans are all true; unless ``data`` are the values themselves, row by row.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    name: str | None = None
    low: int | None = None
    high: int | None = None
    data: tuple[float, ...] | None = None

    @property
    def values(self) -> tuple[int, int] | None:
        """The inclusive range of integers; None where none was given."""
        return (self.low, self.high) if self.low is not None and self.high is not None else None

    def cast(self, dtype: str | None) -> InputSpec:
        """The input of a model that was cast to ``dtype``: float32, what is floating by default, gives way to it."""
        return self if dtype is None or self.dtype != "float32" else replace(self, dtype=dtype)

    @classmethod
    def parse(cls, text: str) -> InputSpec:
        """Reads ``[NAME=]SHAPE[:DTYPE[:LOW-HIGH]]``: ``2x3x224x224``, ``input_ids=2x128:int64:0-999``, ``scalar``.

        In place of the range may stand the values themselves: ``targets.0.boxes=1x4:float32:[8,8,24,24]``.

        Raises:
            ConfigError: the text is no such thing.
        """
        match = _INPUT.fullmatch(text.strip())
        if match is None:
            raise _no_input(
                text,
                "is not [NAME=]SHAPE[:DTYPE[:LOW-HIGH]]",
                "write it like 2x3x224x224 or input_ids=2x128:int64:0-999",
            )
        dtype = match["dtype"] or "float32"
        if dtype not in DTYPES:
            raise _no_input(text, f"has an unknown dtype {dtype!r}", f"use one of {', '.join(sorted(DTYPES))}")
        low, high = (int(match[part]) if match[part] is not None else None for part in ("low", "high"))
        if low is not None and high is not None and low > high:
            raise _no_input(text, "has an empty range", "write it LOW-HIGH")
        name = match["name"].strip() if match["name"] is not None else None
        if name is not None and not _PATH.fullmatch(name):
            raise _no_input(text, "has a name that is no argument name", "leave the name out for a positional input")
        shape = () if match["shape"] == "scalar" else tuple(int(size) for size in match["shape"].split("x"))
        data = _parse_data(match["data"], shape, text) if match["data"] is not None else None
        return cls(shape, dtype, name, low, high, data)

    def __str__(self) -> str:
        """The text that `parse` reads back."""
        name = f"{self.name}=" if self.name is not None else ""
        shape = "x".join(map(str, self.shape)) or "scalar"
        values = f":{self.low}-{self.high}" if self.low is not None else ""
        if self.data is not None:
            values = f":{json.dumps(self.data, separators=(',', ':'))}"
        dtype = f":{self.dtype}" if values or self.dtype != "float32" else ""
        return f"{name}{shape}{dtype}{values}"


def _parse_data(text: str, shape: tuple[int, ...], whole: str) -> tuple[float, ...]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if data is None or not all(type(value) in {int, float} and math.isfinite(value) for value in data):
        raise _no_input(whole, "has values that are no numbers", "write them like [8,8,24.5,24]")
    if len(data) != math.prod(shape):
        raise _no_input(
            whole, f"has {len(data)} values for {math.prod(shape)} elements", "write one for each, row by row"
        )
    return tuple(data)


def _no_input(text: str, why: str, remedy: str) -> ConfigError:
    return ConfigError(f"input {text!r} {why}", code="input-spec", remedy=remedy)


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A parsed model reference, ``[SOURCE:]NAME[?key=value&key=value]``. ``source`` None means: look everywhere.

    Arguments are kept in alphabetical order: in whatever order they are given, they mean the same model.
    """

    source: str | None
    name: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kwargs", dict(sorted(self.kwargs.items())))

    @classmethod
    def parse(cls, text: str) -> ModelRef:
        """Reads a reference.

        A value after ``?`` is read as a TOML scalar or array (``3``, ``1.5``, ``true``, ``[1, 2]``), else as JSON
        (``null``), else it is a string. A ``?`` not followed by ``key=`` is the wildcard.

        Raises:
            ConfigError: no name, or a malformed part after ``?``.
        """
        head, kwargs = text, {}
        for index in (match.start() for match in re.finditer(r"\?", text)):
            if re.match(r"\?[^?&=/:]*=", text[index:]):
                head, kwargs = text[:index], _parse_query(text[index + 1 :], text)
                break
        scheme, colon, rest = head.partition(":")
        is_scheme = bool(colon) and re.fullmatch(r"[a-z][a-z0-9_.-]*", scheme) is not None and len(scheme) > 1
        source, name = (scheme, rest) if is_scheme else (None, head)
        if not name:
            raise ConfigError(
                f"model reference {text!r} names no model", code="model-reference", remedy="write SOURCE:NAME"
            )
        return cls(source=source, name=name, kwargs=kwargs)

    @property
    def has_wildcard(self) -> bool:
        """Whether the name is a pattern."""
        return not WILDCARDS.isdisjoint(self.name)

    def fits(self, pattern: ModelRef) -> bool:
        """Whether the pattern means this model, among others; without a source it means those of every source."""
        return pattern.source in (None, self.source) and fnmatchcase(self.name, pattern.name)

    def __str__(self) -> str:
        """The canonical text: the same model always has the same one."""
        head = f"{self.source}:{self.name}" if self.source else self.name
        query = "&".join(f"{key}={_format_value(value)}" for key, value in self.kwargs.items())
        return f"{head}?{query}" if query else head


def _parse_query(query: str, text: str) -> dict[str, Any]:
    kwargs: dict[str, Any] = {}
    for part in query.split("&"):
        key, equals, value = part.partition("=")
        if not key or not equals:
            raise ConfigError(
                f"model reference {text!r}: {part!r} is not key=value",
                code="model-reference",
                remedy="write NAME?key=value&key=value",
            )
        if key in kwargs:
            raise ConfigError(
                f"model reference {text!r} gives {key!r} twice", code="model-reference", remedy="keep one of them"
            )
        kwargs[key] = _parse_value(value)
    check_arguments(kwargs)
    return kwargs


def check_arguments(kwargs: Mapping[str, Any]) -> None:
    """Makes sure that a record can hold these arguments of a constructor.

    Raises:
        ConfigError: one is a date, or no finite number.
    """
    for key, value in kwargs.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as exc:
            raise ConfigError(
                f"the argument {key} is {value}, which is neither text, true, false, null nor a finite number, nor a "
                "list of these",
                code="model-arguments",
                remedy='write it as a text, in quotes: "2026-01-01", "inf"',
            ) from exc


def _parse_value(text: str) -> Any:
    try:
        document = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        document = {}
    if document.keys() == {"value"}:
        return document["value"]
    try:
        return json.loads(text)
    except ValueError:
        return text


def _format_value(value: Any) -> str:
    if isinstance(value, str) and "&" not in value and _parse_value(value) == value:
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":")).replace("&", r"\u0026")


LossName = str  # "sum", "cross_entropy", "none" or "python:pkg.module:function"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Everything a source knows about one model: how to build it, and how to run it once.

    ``build`` takes no arguments (the reference's kwargs are bound already) and returns a fresh module; the caller
    chooses the device around it. ``inputs`` are the dummy inputs the source suggests; empty means that it knows none.
    A model that takes others in evaluation (a detector trains with targets) has them in ``eval_inputs``.
    """

    ref: ModelRef
    build: Callable[[], torch.nn.Module]
    inputs: tuple[InputSpec, ...] = ()
    eval_inputs: tuple[InputSpec, ...] | None = None
    alternatives: tuple[tuple[InputSpec, ...], ...] = ()  # tried in order where the inputs do not fit
    reads_values: bool = False  # known to read values of small tensors: masks, positions, sizes of images
    loss: LossName = "sum"
    description: str | None = None
    citation: str | None = None
    package_version: str | None = None
    active_parameters: int | None = None  # per token, for mixtures of experts
    notes: tuple[str, ...] = ()  # what the reader of the report must know about how the source was loaded

    def inputs_in(self, mode: str) -> tuple[InputSpec, ...]:
        """The dummy inputs for training (``train``) or evaluation (``eval``)."""
        return self.eval_inputs if mode == "eval" and self.eval_inputs is not None else self.inputs


class ModelSource(Protocol):
    """A place where models come from; entry-point group ``reportgen.sources``."""

    scheme: str

    def names(self) -> Iterable[str]:
        """Every name that can be listed, in any order; empty where that makes no sense (``file:``).

        Raises:
            SourceUnavailable: the package behind it is missing or does not load.
        """

    def spec(self, ref: ModelRef) -> ModelSpec:
        """The model of that name, not yet built.

        Raises:
            UnknownModel: no such name; the remedy lists the closest ones.
            SourceUnavailable: as above.
        """
