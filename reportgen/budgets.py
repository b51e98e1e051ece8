"""Outcomes of a run held against the rules that a manifest, or its user, sets, and against what the models were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reportgen.analysis.baseline import drifts, quantities
from reportgen.analysis.budget import DIFFERS, Basis, Rule, broken, check_basis
from reportgen.errors import ReportFormatError
from reportgen.manifest.entries import Manifest
from reportgen.report import baseline
from reportgen.report.baseline import Snapshot
from reportgen.runs.planning import label
from reportgen.runs.tasks import Outcome
from reportgen.view.baseline import conditions, what
from reportgen.view.rules import measured


def name_of(outcome: Outcome) -> str:
    """What a baseline calls a model: its reference, or the name that was given to it."""
    return label(outcome.ref, outcome.name)


def read(path: Path) -> dict[str, Snapshot]:
    """The models of a baseline.

    Raises:
        ReportFormatError: the file cannot be read, or is none.
    """
    try:
        return baseline.loads(path.read_bytes(), where=str(path))
    except OSError as exc:
        raise ReportFormatError(
            f"{path} cannot be read: {exc.strerror or exc}",
            code="baseline-invalid",
            remedy="make it with `reportgen baseline write`, or name another file with --baseline",
        ) from exc


def older(manifest: Manifest) -> dict[str, Snapshot] | None:
    """What the models were, by the baseline that the manifest names; None where no rule asks for that.

    Raises:
        ConfigError: it names none.
        ReportFormatError: as `read`.
    """
    rules = [rule for entry in manifest.models for rule in entry.fail_on]
    check_basis(rules, Basis.MODEL if manifest.baseline is None else Basis.BASELINE)
    asked = any(rule.basis is Basis.BASELINE for rule in rules)
    return read(manifest.baseline) if asked and manifest.baseline is not None else None


def complaints(pairs: Iterable[tuple[Outcome, Iterable[Rule]]], before: Mapping[str, Snapshot]) -> Iterator[str]:
    """One line for each rule that is broken: ``timm:vit: parameters > 5e6: 5,717,416``.

    Args:
        pairs: outcomes, each with the rules that it must not break.
        before: what the models were, by `name_of`.
    """
    for outcome, rules in pairs:
        name, new = name_of(outcome), outcome.snapshot
        old = before.get(name)
        known = {} if new is None else quantities(old, new)
        for rule, figure in broken(rules, known):
            drift = next(iter(drifts({name: old} if old else {}, {name: new} if new else {})), None)
            told = what(drift) if rule.name == DIFFERS and drift is not None else measured(rule, figure)
            yield f"{name}: {rule.text}: {told}"


def remarks(outcomes: Iterable[Outcome], before: Mapping[str, Snapshot]) -> Iterator[str]:
    """One line for each model whose figures are of something else than those of before, by `name_of`."""
    for outcome in outcomes:
        old, new = before.get(name_of(outcome)), outcome.snapshot
        unlike = () if old is None or new is None else conditions(old, new)
        if unlike:
            yield f"{name_of(outcome)} is measured otherwise than its baseline was: {'; '.join(unlike)}"
