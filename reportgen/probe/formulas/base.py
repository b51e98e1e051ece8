"""What a formula is, and how one is registered.

A formula takes an operation's arguments and its result, and gives FLOPs; None where these arguments do not tell. It
looks at shapes, and at values only where there is no other way (the lengths of ragged sequences, on a real device), so
that it holds on every device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor

from reportgen.report.totals import WorkKind

Formula: TypeAlias = Callable[[Sequence[Any], Mapping[str, Any], Any], int | None]

PRODUCTS: dict[str, Formula] = {}
"""Operation → FLOPs of its products, two a multiply-add; ATen's by name alone, without a trailing underscore."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What an operation costs besides products: FLOPs of one kind of work, and what of it fvcore counts."""

    kind: WorkKind
    flops: Formula
    fvcore: Formula | None = None


RATES: dict[str, tuple[Rate, ...]] = {}
"""Operation → its other work; a name as in `PRODUCTS`."""


def formula(*names: str) -> Callable[[Formula], Formula]:
    """Registers the products of the operations of these names."""

    def register(function: Formula) -> Formula:
        PRODUCTS.update(dict.fromkeys(names, function))
        return function

    return register


def rate(kind: WorkKind, flops: Formula, *names: str, fvcore: Formula | None = None) -> None:
    """Registers other work of the operations of these names; an operation may do several kinds of it."""
    for name in names:
        RATES[name] = (*RATES.get(name, ()), Rate(kind, flops, fvcore))


def elements(value: Any) -> int:
    """Real numbers in a tensor, or in the first of several; none in what is not floating."""
    if not isinstance(value, Tensor):
        several = isinstance(value, tuple | list) and bool(value)
        return elements(value[0]) if several else 0
    dtype = value.dtype
    if dtype.is_floating_point:
        return value.numel()
    return 2 * value.numel() if dtype.is_complex else 0


def factor(tensor: Tensor) -> int:
    """Real multiply-adds to one of this dtype: a complex one is four real ones."""
    return 4 if tensor.dtype.is_complex else 1
