"""The formats of ``reportgen export``, in one table: each turns reports into the bytes of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reportgen.errors import ConfigError
from reportgen.release.cyclonedx import cyclonedx
from reportgen.release.facts import Publication
from reportgen.release.latex import latex
from reportgen.release.mlflow import mlflow
from reportgen.release.spdx import spdx
from reportgen.release.tables import TableName, csv, parquet

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport


@dataclass(frozen=True, slots=True)
class Options:
    """What some formats want to know: which ledger, and what only the publisher of the model knows."""

    table: TableName = "parameters"
    published: Publication = field(default_factory=Publication)


@dataclass(frozen=True, slots=True)
class Format:
    """``make`` gives a text, or bytes where ``binary``; where ``several``, of any number of models, else of one."""

    about: str
    make: Callable[[Sequence[ModelReport], Options], str | bytes]
    several: bool = False
    binary: bool = False


FORMATS: Mapping[str, Format] = {
    "cyclonedx": Format(
        "CycloneDX 1.6 ML-BOM, JSON", lambda reports, options: cyclonedx(reports[0], options.published)
    ),
    "cyclonedx-1.7": Format(
        "CycloneDX 1.7 ML-BOM, JSON", lambda reports, options: cyclonedx(reports[0], options.published, version="1.7")
    ),
    "spdx": Format(
        "SPDX 3.0.1 with the AI profile, JSON-LD", lambda reports, options: spdx(reports[0], options.published)
    ),
    "mlflow": Format("MLflow model signature, JSON", lambda reports, _: mlflow(reports[0])),
    "csv": Format("a ledger, as CSV", lambda reports, options: csv(reports[0], options.table)),
    "parquet": Format("a ledger, as Parquet", lambda reports, options: parquet(reports[0], options.table), binary=True),
    "latex": Format("a table with a row for each model", lambda reports, _: latex(reports), several=True),
}


def export(reports: Sequence[ModelReport], to: str, options: Options = Options()) -> bytes:
    """The file that says in that format what the reports say.

    Raises:
        ConfigError: there is no such format, or it takes one model and there are others.
        RenderError: the format cannot say this; RendererUnavailable where a library that it needs is not there.
    """
    check_format(to, len(reports))
    made = FORMATS[to].make(reports, options)
    return made if isinstance(made, bytes) else made.encode()


def check_format(to: str, models: int) -> None:
    """Makes sure, before any work, that there is such a format for so many models. Raises ConfigError."""
    if to not in FORMATS:
        raise ConfigError(
            f"format {to!r} is not known", code="format-unknown", remedy=f"use any of {', '.join(FORMATS)}"
        )
    if models != 1 and not (FORMATS[to].several and models):
        several = ", ".join(name for name, each in FORMATS.items() if each.several)
        raise ConfigError(f"{to} is of one model, and {models} were named", remedy=f"name one; {several} takes several")
