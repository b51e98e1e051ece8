"""Adding up what a pass costs, operation by operation, forward and backward apart."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from reportgen.probe.flops import NOTHING, Work, work_of
from reportgen.report.schema import (
    FlopConventions,
    FlopTotals,
    OperationCost,
    UncountedOperation,
    WorkCost,
    WorkKind,
)


class Phase(enum.Enum):
    """What is running: only forward and backward count towards the model."""

    FORWARD = enum.auto()
    LOSS = enum.auto()
    BACKWARD = enum.auto()


class Tally:
    """All calls of one operation: FLOPs of its products, of the rest of its work, and fvcore's of the latter.

    ``flops`` and ``rest`` are of forward and of backward; ``fvcore`` is of forward.
    """

    __slots__ = ("calls", "flops", "fvcore", "name", "rest", "work")

    def __init__(self, name: str, work: Work | None) -> None:
        self.name = name
        self.work = work
        self.calls = 0
        self.flops = [0, 0]
        self.rest = [0, 0]
        self.fvcore = 0

    def add(self, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any, phase: Phase) -> int:
        """Takes note of one call; gives the FLOPs of its products."""
        self.calls += 1
        work = self.work
        if work is None:
            return 0
        column = phase is Phase.BACKWARD
        if work.rest is not None:
            self.rest[column] += work.rest.flops(args, kwargs, out)
            if work.rest.fvcore is not None and phase is Phase.FORWARD:
                self.fvcore += work.rest.fvcore(args, kwargs, out)
        if work.products is None:
            return 0
        flops = work.products(args, kwargs, out)
        self.flops[column] += flops
        return flops


class Costs:
    """The tallies of one pass."""

    def __init__(self) -> None:
        self._of_operation: dict[Any, Tally | None] = {}
        self._by_name: dict[str, Tally] = {}

    def tally(self, operation: Any) -> Tally | None:
        """Where calls of this operation are noted, whatever its overload; None where they cost nothing."""
        try:
            return self._of_operation[operation]
        except KeyError:
            work, tally = work_of(operation), None
            if work is not NOTHING:
                name = operation._schema.name.replace("::", ".")
                tally = self._by_name.setdefault(name, Tally(name, work))
            self._of_operation[operation] = tally
            return tally

    def __iter__(self) -> Iterator[Tally]:
        """What was called, by name."""
        return (tally for _, tally in sorted(self._by_name.items()) if tally.calls)


def flop_totals(costs: Costs, *, backward_known: bool) -> FlopTotals:
    """The sums of a pass whose forward finished.

    Args:
        costs: what was noted.
        backward_known: whether backward finished too, or there was nothing to go back through.
    """
    products = [tally for tally in costs if tally.work is not None and tally.work.products is not None]
    uncounted = [tally for tally in costs if tally.work is None]
    forward, backward = (sum(tally.flops[column] for tally in products) for column in (0, 1))
    return FlopTotals(
        forward=forward,
        backward=backward if backward_known else None,
        exact=not uncounted,
        uncounted=tuple(UncountedOperation(op=tally.name, calls=tally.calls) for tally in uncounted),
        operations=tuple(
            OperationCost(
                op=tally.name,
                calls=tally.calls,
                flops=sum(tally.flops),
                forward=tally.flops[0],
                backward=tally.flops[1] if backward_known else None,
            )
            for tally in sorted(products, key=lambda tally: -sum(tally.flops))
        ),
        conventions=_conventions(costs, forward, backward if backward_known else None),
    )


def _conventions(costs: Costs, forward: int, backward: int | None) -> FlopConventions:
    kinds: dict[WorkKind, list[int]] = {kind: [0, 0] for kind in get_args(WorkKind)}
    fvcore = forward // 2
    for tally in costs:
        fvcore += tally.fvcore
        if tally.work is not None and tally.work.rest is not None:
            kinds[tally.work.rest.kind][0] += tally.rest[0]
            kinds[tally.work.rest.kind][1] += tally.rest[1]
    kinds["products"] = [forward, backward or 0]
    return FlopConventions(
        multiply_adds=forward // 2,
        fvcore=fvcore,
        everything=sum(flops for flops, _ in kinds.values()),
        kinds=tuple(
            WorkCost(kind=kind, forward=ahead, backward=None if backward is None else back)
            for kind, (ahead, back) in kinds.items()
        ),
    )
