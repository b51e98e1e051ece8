"""What the parameters are, as bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.analysis.fold import fold
from reportgen.view.bars import bars
from reportgen.view.chart import Bars, Tile

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]


def test_only_questions_with_several_answers(frozen_sequential: ModelReport) -> None:
    """All parameters are float32 and of linear layers; 40 of 58 are frozen."""
    assert Bars(
        id="make-up",
        title="Parameters by kind",
        alt="By training: trainable 31.0 %, frozen 69.0 %.",
        labels=("training",),
        tiles=(
            Tile("trainable", 0, 0.0, 18 / 58, "18, 31.0 %", 0),
            Tile("frozen", 0, 18 / 58, 40 / 58, "40, 69.0 %", 1),
        ),
    ) == bars(frozen_sequential, fold(frozen_sequential))


def test_three_bars(make_report: MakeReport) -> None:
    """Layer type, dtype and training, each a row."""
    report = make_report(
        modules={"": "models.Net", "emb": "Embedding", "fc": "Linear"},
        parameters={
            "emb.weight": {"shape": (60,), "dtype": "float16", "trainable": False},
            "fc.weight": (40,),
        },
    )
    chart = bars(report, fold(report))
    assert chart is not None
    assert ("layer type", "dtype", "training") == chart.labels
    assert (
        "By layer type: Embedding 60.0 %, Linear 40.0 %. By dtype: float16 60.0 %, float32 40.0 %. "
        "By training: trainable 40.0 %, frozen 60.0 %." == chart.alt
    )
    assert [0, 0, 1, 1, 2, 2] == [tile.depth for tile in chart.tiles]


def test_many_types_are_the_largest_and_the_rest(make_report: MakeReport) -> None:
    """Eight types of 8, 7 … 1 of 36 parameters: the largest five, and three others."""
    report = make_report(
        modules={"": "models.Net"} | {f"m{size}": f"models.Type{size}" for size in range(1, 9)},
        parameters={f"m{size}.w": (size,) for size in range(1, 9)},
    )
    chart = bars(report, fold(report))
    assert chart is not None
    assert [*(f"Type{size}" for size in range(8, 3, -1)), "3 others"] == [tile.label for tile in chart.tiles]
    assert (6, "6, 16.7 %") == (round(36 * chart.tiles[-1].width), chart.tiles[-1].value)


def test_no_chart_where_nothing_differs(
    make_report: MakeReport, no_parameters: ModelReport, constructor_failed: ModelReport
) -> None:
    """One type that holds nearly all is no picture, and neither is a model without parameters."""
    nearly = make_report(
        modules={"": "models.Net", "fc": "Linear", "norm": "LayerNorm"},
        parameters={"fc.weight": (990,), "norm.weight": (10,)},
    )
    assert [None] * 3 == [bars(report, fold(report)) for report in (nearly, no_parameters, constructor_failed)]
