"""FLOP formulas for operators that come from outside torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from reportgen.errors import ConfigError

OperatorFormula: TypeAlias = Callable[..., int | None]

FORMULAS: dict[str, OperatorFormula] = {}
"""``namespace::operator`` → its formula."""


def flop_formula(operator: str) -> Callable[[OperatorFormula], OperatorFormula]:
    """Registers what an operator costs, so that reports count it; without a formula they name it as uncounted.

        @reportgen.flop_formula("mylib::window_attention")
        def window_attention(query, key, value, window, *, out):
            return 2 * 2 * query.numel() * window

    The function is called with the operator's arguments and its result, and gives FLOPs, two for each multiply-add. It
    should look at shapes only, for on meta tensors have no values; None says that these arguments do not tell. It holds
    for every overload, and comes before one that was registered with torch itself
    (`torch.utils.flop_counter.register_flop_formula`).

    Args:
        operator: its name as it is registered with torch, without an overload: ``mylib::window_attention``.

    Raises:
        ConfigError: the name is not of that form.
    """
    namespace, separator, name = operator.partition("::")
    if not (separator and namespace.isidentifier() and name.isidentifier()):
        raise ConfigError(
            f"{operator!r} is not the name of an operator",
            code="operator-name",
            remedy="write namespace::operator, as in the call of torch.library that defines it",
        )

    def register(function: OperatorFormula) -> OperatorFormula:
        FORMULAS[operator] = function
        return function

    return register
