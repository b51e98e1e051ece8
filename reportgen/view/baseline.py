"""Models that are not as their baseline says, each in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportgen.analysis.baseline import Drift
from reportgen.report.baseline import Conditions, Snapshot
from reportgen.report.difference import Figure
from reportgen.view import numbers


def line(drift: Drift) -> str:
    """``resnet50: fingerprint; parameters.declared, parameters.unique 25,557,032 → 25,028,904; …``."""
    return f"{drift.name}: {what(drift)}"


def what(drift: Drift) -> str:
    """The line without the name."""
    if drift.old is None:
        return "added"
    if drift.new is None:
        return "removed"
    return "; ".join((*_facts(drift.old, drift.new), *_figures(drift.figures)))


def conditions(old: Snapshot, new: Snapshot) -> tuple[str, ...]:
    """In what they were measured otherwise: ``inputs x=1x8:float32 → x=2x8:float32``."""
    if old.conditions is None or new.conditions is None:
        return ()
    return tuple(_conditions(old.conditions, new.conditions))


def _facts(old: Snapshot, new: Snapshot) -> Iterator[str]:
    if old.status != new.status:
        yield f"{old.status} → {new.status}"
    if old.ref != new.ref:
        yield f"{old.ref} → {new.ref}"
    yield from conditions(old, new)
    if old.fingerprint is not None and new.fingerprint is not None and old.fingerprint != new.fingerprint:
        yield "fingerprint"


def _conditions(old: Conditions, new: Conditions) -> Iterator[str]:
    for name in old.__struct_fields__:
        before, after = (_condition(getattr(side, name)) for side in (old, new))
        if before != after:
            yield f"{name} {before} → {after}"


def _condition(value: str | tuple[str, ...] | None) -> str:
    if value is None:
        return numbers.NOT_APPLICABLE
    return value if isinstance(value, str) else ", ".join(value) or "none"


def _figures(figures: Sequence[Figure]) -> Iterator[str]:
    """Those that changed alike together: what counts elements counts the same ones, often."""
    alike: dict[tuple[int | None, int | None], list[str]] = {}
    for figure in figures:
        alike.setdefault((figure.old, figure.new), []).append(figure.name)
    for (old, new), names in alike.items():
        yield f"{', '.join(names)} {numbers.exact(old)} → {numbers.exact(new)}"
