"""The keys of a manifest: the one table that its reader, its JSON Schema and its documentation are made from.

A key has a kind, which says what may stand there. A kind is first of all a type for `msgspec`, which checks values
against it and writes it as JSON Schema, so that editors and reportgen refuse the same things.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from reportgen.analysis.budget import Basis, parse_rules
from reportgen.config import DEVICE, FORMATS, LARGEST, LOSS, Dtype, MarkdownFlavor, Mode, PdfVariant, parse_formats
from reportgen.errors import ConfigError
from reportgen.registry.base import DTYPES, InputSpec, ModelRef, check_arguments

_ARGUMENTS = r"\?[^?&=/:]*="  # where the arguments of a reference begin
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


@dataclass(frozen=True)
class Kind:
    """What may stand at a key: a type with constraints, in words, and how to write it.

    ``make`` turns a value of the type into what the program works with, and may refuse more, as a ConfigError. Where it
    knows better than a type what is wrong with a value, ``schema`` is a stricter type that refuses the same. ``names``
    are those that a mistyped one may have meant.
    """

    type: Any
    words: str  # "an integer"
    remedy: str
    make: Callable[[Any], Any] = lambda value: value
    schema: Any = None
    names: Sequence[str] = ()

    def read(self, value: object) -> Any:
        """The value as the program works with it.

        Raises:
            ConfigError: it is none; the remedy has the closest one, where there are few.
        """
        try:
            checked = msgspec.convert(value, self.type)
        except msgspec.ValidationError as exc:
            close = get_close_matches(value, self.names, n=1) if isinstance(value, str) else ()
            remedy = f"did you mean {close[0]!r}?" if close else self.remedy
            raise invalid(f"{_SHORT.repr(value)} is not {self.words}", remedy) from exc
        return self.make(checked)

    def json_schema(self) -> dict[str, Any]:
        """The type as JSON Schema of draft 4."""
        schema = msgspec.json.schema(self.schema or self.type)
        if "propertyNames" in schema:  # which draft 4 does not know
            schema["patternProperties"] = {schema.pop("propertyNames")["pattern"]: {}}
            schema["additionalProperties"] = False
        return schema


def invalid(message: str, remedy: str) -> ConfigError:
    """What is wrong with a manifest."""
    return ConfigError(message, code="manifest-invalid", remedy=remedy)


def choice(names: Any, words: str) -> Kind:
    """One of several names."""
    return Kind(names, words, f"use {', '.join(get_args(names))}", names=get_args(names))


def _whole(pattern: str) -> str:
    return f"^({pattern})$"


def _arguments(kwargs: dict[str, Any]) -> dict[str, Any]:
    check_arguments(kwargs)
    return kwargs


def _inputs(texts: Iterable[str]) -> tuple[InputSpec, ...]:
    return tuple(InputSpec.parse(text) for text in texts)


def _reference(text: str) -> str:
    ModelRef.parse(text)
    return text


def _patterns(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_reference, texts))


_Line = Annotated[str, Meta(min_length=1)]
_Input = Annotated[
    str,
    Meta(
        pattern=r"^\s*([^\W\d]\w*(\.[^.=\s]+)*\s*=)?([0-9]+(x[0-9]+)*|scalar)"
        rf"(:({'|'.join(sorted(DTYPES))}))?(:(-?[0-9]+--?[0-9]+|\[.*\]))?\s*$"
    ),
]
_Reference = Annotated[str, Meta(pattern=rf"^(?!([a-z][a-z0-9_.-]+:)?({_ARGUMENTS}|$))")]
_Arguments = dict[Annotated[str, Meta(pattern=r"^[^?&=/:]+$")], Any]
WILDCARD = rf"^((?!{_ARGUMENTS})[\s\S])*(?!{_ARGUMENTS})[*?\[]"  # in a reference: `ModelRef.has_wildcard`

TEXT = Kind(_Line, "a text", 'write it in quotes, like "this"')
TEXTS = Kind(tuple[_Line, ...], "a list of texts", 'write it like ["one", "two"]')
PATTERNS = Kind(
    tuple[_Line, ...],
    "a list of patterns",
    'write it like ["*_tiny", "timm:*_384"]',
    _patterns,
    tuple[_Reference, ...],
)
PATH = Kind(_Line, "the path of a file", 'write it in quotes, from the manifest\'s folder, like "logo.svg"', Path)
TRUTH = Kind(bool, "true or false", "write true or false, without quotes")
SEED = Kind(Annotated[int, Meta(ge=0, le=2**63 - 1)], "an integer from 0 to 2**63 - 1", "write digits, without quotes")
GIBIBYTES = Kind(
    Annotated[float, Meta(ge=0, le=LARGEST)], f"a number from 0 to {LARGEST:,}", "write it like 8 or 0.5, in GiB"
)
DEVICE_NAME = Kind(
    Annotated[str, Meta(pattern=_whole(DEVICE.pattern))],
    "a device",
    "use meta, cpu, cuda, cuda:N, mps, xpu or auto",
    names=("meta", "cpu", "cuda", "mps", "xpu", "auto"),
)
LOSS_NAME = Kind(
    Annotated[str, Meta(pattern=_whole(LOSS.pattern))],
    "a loss",
    "use sum, cross_entropy, none or python:package.module:function",
    names=("sum", "cross_entropy", "none"),
)
FORMAT_NAMES = Kind(
    Annotated[tuple[_Line, ...], Meta(min_length=1)],
    "a list of formats",
    f'write any of {", ".join(FORMATS)}, and what installed packages add, like ["md", "pdf"]',
    parse_formats,
)
INPUTS = Kind(
    tuple[str, ...],
    "a list of [NAME=]SHAPE[:DTYPE[:LOW-HIGH]]",
    'write it like ["2x3x224x224"] or ["input_ids=2x128:int64:0-999"]',
    _inputs,
    tuple[_Input, ...],
)
RULES = Kind(
    tuple[_Line, ...],
    "a list of rules",
    'write it like ["flops.forward > 4.2e9", "gradients.none > 0"]',
    lambda texts: parse_rules(texts, Basis.BASELINE),
)
REFERENCE = Kind(_Reference, "a model reference", 'write it like "timm:resnet50" or "timm:resnet*"', _reference)
ARGUMENTS = Kind(_Arguments, "a table of arguments", "write it like {depth = 2, width = 64}", _arguments)

Part = Literal["reference", "model", "weights", "entry", "brand", "probe", "run", "style"]


@dataclass(frozen=True)
class Key:
    """One key. ``part`` is what takes its value, and with that where it may stand; ``about`` is for people."""

    name: str
    kind: Kind
    part: Part
    about: str


KEYS = (
    Key("ref", REFERENCE, "reference", "Which model: `SOURCE:NAME`, wildcards allowed. Needed."),
    Key(
        "kwargs",
        ARGUMENTS,
        "reference",
        "Arguments of the constructor, over those after `?` in `ref`: numbers, texts, truths, lists and tables.",
    ),
    Key("name", TEXT, "model", "What the report calls the model; not where `ref` has a wildcard."),
    Key(
        "checkpoint",
        PATH,
        "weights",
        "A file of weights to hold against the model, `.safetensors`, `.pt`, `.bin` or the `.index.json` of a sharded "
        "one; not where `ref` has a wildcard.",
    ),
    Key("checkpoint_key", TEXT, "weights", "Where in the checkpoint the tensors are, if there are several: `ema`."),
    Key("description", TEXT, "model", "A sentence or two under the name, in place of the source's own."),
    Key(
        "exclude",
        PATTERNS,
        "entry",
        "Patterns of names that a wildcard in `ref` leaves out: `*_384`, or with their source `timm:*_384`.",
    ),
    Key("tags", TEXTS, "entry", "Words to find the model by; they go into the record, the index and the report."),
    Key("group", TEXT, "entry", "The name of the models that this one is to be compared with."),
    Key(
        "fail_on",
        RULES,
        "entry",
        "Rules that make the exit code 1 where they hold, as for `--fail-on`: `flops.forward > 4.2e9`.",
    ),
    Key("title", TEXT, "brand", "The heading, in place of the name."),
    Key("author", TEXT, "brand", "Who publishes the report."),
    Key("logo", PATH, "brand", "A PNG, JPEG, WebP or SVG file for the top."),
    Key("description_file", PATH, "brand", "A Markdown file to put at the start."),
    Key("device", DEVICE_NAME, "probe", "`meta` (the default), `cpu`, `cuda`, `cuda:N`, `mps`, `xpu` or `auto`."),
    Key(
        "dtype",
        choice(Dtype, "a floating dtype"),
        "probe",
        "What the built model is cast to, as `model.to(dtype)` does, and float32 inputs with it.",
    ),
    Key("mode", choice(Mode, "a mode"), "probe", "`train` (the default) or `eval`."),
    Key(
        "loss",
        LOSS_NAME,
        "probe",
        "`sum`, `cross_entropy`, `none` or `python:package.module:function`; else the source's own.",
    ),
    Key("seed", SEED, "probe", "Of every random generator; 0 is the default."),
    Key("freeze", TEXTS, "probe", "Patterns of parameter names to freeze: `layer1.*`."),
    Key("inputs", INPUTS, "probe", "What goes in, as for `--input`; else what the source suggests."),
    Key("audit", TRUTH, "probe", "Count everything again by independent means."),
    Key("measure", TRUTH, "probe", "Take seconds and peak memory too, on a real device."),
    Key("batch_scaling", TRUTH, "probe", "Tell how memory grows with the batch."),
    Key(
        "max_real_memory",
        GIBIBYTES,
        "probe",
        "GiB that a run with real values may take, where meta is not enough; 8 is the default, 0 forbids such runs.",
    ),
    Key("formats", FORMAT_NAMES, "run", "Any of `md`, `html`, `pdf`, `json`, and what installed packages add."),
    Key("select", TEXTS, "run", "Patterns of parameter names; the tables show only those."),
    Key(
        "baseline",
        PATH,
        "run",
        "What `reportgen baseline write` makes: the figures that rules on changes (`parameters > +1%`) compare with.",
    ),
    Key("templates", PATH, "style", "A folder whose files replace reportgen's templates of the same name."),
    Key("css", PATH, "style", "A style sheet that comes after reportgen's own, in HTML and PDF."),
    Key(
        "pdf_variant", choice(PdfVariant, "a PDF variant"), "style", "`pdf/ua-1` (the default), `pdf/a-3a` or `plain`."
    ),
    Key(
        "markdown_flavor",
        choice(MarkdownFlavor, "a Markdown flavour"),
        "style",
        "`github` (the default), `hub` or `plain`.",
    ),
)
_SHARED: tuple[Part, ...] = ("entry", "brand", "probe")
MODEL: Mapping[str, Key] = {key.name: key for key in KEYS if key.part in ("reference", "model", "weights", *_SHARED)}
DEFAULTS: Mapping[str, Key] = {key.name: key for key in KEYS if key.part in (*_SHARED, "run", "style")}


def part(name: Part, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that belong to one part."""
    return {key.name: values[key.name] for key in KEYS if key.part == name and key.name in values}
