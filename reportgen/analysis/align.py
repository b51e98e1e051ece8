"""Which module of one model is which of another, by structure and not by names alone, and how sure that is.

The trees are walked from the top. Two modules that correspond have their parts paired: those of the same name that are
alike, then, in order, those that are the same in all but the name, and so on down to those of the same class. Parts of
a list, whose names are their numbers, go by order where that keeps more of what they hold: one inserted in front
renumbers all others. A module that the other side has inside a wrapper (``DataParallel``, an adapter) is found there.
What is left over goes with what is the same elsewhere in the tree.

Alike is decided by numbers that equal subtrees share (`Form`), made from the leaves up; so that all takes time about in
proportion to the models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from reportgen.analysis.places import Place
from reportgen.analysis.sequences import common
from reportgen.report.difference import Evidence, Match, Sureness

_WRAPPERS = 4  # one inside the other: DataParallel of a compiled model, and some to spare
_TELLING = 3  # tensors: so many in the same order are no coincidence
_SURENESS: tuple[Sureness, ...] = ("certain", "likely", "guess")

Pair: TypeAlias = tuple[Place, Place]
Pairing: TypeAlias = Callable[[Sequence[Place], Sequence[Place]], list[Pair]]
Stage: TypeAlias = tuple[Pairing, Sureness, Evidence]
Likeness: TypeAlias = Literal["structure", "shapes", "form", "class_name"]


class Form(NamedTuple):
    """Numbers that a place shares with those alike; the names of modules play no part in any of them.

    structure: the same classes, tensor names and shapes all the way down · shapes: the same tensor names and shapes ·
    form: the same classes and tensor names.
    """

    structure: int
    shapes: int
    form: int
    tensors: int  # in the subtree


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which places correspond, by their indexes."""

    old: Sequence[Place]
    new: Sequence[Place]
    partners: Mapping[int, int]  # old → new
    origins: Mapping[int, int]  # new → old
    matches: Mapping[int, Match]  # by the old one


def align(old: Sequence[Place], new: Sequence[Place]) -> Alignment:
    """Pairs the modules of two models, each as the walk through its `Tree`."""
    aligner = _Aligner(old, new)
    if old and new:
        aligner.descend(old[0], new[0], Match("certain", ("name",)))
        aligner.find_moved()
    return aligner.result


def weakest(*sures: Sureness) -> Sureness:
    """A conclusion is as sure as the least sure thing it rests on."""
    return max(sures, key=_SURENESS.index)


class _Aligner:
    """One alignment while it is made."""

    def __init__(self, old: Sequence[Place], new: Sequence[Place]) -> None:
        numbers: dict[Hashable, int] = {}
        self._old, self._new = old, new
        forms = zip((*old, *new), (*_forms(old, numbers), *_forms(new, numbers)), strict=True)
        self._forms: dict[Place, Form] = dict(forms)
        self._partners: dict[Place, Place] = {}
        self._origins: dict[Place, Place] = {}
        self._matches: dict[Place, Match] = {}

    @property
    def result(self) -> Alignment:
        """What was paired so far."""
        partners = {old.index: new.index for old, new in self._partners.items()}
        matches = {old.index: match for old, match in self._matches.items()}
        return Alignment(self._old, self._new, partners, {new: old for old, new in partners.items()}, matches)

    def descend(self, old: Place, new: Place, match: Match) -> None:
        """Takes a pair as given, and pairs their parts, and so on down."""
        pairs = [(old, new, match)]
        while pairs:
            old, new, match = self._unwrapped(*pairs.pop())
            likeness = tuple(item for item in self._likeness(old, new) if item not in match.evidence)
            self._partners[old], self._origins[new] = new, old
            self._matches[old] = Match(match.sure, (*match.evidence, *likeness))
            pairs += self._parts(old, new, match.sure)

    # -- wrappers ----------------------------------------------------------------------------------------------------

    def _unwrapped(self, old: Place, new: Place, match: Match) -> tuple[Place, Place, Match]:
        """The pair itself, or that of which one is inside a wrapper standing where the other stands."""
        if old.class_name == new.class_name or self._same(old, new, "structure"):
            return old, new, match
        wrapped = Match(match.sure, (*match.evidence, "wrapper"))
        if inner := self._inside(new, old):
            return old, inner, wrapped
        if inner := self._inside(old, new):
            return inner, new, wrapped
        return old, new, match

    def _inside(self, wrapper: Place, wanted: Place) -> Place | None:
        """What ``wanted`` became inside a place of another class, where there is just one such thing."""
        if not self._forms[wanted].tensors:
            return None
        for _ in range(_WRAPPERS):
            alike = [child for child in wrapper.children if self._same(child, wanted, "structure")]
            alike = alike or [child for child in wrapper.children if child.class_name == wanted.class_name]
            if len(alike) == 1:
                return alike[0]
            if len(wrapper.children) != 1 or wrapper.tensors:
                return None
            wrapper = wrapper.children[0]
        return None

    # -- parts -------------------------------------------------------------------------------------------------------

    def _parts(self, old: Place, new: Place, sure: Sureness) -> Iterator[tuple[Place, Place, Match]]:
        """The pairs among the parts of two places that correspond, the most certain first."""
        if self._is_plain(old, new):  # most places are: there is nothing to search for
            match = Match(sure, ("name",))
            yield from ((one, other, match) for one, other in zip(old.children, new.children, strict=True))
            return
        left = [child for child in old.children if child not in self._partners]
        right = [child for child in new.children if child not in self._origins]
        stages = self._stages(left, right)
        while left and right and (stage := next(stages, None)):
            pairing, at_best, evidence = stage
            pairs = pairing(left, right)
            for one, other in pairs:
                yield one, other, Match(weakest(sure, at_best), (evidence,))
            if len(pairs) == len(left) or len(pairs) == len(right):
                return
            gone = {place for pair in pairs for place in pair}
            left = [child for child in left if child not in gone]
            right = [child for child in right if child not in gone]

    def _is_plain(self, old: Place, new: Place) -> bool:
        """Whether both have the same parts under the same names in the same order, of which none has a partner yet."""
        return (
            self._forms[old].structure == self._forms[new].structure
            and [child.name for child in old.children] == [child.name for child in new.children]
            and self._partners.keys().isdisjoint(old.children)
            and self._origins.keys().isdisjoint(new.children)
        )

    def _stages(self, left: Sequence[Place], right: Sequence[Place]) -> Iterator[Stage]:
        """How parts are paired, one way after the other; names that are numbers come last where all were renumbered."""
        renumbered = self._renumbered(left, right)
        if not renumbered:
            yield _by_name(self._alike), "certain", "name"
        yield self._in_order("structure"), "likely", "order"
        yield self._in_order("shapes"), "likely", "order"
        if renumbered:
            yield self._in_order("form"), "guess", "order"
            yield _by_name(lambda *_: True), "likely", "name"
        else:
            yield _by_name(lambda *_: True), "likely", "name"
            yield self._in_order("form"), "guess", "order"
        yield self._in_order("class_name"), "guess", "order"

    def _renumbered(self, left: Sequence[Place], right: Sequence[Place]) -> bool:
        """Whether both are numbered lists that keep more by order than by number."""
        if not all(map(str.isdigit, [child.name for child in (*left, *right)])):
            return False
        structure, form = self._kept_by_order(left, right, "structure"), self._kept_by_order(left, right, "form")
        return structure > 0 or (structure == 0 and form > 0)

    def _kept_by_order(self, left: Sequence[Place], right: Sequence[Place], likeness: Likeness) -> int:
        """How many more tensors are in places that are alike by order than in those that are so by name."""
        named = _by_name(lambda one, other: self._same(one, other, likeness))(left, right)
        return self._tensors(self._in_order(likeness)(left, right)) - self._tensors(named)

    def _tensors(self, pairs: Sequence[Pair]) -> int:
        return sum(self._forms[old].tensors for old, _ in pairs)

    def _in_order(self, likeness: Likeness) -> Pairing:
        """Pairs what is alike, in the same order on both sides."""

        def pair(left: Sequence[Place], right: Sequence[Place]) -> list[Pair]:
            keys = [[self._key(place, likeness) for place in places] for places in (left, right)]
            return [(left[i], right[j]) for i, j in common(*keys)]

        return pair

    def _key(self, place: Place, likeness: Likeness) -> Hashable:
        """What places that are alike share; places without tensors are alike by their structure or class alone."""
        if likeness == "class_name":
            return place.class_name
        form = self._forms[place]
        if form.tensors or likeness == "structure":
            return getattr(form, likeness)  # type: ignore[no-any-return]  # one of the numbers
        return "alone", place.index, place.path

    def _same(self, one: Place, other: Place, likeness: Likeness) -> bool:
        return self._key(one, likeness) == self._key(other, likeness)

    def _alike(self, old: Place, new: Place) -> bool:
        return old.class_name == new.class_name or self._same(old, new, "shapes")

    def _likeness(self, old: Place, new: Place) -> tuple[Evidence, ...]:
        """In what two places are the same, the strongest first."""
        if self._forms[old].structure == self._forms[new].structure:
            return ("structure",)
        found: list[Evidence] = []
        if self._same(old, new, "shapes"):
            found.append("shapes")
        if self._same(old, new, "form"):
            found.append("form")
        elif old.class_name == new.class_name:
            found.append("class")
        return tuple(found)

    # -- what is left over -------------------------------------------------------------------------------------------

    def find_moved(self) -> None:
        """Pairs what is left with what is the same elsewhere, the largest first, where there are as many of it."""
        left, right = self._unpaired(self._old, self._partners), self._unpaired(self._new, self._origins)
        for structure, places in left.items():
            old = [place for place in places if place not in self._partners]
            new = [place for place in right.get(structure, ()) if place not in self._origins]
            if len(old) != len(new):
                continue
            for one, other in zip(old, new, strict=True):
                if one not in self._partners and other not in self._origins:  # neither is part of a pair before it
                    self.descend(one, other, self._moved(one, other, alone=len(old) == 1))

    def _moved(self, old: Place, new: Place, *, alone: bool) -> Match:
        telling = old.name == new.name or self._forms[old].tensors >= _TELLING
        return Match("likely" if alone and telling else "guess", ("structure", "unique" if alone else "order"))

    def _unpaired(self, places: Sequence[Place], paired: Mapping[Place, Place]) -> dict[int, list[Place]]:
        """Places that hold tensors and have no partner, parents first, by structure."""
        found: defaultdict[int, list[Place]] = defaultdict(list)
        for place in places:
            if place not in paired and self._forms[place].tensors:
                found[self._forms[place].structure].append(place)
        return found


def _by_name(alike: Callable[[Place, Place], bool]) -> Pairing:
    """Pairs those of the same name that are alike."""

    def pair(left: Sequence[Place], right: Sequence[Place]) -> list[Pair]:
        by_name = {child.name: child for child in right}
        pairs = [(child, by_name[child.name]) for child in left if child.name in by_name]
        return [(one, other) for one, other in pairs if alike(one, other)]

    return pair


def _forms(places: Sequence[Place], numbers: dict[Hashable, int]) -> list[Form]:
    """The form of each place; ``numbers`` is shared by both sides."""
    found: list[Form] = [Form(0, 0, 0, 0)] * len(places)
    for place in reversed(places):  # children before their parents
        inner = [found[child.index] for child in place.children]
        structures, shapes, forms, counts = zip(*inner, strict=True) if inner else ((), (), (), ())
        names = tuple([(tensor.kind, tensor.name.rpartition(".")[2]) for tensor in place.tensors])
        sizes = tuple([tensor.shape for tensor in place.tensors])
        if 0 in counts:  # places without tensors leave no trace in shapes
            shapes = tuple([form.shapes for form in inner if form.tensors])
        found[place.index] = Form(
            numbers.setdefault(("structure", place.class_name, names, sizes, structures), len(numbers)),
            numbers.setdefault(("shapes", names, sizes, shapes), len(numbers)),
            numbers.setdefault(("form", place.class_name, names, forms), len(numbers)),
            len(place.tensors) + sum(counts),
        )
    return found
