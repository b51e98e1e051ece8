"""Models side by side: saved reports are read, references built, and their comparison written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from reportgen import rendering
from reportgen.analysis import compare as analysis
from reportgen.analysis.fold import Node, fold
from reportgen.appearance import Appearance, brand_of, style_of
from reportgen.config import RenderOptions, Style, parse_formats
from reportgen.errors import ConfigError
from reportgen.records import Side, is_file, records
from reportgen.registry.base import ModelRef
from reportgen.registry.catalog import Catalog
from reportgen.report import codec
from reportgen.report.comparison import Comparison
from reportgen.report.schema import ModelReport
from reportgen.runs.batch import Progress
from reportgen.view import numbers
from reportgen.view.compare import build_comparison
from reportgen.view.page import Attachment, Page
from reportgen.write import write_file

_STEM = "compare"


@dataclass(frozen=True)
class SideBySide:
    """Models side by side, in the order they were given: their records, and what is made of them.

    ``baseline`` is the place of the model that the others are told against; ``only_differing`` leaves out of all
    tables, but not of ``compare.json``, the rows in which all models are the same. ``options``: see `RenderOptions`;
    ``notes`` are remarks on what cannot be made here.
    """

    reports: tuple[ModelReport, ...]
    baseline: int = 0
    only_differing: bool = False
    options: RenderOptions = field(default_factory=RenderOptions)
    notes: tuple[str, ...] = ()

    @cached_property
    def comparison(self) -> Comparison:
        """The record of it: ``compare.json``."""
        return analysis.compare(self.reports, self.baseline, nodes=self._folded)

    @property
    def failed(self) -> tuple[str, ...]:
        """The references of models that could not be built."""
        return tuple(model.ref for model in self.comparison.models if model.status == "failed")

    def render(self, file_format: str) -> bytes:
        """A file of its own. Raises ConfigError for an unknown format, RenderError where it cannot be made."""
        (name,) = parse_formats((file_format,))
        if name == "json":
            return self._json
        return rendering.renderer(name, self.options.style).render(self.page(name))

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Writes ``compare.json``, ``compare.md``… as `options` ask for, charts beside them, and gives their paths.

        Raises:
            RenderError, WriteError: one of them cannot be made, or written.
        """
        names = self.options.formats
        for name in names:
            if name == "json":
                write_file(folder / f"{_STEM}.json", self.render("json"))
            else:
                links = rendering.links(name, _STEM, names)
                rendering.write_page(self.page(name, links), folder / _STEM, name, self.options.style)
        return tuple(folder / f"{_STEM}.{name}" for name in names)

    def page(self, file_format: str, links: tuple[tuple[str, str], ...] = ()) -> Page:
        """The page that a format lays out."""
        page = build_comparison(
            self.comparison,
            self._folded,
            title=self.options.brand.title,
            screen=file_format == "html",
            only_differing=self.only_differing,
            links=links,
        )
        page = rendering.branded(page, self.options.brand)
        if file_format != "pdf":
            return page
        record = Attachment("compare.json", "The comparison that this document tells", self._json)
        return replace(page, attachment=record)

    @cached_property
    def _json(self) -> bytes:
        """A file of its own, and what a PDF carries inside."""
        return codec.to_json(self.comparison).encode()

    @cached_property
    def _folded(self) -> Sequence[Sequence[Node]]:
        return [fold(report) for report in self.reports]


def compare(
    sides: Iterable[Side],
    *,
    baseline: int | str = 0,
    only_differing: bool = False,
    formats: Iterable[str] | None = None,
    appearance: Appearance | None = None,
    progress: Progress | None = None,
    **build: Any,
) -> SideBySide:
    """Puts 2 to 50 models side by side, each a record, the path of a saved ``report.json``, or a reference.

    References may have wildcards, and are built as `reportgen.build` does it, each in a process of its own; ``build``
    are that function's options on how. A model that cannot be built has an empty column, and keeps none of the others
    back. ``baseline`` is the one that the others are told against: its place from 0, its reference, or its name;
    ``only_differing`` leaves out rows in which all models are the same; ``formats`` None are all that can be made here;
    ``progress`` is told how the builds go.

    Raises:
        ConfigError, RegistryError: an option or a reference is wrong, or there are too few models or too many.
        ReportFormatError: a file is no report.
    """
    named = list(_expanded(sides))
    if not analysis.FEWEST <= len(named) <= analysis.MOST:
        raise ConfigError(
            f"{numbers.plural(len(named), 'model')} to compare",
            code="compare-count",
            remedy=f"give {analysis.FEWEST} to {analysis.MOST} references or saved reports",
        )
    place = baseline if isinstance(baseline, int) else _place(baseline, named)
    if not 0 <= place < len(named):
        raise ConfigError(
            f"no model {place}", code="compare-baseline", remedy=f"give a place from 0 to {len(named) - 1}"
        )
    appearance = appearance or {}
    chosen = None if formats is None else parse_formats(formats)
    options, notes = rendering.render_options(chosen, (), Style(**style_of(appearance)), brand_of(appearance))
    reports = tuple(records(named, progress=progress, keep_failed=True, **build))
    return SideBySide(reports, place, only_differing, options, notes)


def _expanded(sides: Iterable[Side]) -> Iterator[Side]:
    """The sides, with every model that a wildcard matches."""
    catalog = Catalog()
    for side in sides:
        if isinstance(side, str) and not is_file(side):
            yield from map(str, catalog.expand(side))
        else:
            yield side


def _place(baseline: str, named: Sequence[Side]) -> int:
    """The place of the model that a text names, as it was given or by its last part.

    Raises:
        ConfigError: there is none, or there are several.
    """
    texts = [side.model.ref if isinstance(side, ModelReport) else str(side) for side in named]
    for fits in (
        lambda text: text == baseline,
        lambda text: ModelRef.parse(text).name == baseline,
        lambda text: Path(text).parent.name == baseline,
    ):
        found = [place for place, text in enumerate(texts) if fits(text)]
        if found:
            break
    if len(found) != 1:
        raise ConfigError(
            f"{baseline!r} names {len(found) or 'none'} of the models that are compared",
            code="compare-baseline",
            remedy=f"give one of {', '.join(texts[:5])}{', …' if len(texts) > 5 else ''}",
        )
    return found[0]
