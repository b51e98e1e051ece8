"""Charts, made from the page's data alone: one drawing for the screen, for paper, and as a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.render.charts.canvas import Drawing
from reportgen.render.charts.diagram import diagram
from reportgen.render.charts.icicle import bars, icicle
from reportgen.render.charts.scatter import scatter
from reportgen.render.charts.shares import shares
from reportgen.render.charts.svg import document
from reportgen.render.charts.timeline import timeline
from reportgen.view.chart import Bars, Diagram, Icicle, Scatter, Shares, Timeline

if TYPE_CHECKING:
    from reportgen.view.chart import Chart

MARGIN = 12  # around a chart that is a file of its own


def svg(chart: Chart, *, margin: float = 0) -> str:
    """The chart as one ``<svg>`` element, 840 units wide without its margin.

    ``alt`` is its ``<desc>``; what stands for something in it has a tooltip.
    """
    return document(chart, draw(chart), margin)


def draw(chart: Chart) -> Drawing:
    """The chart as shapes."""
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
        case Scatter():
            return scatter(chart)
