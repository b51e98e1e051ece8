"""The index of a run to read: in short, as a page of sections for Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reportgen.version import __version__
from reportgen.view import numbers
from reportgen.view.causes import causes
from reportgen.view.entries import TITLE, IndexEntry, badge, brief, fields, status_figures, subtitle, worst
from reportgen.view.overviews import by_source, most_frequent
from reportgen.view.page import Page, Section
from reportgen.view.scatter import scatter
from reportgen.view.tables import tabulate

MOST = 300  # rows: what people read, and viewers lay out at once


def build_listing(entries: Sequence[IndexEntry], suffix: str = "md") -> Page:
    """The page; of many models the first `MOST`, and a word on where the others are."""
    models = tabulate("models", entries[:MOST], fields(entries, suffix))
    left_out = len(entries) - MOST
    rest = (
        f"The first {MOST}, in the order of their references; {numbers.plural(left_out, 'more model')} "
        f"from {entries[MOST].ref} on: see index.html, index.csv or index.json."
        if left_out > 0
        else None
    )
    overviews = (most_frequent(causes(entries), suffix), by_source(entries))
    chart = scatter(entries, suffix)
    sections = [
        Section(table.id, table.caption or "", (replace(table, caption=None),))  # which would be said twice
        for table in overviews
        if table is not None
    ]
    sections += [Section("figures", "Size and work", (chart,))] if chart is not None else []
    return Page(
        title=TITLE,
        subtitle=subtitle(entries),
        status=worst(entries),
        description=None,
        summary=status_figures(entries),
        badge=badge(entries),
        sections=(*sections, Section("all", "Models", (models,), intro=rest)) if entries else (),
        footer=f"reportgen {__version__}",
        kind="index",
        links=(("HTML", "index.html"), ("CSV", "index.csv"), ("JSON", "index.json")),
    )


def build_alone(entries: Sequence[IndexEntry]) -> Page:
    """The page where no file lies beside it, and there is only so much room: what failed, and the models."""
    page = build_listing([brief(entry) for entry in entries])
    sections = tuple(section for section in page.sections if section.id in {"causes", "all"})
    return replace(page, sections=sections, links=())
