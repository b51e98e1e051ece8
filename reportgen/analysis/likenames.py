"""Which key of a state dict is which of a model, where only names and shapes are known and many begin otherwise.

Wrappers leave their names in keys (``module.``, ``_orig_mod.``), and so do modules that once held the model
(``model.``, ``backbone.``). Keys that end alike vote for what to put in place of how they begin.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from reportgen.report.base import Shape

Shapes: TypeAlias = Mapping[str, Shape | None]
Rule: TypeAlias = tuple[str, str]  # how keys begin, and what to put there
Ends: TypeAlias = dict[tuple[tuple[str, ...], Shape | None], list[str]]  # keys by their last parts and their shape

_MOST = 12  # rules
_WRAPPERS = frozenset(("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"))


def likely_renames(stored: Shapes, wanted: Shapes) -> dict[str, str]:
    """From keys that no one wants to keys that are missing, both of one shape; what may be another is left out.

    Nothing where most keys find no place: a few that do, do so by chance.
    """
    found = dict(_unwrapped(stored, wanted))
    for _ in range(_MOST):
        taken = set(found.values())
        left = {key: shape for key, shape in stored.items() if key not in found}
        open_ = {key: shape for key, shape in wanted.items() if key not in taken}
        rule = _favourite(left, open_)
        if rule is None:
            break
        found |= _renamed(rule, left, open_)
    return found if 2 * len(found) >= min(len(stored), len(wanted)) else {}


def _unwrapped(stored: Shapes, wanted: Shapes) -> Iterator[tuple[str, str]]:
    """Keys that are the same without the names of wrappers."""
    ours, theirs = (_by_core(shapes) for shapes in (stored, wanted))
    for core, keys in ours.items():
        others = theirs.get(core, [])
        if len(keys) == len(others) == 1:
            yield keys[0], others[0]


def _by_core(shapes: Shapes) -> Ends:
    found: Ends = defaultdict(list)
    for key, shape in shapes.items():
        found[tuple(part for part in key.split(".") if part not in _WRAPPERS), shape].append(key)
    return found


def _favourite(stored: Shapes, wanted: Shapes) -> Rule | None:
    """The rule that most keys vote for, each with the one key that ends most like it and is of its shape."""
    ours, theirs = _by_end(stored), _by_end(wanted)
    votes: Counter[Rule] = Counter()
    telling: set[Rule] = set()  # that some keys vote for by more than their last part
    for key, shape in stored.items():
        parts = key.split(".")
        ends = ((tuple(parts[start:]), shape) for start in range(len(parts)))
        end = next((end for end in ends if end in theirs), None)
        if end is not None and len(theirs[end]) == len(ours[end]) == 1:
            tail = len(".".join(end[0]))
            rule = key[: len(key) - tail], theirs[end][0][: len(theirs[end][0]) - tail]
            votes[rule] += 1
            if len(end[0]) > 1:
                telling.add(rule)
    return next((rule for rule, _ in votes.most_common() if rule in telling or _is_whole(rule, stored, wanted)), None)


def _is_whole(rule: Rule, stored: Shapes, wanted: Shapes) -> bool:
    """Whether the rule makes of all keys that begin in the one way all that begin in the other."""
    old, new = rule
    before = {key for key in stored if key.startswith(old)}
    after = {key for key in wanted if key.startswith(new)}
    made = _renamed(rule, stored, wanted)
    return made.keys() == before and {*made.values()} == after


def _renamed(rule: Rule, stored: Shapes, wanted: Shapes) -> dict[str, str]:
    old, new = rule
    found = {key: new + key[len(old) :] for key in stored if key.startswith(old)}
    return {key: name for key, name in found.items() if name in wanted and wanted[name] == stored[key]}


def _by_end(shapes: Shapes) -> Ends:
    found: Ends = defaultdict(list)
    for key, shape in shapes.items():
        parts = key.split(".")
        for start in range(len(parts)):
            found[tuple(parts[start:]), shape].append(key)
    return found
