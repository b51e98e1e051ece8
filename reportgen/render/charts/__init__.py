"""Charts as SVG text, made from the page's data alone: the same string in HTML, on paper and as a file of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reportgen.render.charts.canvas import Drawn, document
from reportgen.render.charts.diagram import diagram
from reportgen.render.charts.icicle import bars, icicle
from reportgen.render.charts.shares import shares
from reportgen.render.charts.timeline import timeline
from reportgen.view.page import Bars, Diagram, Icicle, Shares, Timeline

if TYPE_CHECKING:
    from reportgen.view.page import Chart


_TITLED = re.compile(r"<g><title>[^<]*</title>\n(.*?)</g>\n", re.DOTALL)
MARGIN = 12  # around a chart that is a file of its own


def svg(chart: Chart, *, margin: float = 0, tooltips: bool = True) -> str:
    """The chart as one ``<svg>`` element, 840 units wide without its margin.

    ``alt`` is its ``<desc>``; with ``tooltips``, what stands for something in it has one.
    """
    text = document(chart, _drawn(chart), margin)
    return text if tooltips else _TITLED.sub(r"\1", text)


def _drawn(chart: Chart) -> Drawn:
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
