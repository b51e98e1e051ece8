"""The page of what failed, and why: a section for each cause, with its remedy and its models."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.version import __version__
from reportgen.view import numbers, tables
from reportgen.view.causes import UNSAID, Cause, causes
from reportgen.view.entries import TONES, IndexEntry, tally, worst
from reportgen.view.page import Cell, Figure, Figures, Notice, Notices, Page, Section, Table
from reportgen.view.tables import field, tabulate

_REMEDIES = 3  # of one cause; what more there are stand in the reports


def build_failures(entries: Sequence[IndexEntry], suffix: str = "html") -> Page | None:
    """The page; None where every model is complete and no error was told.

    Args:
        entries: all models of the run.
        suffix: of the files to lead to, without the dot.
    """
    found = causes(entries)
    if not found:
        return None
    concerned = [entry for cause in found for entry in cause.entries]
    return Page(
        title="What failed, and why",
        subtitle=f"{len(concerned):,} of {numbers.plural(len(entries), 'model')}: {tally(concerned)}",
        status=worst(entries),
        description=None,
        summary=Figures(
            (
                Figure("Models", numbers.exact(len(concerned)), note=f"of {numbers.exact(len(entries))}"),
                Figure("Causes", numbers.exact(len(found)), note="errors of the same code and words"),
                Figure("Most frequent", found[0].kind, note=numbers.plural(len(found[0].entries), "model")),
            )
        ),
        sections=tuple(_section(number, cause, suffix) for number, cause in enumerate(found, start=1)),
        footer=f"reportgen {__version__}",
        kind="index",
        links=(("All models", f"index.{suffix}"),),
    )


def _section(number: int, cause: Cause, suffix: str) -> Section:
    """``2. RuntimeError, 3 models``, what it says, and the models."""
    notice = Notice(
        tone=TONES[worst(cause.entries)],
        title=cause.message,
        remedy="\n".join(cause.remedies[:_REMEDIES]) or None,
        code=cause.code,
        where=", ".join(cause.stages),
    )
    title = f"{number}. {cause.kind}, {numbers.plural(len(cause.entries), 'model')}"
    return Section(f"cause-{number}", title, (Notices((notice,)), _table(number, cause, suffix)))


def _table(number: int, cause: Cause, suffix: str) -> Table:
    """The models; what is the same for all of them was said above."""
    modules = any(entry.summary.module for entry in cause.entries)
    return tabulate(
        f"cause-{number}-models",
        cause.entries,
        (
            field(
                "name",
                "model",
                lambda entry: Cell(entry.name, href=entry.href(suffix), hint=entry.ref),
                kind="name",
                weight=2,
            ),
            field("ref", "reference", lambda entry: Cell(entry.ref), kind="code", weight=2),
            field("status", "status", lambda entry: Cell(entry.status, tone=TONES[entry.status])),
            field("stage", "stage", lambda entry: tables.text(entry.summary.stage), shown=len(cause.stages) > 1),
            field(
                "module", "module", lambda entry: tables.text(entry.summary.module or None), kind="name", shown=modules
            ),
            field(
                "message",
                "message",
                lambda entry: Cell(entry.reason or UNSAID),
                weight=4,
                shown=len(set(cause.messages)) > 1,
            ),
        ),
    )
