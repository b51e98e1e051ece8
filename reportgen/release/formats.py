"""The formats of ``reportgen export``, in one table: each turns reports into the bytes of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reportgen.errors import ConfigError
from reportgen.release.bill import Publication
from reportgen.release.cyclonedx import cyclonedx
from reportgen.release.latex import latex
from reportgen.release.mlflow import mlflow
from reportgen.release.spdx import spdx
from reportgen.release.tables import TABLES, TableName, csv, parquet
from reportgen.report.schema import ModelReport

_NOTHING = Publication()


@dataclass(frozen=True, slots=True)
class Format:
    """``make`` gives a text, or bytes where ``binary``; where ``several``, of any number of models, else of one."""

    make: Callable[[Sequence[ModelReport], TableName, Publication], str | bytes]
    several: bool = False
    binary: bool = False


FORMATS: Mapping[str, Format] = {
    "cyclonedx": Format(lambda reports, _, published: cyclonedx(reports[0], published)),
    "cyclonedx-1.7": Format(lambda reports, _, published: cyclonedx(reports[0], published, version="1.7")),
    "spdx": Format(lambda reports, _, published: spdx(reports[0], published)),
    "mlflow": Format(lambda reports, *_: mlflow(reports[0])),
    "csv": Format(lambda reports, table, _: csv(reports[0], table)),
    "parquet": Format(lambda reports, table, _: parquet(reports[0], table), binary=True),
    "latex": Format(lambda reports, *_: latex(reports), several=True),
}


def export(
    report: ModelReport | Sequence[ModelReport],
    to: str,
    *,
    table: TableName = "parameters",
    published: Publication = _NOTHING,
) -> bytes:
    """The file that says in that format, one of `FORMATS`, what a report says, or several where it takes them.

    ``table`` is the ledger that csv and parquet are of; ``published`` is for bills of materials. Needs no torch, and
    the same report gives the same bytes.

    Raises:
        ConfigError: there is no such format or table, or the format takes one model and there are others.
        RenderError: the format cannot say this; RendererUnavailable where a library that it needs is not there.
    """
    reports = (report,) if isinstance(report, ModelReport) else tuple(report)
    check_format(to, len(reports))
    if table not in TABLES:
        raise ConfigError(f"table {table!r} is not known", remedy=f"use any of {', '.join(TABLES)}")
    made = FORMATS[to].make(reports, table, published)
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
