"""Finding out what an operation costs: by its name, its tags, or a formula that somebody registered for it.

Products (matrix products, convolutions, attention, recurrent layers, and the backward of each) have a formula each,
two FLOPs a multiply-add. Everything else has a rate by the element (`reportgen.probe.formulas.rates`), or is free. An
operation of which nothing is known is *uncounted*: the total becomes a lower bound and the report names it.

A fused operation counts like the plain ones it replaces: a model has one figure, whatever kernel runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import flop_registry

from reportgen.probe.formulas import convolutions, linalg, products, rates, recurrent, vision  # noqa: F401 (they register)
from reportgen.probe.formulas.attention import ATTENTION
from reportgen.probe.formulas.base import PRODUCTS, RATES, Formula, Rate
from reportgen.probe.formulas.free import FREE
from reportgen.registry import operators


@dataclass(frozen=True, slots=True)
class Work:
    """What one operation costs: the multiply-adds of its products, the rest of its work, or both."""

    products: Formula | None = None
    rest: tuple[Rate, ...] = ()
    attention: Formula | None = None  # the part of the products that is attention, of an operation that fuses it


NOTHING = Work()


def work_of(op: torch._ops.OpOverload) -> Work | None:
    """What is known of an operation's cost; `NOTHING` where it is free, None where it is not known."""
    own = operators.FORMULAS.get(op._schema.name)
    if own is not None:
        return Work(_from_user(own))
    namespace, _, name = op._schema.name.partition("::")  # aten::addmm_, without the overload
    if namespace not in {"aten", "prims"}:
        return _foreign(op, namespace)
    plain = name if name.endswith("__") else name.rstrip("_")  # in place or not
    if plain in PRODUCTS or plain in RATES:
        return Work(PRODUCTS.get(plain), RATES.get(plain, ()), ATTENTION.get(plain))
    if plain in FREE or name in FREE or torch.Tag.inplace_view in op.tags or _is_view(op):
        return NOTHING
    if plain.startswith("_foreach_"):
        return Work(rest=(rates.POINTWISE_OF_LISTS,))
    return Work(rest=(rates.POINTWISE,)) if _is_pointwise(op, plain) else None


def _is_view(op: torch._ops.OpOverload) -> bool:
    """A view gives back its argument's memory, unwritten."""
    returns = op._schema.returns
    return bool(returns) and all(r.alias_info is not None and not r.alias_info.is_write for r in returns)


def _is_pointwise(op: torch._ops.OpOverload, plain: str) -> bool:
    """By its tag, or by that of the operation it is the in-place form of: many of those have none of their own."""
    packet = getattr(torch.ops.aten, plain, None)
    overloads = (op, *(getattr(packet, name) for name in packet.overloads())) if packet is not None else (op,)
    return any(torch.Tag.pointwise in overload.tags for overload in overloads)


def _foreign(op: torch._ops.OpOverload, namespace: str) -> Work | None:
    """An operator of another library: what a formula of ours, or torch's own registry, has for it."""
    name = op._schema.name
    if name in PRODUCTS or name in RATES:
        return Work(PRODUCTS.get(name), RATES.get(name, ()))
    if op._overloadpacket in flop_registry:
        return Work(_from_torch(flop_registry[op._overloadpacket]))
    return NOTHING if namespace == "profiler" or name in FREE or _is_view(op) else None  # the profiler's marks


def _from_user(function: operators.OperatorFormula) -> Formula:
    def formula(args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> int | None:
        return function(*args, **kwargs, out=out)

    return formula


def _from_torch(function: Callable[..., int]) -> Formula:
    def formula(args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> int:
        return int(function(*args, **kwargs, out_val=out))

    return formula
