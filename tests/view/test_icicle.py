"""The chart of parameters by module, as data."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.fold import fold
from reportgen.view.chart import Icicle, Tile
from reportgen.view.icicle import icicle

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]


def test_a_small_model(frozen_sequential: ModelReport) -> None:
    """Two linear layers of 40 and 18 parameters share the width; the activation between them has none."""
    assert Icicle(
        id="parameters",
        title="Parameters by module",
        alt="Of 58 parameters 0 holds 69.0 %, 2 holds 31.0 %.",
        tiles=(
            Tile("net", 0, 0.0, 1.0, "58, 100 %", None),
            Tile("0", 1, 0.0, 40 / 58, "40, 69.0 %", 0),
            Tile("2", 1, 40 / 58, 18 / 58, "18, 31.0 %", 1),
        ),
        depth=2,
    ) == icicle("net", fold(frozen_sequential))


def test_repeats_are_one_tile_as_wide_as_all_of_them(transformer12: ModelReport) -> None:
    """Twelve blocks of 840 are one tile of 10,080 among 11,024; their parts are as wide as all twelve.

    The list that holds them is no tile of its own.
    """
    chart = icicle("gpt", fold(transformer12))
    assert chart is not None
    wide = {tile.label: (tile.depth, round(tile.start * 11_024), round(tile.width * 11_024)) for tile in chart.tiles}
    assert {
        "gpt": (0, 0, 11_024),
        "wte": (1, 0, 800),
        "wpe": (1, 800, 128),
        "h.0–11 ×12": (1, 928, 10_080),
        "norm1": (2, 928, 192),
        "attn": (2, 928 + 192, 12 * 256),
        "qkv": (3, 928 + 192, 12 * 192),
        "proj": (3, 928 + 192 + 12 * 192, 12 * 64),
        "norm2": (2, 928 + 192 + 12 * 256, 192),
        "mlp": (2, 928 + 2 * 192 + 12 * 256, 12 * 552),
        "mlp.0": (3, 928 + 2 * 192 + 12 * 256, 12 * 288),
        "mlp.2": (3, 928 + 2 * 192 + 12 * 544, 12 * 264),
    } == wide
    assert "Of 11,024 parameters h holds 91.4 %, wte holds 7.3 %, wpe holds 1.2 %, norm holds 0.1 %." == chart.alt


def test_colours_tell_the_first_real_branches_apart(make_report: MakeReport) -> None:
    """A wrapper around everything takes no colour from the parts inside it."""
    report = make_report(
        modules={"": "models.Wrapper", "model": "models.Net", "model.a": "Linear", "model.b": "Linear"},
        parameters={"model.a.weight": (4,), "model.b.weight": (4,)},
    )
    chart = icicle("net", fold(report))
    assert chart is not None
    assert [("net", None), ("model", None), ("a", 0), ("b", 1)] == [(tile.label, tile.hue) for tile in chart.tiles]


def test_parts_too_narrow_to_see_share_a_tile(make_report: MakeReport) -> None:
    """Ten neighbours of a thousandth each are one tile; a single one is left out."""
    thin = {f"thin_{letter}": "Linear" for letter in "abcdefghij"}
    report = make_report(
        modules={"": "models.Net", "x": "Linear", **thin, "y": "Linear", "z": "Linear"},
        parameters={"x.w": (500,), **{f"{name}.w": (1,) for name in thin}, "y.w": (489,), "z.w": (1,)},
    )
    chart = icicle("net", fold(report))
    assert chart is not None
    assert [
        ("net", 0.0, 1.0),
        ("x", 0.0, 0.5),
        ("10 small parts", 0.5, 0.01),
        ("y", 0.51, 0.489),
    ] == [(tile.label, tile.start, tile.width) for tile in chart.tiles]


def test_no_chart_without_parts(
    make_report: MakeReport, no_parameters: ModelReport, constructor_failed: ModelReport
) -> None:
    """A model without parameters, that was never built, or of one layer in a wrapper, has nothing to draw."""
    wrapped = make_report(modules={"": "models.Net", "layer": "Linear"}, parameters={"layer.weight": (2, 2)})
    assert [None] * 3 == [icicle("a", fold(report)) for report in (no_parameters, constructor_failed, wrapped)]


@given(sizes=st.lists(st.lists(st.integers(0, 500), max_size=6), min_size=1, max_size=8))
def test_tiles_lie_within_the_one_above_and_never_overlap(make_report: MakeReport, sizes: list[list[int]]) -> None:
    """Whatever the shape of a model, its tiles fit."""
    modules = {"": "models.Net"}
    parameters = {}
    for outer, widths in enumerate(sizes):
        modules[f"m{outer}"] = "models.Part"
        for inner, width in enumerate(widths):
            modules[f"m{outer}.{inner}"] = "Linear"
            parameters[f"m{outer}.{inner}.weight"] = (width,)
    chart = icicle("net", fold(make_report(modules=modules, parameters=parameters)))
    for depth in range(1, chart.depth if chart else 0):
        assert chart is not None
        level = [tile for tile in chart.tiles if tile.depth == depth]
        above = [tile for tile in chart.tiles if tile.depth == depth - 1]
        for left, right in itertools.pairwise(level):
            assert left.start + left.width <= right.start + 1e-9
        for tile in level:
            assert any(
                over.start - 1e-9 <= tile.start and tile.start + tile.width <= over.start + over.width + 1e-9
                for over in above
            )
