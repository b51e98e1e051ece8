"""Adding up what a pass costs: calls and FLOPs of every operation, forward and backward apart."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.probe.flops import Formula, formula_for, zero


class Phase(enum.Enum):
    """What is running: only forward and backward count towards the model."""

    FORWARD = enum.auto()
    LOSS = enum.auto()
    BACKWARD = enum.auto()


class Costs:
    """The sums of one pass. Operations are known by name: ``aten.convolution``."""

    def __init__(self) -> None:
        self.flops: Counter[tuple[Phase, str]] = Counter()
        self.calls: Counter[str] = Counter()
        self.uncounted: Counter[str] = Counter()
        self._formulas: dict[Any, Formula | None] = {}

    def is_free(self, operation: Any) -> bool:
        """Whether it costs nothing whatever its arguments are, so that it need not be added."""
        return self._formula(operation) is zero

    def add(self, operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any, phase: Phase) -> int:
        """Takes note of one call; gives its FLOPs."""
        formula = self._formula(operation)
        name = operation._schema.name.replace("::", ".")
        if formula is None:
            self.uncounted[name] += 1
            return 0
        cost = formula(args, kwargs, out)
        self.calls[name] += 1
        self.flops[phase, name] += cost
        return cost

    def _formula(self, operation: Any) -> Formula | None:
        try:
            return self._formulas[operation]
        except KeyError:
            formula = self._formulas[operation] = formula_for(operation)
            return formula
