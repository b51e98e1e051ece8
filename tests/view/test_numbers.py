"""The one formatter of figures."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.view import numbers

COUNTS = st.integers(min_value=0, max_value=10**20)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (4_096, "4,096"),
        (9_999, "9,999"),
        (10_000, "10.0 k"),
        (25_557_032, "25.6 M"),
        (405_853_388_800, "405.9 B"),
        (999_949, "999.9 k"),
        (999_950, "1.0 M"),
        (None, "unknown"),
    ],
)
def test_counts_for_the_eye(number: int | None, expected: str) -> None:
    """Counts have one decimal, carry into the next unit, and four digits stay exact."""
    assert expected == numbers.human(number)


def test_exact_figures_have_thousands_separators() -> None:
    """Exact figures keep every digit, and carry a unit only where one was given."""
    assert ("25,557,032", "102,228,128 B", "0", "unknown") == (
        numbers.exact(25_557_032),
        numbers.exact(102_228_128, "B"),
        numbers.exact(0),
        numbers.exact(None, "B"),
    )


def test_work_is_in_flop_or_mac() -> None:
    """The published figure of ResNet-50 is 4.089 GMACs, and a multiply-add is two operations."""
    assert ("4.09 GMAC", "8.18 GFLOP", "0 FLOP") == (
        numbers.macs(4_089_184_256),
        numbers.flops(8_178_368_512),
        numbers.flops(0),
    )


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0 B"), (1_023, "1,023 B"), (1_024, "1.0 KiB"), (102_228_128, "97.5 MiB"), (1_048_575, "1.0 MiB")],
)
def test_bytes_are_in_powers_of_1024(number: int, expected: str) -> None:
    """Sizes are in binary units and carry into the next one."""
    assert expected == numbers.size(number)


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (0, 10, "0 %"),
        (10, 10, "100 %"),
        (1, 3, "33.3 %"),
        (23, 25, "92.0 %"),
        (1, 10_000, "<0.1 %"),
        (9_999, 10_000, ">99.9 %"),
        (0, 0, "–"),
        (None, 10, "unknown"),
    ],
)
def test_shares(part: int | None, whole: int, expected: str) -> None:
    """A share is never rounded to nothing or to all, and nothing has no shares."""
    assert expected == numbers.percent(part, whole)


def test_shapes_keep_scalar_empty_and_unknown_apart() -> None:
    """A scalar, no tensor at all, an unknown shape and a ragged dimension are four things."""
    assert ("64×3×7×7", "2×?×4", "()", "unknown", "1×2, ()", "–", "unknown") == (
        numbers.shape((64, 3, 7, 7)),
        numbers.shape((2, None, 4)),
        numbers.shape(()),
        numbers.shape(None),
        numbers.shapes(((1, 2), ())),
        numbers.shapes(()),
        numbers.shapes(None),
    )


def test_plurals() -> None:
    """One is singular, and an irregular plural can be given."""
    assert ("1 tensor", "0 tensors", "2,048 entries") == (
        numbers.plural(1, "tensor"),
        numbers.plural(0, "tensor"),
        numbers.plural(2048, "entry", "entries"),
    )


@given(COUNTS)
def test_exact_is_exact(number: int) -> None:
    """Taking the separators away gives the number back."""
    assert number == int(numbers.exact(number).replace(",", ""))


@given(COUNTS)
def test_rounding_is_to_the_nearest(number: int) -> None:
    """What is written is off by half a unit of its last digit at most."""
    powers = {"": 0, "k": 1, "M": 2, "B": 3, "T": 4, "P": 5}
    digits, _, unit = numbers.human(number).partition(" ")
    scale = 1000 ** powers[unit]
    assert abs(Fraction(digits.replace(",", "")) * scale - number) <= Fraction(scale, 20 if unit else 1) * bool(unit)


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_shares_never_deny_what_is_there(part: int, whole: int) -> None:
    """A share reads 0 % exactly where there is nothing, and 100 % exactly where it is all."""
    part = min(part, whole)
    text = numbers.percent(part, whole)
    assert (part == 0, part == whole) == (text == "0 %", text == "100 %")


@given(st.lists(st.integers(0, 10**6), max_size=6))
def test_shapes_can_be_read_back(sizes: list[int]) -> None:
    """No size of a shape is lost or changed."""
    assert sizes == [int(size) for size in re.findall(r"\d+", numbers.shape(sizes))]


def test_seconds() -> None:
    """Three digits, in the unit that leaves at least one before the point."""
    assert ("4.56 s", "12.3 ms", "999 ms", "100 s", "1.50 µs", "0.00 µs") == (
        numbers.seconds(4.56),
        numbers.seconds(0.01234),
        numbers.seconds(0.999),
        numbers.seconds(100.0),
        numbers.seconds(0.0000015),
        numbers.seconds(0.0),
    )
