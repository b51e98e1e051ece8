"""Records and runs as they show themselves in notebooks, as data frames, and as files. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.config import RenderOptions, parse_formats
from reportgen.errors import ConfigError, RendererUnavailable
from reportgen.release import tables
from reportgen.render.html import HtmlRenderer
from reportgen.render.markdown import MarkdownRenderer
from reportgen.rendering import render
from reportgen.view import numbers
from reportgen.view.entries import IndexEntry
from reportgen.view.page import Page
from reportgen.view.short import build_glance, build_models
from reportgen.write import write_file

if TYPE_CHECKING:
    import pandas as pd

    from reportgen.report.schema import ModelReport

_LARGEST = 2**63 - 1
_TYPES = {"text": "string", "count": "Int64", "flag": "boolean", "shape": "object", "shapes": "object"}


def html(report: ModelReport) -> str:
    """Key figures, what failed, and the module tree folded away, as a part of a page: no script, a style of its own."""
    return _html(build_glance(report))


def markdown(report: ModelReport) -> str:
    """The same as Markdown."""
    return _markdown(build_glance(report))


def models_html(entries: Sequence[IndexEntry]) -> str:
    """A row for each model of a run, likewise."""
    return _html(build_models(entries))


def models_markdown(entries: Sequence[IndexEntry]) -> str:
    """The same as Markdown."""
    return _markdown(build_models(entries))


def _html(page: Page) -> str:
    return HtmlRenderer().render_fragment(page)


def _markdown(page: Page) -> str:
    return MarkdownRenderer(flavor="github").render(page).decode()


def line(report: ModelReport) -> str:
    """One line: ``<ModelReport torchvision:resnet50: complete, 25,557,032 parameters>``."""
    count = numbers.exact(report.totals.parameters.unique)
    return f"<ModelReport {report.model.ref}: {report.probe.status}, {count} parameters>"


def save(report: ModelReport, path: str | Path) -> Path:
    """Writes the report as a file of its own, in the format that its suffix names; gives the path.

    Raises:
        ConfigError: there is no such format.
        RenderError, WriteError: it cannot be made, or written.
    """
    path = Path(path)
    formats = parse_formats((path.suffix.removeprefix(".").lower(),))
    write_file(path, render(report, formats[0], RenderOptions(formats)))
    return path


def to_dataframe(report: ModelReport, table: str = "parameters") -> pd.DataFrame:
    """A ledger as a data frame: the columns of the CSV, with pandas' types that know what is missing.

    Raises:
        ConfigError: there is no such ledger.
        RendererUnavailable: pandas is not installed, or does not load.
    """
    if table not in tables.TABLES:
        raise ConfigError(
            f"there is no table {table!r}", code="table-unknown", remedy=f"use any of {', '.join(tables.TABLES)}"
        )
    return frame(tables.values(report, table))


def models_dataframe(entries: Sequence[IndexEntry]) -> pd.DataFrame:
    """A row for each model of a run: ``ref``, ``name``, ``status``, ``parameters``, ``flops``, ``reason``.

    Raises:
        RendererUnavailable: as `to_dataframe`.
    """
    kinds = {"ref": "text", "name": "text", "status": "text", "parameters": "count", "flops": "count", "reason": "text"}
    return frame({name: (kind, [getattr(entry, name) for entry in entries]) for name, kind in kinds.items()})


def frame(columns: dict[str, tuple[Any, list[Any]]]) -> pd.DataFrame:
    """Columns of kinds and values as a data frame; counts beyond 63 bits stay Python's integers."""
    try:
        import pandas as pd
    except ImportError as exc:
        raise RendererUnavailable(
            f"a data frame needs pandas, which does not load: {exc}", remedy="pip install pandas"
        ) from exc
    series = {}
    for name, (kind, values) in columns.items():
        fits = kind != "count" or all(value is None or value <= _LARGEST for value in values)
        series[name] = pd.Series(values, dtype=_TYPES[kind] if fits else "object")
    return pd.DataFrame(series)
