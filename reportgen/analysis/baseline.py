"""Models held against what they are known to be: their fingerprints and totals, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from natsort import natsorted

from reportgen.analysis.budget import DIFFERS
from reportgen.analysis.figures import figures
from reportgen.report.baseline import Conditions, Snapshot
from reportgen.report.difference import Figure

if TYPE_CHECKING:
    from reportgen.report.schema import InputFacts, ModelReport


def snapshot(report: ModelReport) -> Snapshot:
    """What a baseline holds of a record."""
    probe = report.probe
    failed = probe.status == "failed"
    conditions = Conditions(
        device=probe.device.used,
        dtype=probe.dtype,
        mode=probe.mode,
        loss=probe.loss,
        inputs=tuple(map(_input, probe.inputs)),
    )
    return Snapshot(
        ref=report.model.ref,
        status=probe.status,
        conditions=None if failed else conditions,
        fingerprint=report.fingerprint,
        totals={} if failed else figures(report.totals),
    )


def _input(row: InputFacts) -> str:
    sizes = "scalar" if not row.shape else "x".join("?" if size is None else str(size) for size in row.shape)
    return f"{row.name}={sizes}:{row.dtype}"


@dataclass(frozen=True, slots=True)
class Drift:
    """A model that is not as it was; None: it was not there, or is there no more.

    ``figures`` are the totals that differ, of those that the baseline has: a later reportgen may tell more of them.
    """

    name: str
    old: Snapshot | None
    new: Snapshot | None
    figures: tuple[Figure, ...] = ()

    @property
    def loses(self) -> bool:
        """Whether the baseline would know less with the new one in it."""
        after = self.new.totals if self.new is not None else {}
        known = [name for name, value in self.old.totals.items() if value is not None] if self.old is not None else []
        return (self.old is not None and self.new is None) or any(after.get(name) is None for name in known)


def drifts(old: Mapping[str, Snapshot], new: Mapping[str, Snapshot]) -> tuple[Drift, ...]:
    """The models that differ in anything, or are on one side alone, in natural order."""
    names = natsorted({**old, **new})
    return tuple(drift for name in names if (drift := _drift(name, old.get(name), new.get(name))) is not None)


def _drift(name: str, old: Snapshot | None, new: Snapshot | None) -> Drift | None:
    if old is None or new is None:
        return Drift(name, old, new)
    changed = tuple(figure for figure in _pairs(old, new) if figure.old != figure.new) if new.totals else ()
    facts = [(side.ref, side.status, side.conditions, side.fingerprint) for side in (old, new)]
    return Drift(name, old, new, changed) if changed or facts[0] != facts[1] else None


def _pairs(old: Snapshot, new: Snapshot) -> tuple[Figure, ...]:
    return tuple(Figure(name, value, new.totals.get(name)) for name, value in old.totals.items())


def quantities(old: Snapshot | None, new: Snapshot) -> dict[str, Figure]:
    """What rules are about, of a model and, where there is one, of what it was."""
    before = old.totals if old is not None else {}
    known = {name: Figure(name, before.get(name), value) for name, value in new.totals.items()}
    return known | {DIFFERS: Figure(DIFFERS, 0, int(old is None or _drift("", old, new) is not None))}
