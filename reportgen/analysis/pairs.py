"""Which tensor of one model is which of another, once the modules are aligned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reportgen.analysis.align import Alignment
from reportgen.analysis.places import Place
from reportgen.report.difference import Evidence, Match, Sureness, Tensor


@dataclass(frozen=True, slots=True)
class TensorPair:
    """Two tensors that correspond."""

    old: Tensor
    new: Tensor
    match: Match


@dataclass(frozen=True, slots=True)
class _Loose:
    """A tensor without a partner, where it hangs, and the nearest module above that has one, by the old one's index."""

    tensor: Tensor
    place: Place
    holder: int
    direct: bool  # whether it hangs on that very module


def pair_tensors(alignment: Alignment) -> tuple[TensorPair, ...]:
    """Every pair: by name in corresponding modules; or by shape where one holds what a part of the other has."""
    pairs = list(_by_name(alignment))
    pairs += _by_shape(*_loose(alignment, pairs))
    return tuple(pairs)


def _by_name(alignment: Alignment) -> Iterator[TensorPair]:
    for index, partner in alignment.partners.items():
        by_name = {_last(tensor): tensor for tensor in alignment.new[partner].tensors}
        sure = alignment.matches[index].sure
        for tensor in alignment.old[index].tensors:
            other = by_name.get(_last(tensor))
            if other is not None:
                evidence: tuple[Evidence, ...] = ("name", "shape") if tensor.shape == other.shape else ("name",)
                yield TensorPair(tensor, other, Match(sure, evidence))


def _by_shape(old: list[_Loose], new: list[_Loose]) -> Iterator[TensorPair]:
    """``weight`` is now ``weight_orig``, or ``parametrizations.weight.original``: the same shape on the same module.

    At least one of the two hangs on the module itself; and there are as many of the shape on both sides.
    """
    arrived = _grouped(new)
    for key, left in _grouped(old).items():
        right = arrived.get(key, [])
        pairs = list(zip(left, right, strict=False)) if len(left) == len(right) else []
        for one, other in pairs:
            if one.direct or other.direct:
                sure: Sureness = "likely" if len(pairs) == 1 else "guess"
                evidence: tuple[Evidence, ...] = ("shape", "unique" if len(pairs) == 1 else "order")
                yield TensorPair(one.tensor, other.tensor, Match(sure, evidence))


def _loose(alignment: Alignment, pairs: list[TensorPair]) -> tuple[list[_Loose], list[_Loose]]:
    """What has no partner yet on each side, in state-dict order."""
    held = {index: index for index in alignment.partners}
    return (
        list(_without(alignment.old, held, {pair.old.name for pair in pairs})),
        list(_without(alignment.new, alignment.origins, {pair.new.name for pair in pairs})),
    )


def _without(places: Sequence[Place], paired: Mapping[int, int], names: set[str]) -> Iterator[_Loose]:
    holders: dict[int, int] = {}
    for place in places:  # parents first
        above = -1 if place.parent is None else holders[place.parent.index]
        holders[place.index] = paired.get(place.index, above)
        for tensor in place.tensors:
            if tensor.name not in names:
                yield _Loose(tensor, place, holders[place.index], place.index in paired)


def _grouped(loose: list[_Loose]) -> Mapping[Hashable, list[_Loose]]:
    groups: defaultdict[Hashable, list[_Loose]] = defaultdict(list)
    for row in loose:
        groups[row.holder, row.tensor.kind, row.tensor.shape].append(row)
    return groups


def _last(tensor: Tensor) -> str:
    return tensor.name.rpartition(".")[2]
