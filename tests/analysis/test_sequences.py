"""Tests of `reportgen.analysis.sequences`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.sequences import ascending, common

WORDS = st.lists(st.sampled_from("abcd"), max_size=12)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "abc", []),
        ("abc", "abc", [(0, 0), (1, 1), (2, 2)]),
        ("abc", "xabc", [(0, 1), (1, 2), (2, 3)]),
        ("lrlrf", "lrxlrf", [(0, 0), (1, 1), (2, 3), (3, 4), (4, 5)]),
        ("aaaa", "aa", [(0, 0), (1, 1)]),
        ("axbyc", "azbwc", [(0, 0), (2, 2), (4, 4)]),
        ("pabq", "qabp", [(1, 1), (2, 2)]),
        ("xaay", "zaaaw", [(1, 1), (2, 2)]),
    ],
)
def test_what_two_words_have_in_common(old, new, expected):
    """Equal ends, then what is unique, then the n-th with the n-th."""
    assert expected == common(old, new)


@given(WORDS, WORDS)
def test_pairs_are_equal_and_ascend(old, new):
    """Whatever is paired is equal, and in order on both sides."""
    pairs = common(old, new)
    assert [old[i] for i, _ in pairs] == [new[j] for _, j in pairs]
    assert pairs == sorted(pairs)
    assert [j for _, j in pairs] == sorted({j for _, j in pairs})


@given(WORDS, st.integers(0, 12), WORDS)
def test_one_insertion_is_found_whole(word, place, inserted):
    """What is put in at one place leaves all else paired."""
    assert len(word) == len(common(word, [*word[:place], *inserted, *word[place:]]))


@given(st.lists(st.integers(0, 20), unique=True, max_size=10))
def test_the_longest_ascending_part(numbers):
    """Not shorter than any that trying all of them finds."""
    best = [1] * len(numbers)
    for index, number in enumerate(numbers):
        best[index] = 1 + max((best[j] for j in range(index) if numbers[j] < number), default=0)
    found = ascending(list(enumerate(numbers)))
    assert max(best, default=0) == len(found)
    assert found == sorted(found, key=lambda pair: pair[1])
