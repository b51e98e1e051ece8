"""Model cards: sections of a README that are made from records, and a card to begin with where there is none."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reportgen.analysis.summary import summarise
from reportgen.errors import ConfigError
from reportgen.release import facts, markers
from reportgen.render import markdown
from reportgen.view import entries, numbers
from reportgen.view.build import build, frame
from reportgen.view.entries import IndexEntry
from reportgen.view.page import Figures, Page, Section
from reportgen.view.tables import tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

Kind = Literal["summary", "full", "table", "facts"]
MODELS = "models"  # the id of a table of several models
_LEFT_OUT = {"printed"}  # sections of a report that a card has no use for


@dataclass(frozen=True, slots=True)
class Part:
    """One section of a card: its id and what it shows."""

    id: str
    page: Page


@dataclass(frozen=True, slots=True)
class Layout:
    """How sections are written: the flavour of Markdown, whose templates, and the level of their headings.

    ``level`` None is one below "Model Architecture and Objective" where a section stands there, else 2.
    """

    flavor: str = "hub"
    templates: Path | None = None
    level: int | None = None


def parts(
    reports: Sequence[ModelReport],
    kind: Kind,
    *,
    ids: Sequence[str] = (),
    titles: Sequence[str] = (),
    licence: str | None = None,
) -> tuple[Part, ...]:
    """The sections of these models: one each, or of the kind ``table`` one for all.

    Args:
        reports: their records, failed ones included.
        kind: the key figures; the report without its long ledgers; a row a model; or what `facts` knows.
        ids: one for each section. None at all: the models' references, and `MODELS` for a table of several.
        titles: headings, likewise. None at all: the models' names.
        licence: what a person said that it is, for the facts.

    Raises:
        ConfigError: there are not as many ids or titles as sections, or two ids are equal, or one is empty.
    """
    if kind == "table":
        refs = [reports[0].model.ref if len(reports) == 1 else MODELS]
        pages = [_table(reports)]
    else:
        refs = [report.model.ref for report in reports]
        pages = [_page(report, kind, licence) for report in reports]
    chosen = _each("--id", ids, refs)
    if len({*chosen}) < len(chosen) or not all(chosen):
        raise ConfigError(
            f"sections need ids that differ, not {', '.join(map(repr, chosen))}",
            code="card-ids",
            remedy="give one --id for each model",
        )
    headings = _each("--title", titles, [page.title for page in pages])
    return tuple(
        Part(each, replace(page, title=title)) for each, page, title in zip(chosen, pages, headings, strict=True)
    )


def _each(option: str, given: Sequence[str], default: Sequence[str]) -> Sequence[str]:
    if given and len(given) != len(default):
        raise ConfigError(
            f"{option} is given {numbers.plural(len(given), 'time')} for {numbers.plural(len(default), 'section')}",
            code="card-ids",
            remedy=f"give {option} once for each section, in their order, or not at all",
        )
    return given or default


def update(text: str | None, sections: Iterable[Part], *, file: str, layout: Layout = Layout()) -> str:
    """The text of a card with these sections; all that is not theirs stays as it is. None: there is no card yet.

    Raises:
        ConfigError: the markers in it cannot be used, see `markers.put`.
        TemplateError: a template is missing or broken.
    """
    sections = tuple(sections)
    if text is None:
        text = markdown.card(_cover([part.page for part in sections]), layout.templates)
    for part in sections:

        def write(level: int, page: Page = part.page) -> str:
            top = level if layout.level is None else layout.level
            return markdown.card_section(page, layout.templates, flavor=layout.flavor, top=top)

        text = markers.put(text, part.id, write, file=file)
    return text


def diff(old: str | None, new: str, file: str) -> str:
    """What a card lacks, as a unified diff; nothing where it is up to date. None: there is no card yet."""
    changes = difflib.unified_diff(
        markers.lines_of(old or ""), markers.lines_of(new), fromfile="/dev/null" if old is None else file, tofile=file
    )
    ended = (line if line.endswith(("\r", "\n")) else f"{line}\n\\ No newline at end of file\n" for line in changes)
    return "".join(ended)


def _cover(pages: Sequence[Page]) -> Page:
    """What a new card says of itself: as its model does, or the names of all."""
    if len(pages) == 1:
        return pages[0]
    return replace(pages[0], title=", ".join(page.title for page in pages), description=None)


def _page(report: ModelReport, kind: Kind, licence: str | None) -> Page:
    match kind:
        case "facts":
            page = frame(report, (facts.section(report, licence=licence),))
            return replace(page, description=None, summary=Figures(()))
        case "full":
            page = build(report, appendix=False)
            kept = tuple(section for section in page.sections if section.id not in _LEFT_OUT)
            return replace(page, sections=(*kept, facts.section(report, licence=licence)))
        case _:
            return frame(report, ())


def _table(reports: Sequence[ModelReport]) -> Page:
    rows = [_entry(report, index) for index, report in enumerate(reports)]
    versions = dict.fromkeys(report.environment.get("reportgen", numbers.UNKNOWN) for report in reports)
    table = tabulate("models", rows, entries.fields(rows, "md"))
    return Page(
        title="Models",
        subtitle=entries.subtitle(rows),
        status=entries.worst(rows),
        description=None,
        summary=Figures(()),
        sections=(Section("models", "", (table,)),),
        footer=f"reportgen {', '.join(versions)}",
        kind="index",
    )


def _entry(report: ModelReport, index: int) -> IndexEntry:
    error = report.error
    return IndexEntry(
        ref=report.model.ref,
        name=report.model.name,
        slug=str(index),
        status=report.probe.status,
        parameters=report.totals.parameters.unique,
        flops=report.totals.flops.forward,
        reason=error.message if error else None,
        summary=summarise(report),
    )
