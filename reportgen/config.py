"""Options, valid by construction: every stage gets its own slice, nobody gets ``**kwargs``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, get_args

from reportgen.branding import Brand
from reportgen.errors import ConfigError
from reportgen.registry.base import InputSpec

Mode = Literal["train", "eval"]
Dtype = Literal["float64", "float32", "float16", "bfloat16"]
FORMATS = ("json", "md", "html", "pdf")  # in this order: the record, which the others are made of, comes first
RENDERERS = "reportgen.renderers"  # the group of other packages' entry points, each named like its format
PdfVariant = Literal["pdf/ua-1", "pdf/a-3a", "plain"]
MarkdownFlavor = Literal["github", "hub", "plain"]
_FETCHES = re.compile(r"@import|url\(\s*(?!['\"]?(?:#|data:))", re.IGNORECASE)
LARGEST = 10_000_000  # seconds (some four months), gibibytes, or processes
DEVICE = re.compile(r"meta|cpu|mps|auto|(cuda|xpu)(:[0-9]+)?")
LOSS = re.compile(r"sum|cross_entropy|none|python:\w+(\.\w+)*:\w+(\.\w+)*")


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """How one model is measured.

    ``loss`` None means the source's own, else ``sum``. ``freeze`` are patterns of parameter names whose
    ``requires_grad`` is switched off. ``inputs`` replace the ones that the source suggests. ``audit`` counts everything
    again by independent means. ``max_real_memory`` in GiB bounds a run with real values, where meta is not enough.
    ``measure`` takes seconds and peak memory on a real device, which are never the same twice.
    ``batch_scaling`` tells how memory grows with the batch, from further probes at larger ones. ``dtype`` is what the
    built model's floating parameters and buffers are cast to, as ``model.to(dtype)`` does, and float32 inputs with
    them; None leaves everything as the constructor made it.

    Raises:
        ConfigError: a value that is none of the ones allowed.
    """

    device: str = "meta"
    dtype: Dtype | None = None
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
        if not DEVICE.fullmatch(self.device):
            raise ConfigError(
                f"device {self.device!r} is not known",
                code="device-unknown",
                remedy="use meta, cpu, cuda, cuda:N, mps, xpu or auto",
            )
        if self.dtype is not None and self.dtype not in get_args(Dtype):
            raise ConfigError(
                f"dtype {self.dtype!r} is not known", code="dtype-unknown", remedy=f"use {_either(get_args(Dtype))}"
            )
        if self.mode not in get_args(Mode):
            raise ConfigError(f"mode {self.mode!r} is not known", code="mode-unknown", remedy="use train or eval")
        if self.loss is not None and not LOSS.fullmatch(self.loss):
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
        if not 0 <= self.max_real_memory <= LARGEST:
            raise ConfigError(
                f"max_real_memory {self.max_real_memory} is out of range",
                code="limit-range",
                remedy="give it in GiB; 0 keeps real runs from happening",
            )


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights to hold against a model; ``key`` is where in a training checkpoint the tensors are."""

    path: Path
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """How pages look, in every report of a run.

    Files in the folder ``templates`` replace reportgen's own templates of the same name; the style sheet ``css`` comes
    after reportgen's own, on screen and on paper. ``pdf_variant`` is the claim that a PDF makes: accessible (UA),
    archived (A), or none. ``markdown_flavor`` is where the Markdown is read: on GitHub and its like, as a part of a
    model card on the Hub, or as it stands, in a terminal or a letter.

    Raises:
        ConfigError: a variant or flavour that is not known, or a style sheet that cannot be used.
    """

    templates: Path | None = None
    css: Path | None = None
    pdf_variant: PdfVariant = "pdf/ua-1"
    markdown_flavor: MarkdownFlavor = "github"

    def __post_init__(self) -> None:
        for what, value, known in (
            ("PDF variant", self.pdf_variant, get_args(PdfVariant)),
            ("Markdown flavour", self.markdown_flavor, get_args(MarkdownFlavor)),
        ):
            if value not in known:
                raise ConfigError(
                    f"{what} {value!r} is not known", code="style-invalid", remedy=f"use {', '.join(known)}"
                )
        if self.css is not None:
            _check_css(self.css)


def _check_css(path: Path) -> None:
    try:
        css = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(
            f"cannot read the style sheet {path}: {exc}", code="style-invalid", remedy="give a CSS file in UTF-8"
        ) from exc
    found = _FETCHES.search(css)
    if found:
        line = css.count("\n", 0, found.start()) + 1
        raise ConfigError(
            f"the style sheet {path}, line {line}, asks for another file",
            code="style-invalid",
            remedy="put it into the style sheet itself, as a data: URL: a report is made of nothing else",
        )


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What is made of a record.

    ``formats`` come in canonical order and each once; ``select`` are patterns of names that narrow the parameter
    tables; ``style`` is how it looks, ``brand`` what a person adds to it.

    Raises:
        ConfigError: an unknown format, or none at all.
    """

    formats: tuple[str, ...] = FORMATS
    select: tuple[str, ...] = ()
    style: Style = Style()
    brand: Brand = Brand()

    def __post_init__(self) -> None:
        object.__setattr__(self, "formats", parse_formats(self.formats))


def parse_formats(names: Iterable[str]) -> tuple[str, ...]:
    """The formats of these names, each once: reportgen's own in canonical order, then those of other packages by name.

    Raises:
        ConfigError: an unknown one, or none at all.
    """
    asked = list(names)
    others = sorted({*asked} - {*FORMATS})
    known = (*FORMATS, *installed_formats()) if others else FORMATS
    for name in asked or [""]:
        if name not in known:
            raise ConfigError(
                f"format {name!r} is not known", code="format-unknown", remedy=f"use any of {', '.join(known)}"
            )
    return (*(name for name in FORMATS if name in asked), *others)


def installed_formats() -> tuple[str, ...]:
    """The formats that other packages add, in alphabetical order."""
    return tuple(sorted({each.name for each in entry_points(group=RENDERERS)} - {*FORMATS}))


@dataclass(frozen=True, slots=True)
class Shard:
    """One of ``count`` shares of a run's models, the ``number``-th, counted from one: every ``count``-th model.

    Raises:
        ConfigError: there is no such share.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ConfigError(
                f"there is no shard {self.number} of {self.count}",
                code="shard-invalid",
                remedy="write --shard I/N, with I from 1 to N",
            )

    @classmethod
    def parse(cls, text: str) -> Shard:
        """``2/8``.

        Raises:
            ConfigError: it is none.
        """
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal()):
            raise ConfigError(f"shard {text!r} is not I/N", code="shard-invalid", remedy="write --shard 1/4, say")
        return cls(int(number), int(count))


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a run goes: its folder, how many models at a time (None: one a core), and the limits of each.

    ``timeout`` is in seconds, ``memory_limit`` in GiB on top of what the bare worker holds; without
    one every model has an equal share of the machine's. ``network`` lets models reach it; ``fresh``
    builds anew what would stand. ``shard`` leaves the others' share of the models to them. ``scheduler`` is the
    address of a Dask cluster that does the work; None is this machine.

    Raises:
        ConfigError: a number that is not positive, or absurd.
    """

    output: Path = Path("reports")
    jobs: int | None = None
    timeout: float | None = 600.0
    memory_limit: float | None = None
    network: bool = False
    fresh: bool = False
    shard: Shard | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        for name in ("jobs", "timeout", "memory_limit"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= LARGEST:
                raise ConfigError(
                    f"{name.replace('_', ' ')} {value} is out of range",
                    code="limit-range",
                    remedy=f"give a number above 0 and up to {LARGEST:,}, or leave the option out",
                )
