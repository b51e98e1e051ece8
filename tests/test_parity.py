"""The same figures in every format: what HTML, Markdown and PDF say is what ``report.json`` holds, figure by figure.

Rows and figures are worked out here from the JSON text alone, with a formatter of four lines; the formats are read back
with foreign parsers. So nothing that the reports are made with has a say in what they should show.
"""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import pytest
from markdown_it import MarkdownIt

import reportgen
from reportgen.errors import RendererUnavailable
from reportgen.render.text import visible
from reportgen.view.build import build
from reportgen.view.chart import Chart
from reportgen.view.page import Page

SAMPLES = Path(__file__).parent.parent / "sample_reports"
MODELS = sorted(path.parent.name for path in SAMPLES.glob("*/report.json"))
FORMATS: tuple[Literal["html", "md", "pdf"], ...] = ("html", "md", "pdf")
FIGURE = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
Document = dict[str, Any]
Rows = dict[str, list[list[str]]]

pytestmark = pytest.mark.slow


# -- what the record says --------------------------------------------------------------------------------------------


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _shape(sizes: Sequence[int] | None) -> str:
    return "unknown" if sizes is None else "×".join(map(str, sizes)) or "()"


def _shapes(tensors: Sequence[Sequence[int]] | None) -> str:
    return "unknown" if tensors is None else ", ".join(map(_shape, tensors)) or "–"


def expected_rows(report: Document) -> Rows:
    """The three ledgers, row by row."""
    return {
        title: rows
        for title, rows in (
            ("parameters", list(_parameters(report["parameters"]))),
            ("buffers", list(_buffers(report["buffers"]))),
            ("modules", list(_modules(report["modules"])) if len(report["modules"]) > 1 else []),
        )
        if rows
    }


def _parameters(rows: Sequence[Document]) -> Iterator[list[str]]:
    tied = any(row["tied_to"] for row in rows)
    ran = any(row["gradient"]["reason"] != "not_run" for row in rows)
    for row in rows:
        trainable = "yes" if row["trainable"] else "frozen"
        cells = [
            row["name"],
            _shape(row["shape"]),
            row["dtype"],
            _number(row["numel"]),
            _number(row["bytes"]),
            trainable,
        ]
        if tied:
            cells.append(row["tied_to"] or "–")
        if ran:
            gradient = row["gradient"]
            reason = f"none: {gradient['reason']}".replace("_", " ")
            cells.append(_shape(gradient["shape"]) if gradient["status"] == "computed" else reason)
        yield cells


def _buffers(rows: Sequence[Document]) -> Iterator[list[str]]:
    for row in rows:
        persistent = "yes" if row["persistent"] else "no"
        yield [
            row["name"],
            _shape(row["shape"]),
            row["dtype"],
            _number(row["numel"]),
            _number(row["bytes"]),
            persistent,
        ]


def _modules(rows: Sequence[Document]) -> Iterator[list[str]]:
    ran = any(row["calls"] for row in rows)
    saved = any(row["saved_bytes"] for row in rows)
    for row in rows:
        cells = [row["path"] or "(model)", row["class"].rpartition(".")[2]]
        if ran:
            cells += [_number(row["calls"]), _shapes(row["inputs"]), _shapes(row["outputs"])]
        cells += [_number(row["parameters"]), _number(row["own_parameters"])]
        if ran:
            cells += [_number(row["flops_forward"]), _number(row["flops_backward"])]
        if saved:
            cells.append(_number(row["saved_bytes"]))
        yield cells


def expected_figures(report: Document) -> list[str]:
    """The exact forms of the key figures, of those that are known."""
    totals = report["totals"]
    flops = totals["flops"]
    step = None if flops["backward"] is None else flops["forward"] + flops["backward"]
    known = (
        (totals["parameters"]["unique"], ""),
        (totals["state_dict_bytes"], " B"),
        (totals["macs"]["forward"], " MACs"),
        (step, " FLOPs"),
        (totals["memory"]["peak_training"], " B"),
        (totals["memory"]["saved_for_backward"], " B"),
    )
    return [f"{value:,}{unit}" for value, unit in known if value is not None and value >= 10_000]


# -- what a format says ----------------------------------------------------------------------------------------------


class _Reader(HTMLParser):
    """All text of a file, and the cells of its tables, each under the heading that it follows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._heading = ""
        self._inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in {"wbr", "br", "meta", "col", "img", "hr", "input"}:
            return
        self._inside.append(tag)
        if tag == "h2":
            self._heading = ""
        elif tag == "tr":
            self.tables.setdefault(self._heading, []).append([])
        elif tag in {"td", "th"}:
            self.tables[self._heading][-1].append("")
            self.text.append("\n")
        elif tag in {"p", "dd", "dt", "li", "div", "text"}:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass
        if tag in {"td", "th", "title"}:
            self.text.append("\n")

    def handle_data(self, data: str) -> None:
        if {"style", "script"} & set(self._inside):
            return
        self.text.append(data)
        if "h2" in self._inside:
            self._heading += data
        elif {"td", "th"} & set(self._inside):
            self.tables[self._heading][-1][-1] += data


@dataclasses.dataclass(frozen=True)
class Read:
    """A format, read back."""

    text: str
    has_row: Callable[[str, list[list[str]]], bool]  # whether a section has these rows, one after another


def _read_html(data: bytes) -> Read:
    reader = _Reader(data.decode())
    return Read(" ".join("".join(reader.text).split()), lambda title, rows: _in_table(reader.tables, title, rows))


def _read_markdown(data: bytes) -> Read:
    return _read_html(MarkdownIt("commonmark").enable("table").render(data.decode()).encode())


def _in_table(tables: Rows, title: str, rows: list[list[str]]) -> bool:
    """Every row of the section, heads of the table apart, is the row of the record."""
    found = [
        [" ".join(cell.split()) for cell in row] for row in tables.get(f"All {title}", tables.get(title.title(), []))
    ]
    return [row for row in found if row != found[0]] == rows


def _read_pdf(data: bytes) -> Read:
    pypdf = pytest.importorskip("pypdf")
    text = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages).split())

    def has_row(_: str, rows: list[list[str]]) -> bool:
        place = 0
        for row in rows:
            place = text.find(" ".join(row), place) + 1
            if not place:
                return False
        return True

    return Read(text, has_row)


READERS = {"html": _read_html, "md": _read_markdown, "pdf": _read_pdf}


@pytest.fixture(scope="module", params=[(model, name) for model in MODELS for name in FORMATS], ids="-".join)
def rendered(request: pytest.FixtureRequest) -> tuple[str, str, Document, Read]:
    """Model, format, its record as JSON, and the format read back."""
    model, name = request.param
    path = SAMPLES / model / "report.json"
    try:
        data = reportgen.render(reportgen.load(path), name)
    except RendererUnavailable:
        pytest.skip("PDF needs Pango, which is not installed")
    return model, name, json.loads(path.read_text(encoding="utf-8")), READERS[name](data)


def test_every_row(rendered: tuple[str, str, Document, Read]) -> None:
    """Every parameter, buffer and module stands in its ledger, in order, with every one of its figures."""
    _, _, report, read = rendered
    assert [title for title, rows in expected_rows(report).items() if not read.has_row(title, rows)] == []


def test_key_figures(rendered: tuple[str, str, Document, Read]) -> None:
    """Every total stands there to the last digit, with its unit."""
    _, _, report, read = rendered
    assert [figure for figure in expected_figures(report) if figure not in read.text] == []


def test_no_other_figures(rendered: tuple[str, str, Document, Read]) -> None:
    """A format has every exact figure of the page, and no figure of its own; what charts show depends on their room."""
    model, _, _, read = rendered
    page = visible(build(reportgen.load(SAMPLES / model / "report.json")))
    found = set(FIGURE.findall(read.text))
    assert (_figures(page, charts=False) - found, found - _figures(page, charts=True)) == (set(), set())


def _figures(page: Page, *, charts: bool) -> set[str]:
    return {figure for text in _texts(page, charts=charts) for figure in FIGURE.findall(text)}


def _texts(value: Any, *, charts: bool) -> Iterator[str]:
    """Every text of a page but hints; of charts their words alone, or all."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _texts(part, charts=charts)
    elif isinstance(value, Chart) and not charts:
        yield value.alt
    elif dataclasses.is_dataclass(value):
        for item in dataclasses.fields(value):
            if item.name != "hint":
                yield from _texts(getattr(value, item.name), charts=charts)
