"""The chart of memory along the forward pass: what is there besides parameters, buffers and inputs, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node, paths
from reportgen.view import names, numbers
from reportgen.view.chart import Band, Timeline
from reportgen.view.parts import colours, top

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.report.totals import MemoryMoment

_FEWEST = 8  # steps; of fewer there is no course to see
_TICKS = 4  # at most, above zero


def timeline(report: ModelReport, nodes: Sequence[Node]) -> Timeline | None:
    """The chart; None where the pass was not followed, or was too short to have a course."""
    moments = report.totals.memory.timeline
    most = max((moment.bytes for moment in moments), default=0)
    if len(moments) < _FEWEST or not most or not nodes:
        return None
    places = [report.modules[moment.module].path for moment in moments]
    peak = next(index for index, moment in enumerate(moments) if moment.bytes == most)
    bands = tuple(_bands(places, nodes))
    return Timeline(
        id="activations",
        title="Memory along the forward pass",
        alt=_alt(moments, places, peak),
        steps=tuple(moment.bytes / most for moment in moments),
        bands=bands,
        ticks=tuple((tick / most, numbers.size(tick)) for tick in _ticks(most)),
        peak=peak,
        peak_label=f"{numbers.size(most)} in {places[peak] or names.MODEL}",
    )


def _bands(places: Sequence[str], nodes: Sequence[Node]) -> Iterator[Band]:
    """Runs of steps in the same part: the modules at the level where the parameters part."""
    above = top(nodes[0])
    parts = frozenset(path for node in above[-1].children for path in paths((*above, node)))
    hues = colours(nodes)
    start = 0
    for part, steps in groupby(_part(place, parts) for place in places):
        width = len(list(steps))
        yield Band(names.last(part), start, width, hues.of(part))
        start += width


def _part(place: str, parts: frozenset[str]) -> str:
    """The part that the module at ``place`` lies in; "" where that is none."""
    while place and place not in parts:
        place = place.rpartition(".")[0]
    return place


def _ticks(most: int) -> list[int]:
    """Round figures from 0 to ``most``: steps of 1, 2 or 5 times a power of ten, in the unit it is written in."""
    unit = 1
    while most >= 1024 * unit:
        unit *= 1024
    steps = (unit * digit * power // 10 for power in (1, 10, 100, 1000, 10_000) for digit in (1, 2, 5))
    step = next((step for step in steps if step and most // step <= _TICKS), most)
    return list(range(0, most + 1, step))


def _alt(moments: Sequence[MemoryMoment], places: Sequence[str], peak: int) -> str:
    most, last = moments[peak].bytes, moments[-1].bytes
    when = numbers.percent(peak, len(moments) - 1)
    where = names.brief(places[peak]) or names.MODEL
    return (
        f"The most is {numbers.size(most)}, in {where}, {when} of the way through the pass; at"
        f" its end there is {numbers.size(last)}. Parameters, buffers and inputs are not counted."
    )
