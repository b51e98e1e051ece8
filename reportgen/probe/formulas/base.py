"""What a formula is, and how one is registered.

A formula takes an operation's arguments and its result, and gives FLOPs. It looks at shapes only (and at whether a
gradient was asked for), so that it holds on every device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from torch import Tensor

Formula: TypeAlias = Callable[[Sequence[Any], Mapping[str, Any], Any], int]

PRODUCTS: dict[str, Formula] = {}
"""ATen operation, without overload and trailing underscore → FLOPs of its multiply-adds, two each."""


def formula(*names: str) -> Callable[[Formula], Formula]:
    """Registers the multiply-adds of the ATen operations of these names."""

    def register(function: Formula) -> Formula:
        PRODUCTS.update(dict.fromkeys(names, function))
        return function

    return register


def factor(tensor: Tensor) -> int:
    """Real multiply-adds to one of this dtype: a complex one is four real ones."""
    return 4 if tensor.dtype.is_complex else 1
