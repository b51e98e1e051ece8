"""A LaTeX table of models for a paper, in the style of the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reportgen.analysis.summary import summarise
from reportgen.render.text import display
from reportgen.view import numbers
from reportgen.view.entries import BOUNDS

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

# Quotes as character codes: as themselves they are curly, and in pairs others still; a second hyphen would make a dash.
_ESCAPES = {
    "\\": r"\textbackslash{}",
    **{char: f"\\{char}" for char in "{}$&#_%"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{char: f"\\char{ord(char)}{{}}" for char in "\"'`"},
    "-": "-{}",
    "[": "{[}",  # after a line's end, a bracket would be its argument
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "≈": r"$\approx$",
    "–": "--",
}
_SPECIAL = re.compile("|".join(map(re.escape, _ESCAPES)))
_UNIT = re.compile(r"(?<=\d) (?=[A-Za-z])")

_COLUMNS = {
    "Model": "l",
    "Input": "l",
    "Parameters": "r",
    "Trainable": "r",
    "MACs": "r",
    "State dict": "r",
    "Training memory": "r",
}


def latex(reports: Sequence[ModelReport]) -> str:
    """A ``tabular`` with a row for each model, to be put into a ``table``; figures are for the inputs of the reports.

    MACs are those of one forward pass; training memory is the peak of one training step, without an optimizer. Texts
    are escaped; what a model's name has beyond Latin stays as it is, which LuaLaTeX and XeLaTeX set.
    """
    lines = [
        r"% needs \usepackage{booktabs}",
        rf"\begin{{tabular}}{{{''.join(_COLUMNS.values())}}}",
        r"\toprule",
        _row(list(_COLUMNS)),
        r"\midrule",
        *(_row(_cells(report)) for report in reports),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _cells(report: ModelReport) -> list[str]:
    summary = summarise(report)
    macs = f"{BOUNDS.get(summary.bound, '')}{numbers.si(summary.macs)}"
    return [
        report.model.name,
        numbers.shapes([row.shape for row in report.probe.inputs]),
        numbers.human(report.totals.parameters.unique),
        numbers.human(summary.trainable),
        numbers.FAILED if report.probe.stages.forward == "failed" else macs,
        numbers.size(summary.state_dict_bytes),
        numbers.size(summary.peak_training),
    ]


def _row(cells: Sequence[str]) -> str:
    return " & ".join(map(escape, cells)) + r" \\"


def escape(text: str) -> str:
    """The text, set as it reads; a figure and its unit stay together."""
    shown = _SPECIAL.sub(lambda match: _ESCAPES[match[0]], display(text))
    return _UNIT.sub(r"\\,", shown)
