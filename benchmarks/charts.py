"""Charts of real models: how long each takes to draw, and how large it is.

python benchmarks/charts.py [REFERENCE…]

Times are of the processor, the median of nine. Those of the block diagram are without Graphviz, which is a process of
its own and asked once for each diagram: what that takes stands in the last column, by the clock.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import reportgen
from reportgen.analysis.fold import fold
from reportgen.render.charts import graphviz, svg
from reportgen.view.bars import bars
from reportgen.view.chart import Chart
from reportgen.view.diagram import diagram
from reportgen.view.icicle import icicle
from reportgen.view.shares import shares
from reportgen.view.timeline import timeline

MODELS = (
    "builtin:linear",
    "torchvision:resnet50",
    "builtin:gpt2",
    "timm:tf_efficientnet_l2",
    "transformers:bert",
    "builtin:llama3_405b",
)


def milliseconds(make: Callable[[], object], clock: Callable[[], float]) -> float:
    """Once."""
    start = clock()
    make()
    return 1000 * (clock() - start)


def row(name: str, make: Callable[[], Chart | None]) -> str:
    """One chart: making its data, drawing it, its size; and Graphviz, where it needs that."""
    chart = make()
    if chart is None:
        return f"  {name:12} {'–':>9}"
    graphviz.layouts.cache_clear()
    first = milliseconds(lambda: svg(chart), time.perf_counter)
    data, drawing = (
        median(milliseconds(step, time.process_time) for _ in range(9)) for step in (make, lambda: svg(chart))
    )
    laid_out = f"{first - drawing:>9.0f} ms" if graphviz.layouts.cache_info().currsize else ""
    return f"  {name:12} {data:>6.2f} ms {drawing:>9.2f} ms {len(svg(chart)) / 1024:>8.1f} KiB {laid_out}"


def main() -> None:
    """Prints one table."""
    print(f"  {'chart':12} {'data':>9} {'drawing':>12} {'size':>12} {'Graphviz':>12}")
    for reference in sys.argv[1:] or MODELS:
        report = reportgen.probe(reference)
        nodes = fold(report)
        print(f"{reference}, {len(report.modules):,} modules")
        print(row("icicle", lambda: icicle(report.model.name, nodes)))  # noqa: B023 - called at once
        for name, make in (("shares", shares), ("bars", bars), ("timeline", timeline), ("diagram", diagram)):
            print(row(name, lambda: make(report, nodes)))  # noqa: B023 - as above


if __name__ == "__main__":
    main()
