"""A key map in few rules: prefixes of keys and what stands in their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_FEW = 12


def prefix_rules(renames: Mapping[str, str], keys: Iterable[str]) -> dict[str, str] | None:
    """Prefixes of ``keys`` with new ones that rename just as ``renames``, the longest that fits going first.

    None where it takes more than a dozen of them, or where two keys would become one.
    """
    rules: dict[str, str] = {}
    for old, new in renames.items():
        before, after = _unlike(old, new)
        if rules.setdefault(before, after) != after or len(rules) > _FEW:
            return None
    whole = list(keys)
    made = [renamed(key, rules) for key in whole]
    exact = made == [renames.get(key, key) for key in whole] and len(set(made)) == len(made)
    return rules if exact else None


def renamed(key: str, rules: Mapping[str, str]) -> str:
    """The key with its longest prefix among the rules replaced."""
    prefix = max((prefix for prefix in rules if key.startswith(prefix)), key=len, default=None)
    return key if prefix is None else rules[prefix] + key[len(prefix) :]


def _unlike(old: str, new: str) -> tuple[str, str]:
    """Both without the parts that they end in alike."""
    before, after = old.split("."), new.split(".")
    common = 0
    for one, other in zip(reversed(before), reversed(after), strict=False):
        if one != other:
            break
        common += 1
    return old[: _end(before, common)], new[: _end(after, common)]


def _end(parts: list[str], common: int) -> int:
    """Where the parts that are not common end, with the dot after them."""
    kept = parts[: len(parts) - common]
    return sum(map(len, kept)) + len(kept) - (common == 0)
