"""The figures of a run as OpenMetrics text, which GitLab compares between branches."""

from __future__ import annotations

from collections.abc import Iterator

from reportgen.analysis.figures import NAMES
from reportgen.render.text import display
from reportgen.view.checks import Checks

# GitLab takes what follows a hash for a comment, within quotes too.
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "#": r"\\x23"})


def openmetrics(checks: Checks) -> str:
    """A gauge for each total that is known of any model, ``reportgen_parameters_unique{model="…"}``, exactly.

    What is not known has no sample. ``reportgen_complete`` is 1 for a model whose report is complete, else 0.
    """
    return "".join(f"{line}\n" for line in _lines(checks))


def _lines(checks: Checks) -> Iterator[str]:
    models = [(f'{{model="{_label(check.name)}"}}', check) for check in checks.models]
    yield "# TYPE reportgen_complete gauge"
    yield "# HELP reportgen_complete Whether the report on the model is complete."
    yield from (f"reportgen_complete{label} {int(check.entry.status == 'complete')}" for label, check in models)
    for name in NAMES:
        known = [(label, value) for label, check in models if (value := check.totals.get(name)) is not None]
        if known:
            metric = f"reportgen_{name.replace('.', '_')}"
            yield f"# TYPE {metric} gauge"
            yield f"# HELP {metric} {name} of totals in report.json."
            yield from (f"{metric}{label} {value}" for label, value in known)
    yield "# EOF"


def _label(text: str) -> str:
    return display(text).translate(_ESCAPES)
