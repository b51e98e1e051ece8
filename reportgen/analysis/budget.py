"""Rules that a difference must keep: ``parameters > +1%`` is broken where the new model has over 1 % more.

    NAME [OPERATOR LIMIT]      OPERATOR: > >= < <= == !=

A limit is a number that the new figure is compared with; with a sign it is one that the change is compared with, and
with a sign and ``%`` that change in per cent of the old figure. A name alone is broken by anything but 0. All is
reckoned in whole numbers and fractions: nothing is rounded. What is not known breaks every rule that asks for it.
"""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Literal, get_args

from reportgen.errors import ConfigError
from reportgen.report.difference import Checkpoint, Difference, Figure, ModuleWhat, TensorWhat

_RULE = re.compile(
    r"\s*(?P<name>[a-z][a-z0-9_.-]*)\s*"
    r"((?P<operator>[<>]=?|[=!]=)\s*(?P<limit>[+-]?(\d[\d_]*(\.\d+)?|\.\d+)(e[+-]?\d{1,3})?)\s*(?P<percent>%)?)?\s*",
    re.IGNORECASE,
)
_OPERATORS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_SHORT = {  # what people call them
    "parameters": "parameters.unique",
    "buffers": "buffers.unique",
    "flops": "flops.forward",
    "macs": "macs.forward",
    "memory": "memory.peak_training",
}
_REMEDY = "write 'NAME OPERATOR LIMIT', say 'parameters > +1%', 'flops.forward > 4.2e9', or 'checkpoint.incompatible'"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; ``against`` says what its limit is compared with: the new figure, the change, or that in per cent."""

    text: str
    name: str
    operator: str
    limit: Fraction
    against: Literal["value", "change", "percent"]

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Reads a rule.

        Raises:
            ConfigError: it is none.
        """
        match = _RULE.fullmatch(text)
        if match is None:
            raise ConfigError(f"{text!r} is not a rule", code="rule-invalid", remedy=_REMEDY)
        name = _SHORT.get(match["name"].lower(), match["name"].lower())
        limit = match["limit"]
        if limit is None:
            return cls(text.strip(), name, "!=", Fraction(0), "value")
        signed = limit[0] in "+-"
        if match["percent"] and not signed:
            raise ConfigError(
                f"{text!r}: {limit} % of what?", code="rule-invalid", remedy=f"give a change a sign: {name} > +{limit}%"
            )
        against: Literal["value", "change", "percent"] = (
            "percent" if match["percent"] else "change" if signed else "value"
        )
        return cls(text.strip(), name, match["operator"], Fraction(limit.replace("_", "")), against)

    def is_broken(self, figure: Figure) -> bool:
        """Whether the figure is as the rule says it must not be, or is not known."""
        if self.lacks(figure):
            return True
        old, new, compare = Fraction(figure.old or 0), Fraction(figure.new or 0), _OPERATORS[self.operator]
        match self.against:
            case "value":
                return compare(new, self.limit)
            case "change":
                return compare(new - old, self.limit)
            case "percent":
                return compare(100 * (new - old), self.limit * old)

    def lacks(self, figure: Figure) -> bool:
        """Whether a side that the rule asks for is not known."""
        return figure.new is None or (self.against != "value" and figure.old is None)


def parse_rules(texts: Iterable[str]) -> tuple[Rule, ...]:
    """Reads rules.

    Raises:
        ConfigError: a text is none.
    """
    return tuple(Rule.parse(text) for text in texts)


def broken(rules: Iterable[Rule], difference: Difference) -> tuple[tuple[Rule, Figure], ...]:
    """The rules that are broken, each with the figure it is about.

    Raises:
        ConfigError: a rule names nothing; the remedy has the closest names.
    """
    known = quantities(difference)
    pairs = [(rule, _look_up(rule, known)) for rule in rules]
    return tuple((rule, figure) for rule, figure in pairs if rule.is_broken(figure))


def _look_up(rule: Rule, known: Mapping[str, Figure]) -> Figure:
    if rule.name in known:
        return known[rule.name]
    close = get_close_matches(rule.name, [*known, *_SHORT], n=3, cutoff=0.5)
    raise ConfigError(
        f"rule {rule.text!r}: there is no {rule.name}",
        code="rule-unknown",
        remedy=f"did you mean {', '.join(close)}?" if close else f"use any of {', '.join(sorted(known))}",
    )


def quantities(difference: Difference) -> dict[str, Figure]:
    """All that a rule can name: totals, how often what happened to tensors and modules, and what checkpoints meet."""
    tensors = Counter(what for change in difference.tensors for what in change.what)
    modules = Counter(what for change in difference.modules for what in change.what)
    counts = {f"tensors.{what}": tensors[what] for what in get_args(TensorWhat)}
    counts |= {f"modules.{what}": modules[what] for what in get_args(ModuleWhat)}
    counts |= _of_checkpoint("checkpoint", difference.checkpoint) | _of_checkpoint("rollback", difference.rollback)
    counts["differs"] = int(not difference.is_empty)
    figures = {figure.name: figure for figure in difference.totals}
    return figures | {name: Figure(name, 0, count) for name, count in counts.items()}


def _of_checkpoint(name: str, checkpoint: Checkpoint) -> dict[str, int]:
    verdict = checkpoint.verdict
    return {
        f"{name}.incompatible": int(not verdict.loads),
        f"{name}.missing": len(verdict.missing),
        f"{name}.unexpected": len(verdict.unexpected),
        f"{name}.mismatched": len(verdict.mismatched),
    }
