"""The chart of models side by side: parameters across, work up, and what backward keeps as the area of each dot."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.report.comparison import Comparison
from reportgen.view import numbers
from reportgen.view.chart import Dot, Scatter
from reportgen.view.scatter import Scale

_FEWEST = 3  # dots; fewer are better read in the table


def scatter(comparison: Comparison, labels: Sequence[str]) -> Scatter | None:
    """The chart; None where less than three models have both, or were not measured on the same inputs."""
    totals = {quantity.name: quantity.values for quantity in comparison.totals}
    columns = [totals[name] for name in ("parameters.unique", "macs.forward", "memory.saved_for_backward")]
    rows = [row for row in zip(labels, *columns, strict=True) if row[1] and row[2]]
    across, up = Scale.over(row[1] for row in rows), Scale.over(row[2] for row in rows)
    if across is None or up is None or len(rows) < _FEWEST or "inputs" in comparison.differing:
        return None
    most = max(saved or 0 for *_, saved in rows)
    dots = [
        Dot(
            label,
            across.place(parameters or 0),
            up.place(macs or 0),
            f"{numbers.human(parameters)} parameters, {numbers.macs(macs)}, {numbers.size(saved)} saved for backward",
            series,
            named=True,
            size=None if not most else (saved or 0) / most,
        )
        for series, (label, parameters, macs, saved) in enumerate(rows)
    ]
    return Scatter(
        id="compare-models",
        title="Parameters, work and activations",
        alt="; ".join(f"{dot.label}: {dot.hint}" for dot in dots) + ". Scales are logarithmic.",
        across=across.axis("parameters"),
        up=up.axis("MACs", work=True),
        series=tuple(dot.label for dot in dots),
        dots=tuple(sorted(dots, key=lambda dot: -(dot.size or 0))),
        area=f"area: bytes saved for backward, {numbers.size(most)} at most" if most else None,
    )
