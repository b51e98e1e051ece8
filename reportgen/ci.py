"""A run's folder held against rules, and against what its models were: all that CI is to be told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reportgen import budgets
from reportgen.analysis import budget
from reportgen.analysis.baseline import Drift, drifts, snapshot
from reportgen.analysis.budget import DIFFERS, Basis, Rule, parse_rules
from reportgen.analysis.diff import diff
from reportgen.errors import ConfigError
from reportgen.render.text import display
from reportgen.report import codec
from reportgen.report.baseline import Snapshot
from reportgen.report.schema import ModelReport
from reportgen.runs.index import read_index
from reportgen.runs.tasks import Outcome, outcome_of
from reportgen.view.checks import Check, Checks
from reportgen.view.diff import broken_lines
from reportgen.view.entries import IndexEntry

_DETAILED = 20  # models whose differences are kept part by part: more than anyone reads in one place


def check(folder: str | Path, *, against: str | Path | None = None, fail_on: Iterable[str] = ()) -> Checks:
    """What CI is to be told of the reports that `reportgen.build` left in ``folder``.

    Args:
        folder: it has an ``index.json``, and a ``report.json`` of each model.
        against: what the models were: such a folder again, or a file that `reportgen.baseline.write` wrote.
        fail_on: rules that no model may break. With a folder, a model that was not there before, or failed, is asked
            only for what it is itself, and ``differs``.

    Raises:
        ConfigError: a folder has no index, or not the records that it names; or a rule is none, or asks for more than
            there is to judge by.
        ReportFormatError: a record, or the baseline, cannot be read.
    """
    folder, older = Path(folder), _Older.at(against)
    rules = parse_rules(fail_on, older.basis)
    entries = read_index(folder)
    models: list[Check] = []
    remarks: list[str] = []
    for entry in entries:
        report, was = _record(folder, entry), older.record(entry)
        outcome = outcome_of(report, entry.slug)
        before = older.snapshots(outcome, was)
        remarks += budgets.remarks([outcome], before)
        checked = _check(entry, outcome, older.drift(outcome, before), _fair(rules, older, before), before)
        asked = was != report or any(rule.basis is Basis.LEDGERS for rule in rules)
        if was is not None and was.probe.status != "failed" and asked:
            checked = _part_by_part(checked, was, report, rules, keep=_kept(models) < _DETAILED)
        models.append(checked)
    return Checks(_told_apart(models), older.gone(entries, models), tuple(remarks))


@dataclass(frozen=True, slots=True)
class _Older:
    """What the models were, by the folders of their reports, or by what a baseline calls them; or nothing."""

    folder: Path | None = None
    entries: Mapping[str, IndexEntry] = field(default_factory=dict)
    baseline: Mapping[str, Snapshot] | None = None

    @classmethod
    def at(cls, path: str | Path | None) -> _Older:
        if path is None:
            return cls()
        if Path(path).is_dir():
            return cls(Path(path), {entry.slug: entry for entry in read_index(Path(path))})
        return cls(baseline=budgets.read(Path(path)))

    @property
    def basis(self) -> Basis:
        if self.folder is not None:
            return Basis.LEDGERS
        return Basis.MODEL if self.baseline is None else Basis.BASELINE

    def record(self, entry: IndexEntry) -> ModelReport | None:
        """The older record, where there is one."""
        before = self.entries.get(entry.slug)
        return None if self.folder is None or before is None else _record(self.folder, before)

    def snapshots(self, outcome: Outcome, was: ModelReport | None) -> dict[str, Snapshot]:
        """What the model was, by its name; empty where it was not there."""
        name = budgets.name_of(outcome)
        before = snapshot(was) if was is not None else (self.baseline or {}).get(name)
        return {} if before is None else {name: before}

    def drift(self, outcome: Outcome, before: Mapping[str, Snapshot]) -> Drift | None:
        """How the model differs from that; None where it does not, or nobody knows."""
        if self.basis is Basis.MODEL or outcome.snapshot is None:
            return None
        return next(iter(drifts(before, {budgets.name_of(outcome): outcome.snapshot})), None)

    def gone(self, entries: Sequence[IndexEntry], models: Sequence[Check]) -> tuple[str, ...]:
        """The names of those that are no more."""
        slugs, names = {entry.slug for entry in entries}, {check.name for check in models}
        folders = (entry.name for slug, entry in self.entries.items() if slug not in slugs)
        return (*folders, *(name for name in self.baseline or () if name not in names))


def _record(folder: Path, entry: IndexEntry) -> ModelReport:
    if "json" not in entry.formats:
        raise ConfigError(
            f"{folder} has no report.json of {entry.ref}",
            code="ci-no-record",
            remedy="build with --format json, or json among others",
        )
    return codec.load(folder / entry.slug / "report.json")


def _fair(rules: Sequence[Rule], older: _Older, before: Mapping[str, Snapshot]) -> Sequence[Rule]:
    """Without those on changes where nothing was known of the model: it cannot have grown.

    A baseline knows nothing of a model only where it was not brought up to date.
    """
    if older.folder is None or any(each.status != "failed" for each in before.values()):
        return rules
    return [rule for rule in rules if rule.basis is Basis.MODEL or rule.name == DIFFERS]


def _check(
    entry: IndexEntry, outcome: Outcome, drift: Drift | None, rules: Sequence[Rule], before: Mapping[str, Snapshot]
) -> Check:
    name = budgets.name_of(outcome)
    lines = (line.removeprefix(f"{name}: ") for line in budgets.complaints([(outcome, rules)], before))
    totals = {} if outcome.snapshot is None else outcome.snapshot.totals
    return Check(name, entry, totals, drift, broken=tuple(lines))


def _part_by_part(checked: Check, was: ModelReport, report: ModelReport, rules: Sequence[Rule], *, keep: bool) -> Check:
    """The check with what the ledgers of both records say, also where fingerprints and totals agree."""
    difference = diff(was, report)
    lines = broken_lines(budget.broken(rules, budget.quantities(difference)), difference)
    if difference.is_empty:
        return replace(checked, broken=lines)
    drift = checked.drift or Drift(checked.name, snapshot(was), snapshot(report))
    return replace(checked, broken=lines, drift=drift, difference=difference if keep else None)


def _kept(models: Iterable[Check]) -> int:
    return sum(check.difference is not None for check in models)


def _told_apart(models: Sequence[Check]) -> tuple[Check, ...]:
    """Where several have a name, or look as if they had, they are called like the folders of their reports."""
    shown = [display(check.name) for check in models]
    count = Counter(shown)
    pairs = zip(models, shown, strict=True)
    return tuple(check if count[name] == 1 else replace(check, name=check.entry.slug) for check, name in pairs)
