"""Charts as SVG text, made from the page's data alone: the same string in HTML, on paper and as a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.render.charts.diagram import diagram
from reportgen.render.charts.icicle import bars, icicle
from reportgen.render.charts.shares import shares
from reportgen.render.charts.timeline import timeline
from reportgen.view.page import Bars, Diagram, Icicle, Shares, Timeline

if TYPE_CHECKING:
    from reportgen.view.page import Chart


def svg(chart: Chart) -> str:
    """The chart as one ``<svg>`` element, 840 units wide; ``alt`` is its ``<desc>``, each tile has a tooltip."""
    match chart:
        case Icicle():
            return icicle(chart)
        case Bars():
            return bars(chart)
        case Shares():
            return shares(chart)
        case Timeline():
            return timeline(chart)
        case Diagram():
            return diagram(chart)
