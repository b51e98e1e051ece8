"""What rules found that are broken."""

from __future__ import annotations

from reportgen.analysis.budget import Rule
from reportgen.analysis.figures import NAMES
from reportgen.report.difference import Figure
from reportgen.view import numbers


def measured(rule: Rule, figure: Figure) -> str:
    """What a rule found: ``25,557,032 → 26,000,000 (+442,968, +1.7 %)``, or the figure alone where it has no other."""
    if rule.lacks(figure):
        return f"{figure.name} is {numbers.UNKNOWN}{' in the older model' if figure.new is not None else ''}"
    if figure.old in (None, figure.new) or figure.name not in NAMES:
        return numbers.exact(figure.new)
    return f"{numbers.exact(figure.old)} → {numbers.exact(figure.new)} ({change(figure)})"


def change(figure: Figure, unit: str = "") -> str:
    """``−528,128, −2.1 %``."""
    percent = numbers.change_percent(figure.old, figure.new)
    absolute = numbers.change(figure.old, figure.new, unit)
    return absolute if percent in {numbers.UNKNOWN, numbers.NOT_APPLICABLE} else f"{absolute}, {percent}"
