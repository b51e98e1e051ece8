"""Painted ledgers in a PDF: their text, their tags and their links, and the ledger as text that stands in for them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf._text_extraction import mult

from reportgen.view.chart import Icicle, Tile
from reportgen.view.page import Attachment, Cell, Column, Facts, Figures, Page, Row, Section, Table

weasyprint = pytest.importorskip("weasyprint", exc_type=(ImportError, OSError), reason="needs Pango")

from reportgen.render.painting import pages  # noqa: E402 - only where WeasyPrint loads
from reportgen.render.pdf import PdfRenderer  # noqa: E402 - as above

LABELS = ["Parameter", "Shape", "Elements"]
FOREIGN = ("重み.バイアス", "طبقة.وزن", "emoji.🎉.weight", "한국어.weight", "cafe\u0301.weight")
RECORD = Attachment("report.json", "The record", b'{"format": "reportgen"}')


@pytest.fixture(scope="module")
def long_page(ledger: Callable[..., Table]) -> Page:
    """A tree of 60 modules, each of which leads to its row of a ledger of 250, over some pages."""
    tree = Table(
        "modules",
        (Column("path", "Module", "name", 3), Column("class", "Class", "code")),
        tuple(
            Row((Cell(f"block.{i}", href=f"#p-block.{4 * i}.weight"), Cell("Linear", tone="muted")), depth=i % 3)
            for i in range(60)
        ),
    )
    sections = (
        Section("modules", "Modules", (tree,)),
        Section("parameters", "Parameters", (ledger(250),), intro="Every one.", appendix=True),
    )
    return Page("net", "Net", "complete", None, Figures(()), sections, "", attachment=RECORD)


@pytest.fixture(scope="module")
def document(long_page: Page) -> PdfReader:
    """The same, as PDF, read back."""
    return _read(PdfRenderer().render(long_page))


def _read(data: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(data))


def _page(*names: str) -> Page:
    columns = (Column("name", "Name", "name", 3), Column("n", "Elements", "number"))
    table = Table("t", columns, tuple(Row((Cell(name), Cell("1,234"))) for name in names), long=True)
    return Page("net", "Net", "complete", None, Figures(()), (Section("t", "Table", (table,), appendix=True),), "")


def _words(document: PdfReader) -> list[str]:
    """The lines of all pages, as they stand, without what is repeated on each."""
    lines = [line for page in document.pages for line in page.extract_text(extraction_mode="layout").splitlines()]
    words = [" ".join(line.split()) for line in lines]
    return [line for line in words if line and not re.match(r"net ·|page \d|Parameter Shape|Module Class", line)]


def _elements(document: PdfReader, kind: str) -> list[Any]:
    """The structure elements of one kind, in the order of the tree."""
    return [element for element in _tree(document.root_object["/StructTreeRoot"]) if element.get("/S") == f"/{kind}"]


def _tree(element: Any) -> Iterator[Any]:
    yield element
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        target = kid.get_object()
        if hasattr(target, "get") and "/S" in target:
            yield from _tree(target)


def test_is_painted() -> None:
    """The version of WeasyPrint that the tests run with is one that is painted on."""
    assert pages.is_known()


def test_text_is_that_of_the_fallback(document: PdfReader, long_page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a version of WeasyPrint that is not known, ledgers are text in table cells, line for line the same."""
    monkeypatch.setattr(pages, "is_known", lambda: False)
    fallback = _read(PdfRenderer().render(long_page))
    rows = [line for line in _words(document) if line.startswith("block.")]
    assert len(rows) == 310
    assert rows == [line for line in _words(fallback) if line.startswith("block.")]
    assert {len(element["/K"]) for element in _elements(fallback, "TR")} == {1}


def test_charts_and_facts_say_the_same_when_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What WeasyPrint draws from SVG and sets in tables is painted word for word, also where a font lacks a letter."""
    tiles = tuple(
        Tile(name, 1, index / 3, 1 / 3, "1 k, 33 %", index) for index, name in enumerate(("a.b", "重み", "c"))
    )
    chart = Icicle("icicle", "Parameters", "Three parts.", (Tile("net", 0, 0, 1, "3 k, 100 %", None), *tiles), 2)
    facts = Facts(
        (("Device", Cell("meta")), ("Published", Cell("https://example.org/x", href="https://example.org/x")))
    )
    page = Page("n", "N", "complete", None, Figures(()), (Section("s", "S", (chart, facts)),), "")
    painted = _read(PdfRenderer().render(page))
    monkeypatch.setattr(pages, "is_known", lambda: False)
    plain = _read(PdfRenderer().render(page))
    words = [sorted(" ".join(page.extract_text() for page in document.pages).split()) for document in (painted, plain)]
    assert words[0] == words[1]
    assert {"net", "a.b", "重み", "33", "Device", "meta", "example.org/x"} <= set(words[0])
    assert [element["/Alt"] for element in _elements(painted, "Figure")] == ["Parameters. Three parts."]
    (link,) = (link for link in _elements(painted, "Link") if "/A" in link["/K"][1]["/Obj"])
    assert link["/K"][1]["/Obj"]["/A"]["/URI"] == "https://example.org/x"


def test_another_font_is_laid_out_by_weasyprint(long_page: Page, tmp_path: Path) -> None:
    """Where a style sheet sets the text in a font of another width, tables are not painted in it."""
    css = tmp_path / "brand.css"
    css.write_text('.facts table, .table table { font-family: "Report Mono" }')
    page = replace(long_page, sections=(Section("s", "S", (Facts((("Device", Cell("meta")),)),)),))
    assert len(_elements(_read(PdfRenderer(css=css).render(page)), "TH")) == 1
    assert "Device meta" in _words(_read(PdfRenderer(css=css).render(page)))


def test_template_without_places_for_charts(tmp_path: Path) -> None:
    """A template of another time, which names no charts, has them as SVG, and none is lost."""
    (tmp_path / "partials").mkdir()
    (tmp_path / "partials" / "print_chart.html.j2").write_text('<img src="{{ block|picture }}" alt="{{ block.alt }}">')
    chart = Icicle("icicle", "Parameters", "One.", (Tile("encoder", 0, 0, 1, "3 k, 100 %", None),), 1)
    page = Page("n", "N", "complete", None, Figures(()), (Section("s", "S", (chart,)),), "")
    assert "encoder" in _read(PdfRenderer(tmp_path).render(page)).pages[-1].extract_text()


def test_style_sheet_that_leaves_no_room(long_page: Page, tmp_path: Path) -> None:
    """Where an added style sheet makes pages too small for the parts, the ledger is text, and nothing is lost."""
    css = tmp_path / "small.css"
    css.write_text("@page { size: A6 landscape; margin: 20mm 10mm } .ledger table { font-size: 5pt }")
    rows = [line for line in _words(_read(PdfRenderer(css=css).render(long_page))) if re.match(r"block\.\d+\.", line)]
    assert rows == [f"block.{i}.weight 2×5 10" for i in range(250)]


@pytest.mark.parametrize(
    ("title", "lines"), [("net", 1), ("重み" * 29, 2), ("a-name-of-letters-" * 4, 1)], ids=["short", "wide", "long"]
)
def test_heads_are_those_of_the_fallback(
    long_page: Page, monkeypatch: pytest.MonkeyPatch, title: str, lines: int
) -> None:
    """Heads and feet stand where the margin boxes of the style sheet have them, to half a point."""
    page = replace(long_page, title=title)
    painted = [_margins(page) for page in _read(PdfRenderer().render(page)).pages]
    monkeypatch.setattr(pages, "is_known", lambda: False)
    laid_out = [_margins(page) for page in _read(PdfRenderer().render(page)).pages]
    assert [len(texts) for texts in laid_out] == [1, *[lines + 1] * 5]
    assert [[text for text, *_ in texts] for texts in painted] == [[text for text, *_ in texts] for texts in laid_out]
    places = [place for texts in laid_out for _, *place in texts]
    assert [place for texts in painted for _, *place in texts] == [pytest.approx(place, abs=0.5) for place in places]


def _margins(page: Any) -> list[tuple[str, float, float]]:
    """The lines in the upper and lower margins of a page, and where they begin, in points."""
    found: dict[float, list[tuple[float, str]]] = {}

    def visit(text: str, to_page: list[float], to_text: list[float], *_: Any) -> None:
        x, y = mult(to_text, to_page)[4:]
        if text.strip() and not 50 < y < page.mediabox.height - 60:
            found.setdefault(round(y, 1), []).append((x, text.strip()))

    page.extract_text(visitor_text=visit)
    return [("".join(text for _, text in parts), parts[0][0], y) for y, parts in sorted(found.items())]


def test_style_sheet_with_heads_of_its_own(long_page: Page, tmp_path: Path) -> None:
    """A style sheet with margin boxes has its way with them, and the others stay."""
    css = tmp_path / "brand.css"
    css.write_text("@page { @top-left { content: none } @bottom-left { content: 'Acme' } }")
    document = _read(PdfRenderer(css=css).render(long_page))
    assert [[text for text, _, _ in _margins(page)] for page in document.pages] == [
        ["Acme", f"page {number} of 6"] for number in range(1, 7)
    ]


def test_one_table_over_all_pages(document: PdfReader) -> None:
    """A ledger is one table with one head, whose cells head their columns; each row's first cell heads the row."""
    tables = _elements(document, "Table")
    assert [[kid["/S"] for kid in table["/K"]][:2] for table in tables] == [["/THead", "/TBody"]] * 2
    heads, bodies = tables[1]["/K"][0], tables[1]["/K"][1:]
    assert [cell["/A"]["/Scope"] for cell in heads["/K"][0]["/K"]] == ["/Column"] * 3
    rows = [[cell["/S"] for cell in row["/K"]] for body in bodies for row in body["/K"]]
    assert rows == [["/TH", "/TD", "/TD"]] * 250
    pages = [body["/K"][0]["/K"][0]["/Pg"]["/StructParents"] for body in bodies]
    assert pages == sorted(set(pages))


def test_every_content_has_its_element(document: PdfReader) -> None:
    """The marked contents of a page are numbered from 0, and each belongs to the element that names it."""
    numbers = document.root_object["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    owners = dict(zip(numbers[::2], numbers[1::2], strict=True))
    for index, page in enumerate(document.pages):
        marks = [int(mark) for mark in re.findall(rb"/MCID (\d+)", page.get_contents().get_data())]
        assert sorted(marks) == list(range(len(owners[index])))
        for mark, owner in enumerate(owners[index]):
            assert mark in owner.get_object()["/K"]


def test_tree_leads_to_rows(document: PdfReader) -> None:
    """Each module's name is a link to the row of its parameter, and an element that holds the link."""
    links = [element for element in _elements(document, "Link") if element["/P"]["/S"] == "/TH"]
    targets = [element["/K"][1]["/Obj"]["/Dest"] for element in links]
    assert targets == [f"p-block.{4 * i}.weight" for i in range(60)]
    numbers = document.root_object["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    owners = dict(zip(numbers[::2], numbers[1::2], strict=True))
    assert all(owners[link["/K"][1]["/Obj"]["/StructParent"]] == link.indirect_reference for link in links)
    assert set(targets) <= set(document.named_destinations)


def test_foreign_names_stay_in_their_column() -> None:
    """Names in other scripts can be selected, whatever fonts there are, and what stands beside them is not moved."""
    names = ("plain.weight", *FOREIGN, "plain.bias")
    page = _read(PdfRenderer().render(_page(*names))).pages[-1]
    content = page.get_contents()
    assert content is not None
    cells = re.findall(rb"/TD<</MCID \d+>>BDC\n1 0 0 -1 ([\d.]+) ([\d.]+) Tm<(\w+)>Tj\nEMC", content.get_data())
    assert len({(left, codes) for left, _, codes in cells}) == 1
    assert len({top for _, top, _ in cells}) == len(names)
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    texts = [bytes.fromhex(text) for font in fonts for text in _to_unicode(font)]
    missing = {char for name in names for char in name} - set(b"".join(texts).decode("utf-16-be"))
    assert missing == set()


def _to_unicode(font: Any) -> list[str]:
    """What the font's glyphs stand for, as hexadecimal UTF-16."""
    return re.findall(r"^<\w+> <(\w+)>$", font["/ToUnicode"].get_data().decode(), re.MULTILINE)


def test_rows_higher_than_a_page() -> None:
    """A row that no page has room for is set all the same, by the ledger that is text."""
    sentence = " ".join(f"word{i}" for i in range(4000))
    text = " ".join(_words(_read(PdfRenderer().render(_page(sentence)))))
    assert [word for word in ("word0", "word2000", "word3999") if word not in text] == []


@pytest.mark.parametrize(
    ("variant", "claim"),
    [("pdf/ua-1", 'pdfuaid:part="1"'), ("pdf/a-3a", 'pdfaid:part="3" pdfaid:conformance="A"'), ("plain", None)],
)
def test_variants(long_page: Page, variant: str, claim: str | None) -> None:
    """Each variant makes its claim in the metadata; all have language, bookmarks and the record."""
    data = PdfRenderer(variant=variant).render(long_page)
    document = _read(data)
    catalog = document.root_object
    assert data == PdfRenderer(variant=variant).render(long_page)
    assert (claim is None) == (document.xmp_metadata is None)
    if claim is not None:
        assert claim in catalog["/Metadata"].get_data().decode()
        assert document.xmp_metadata is not None
        assert document.xmp_metadata.dc_title == {"x-default": "net"}
    assert ("/StructTreeRoot" in catalog, "/MarkInfo" in catalog) == (claim is not None, claim is not None)
    assert catalog["/Lang"] == "en"
    assert [item["/Title"] for item in document.outline if not isinstance(item, list)] == ["Modules", "Appendix"]
    assert [line for line in _words(document) if line.startswith("block.249")] == ["block.249.weight 2×5 10"]
    assert dict(document.attachments) == {"report.json": [b'{"format": "reportgen"}']}


def test_archived_record(long_page: Page) -> None:
    """In an archive the record is the source of the document, with a date that is always the same."""
    catalog = _read(PdfRenderer(variant="pdf/a-3a").render(long_page)).root_object
    (file,) = {entry.get_object()["/UF"]: entry.get_object() for entry in catalog["/AF"]}.values()
    assert (file["/AFRelationship"], file["/UF"]) == ("/Source", "report.json")
    assert file["/EF"]["/F"]["/Params"]["/ModDate"] == "D:20000101000000Z"
    assert catalog["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"


def test_added_style_sheet(long_page: Page, tmp_path: Path) -> None:
    """The style sheet that is added comes last, and may change anything."""
    css = tmp_path / "brand.css"
    css.write_text(".subtitle::after { content: ' Confidential' }")
    page = replace(long_page, sections=())
    assert "Net Confidential" in _read(PdfRenderer(css=css).render(page)).pages[0].extract_text()
