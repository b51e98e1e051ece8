"""What PDFs cost, warm: rows of an appendix a second, memory, and whole reports.

python benchmarks/pdf.py [--documents N]

Times are of the processor; each measure runs in a process of its own. A whole report of N rows holds about N/3 modules
with two parameters each; their blocks differ, so that nothing folds. Rows are those of all its tables on paper.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reportgen.view.page import Page

LEDGER = 10_000  # rows
REPORTS = (400, 3_000)  # rows
RUNS = 5


def report(rows: int) -> Page:
    """A model with about so many parameters and modules, each layer as wide as no other near it, as a page."""
    from torch import nn

    import reportgen
    from reportgen.view.build import build
    from reportgen.view.page import Attachment

    model = nn.Sequential(*(nn.Linear(8 + index % 7, 8 + (index + 1) % 7) for index in range(rows // 3)))
    record = reportgen.probe(model, inputs=["2x8"])
    return replace(build(record), attachment=Attachment("report.json", "The record", record.to_json().encode()))


def ledger(rows: int) -> Page:
    """An appendix of so many rows and nothing else, made without torch."""
    from reportgen.view.page import Cell, Column, Figures, Page, Row, Section, Table

    kinds = {
        "name": "name",
        "shape": "code",
        "dtype": "code",
        "elements": "number",
        "bytes": "number",
        "gradient": "code",
    }
    columns = tuple(Column(label, label, kind, 4 if label == "name" else 1) for label, kind in kinds.items())  # type: ignore[arg-type]
    texts = ("model.layers.{}.attention.query.weight", "{}×64×3×3", "float32", "{:,}", "{:,}", "computed")
    lines = tuple(Row(tuple(Cell(text.format(1000 + i)) for text in texts)) for i in range(rows))
    section = Section("parameters", "All parameters", (Table("parameters", columns, lines, long=True),), appendix=True)
    return Page("net", "Net", "complete", None, Figures(()), (section,), "")


def seconds(page: Page, variant: str) -> float:
    """Processor time of one document, the least of some runs after one to warm up."""
    from reportgen.render.pdf import PdfRenderer

    renderer = PdfRenderer(variant=variant)
    renderer.render(page)
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        renderer.render(page)
        times.append(time.process_time() - start)
    return min(times)


def rate(variant: str) -> str:
    """Rows a second of a long ledger."""
    return f"{LEDGER / seconds(ledger(LEDGER), variant):,.0f} rows/s"


def whole(rows: int) -> str:
    """A report, tagged, with its record inside."""
    from reportgen.render.paper import plan

    page = report(rows)
    count = sum(len(setting.table.rows) for setting in plan(page).settings.values())
    return f"{count:,} rows: {seconds(page, 'pdf/ua-1'):.2f} s"


def growth() -> str:
    """How much a process grows by one long document, WeasyPrint and its fonts included."""
    from reportgen.render import pdf

    page, before = ledger(LEDGER), peak()
    pdf.PdfRenderer().render(page)
    return f"{peak() - before:.0f} MB"


def drift(documents: int) -> str:
    """How much memory is held after a tenth of so many documents, and after all of them."""
    from reportgen.render.pdf import PdfRenderer

    page, renderer, held = ledger(400), PdfRenderer(), []
    for number in range(documents):
        renderer.render(page)
        if number + 1 in {documents // 10, documents}:
            held.append(now())
    return f"{held[0]:.0f} → {held[-1]:.0f} MB"


def peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def now() -> float:
    """The memory that this process has, in MB; its peak where the system does not tell."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * resource.getpagesize() / 1e6 if pages.exists() else peak()


def measures(documents: int) -> Iterator[tuple[str, str, Callable[..., str], tuple[int | str, ...]]]:
    """Each line of the table: what, its aim, and how it is measured."""
    yield f"ledger of {LEDGER:,} rows, tagged", "≥ 2,500 rows/s", rate, ("pdf/ua-1",)
    yield f"ledger of {LEDGER:,} rows, untagged", "≥ 5,000 rows/s", rate, ("plain",)
    yield f"memory for {LEDGER:,} rows, tagged", "≤ 200 MB", growth, ()
    yield f"memory held over {documents} documents", "flat", drift, (documents,)
    for rows, aim in zip(REPORTS, ("≤ 0.5 s", "≤ 1.5 s"), strict=True):
        yield f"whole report, about {rows:,} rows", aim, whole, (rows,)


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=200)
    context = multiprocessing.get_context("spawn")
    for what, aim, measure, arguments in measures(parser.parse_args().documents):
        with context.Pool(1) as pool:
            print(f"{what:<36} {aim:>16} {pool.apply(measure, arguments):>18}", flush=True)


if __name__ == "__main__":
    main()
