"""How much of the forward pass is attention: its two products, queries by keys and weights by values.

A fused operation says so by its name. In a model that spells attention out, it is a pattern: a product, a softmax over
the last dimension of something as large as its result, and then, as the next product, one that takes something as large
as the softmax's result. (Scaling, masks, dropout, casts and reshaping may come between; they keep sizes.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from torch import Tensor

from reportgen.probe.flops import Work

Observe: TypeAlias = Callable[[Sequence[Any], Mapping[str, Any], Any, int], None]
"""Told of each forward call of an operation: arguments, keyword arguments, result, FLOPs of its products."""

_PRODUCTS = {"aten.mm": 0, "aten.bmm": 0, "aten.baddbmm": 1}  # where their two factors begin
_SOFTMAX = frozenset({"aten._softmax", "aten._safe_softmax"})


class Attention:
    """Follows a forward pass; ``flops`` is the sum so far."""

    def __init__(self) -> None:
        self.flops = 0
        self._scores: tuple[int, int, int] | None = None  # elements, last size and FLOPs of the last product
        self._weights: tuple[int, int, int] | None = None  # the same, once it has been through a softmax

    def observer(self, name: str, work: Work | None) -> Observe | None:
        """What is to be told of calls of this operation; None where they say nothing about attention."""
        if work is None:
            return None
        if (part := work.attention) is not None:
            return lambda args, kwargs, out, _: self._add(part(args, kwargs, out) or 0)
        if name in _PRODUCTS:
            first = _PRODUCTS[name]
            return lambda args, _, out, flops: self._product(args[first : first + 2], out, flops)
        return self._softmax if name in _SOFTMAX else None

    def _add(self, flops: int) -> None:
        self.flops += flops

    def _product(self, factors: Sequence[Tensor], out: Tensor, flops: int) -> None:
        if self._weights is not None:
            elements, keys, score_flops = self._weights
            if any(factor.numel() == elements and keys in factor.shape[-2:] for factor in factors):
                self.flops += score_flops + flops
        self._weights = None
        self._scores = (out.numel(), out.shape[-1], flops)

    def _softmax(self, args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor, _flops: int) -> None:
        last = args[1] in {-1, out.dim() - 1}
        fits = self._scores is not None and self._scores[:2] == (out.numel(), out.shape[-1])
        self._weights = self._scores if last and fits else None
