"""Models by parameters and work."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reportgen.view.chart import Axis, Dot
from reportgen.view.entries import IndexEntry
from reportgen.view.scatter import Scale, scatter

MakeEntry = Callable[..., IndexEntry]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([None, 0, 150, 4_000], Scale(2, 4)), ([1_000], Scale(3, 4)), ([1_000, 100_000], Scale(3, 5)), ([0, None], None)],
)
def test_scale(values: list[int | None], expected: Scale | None) -> None:
    """It reaches from a power of ten to another."""
    assert expected == Scale.over(values)


def test_axis() -> None:
    """Marks are powers of ten, with steps between them where there would be too many."""
    assert Axis("n", ((0.0, "1 k"), (0.5, "10 k"), (1.0, "100 k"))) == Scale(3, 5).axis("n")
    assert ["100", "10 k", "1 M", "100 M", "10 B", "1 T"] == [mark for _, mark in Scale(2, 12).axis("n").marks]
    assert ["1 G", "10 G"] == [mark for _, mark in Scale(9, 10).axis("n", work=True).marks]


def test_dots(make_entry: MakeEntry) -> None:
    """One for each model with parameters and work, in the place that both give it; series by their size."""
    chart = scatter(
        [
            make_entry("a", "timm:a", parameters=10**6, flops=2 * 10**9),
            make_entry("b", "builtin:b", parameters=10**8, flops=2 * 10**11),
            make_entry("c", "timm:c", parameters=10**7, flops=2 * 10**10),
            make_entry("d", "timm:d", parameters=0, flops=2),
            make_entry("e", "timm:e", parameters=5, flops=None),
        ],
        "html",
    )
    assert chart is not None
    assert (
        Dot("a", 0.0, 0.0, "1.0 M parameters, 1.00 GMAC", 0, "a/report.html", named=True),
        Dot("b", 1.0, 1.0, "100.0 M parameters, 100.00 GMAC", 1, "b/report.html", named=True),
        Dot("c", 0.5, 0.5, "10.0 M parameters, 10.00 GMAC", 0, "c/report.html", named=True),
    ) == chart.dots
    assert ("timm (2)", "builtin (1)") == chart.series
    assert (
        "From 1.0 M parameters (a) to 100.0 M (b), and from 1.00 GMAC (a) to 100.00 GMAC (b), on logarithmic scales. "
        "Not shown: 2 models with nothing of one of them, or where that is not known." == chart.alt
    )


def test_of_many_the_extremes_have_names(make_entry: MakeEntry) -> None:
    """The most and the least of each."""
    chart = scatter([make_entry(f"n{i}", parameters=1000 + i, flops=2000 + 2 * abs(20 - i)) for i in range(30)], "html")
    assert chart is not None
    assert ["n0", "n20", "n29"] == [dot.label for dot in chart.dots if dot.named]


def test_two_models_need_no_chart(make_entry: MakeEntry) -> None:
    """They are better read in the table."""
    assert scatter([make_entry(name, parameters=1000, flops=1000) for name in "ab"], "html") is None
