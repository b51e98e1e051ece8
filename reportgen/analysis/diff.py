"""What differs between two records, and how to make one ledger of the other.

The difference is found in one direction, whichever is asked for, and turned around where it is the other one: so that
``diff(b, a)`` is ``mirror(diff(a, b))``, whatever an alignment decides where several are as good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from reportgen.analysis import checkpoint
from reportgen.analysis.align import align
from reportgen.analysis.changes import module_changes, tensor_changes
from reportgen.analysis.figures import figures
from reportgen.analysis.keymap import prefix_rules
from reportgen.analysis.pairs import TensorPair, pair_tensors
from reportgen.analysis.places import Tree
from reportgen.analysis.runs import repeats
from reportgen.report.checkpoint import Checkpoint
from reportgen.report.difference import Difference, Figure, ModuleChange, Repeat, Side, Tensor, TensorChange

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.report.totals import Totals

Change = TypeVar("Change", ModuleChange, TensorChange)
_OPPOSITES: Mapping[str, str] = {
    one: other
    for pair in (
        ("added", "removed"),
        ("frozen", "unfrozen"),
        ("wrapped", "unwrapped"),
        ("gradient-lost", "gradient-gained"),
        ("became-buffer", "became-parameter"),
        ("became-persistent", "became-transient"),
    )
    for one, other in (pair, pair[::-1])
}


def diff(old: ModelReport, new: ModelReport) -> Difference:
    """All that differs: every figure, module and tensor, and what a checkpoint of one meets in the other."""
    return _diff(old, new) if _rank(old) <= _rank(new) else mirror(_diff(new, old))


def _rank(report: ModelReport) -> tuple[int, int, str]:
    """Which of two records comes first; any order will do, as long as it is always the same."""
    return len(report.modules), len(report.parameters), report.fingerprint or ""


def mirror(difference: Difference) -> Difference:
    """The difference seen from the other side."""
    return msgspec.structs.replace(
        difference,
        old=difference.new,
        new=difference.old,
        totals=tuple(Figure(figure.name, figure.new, figure.old) for figure in difference.totals),
        repeats=tuple(Repeat(repeat.new, repeat.old) for repeat in difference.repeats),
        modules=_ordered(map(_turned, difference.modules)),
        tensors=_ordered(map(_turned, difference.tensors)),
        checkpoint=difference.rollback,
        rollback=difference.checkpoint,
    )


def _turned(change: Change) -> Change:
    return msgspec.structs.replace(
        change,
        what=tuple(_OPPOSITES.get(what, what) for what in change.what),
        old=change.new,
        new=change.old,
        old_index=change.new_index,
        new_index=change.old_index,
    )


def _ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """In the order of the new side, parameters before buffers; then what the new side has no more, in the old order."""

    def place(change: ModuleChange | TensorChange) -> tuple[bool, bool, int]:
        row, index = (change.new, change.new_index) if change.new is not None else (change.old, change.old_index)
        return change.new is None, isinstance(row, Tensor) and row.kind == "buffer", index or 0

    return tuple(sorted(changes, key=place))


def apply(difference: Difference, ledger: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The new ledger, made of the old one: parameters, then buffers, as `Tree.ledger` has them."""
    result: list[Tensor] = []
    for kind in ("parameter", "buffer"):
        gone = {change.old.name for change in difference.tensors if change.old is not None and change.old.kind == kind}
        rows = [row for row in ledger if row.kind == kind and row.name not in gone]
        arrivals = [change for change in difference.tensors if change.new is not None and change.new.kind == kind]
        for change in sorted(arrivals, key=lambda change: change.new_index or 0):
            if change.new is not None:
                rows.insert(change.new_index or 0, change.new)
        result += rows
    return tuple(result)


def _diff(old: ModelReport, new: ModelReport) -> Difference:
    before, after = Tree.of(old), Tree.of(new)
    alignment = align(before.walk, after.walk)
    pairs = pair_tensors(alignment)
    renames = _renames(pairs)
    return Difference(
        old=_side(old),
        new=_side(new),
        totals=_totals(old.totals, new.totals),
        repeats=tuple(repeats(alignment)),
        modules=_ordered(module_changes(alignment)),
        tensors=_ordered(tensor_changes(before.ledger, after.ledger, pairs)),
        checkpoint=_checkpoint(before, after, renames),
        rollback=_checkpoint(after, before, {name: key for key, name in renames.items()}),
    )


def _side(report: ModelReport) -> Side:
    return Side(
        ref=report.model.ref,
        name=report.model.name,
        class_name=report.model.class_name,
        status=report.probe.status,
        fingerprint=report.fingerprint,
        mode=report.probe.mode,
        device=report.probe.device.used,
        inputs=report.probe.inputs,
        flops_exact=report.totals.flops.exact,
        freeze=report.probe.freeze,
    )


def _totals(old: Totals, new: Totals) -> tuple[Figure, ...]:
    before, after = figures(old), figures(new)
    return tuple(Figure(name, before.get(name), after.get(name)) for name in {**before, **after})


# -- checkpoints -----------------------------------------------------------------------------------------------------


def _renames(pairs: Sequence[TensorPair]) -> dict[str, str]:
    """Keys of old state dicts under which the same tensors are saved now, guesses left out."""
    return {
        pair.old.name: pair.new.name
        for pair in pairs
        if pair.old.name != pair.new.name
        and pair.old.shape == pair.new.shape
        and pair.match.sure != "guess"
        and pair.old.persistent is not False
        and pair.new.persistent is not False
    }


def _checkpoint(old: Tree, new: Tree, renames: dict[str, str]) -> Checkpoint:
    saved = checkpoint.state_dict(old)
    custom = tuple(dict.fromkeys((*checkpoint.custom_modules(old.report), *checkpoint.custom_modules(new.report))))
    verdict = checkpoint.load(saved, new)
    ordered = {key: renames[key] for key in saved.shapes if key in renames}
    return Checkpoint(
        verdict=verdict,
        exact=not custom and old.report.state is not None and new.report.state is not None,
        custom=custom,
        renames=ordered,
        prefixes=prefix_rules(ordered, saved.shapes),
        renamed=checkpoint.load(saved.renamed(ordered), new) if ordered else verdict,
    )
