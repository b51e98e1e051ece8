"""The PDF: its structure and its text, read back, and that nothing gets in or out."""

from __future__ import annotations

import io
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PageObject, PdfReader

from reportgen.errors import RenderError, RendererUnavailable, TemplateError
from reportgen.render.text import visible
from reportgen.view.page import Cell, Column, Figures, Page, Row, Section, Table

weasyprint = pytest.importorskip("weasyprint", exc_type=(ImportError, OSError), reason="needs Pango")

from reportgen.render.pdf import MORE_FONTS, PdfRenderer  # noqa: E402 - only where WeasyPrint loads

A4 = (595, 842)
OWN_FONTS = {"Report-Sans", "Report-Sans-Semi-Bold", "Report-Mono", "Report-Mono-Semi-Bold"}


@pytest.fixture(scope="module")
def pdf() -> PdfRenderer:
    """The renderer with reportgen's own templates."""
    return PdfRenderer()


@pytest.fixture(scope="module")
def data(pdf: PdfRenderer, page: Page) -> bytes:
    """The page with every kind of block, as PDF."""
    return pdf.render(page)


@pytest.fixture(scope="module")
def document(data: bytes) -> PdfReader:
    """The same, read back."""
    return PdfReader(io.BytesIO(data))


def _with(*sections: Section) -> Page:
    return Page("net", "Net", "complete", None, Figures(()), sections, "")


def _lines(page: PageObject) -> list[str]:
    """The lines of a page as they stand, from left to right, with single spaces."""
    lines = page.extract_text(extraction_mode="layout").splitlines()
    return [" ".join(line.split()) for line in lines if line.strip()]


def _annotations(document: PdfReader) -> Iterator[dict[str, object]]:
    for page in document.pages:
        yield from (annotation.get_object() for annotation in page.get("/Annots", ()))


def _sizes(document: PdfReader) -> list[tuple[int, int]]:
    return [(round(page.mediabox.width), round(page.mediabox.height)) for page in document.pages]


def test_metadata(document: PdfReader) -> None:
    """The file says its title, author, language, and that it is tagged; and no date, which would differ on each run."""
    assert document.metadata is not None
    assert {key: document.metadata[key] for key in document.metadata} == {
        "/Title": "net",
        "/Author": "reportgen",
        "/Subject": "A small network.",
        "/Producer": f"WeasyPrint {weasyprint.__version__}",
    }
    catalog = document.trailer["/Root"].get_object()
    assert (catalog["/Lang"], catalog["/MarkInfo"]) == ("en", {"/Marked": True})


def test_cover(document: PdfReader) -> None:
    """The first page holds name, class, status, key figures and contents with their pages, and no running header."""
    words = ["net", "models.Net", "partial", "A small network."]
    figures = ["Parameters Frozen", "20 k 0", "20,000 elements", "float32"]
    contents = ["Contents", "Findings 2 Identity 2", "Modules 2 Environment 2", "Parameters 3"]
    assert _lines(document.pages[0]) == [*words, *figures, *contents, "reportgen 1.0.0", "page 1 of 6"]


def test_brand(pdf: PdfRenderer, page: Page) -> None:
    """Author, logo and what a person wrote about the model have their places on the cover."""
    dot = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
    document = PdfReader(
        io.BytesIO(pdf.render(replace(page, author="The lab", logo=dot, about="Trained with *care*.", badge="beta")))
    )
    lines = _lines(document.pages[0])
    assert lines[:6] == ["The lab", "net", "models.Net", "beta", "A small network.", "Parameters Frozen"]
    assert "Trained with care." in lines
    assert [image.image.size for image in document.pages[0].images if image.image] == [(1, 1)]
    assert document.metadata is not None
    assert document.metadata.author == "The lab"


def test_bookmarks(document: PdfReader) -> None:
    """Bookmarks lead to the sections; those of appendices are under one of their own."""
    assert _outline(document, document.outline) == [
        ("Findings", 2),
        ("Identity", 2),
        ("Modules", 2),
        ("Environment", 2),
        ("Appendix", 3),
        [("Parameters", 3)],
    ]


def _outline(document: PdfReader, items: Any) -> list[Any]:
    return [
        _outline(document, item)
        if isinstance(item, list)
        else (str(item.title), (document.get_destination_page_number(item) or 0) + 1)
        for item in items
    ]


def test_running_headers(document: PdfReader) -> None:
    """Every page after the cover carries the model's name, its part, and page x of y."""
    parts = ["Findings", "Parameters", "Parameters", "Parameters", "Parameters"]
    assert [(lines[0], lines[-1]) for lines in map(_lines, document.pages[1:])] == [
        (f"net · {part}", f"page {number} of 6") for number, part in enumerate(parts, 2)
    ]


def test_every_row_is_there(document: PdfReader) -> None:
    """A ledger's rows are lines of text, all of them, in order, with the head repeated on every page."""
    lines = [line for page in document.pages for line in _lines(page)]
    assert [line for line in lines if line.startswith("block.")] == [f"block.{i}.weight 2×5 10" for i in range(250)]
    assert lines.count("Parameter Shape Elements") == 4


def test_links(document: PdfReader) -> None:
    """Links lead to the web and to places in the document; to files beside it, or to nowhere, they do not."""
    actions = [annotation["/A"] for annotation in _annotations(document) if "/A" in annotation]
    assert [action["/URI"] for action in actions] == ["https://example.org/paper"]  # type: ignore[index]
    inside = {annotation["/Dest"] for annotation in _annotations(document) if "/Dest" in annotation}
    assert inside == {"findings", "identity", "modules", "environment", "parameters", "p-block.0.weight"}


def test_fonts_of_other_scripts(pdf: PdfRenderer, ledger: Callable[..., Table]) -> None:
    """Names in other scripts are set in fonts that travel with reportgen too, and can be read out of the file."""
    table = ledger(2, "重み付け.{}.어텐션")
    document = PdfReader(io.BytesIO(pdf.render(_with(Section("parameters", "שכבה", (table,))))))
    fonts = {
        font.get_object()["/BaseFont"].split("+")[1]
        for page in document.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert {"Report-Han", "Report-Signs"} <= fonts <= {font[0].replace(" ", "-") for font in MORE_FONTS} | OWN_FONTS
    text = "".join(page.extract_text() for page in document.pages)
    assert [f"重み付け.{number}.어텐션" in text for number in range(2)] == [True, True]


def test_only_its_own_fonts(document: PdfReader) -> None:
    """The text is set in the fonts that travel with reportgen, whatever the machine has."""
    fonts = {
        font.get_object()["/BaseFont"].split("+")[1]
        for page in document.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts == OWN_FONTS


def test_upright_unless_names_need_width(pdf: PdfRenderer, ledger: Callable[..., Table]) -> None:
    """An appendix turns its pages where its names would wrap early; the main part never does."""
    columns = (Column("name", "Name", "name"), *(Column(f"c{i}", "Figure", "number") for i in range(5)))
    wide = Table("wide", columns, (Row((Cell("n" * 60), *[Cell("1" * 17)] * 5)),), long=True)
    page = _with(
        Section("main", "Main", (wide,)),
        Section("wide", "Wide", (wide,), appendix=True),
        Section("narrow", "Narrow", (ledger(2),), appendix=True),
    )
    document = PdfReader(io.BytesIO(pdf.render(page)))
    assert _sizes(document) == [A4, A4, A4[::-1], A4]
    upright, turned = _lines(document.pages[1]), _lines(document.pages[2])
    ones = " ".join(["1" * 17] * 5)
    assert upright[-3:-1] == [f"{'n' * 41} {ones}", "n" * 19]
    assert turned[-2] == f"{'n' * 60} {ones}"


def test_nothing_runs_over_the_edge(pdf: PdfRenderer) -> None:
    """Full lines end right before the margin, upright, in small print and turned: the style sheet agrees with us."""
    for count, width, edge in ((2, 57, 210 - 17), (2, 67, 210 - 17), (6, 60, 297 - 15)):
        columns = tuple(Column(f"c{i}", "Name", "name") for i in range(count))
        table = Table("t", columns, (Row((Cell("W" * width),) * count),), long=True)
        document = PdfReader(io.BytesIO(pdf.render(_with(Section("s", "S", (table,), appendix=True)))))
        ends: list[float] = []

        def visit(text: str, scale: list[float], at: list[float], *font: Any, ends: list[float] = ends) -> None:
            if "W" in text:
                ends.append(25.4 / 72 * scale[0] * (at[4] + 0.6 * font[1] * len(text.strip("\n"))))

        document.pages[-1].extract_text(visitor_text=visit)
        assert [end for end in ends if end > edge] == []
        assert max(ends) > edge - 5


def test_hostile_texts_stay_texts(pdf: PdfRenderer, hostile_page: Page) -> None:
    """Hostile texts do nothing but appear, escapes visible: no action, no form, no file, no link out."""
    document = PdfReader(io.BytesIO(pdf.render(hostile_page)))
    catalog = document.trailer["/Root"].get_object()
    assert {"/OpenAction", "/AA", "/AcroForm", "/Names"} & (catalog.keys() - {"/Names"}) == set()
    assert {key for key in catalog.get("/Names", {}) if key != "/Dests"} == set()
    assert [annotation for annotation in _annotations(document) if "/A" in annotation] == []
    text = "".join("".join(page.extract_text().split()) for page in document.pages)
    shown = visible(hostile_page).summary.items
    missing = [item.value for item in shown if len(item.value) < 100 and "".join(item.value.split()) not in text]
    assert missing == []
    assert "4,740morecharacters" in text


@pytest.mark.parametrize(
    ("template", "wanted"),
    [('<img src="https://example.org/x.png">', "https://example.org/x.png"), ('<img src="file:///x">', "file:///x")],
)
def test_nothing_is_fetched(tmp_path: Path, page: Page, template: str, wanted: str) -> None:
    """A user's template that asks for a file or an address is refused, and told how to do without."""
    (tmp_path / "partials").mkdir()
    (tmp_path / "partials" / "prose.html.j2").write_text(template)
    with pytest.raises(RenderError) as caught:
        PdfRenderer(tmp_path).render(page)
    assert str(caught.value) == f"the template asks for {wanted}"


def test_style_sheet_is_no_way_out(tmp_path: Path, page: Page) -> None:
    """Neither is a style sheet that imports another."""
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "print.css").write_text("@import 'https://example.org/x.css';")
    with pytest.raises(RenderError, match=r"the template asks for https://example\.org/x\.css"):
        PdfRenderer(tmp_path).render(page)


def test_no_complaints(pdf: PdfRenderer, page: Page, caplog: pytest.LogCaptureFixture) -> None:
    """WeasyPrint finds nothing in our templates and style sheet to warn of."""
    with caplog.at_level(logging.INFO):
        pdf.render(page)
        PdfRenderer().render(page)
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []


def test_same_bytes_everywhere(pdf: PdfRenderer, data: bytes, page: Page, tmp_path: Path) -> None:
    """Another run gives the same bytes: in this process, and in one of another hash seed, day and place."""
    assert pdf.render(page) == data
    (tmp_path / "page").write_bytes(pickle.dumps(page))
    code = (
        "import pickle, sys; from pathlib import Path; from reportgen.render.pdf import PdfRenderer;"
        "page = pickle.loads(Path('page').read_bytes()); sys.stdout.buffer.write(PdfRenderer().render(page))"
    )
    root = Path(__file__).parents[2]
    # fontTools would write this date into a font that it saved.
    env = os.environ | {
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": str(root),
        "SOURCE_DATE_EPOCH": "86400",
        "TZ": "Asia/Tokyo",
    }
    other = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, check=True)
    assert other.stdout == data


def test_missing_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without WeasyPrint, or without Pango under it, the renderer says at once what to install."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(RendererUnavailable) as caught:
        PdfRenderer()
    assert caught.value.remedy == "pip install 'weasyprint>=70'"


@pytest.mark.parametrize(
    ("platform", "remedy"),
    [("linux", "apt install libpango-1.0-0"), ("darwin", "brew install pango"), ("win32", "install MSYS2")],
)
def test_missing_pango(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, remedy: str) -> None:
    """Where Pango is missing, the remedy is the command for that system."""
    (tmp_path / "weasyprint").mkdir()
    (tmp_path / "weasyprint" / "__init__.py").write_text(
        "print('essay'); raise OSError('cannot load library pango\\nmore')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(RendererUnavailable) as caught:
        PdfRenderer()
    assert str(caught.value) == "WeasyPrint does not load: cannot load library pango"
    assert str(caught.value.remedy)[: len(remedy)] == remedy


def test_missing_overrides(tmp_path: Path) -> None:
    """A folder of templates that is not there is said at once."""
    with pytest.raises(TemplateError):
        PdfRenderer(tmp_path / "none")
