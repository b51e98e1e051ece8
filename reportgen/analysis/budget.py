"""Rules on figures: ``parameters > +1%`` is broken where the new model has over 1 % more.

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
from enum import IntEnum
from fractions import Fraction
from typing import Literal, get_args

from reportgen.analysis.figures import NAMES
from reportgen.errors import ConfigError
from reportgen.report.checkpoint import Checkpoint
from reportgen.report.difference import Difference, Figure, ModuleWhat, TensorWhat

_RULE = re.compile(
    r"\s*(?P<name>[a-z][a-z0-9_.-]*)\s*"
    r"((?P<operator>[<>]=?|[=!]=)\s*(?P<limit>[+-]?(\d[\d_]*(\.\d+)?|\.\d+)(e[+-]?\d{1,3})?)\s*(?P<percent>%)?)?\s*",
    re.IGNORECASE | re.ASCII,
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
DIFFERS = "differs"
_VERDICT = ("incompatible", "missing", "unexpected", "mismatched")
_KNOWN = (
    *NAMES,
    *(f"tensors.{what}" for what in get_args(TensorWhat)),
    *(f"modules.{what}" for what in get_args(ModuleWhat)),
    *(f"{side}.{what}" for side in ("checkpoint", "rollback") for what in _VERDICT),
    DIFFERS,
)
_REMEDY = "write 'NAME OPERATOR LIMIT', say 'parameters > +1%', 'flops.forward > 4.2e9', or 'checkpoint.incompatible'"


class Basis(IntEnum):
    """What there is to judge by; each has what those before it have."""

    MODEL = 0  # the figures of one model
    BASELINE = 1  # those of an older one, too
    LEDGERS = 2  # both models, tensor by tensor


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
            ConfigError: it is none, or it names nothing; the remedy has the closest names.
        """
        match = _RULE.fullmatch(text)
        if match is None:
            raise ConfigError(f"{text!r} is not a rule", code="rule-invalid", remedy=_REMEDY)
        name = _name(text, match["name"].lower())
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

    @property
    def basis(self) -> Basis:
        """The least that it can be judged by."""
        if self.name not in (*NAMES, DIFFERS):
            return Basis.LEDGERS
        return Basis.MODEL if self.against == "value" and self.name != DIFFERS else Basis.BASELINE

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


def _name(text: str, name: str) -> str:
    name = _SHORT.get(name, name)
    if name in _KNOWN:
        return name
    close = get_close_matches(name, [*_KNOWN, *_SHORT], n=3, cutoff=0.5)
    raise ConfigError(
        f"rule {text!r}: there is no {name}",
        code="rule-unknown",
        remedy=f"did you mean {', '.join(close)}?" if close else f"use any of {', '.join(sorted(_KNOWN))}",
    )


def parse_rules(texts: Iterable[str], basis: Basis = Basis.LEDGERS) -> tuple[Rule, ...]:
    """Reads rules that are to be judged by what ``basis`` has.

    Raises:
        ConfigError: a text is none, names nothing, or asks for more than there is.
    """
    rules = tuple(map(Rule.parse, texts))
    check_basis(rules, basis)
    return rules


def check_basis(rules: Iterable[Rule], basis: Basis) -> None:
    """Makes sure that all rules can be judged by what ``basis`` has.

    Raises:
        ConfigError: one asks for more; the remedy says where to ask.
    """
    for rule in rules:
        if rule.basis > basis:
            ledgers = rule.basis is Basis.LEDGERS
            what = "both models, tensor by tensor" if ledgers else "an older model's figures"
            raise ConfigError(
                f"rule {rule.text!r} asks for {what}",
                code="rule-out-of-place",
                remedy="give it to reportgen diff OLD NEW, or to reportgen ci with --against DIR, as --fail-on"
                if ledgers
                else "name the file that `reportgen baseline write` makes: --baseline FILE, baseline in [defaults], "
                "or --against FILE of reportgen ci",
            )


def broken(rules: Iterable[Rule], known: Mapping[str, Figure]) -> tuple[tuple[Rule, Figure], ...]:
    """The rules that are broken, each with the figure it is about; what ``known`` lacks is not known."""
    pairs = [(rule, known.get(rule.name, Figure(rule.name, None, None))) for rule in rules]
    return tuple((rule, figure) for rule, figure in pairs if rule.is_broken(figure))


def quantities(difference: Difference) -> dict[str, Figure]:
    """What rules are about: totals, how often what happened to tensors and modules, and what checkpoints meet."""
    tensors = Counter(what for change in difference.tensors for what in change.what)
    modules = Counter(what for change in difference.modules for what in change.what)
    counts: dict[str, int | None] = {f"tensors.{what}": tensors[what] for what in get_args(TensorWhat)}
    if any(
        change.new and change.new.gradient and change.new.gradient.reason == "not_run" for change in difference.tensors
    ):
        counts["tensors.gradient-lost"] = None  # nobody knows
    counts |= {f"modules.{what}": modules[what] for what in get_args(ModuleWhat)}
    counts |= _of_checkpoint("checkpoint", difference.checkpoint) | _of_checkpoint("rollback", difference.rollback)
    counts[DIFFERS] = int(not difference.is_empty)
    figures = {figure.name: figure for figure in difference.totals}
    return figures | {name: Figure(name, 0, count) for name, count in counts.items()}


def _of_checkpoint(side: str, checkpoint: Checkpoint) -> dict[str, int]:
    verdict = checkpoint.verdict
    counts = (int(not verdict.loads), len(verdict.missing), len(verdict.unexpected), len(verdict.mismatched))
    return {f"{side}.{what}": count for what, count in zip(_VERDICT, counts, strict=True)}
