"""Which elements of two sequences correspond, in order, in about linear time.

The usual longest common subsequence is quadratic where nothing is unique, say in ten thousand equal layers. So: what
both begin and end with corresponds; what occurs once in both anchors the rest (patience sorting); and between two
anchors, where nothing is unique, the n-th of a kind goes with the n-th of that kind, as far as that is in order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from itertools import pairwise


def common(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Indexes of equal elements, ascending on both sides: as many as are easily found."""
    pairs: list[tuple[int, int]] = []
    spans = [(0, len(old), 0, len(new))]
    while spans:
        start, end, from_, to = spans.pop()
        while start < end and from_ < to and old[start] == new[from_]:
            pairs.append((start, from_))
            start, from_ = start + 1, from_ + 1
        while start < end and from_ < to and old[end - 1] == new[to - 1]:
            end, to = end - 1, to - 1
            pairs.append((end, to))
        if start < end and from_ < to:
            anchors = _anchors(old[start:end], new[from_:to])
            if anchors is None:
                pairs += [(start + i, from_ + j) for i, j in _by_occurrence(old[start:end], new[from_:to])]
            else:
                spans += _between([(start + i, from_ + j) for i, j in anchors], (start, end, from_, to))
                pairs += [(start + i, from_ + j) for i, j in anchors]
    return sorted(pairs)


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]] | None:
    """What is unique on both sides and in the same order; None where nothing is."""
    counts, others = Counter(old), Counter(new)
    places = {key: index for index, key in enumerate(new) if others[key] == 1}
    pairs = [(index, places[key]) for index, key in enumerate(old) if counts[key] == 1 and key in places]
    return ascending(pairs) or None


def _by_occurrence(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index in range(len(new) - 1, -1, -1):
        places[new[index]].append(index)
    pairs = []
    for index, key in enumerate(old):
        if places.get(key):
            pairs.append((index, places[key].pop()))
    return ascending(pairs)


def _between(anchors: Sequence[tuple[int, int]], whole: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    """The stretches before, between and after the anchors."""
    start, end, from_, to = whole
    edges = [(start - 1, from_ - 1), *anchors, (end, to)]
    return [(i + 1, k, j + 1, m) for (i, j), (k, m) in pairwise(edges)]


def ascending(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence of pairs, which ascend in the first, that ascends in the second too."""
    tails: list[int] = []  # the smallest second of a run that long
    holders: list[int] = []  # and which pair that is
    before: list[int] = []
    for index, (_, second) in enumerate(pairs):
        length = bisect_left(tails, second)
        before.append(holders[length - 1] if length else -1)
        if length == len(tails):
            tails.append(second)
            holders.append(index)
        else:
            tails[length], holders[length] = second, index
    chain = []
    index = holders[-1] if holders else -1
    while index >= 0:
        chain.append(pairs[index])
        index = before[index]
    return chain[::-1]
