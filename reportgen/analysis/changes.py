"""What became of each module and of each tensor, said in the words of `reportgen.report.difference`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reportgen.analysis.align import Alignment
from reportgen.analysis.pairs import TensorPair
from reportgen.analysis.places import Place
from reportgen.analysis.sequences import ascending
from reportgen.report.difference import Match, Module, ModuleChange, ModuleWhat, Tensor, TensorChange, TensorWhat

# -- modules ---------------------------------------------------------------------------------------------------------


def module_changes(alignment: Alignment) -> Iterator[ModuleChange]:
    """Every module whose path, class or place among the others changed, or that is on one side alone."""
    reordered = _out_of_order(alignment.partners.items())
    for old in alignment.old:
        partner = alignment.partners.get(old.index)
        new = None if partner is None else alignment.new[partner]
        what = ("removed",) if new is None else _module_what(alignment, old, new, reordered)
        if what:
            yield _module_change(what, old, new, alignment.matches.get(old.index))
    for new in alignment.new:
        if new.index not in alignment.origins:
            yield _module_change(("added",), None, new, None)


def _module_change(
    what: tuple[ModuleWhat, ...], old: Place | None, new: Place | None, match: Match | None
) -> ModuleChange:
    return ModuleChange(
        what=what,
        old=None if old is None else _module(old),
        new=None if new is None else _module(new),
        old_index=None if old is None else old.index,
        new_index=None if new is None else new.index,
        match=match,
    )


def _module(place: Place) -> Module:
    return Module(path=place.path, class_name=place.class_name, parameters=place.parameters)


def _module_what(alignment: Alignment, old: Place, new: Place, reordered: set[int]) -> tuple[ModuleWhat, ...]:
    what: list[ModuleWhat] = []
    if old.path != new.path:
        what.append(_path_change(alignment, old, new))
    elif old.index in reordered:
        what.append("reordered")
    if old.class_name != new.class_name:
        what.append("replaced")
    return tuple(what)


def _path_change(alignment: Alignment, old: Place, new: Place) -> ModuleWhat:
    if "wrapper" in alignment.matches[old.index].evidence:
        return "wrapped" if _depth(old) < _depth(new) else "unwrapped"
    if old.parent is None or new.parent is None or alignment.partners.get(old.parent.index) != new.parent.index:
        return "moved"
    return "carried" if old.name == new.name else "renamed"


def _depth(place: Place) -> int:
    return place.path.count(".") + bool(place.path)


# -- tensors ---------------------------------------------------------------------------------------------------------


def tensor_changes(old: Sequence[Tensor], new: Sequence[Tensor], pairs: Sequence[TensorPair]) -> Iterator[TensorChange]:
    """Every tensor of which anything changed, or that is on one side alone."""
    before, after = _indexes(old), _indexes(new)
    names = {pair.old.name: pair.new.name for pair in pairs}
    reordered = _reordered(pairs, before, after)
    for pair in pairs:
        what = ("reordered",) if pair.old.name in reordered else _tensor_what(pair, names)
        if what:
            indexes = before[pair.old.name], after[pair.new.name]
            yield TensorChange(what, pair.old, pair.new, *indexes, pair.match)
    for row in old:
        if row.name not in names:
            yield TensorChange(("removed",), row, None, before[row.name], None, None)
    arrived = set(names.values())
    for row in new:
        if row.name not in arrived:
            yield TensorChange(("added",), None, row, None, after[row.name], None)


def _indexes(ledger: Sequence[Tensor]) -> dict[str, int]:
    """Where each tensor stands among those of its kind."""
    found: dict[str, int] = {}
    for kind in ("parameter", "buffer"):
        found |= {row.name: index for index, row in enumerate(row for row in ledger if row.kind == kind)}
    return found


def _reordered(pairs: Sequence[TensorPair], before: Mapping[str, int], after: Mapping[str, int]) -> set[str]:
    """Names of tensors that are the same, but stand elsewhere among those that are."""
    found: set[str] = set()
    for kind in ("parameter", "buffer"):
        same = {
            before[pair.old.name]: pair.old.name for pair in pairs if pair.old == pair.new and pair.old.kind == kind
        }
        found |= {same[index] for index in _out_of_order((index, after[name]) for index, name in same.items())}
    return found


def _out_of_order(pairs: Iterable[tuple[int, int]]) -> set[int]:
    """The first of every pair that is not in the same order on both sides; as few as that can be said with."""
    ordered = sorted(pairs)
    return {first for first, _ in ordered} - {first for first, _ in ascending(ordered)}


def _tensor_what(pair: TensorPair, names: Mapping[str, str]) -> tuple[TensorWhat, ...]:
    """``names`` are the new names of old ones, for ties change in word when their first name does, and not in fact."""
    old, new = pair.old, pair.new
    if old == new:
        return ()
    what = [word for word, so in _facts(pair, names) if so]
    return tuple(what)


def _facts(pair: TensorPair, names: Mapping[str, str]) -> Iterator[tuple[TensorWhat, bool]]:
    old, new = pair.old, pair.new
    carried = pair.match.evidence[0] == "name"  # in a corresponding module, whose path is another
    yield "carried", old.name != new.name and carried
    yield "renamed", old.name != new.name and not carried
    yield "reshaped", old.shape != new.shape
    yield "retyped", old.dtype != new.dtype
    yield "retied", (None if old.tied_to is None else names.get(old.tied_to, "")) != new.tied_to
    yield "became-buffer", (old.kind, new.kind) == ("parameter", "buffer")
    yield "became-parameter", (old.kind, new.kind) == ("buffer", "parameter")
    if old.kind == new.kind:
        yield "frozen", old.trainable is True and new.trainable is False
        yield "unfrozen", old.trainable is False and new.trainable is True
        yield "became-persistent", old.persistent is False and new.persistent is True
        yield "became-transient", old.persistent is True and new.persistent is False
        yield from _gradient(old, new)


def _gradient(old: Tensor, new: Tensor) -> Iterator[tuple[TensorWhat, bool]]:
    """A frozen tensor has no gradient, and that is no second change; where backward did not run, none is lost."""
    if old.gradient is None or new.gradient is None:
        return
    before, after = old.gradient.status == "computed", new.gradient.status == "computed"
    known = "not_run" not in (old.gradient.reason, new.gradient.reason)
    yield "gradient-lost", known and before and not after and new.gradient.reason != "frozen"
    yield "gradient-gained", known and after and not before and old.gradient.reason != "frozen"
    follows = old.trainable != new.trainable or old.shape != new.shape or old.dtype != new.dtype
    yield "gradient-changed", (before == after or not known) and not follows and old.gradient != new.gradient
