"""What CI is told of a run: which rules are broken, what failed, what has changed, and all models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from reportgen.analysis.baseline import Drift
from reportgen.report.difference import Difference, Figure
from reportgen.view import names, numbers, rules
from reportgen.view.baseline import what
from reportgen.view.entries import IndexEntry
from reportgen.view.listing import build_alone
from reportgen.view.page import Cell, Notice, Notices, Page, Section
from reportgen.view.tables import field as column
from reportgen.view.tables import tabulate

Verdict = Literal["failed", "broken", "partial", "passed"]
_MOST = 30  # remarks, and names of models that are no more
_PARTS = "tensors or modules, and no total"
_LINE = 500  # characters
_KEY_FIGURES = {
    "parameters.unique": ("parameters", numbers.human, ""),
    "macs.forward": ("MACs", numbers.si, ""),
    "memory.peak_training": ("peak training", numbers.size, "B"),
    "state_dict_bytes": ("state dict", numbers.size, "B"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One model, as a run found it.

    ``name`` tells it from all others of the run; ``totals`` are its figures by their names; ``drift`` is how it differs
    from what it was, None where it does not, or nobody knows; ``difference`` is the same in full, where both records
    are at hand; ``broken`` are the rules that it breaks, a line each.
    """

    name: str
    entry: IndexEntry
    totals: Mapping[str, int | None] = field(default_factory=dict)
    drift: Drift | None = None
    difference: Difference | None = None
    broken: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The gravest that can be said of it. A report of which a format could not be made is partial."""
        if self.entry.status == "failed":
            return "failed"
        if self.broken:
            return "broken"
        return "passed" if self.complete else "partial"

    @property
    def complete(self) -> bool:
        """Whether its report is, in every format."""
        return self.entry.status == "complete" and self.entry.reason is None

    @property
    def change(self) -> str | None:
        """How it differs from what it was, in one line."""
        return None if self.drift is None else names.brief(what(self.drift) or _PARTS, _LINE)

    @property
    def complaints(self) -> tuple[str, ...]:
        """Why it did not pass, a line each: the reason, and the rules."""
        reason = self.entry.reason or (
            None if self.entry.status == "complete" else f"its report is {self.entry.status}"
        )
        lines = (*(() if reason is None else (reason,)), *self.broken)
        return tuple(names.brief(" ".join(line.split()), _LINE) for line in lines)


@dataclass(frozen=True, slots=True)
class Checks:
    """All models of a run in its order, and the names of those that were there before and are no more."""

    models: tuple[Check, ...]
    removed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def having(self, verdict: Verdict) -> tuple[Check, ...]:
        """The models with that verdict."""
        return tuple(check for check in self.models if check.verdict == verdict)

    @property
    def changed(self) -> tuple[Check, ...]:
        """The models that differ from what they were, or are new."""
        return tuple(check for check in self.models if check.drift is not None)


def build_checks(checks: Checks) -> Page:
    """The page; it leads to no file."""
    page = build_alone([check.entry for check in checks.models])
    bad = bool(checks.having("failed") or checks.having("broken"))
    sections = (*_rules(checks.models), *_changes(checks), *page.sections)
    return replace(page, status="failed" if bad else page.status, sections=sections)


def _rules(models: Sequence[Check]) -> Iterator[Section]:
    broken = [(check, line) for check in models for line in check.broken]
    table = tabulate(
        "rules",
        broken,
        (
            column("name", "model", lambda item: Cell(names.brief(item[0].name)), kind="name"),
            column("rule", "rule, and what was found", lambda item: Cell(names.brief(item[1], _LINE))),
        ),
    )
    if broken:
        yield Section("rules", "Broken rules", (table,))


def _changes(checks: Checks) -> Iterator[Section]:
    if not checks.changed and not checks.removed and not checks.remarks:
        return
    told = [Notice("plain", names.brief(remark, _LINE)) for remark in checks.remarks[:_MOST]]
    if checks.removed:
        listed = names.listing([names.brief(name) for name in checks.removed], limit=_MOST)
        told.append(Notice("plain", f"{numbers.plural(len(checks.removed), 'model')} removed", listed))
    table = tabulate(
        "changes",
        checks.changed,
        (
            column("name", "model", lambda check: Cell(names.brief(check.name)), kind="name"),
            *(column(key, label, partial(_figure, key)) for key, (label, *_) in _KEY_FIGURES.items()),
            column("else", "else", _else),
        ),
    )
    blocks = (*((table,) if checks.changed else ()), *((Notices(tuple(told)),) if told else ()))
    yield Section("changes", "What has changed", blocks)


def _figure(key: str, check: Check) -> Cell:
    """``25.6 M → 26.0 M (+442,968, +1.7 %)``."""
    _, shown, unit = _KEY_FIGURES[key]
    drift = check.drift
    if drift is None or drift.new is None:
        return Cell(numbers.NOT_APPLICABLE, tone="muted")
    new = drift.new.totals.get(key)
    if drift.old is None:
        return Cell(shown(new))
    old = drift.old.totals.get(key)
    if old == new:
        return Cell("unchanged", tone="muted")
    return Cell(f"{shown(old)} → {shown(new)} ({rules.change(Figure(key, old, new), unit)})")


def _else(check: Check) -> Cell:
    """What is no figure, and how many figures more than those of the other columns."""
    if check.drift is None:
        return Cell("")
    facts = what(replace(check.drift, figures=()))
    more = sum(figure.name not in _KEY_FIGURES for figure in check.drift.figures)
    told = [fact for fact in (facts, numbers.plural(more, "other figure") if more else "") if fact]
    return Cell(names.brief("; ".join(told) or ("" if check.drift.figures else _PARTS), _LINE))
