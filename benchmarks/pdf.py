"""PDFs of models with N parameter tensors, warm: the parameter ledger alone, and the whole report.

python benchmarks/pdf.py [ROWS…]

The whole report holds N rows of modules besides: the blocks of these models differ, so that nothing folds. Times are of
the processor, so that a busy machine tells the same.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace

from torch import nn

import reportgen
from reportgen.render.pdf import PdfRenderer
from reportgen.view.build import build
from reportgen.view.page import Page

ROWS = (100, 400, 1000, 3000)


def model(rows: int) -> nn.Module:
    """So many parameter tensors in blocks that do not fold, each of another width."""
    return nn.Sequential(*(nn.Linear(8 + index % 7, 8 + (index + 1) % 7) for index in range(rows // 2)))


def seconds(renderer: PdfRenderer, page: Page) -> float:
    """Processor time of one document."""
    start = time.process_time()
    renderer.render(page)
    return time.process_time() - start


def main() -> None:
    """Prints one table."""
    renderer = PdfRenderer()
    renderer.render(build(reportgen.probe("builtin:linear")))
    print(f"{'parameter rows':>14} {'ledger alone':>13} {'whole report':>13} {'peak MiB':>9}")
    for rows in [int(argument) for argument in sys.argv[1:]] or ROWS:
        page = build(reportgen.probe(model(rows), inputs=["2x8"]))
        ledger = replace(page, sections=tuple(section for section in page.sections if section.id == "parameters"))
        alone, whole = seconds(renderer, ledger), seconds(renderer, page)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{rows:>14} {alone:>11.2f} s {whole:>11.2f} s {peak:>9}")


if __name__ == "__main__":
    main()
