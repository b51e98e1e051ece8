"""Memory along the forward pass, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
import pytest

from reportgen.analysis.fold import fold
from reportgen.report.totals import MemoryMoment
from reportgen.view.chart import Band, Timeline
from reportgen.view.timeline import _ticks, timeline

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]
PATHS = ("", "stem", "body", "body.0", "body.1", "act", "head")


@pytest.fixture
def followed(make_report: MakeReport) -> Callable[[Sequence[tuple[str, int]]], ModelReport]:
    """A model of stem, body and head whose pass had these moments."""

    def make(moments: Sequence[tuple[str, int]]) -> ModelReport:
        report = make_report(
            modules=dict.fromkeys(PATHS, "models.Part"),
            parameters={f"{path}.w": (4,) for path in ("stem", "body.0", "body.1", "head")},
        )
        line = tuple(MemoryMoment(module=PATHS.index(path), bytes=size) for path, size in moments)
        memory = msgspec.structs.replace(report.totals.memory, timeline=line)
        return msgspec.structs.replace(report, totals=msgspec.structs.replace(report.totals, memory=memory))

    return make


def test_a_pass(followed: Callable[..., ModelReport]) -> None:
    """Eight moments, the most of them in the second part of the body; what holds no parameters is grey."""
    sizes = (1024, 2048, 3072, 4096, 3072, 2048, 1024, 512)
    places = ("stem", "body.0", "body.0", "body.1", "act", "head", "head", "")
    report = followed(list(zip(places, sizes, strict=True)))
    assert Timeline(
        id="activations",
        title="Memory along the forward pass",
        alt="The most is 4.0 KiB, in body.1, 42.9 % of the way through the pass; at its end there is 512 B. "
        "Parameters, buffers and inputs are not counted.",
        steps=tuple(size / 4096 for size in sizes),
        bands=(
            Band("stem", 0, 1, 0),
            Band("body", 1, 3, 1),
            Band("act", 4, 1, None),
            Band("head", 5, 2, 2),
            Band("(model)", 7, 1, None),
        ),
        ticks=((0.0, "0 B"), (0.25, "1.0 KiB"), (0.5, "2.0 KiB"), (0.75, "3.0 KiB"), (1.0, "4.0 KiB")),
        peak=3,
        peak_label="4.0 KiB in body.1",
    ) == timeline(report, fold(report))


def test_the_first_of_equal_peaks_is_marked(followed: Callable[..., ModelReport]) -> None:
    """Where the most is there twice, the first time counts."""
    report = followed([("stem", 8)] * 3 + [("head", 9)] + [("stem", 1)] * 3 + [("body.0", 9)])
    chart = timeline(report, fold(report))
    assert chart is not None
    assert (3, "9 B in head") == (chart.peak, chart.peak_label)


def test_no_chart_of_a_short_pass(followed: Callable[..., ModelReport], constructor_failed: ModelReport) -> None:
    """Nothing was followed, nothing was there, or there was no course to see."""
    reports = (constructor_failed, followed([]), followed([("stem", 0)] * 9), followed([("stem", 9)] * 7))
    assert [None] * 4 == [timeline(report, fold(report)) for report in reports]


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (1, [0, 1]),
        (9, [0, 2, 4, 6, 8]),
        (1023, [0, 500, 1000]),
        (4096, [0, 1024, 2048, 3072, 4096]),
        (163 * 2**20, [0, 50 * 2**20, 100 * 2**20, 150 * 2**20]),
        (2 * 2**40, [0, 2**39, 2**40, 3 * 2**39, 2**41]),
    ],
)
def test_ticks_are_round(most: int, expected: list[int]) -> None:
    """At most four above zero, in steps of 1, 2 or 5 of the unit that sizes are written in."""
    assert expected == _ticks(most)
