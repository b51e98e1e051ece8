"""Adding up what a pass costs, operation by operation, forward and backward apart."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from reportgen.probe.attention import Attention, Observe
from reportgen.probe.flops import NOTHING, Work, work_of
from reportgen.report.totals import FlopConventions, FlopTotals, OperationCost, UncountedOperation, WorkCost, WorkKind


class Phase(enum.Enum):
    """What is running: only forward and backward count towards the model."""

    FORWARD = enum.auto()
    LOSS = enum.auto()
    BACKWARD = enum.auto()


class Tally:
    """All calls of one operation.

    ``flops`` are those of its products, forward and backward; ``rest`` has the same of each kind of its other work;
    ``fvcore`` is what fvcore counts of that, in forward. ``uncounted`` calls have a cost that is not known.
    """

    __slots__ = ("calls", "flops", "fvcore", "name", "observe", "rest", "uncounted", "work")

    def __init__(self, name: str, work: Work | None, observe: Observe | None) -> None:
        self.name = name
        self.work = work
        self.observe = observe
        self.calls = 0
        self.uncounted = 0
        self.flops = [0, 0]
        self.rest = [(rate, [0, 0]) for rate in work.rest] if work is not None else []
        self.fvcore = 0

    def add(self, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any, phase: Phase) -> int:
        """Takes note of one call; gives the FLOPs of its products."""
        self.calls += 1
        work, backward = self.work, phase is Phase.BACKWARD
        if work is None:
            self.uncounted += 1
            return 0
        for rate, sums in self.rest:
            sums[backward] += rate.flops(args, kwargs, out) or 0
            if rate.fvcore is not None and not backward:
                self.fvcore += rate.fvcore(args, kwargs, out) or 0
        flops = 0
        if work.products is not None:
            try:
                known = work.products(args, kwargs, out)
            except RuntimeError:  # ragged tensors have no shape to go by
                known = None
            if known is None:
                self.uncounted += 1
            else:
                flops = known
                self.flops[backward] += flops
        if self.observe is not None and not backward:
            self.observe(args, kwargs, out, flops)
        return flops


class Costs:
    """The tallies of one pass."""

    def __init__(self) -> None:
        self.attention = Attention()
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
                tally = self._by_name.setdefault(name, Tally(name, work, self.attention.observer(name, work)))
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
    products = [tally for tally in costs if tally.work and tally.work.products and tally.calls > tally.uncounted]
    uncounted = [tally for tally in costs if tally.uncounted]
    forward, backward = (sum(tally.flops[column] for tally in products) for column in (0, 1))
    return FlopTotals(
        forward=forward,
        backward=backward if backward_known else None,
        exact=not uncounted,
        uncounted=tuple(UncountedOperation(op=tally.name, calls=tally.uncounted) for tally in uncounted),
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
        attention=costs.attention.flops,
        conventions=_conventions(costs, forward, backward if backward_known else None),
    )


def _conventions(costs: Costs, forward: int, backward: int | None) -> FlopConventions:
    kinds: dict[WorkKind, list[int]] = {kind: [0, 0] for kind in get_args(WorkKind)}
    fvcore = forward // 2
    for tally in costs:
        fvcore += tally.fvcore
        for rate, (ahead, back) in tally.rest:
            kinds[rate.kind][0] += ahead
            kinds[rate.kind][1] += back
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
