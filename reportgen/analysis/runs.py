"""Runs of numbered blocks on both sides: ``layers.0`` … ``layers.11`` became ``layers.0`` … ``layers.23``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reportgen.analysis.align import Alignment
from reportgen.analysis.fold import successor
from reportgen.analysis.places import Place
from reportgen.report.difference import Repeat, Run


def repeats(alignment: Alignment) -> Iterator[Repeat]:
    """Runs of which a block corresponds to one of the other, and that have another number of blocks."""
    for index, partner in sorted(alignment.partners.items()):
        before, after = _runs(alignment.old[index].children), _runs(alignment.new[partner].children)
        if max(map(len, (*before, *after)), default=0) < 2:
            continue
        homes = {place.index: run for run in after for place in run}
        for run in before:
            others = (homes.get(alignment.partners.get(place.index, -1)) for place in run)
            other = next((found for found in others if found is not None), None)
            if other is not None and len(other) != len(run):
                yield Repeat(_run(run), _run(other))


def _run(places: Sequence[Place]) -> Run:
    return Run(first=places[0].path, count=len(places), class_name=places[0].class_name)


def _runs(children: Sequence[Place]) -> list[list[Place]]:
    """Neighbours of one class whose names count up; a lone one is a run of its own."""
    runs = [[child] for child in children[:1]]
    for before, child in pairwise(children):
        if child.class_name == before.class_name and child.name == successor(before.name):
            runs[-1].append(child)
        else:
            runs.append([child])
    return runs
