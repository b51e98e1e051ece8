"""The HTML file: self-contained, safe, in order, and legible."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reportgen.errors import TemplateError
from reportgen.render.html import HtmlRenderer, attributes, lean, opening, plain, state
from reportgen.render.templating import environment, sources
from reportgen.render.text import visible
from reportgen.view.page import Cell, Column, Figure, Figures, Page, Row, Section, Table

VOID = {"meta", "wbr", "img", "input"}
# What HTML ends by itself where these begin or end.
IMPLIED = {"td": {"td", "th"}, "tr": {"td", "th", "tr"}, "/tr": {"td", "th"}, "/tbody": {"td", "th", "tr"}}


class _Document(HTMLParser):
    """The elements of a file, each with its attributes and the text in it; checks that they are nested properly."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(data.decode())
        self.close()
        assert [name for name, _, _ in self._open] == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._imply(IMPLIED.get(tag, set()))
        element = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def _imply(self, ended: set[str]) -> None:
        while self._open and self._open[-1][0] in ended:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        self._imply(IMPLIED.get(f"/{tag}", set()))
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, _, texts in self._open:
            texts.append(data)

    def all(self, tag: str, css_class: str | None = None) -> list[tuple[dict[str, str | None], str]]:
        """Attributes and whole text of each element of that tag and class."""
        return [
            (attributes, "".join(texts).replace("\N{NO-BREAK SPACE}", " ").strip())
            for name, attributes, texts in self.elements
            if name == tag and (css_class is None or css_class in (attributes.get("class") or "").split())
        ]

    def texts(self, tag: str, css_class: str | None = None) -> list[str]:
        return [text for _, text in self.all(tag, css_class)]


@pytest.fixture(scope="module")
def html() -> HtmlRenderer:
    """The renderer with reportgen's own templates."""
    return HtmlRenderer()


@pytest.fixture(scope="module")
def document(html: HtmlRenderer, page: Page) -> _Document:
    """The page with every kind of block, read back."""
    return _Document(html.render(page))


@pytest.fixture(scope="module")
def hostile(html: HtmlRenderer, hostile_page: Page) -> _Document:
    """The hostile page, read back."""
    return _Document(html.render(hostile_page))


def test_first_screen(document: _Document) -> None:
    """Title, class, status, description and key figures come first, each figure with its exact value."""
    assert document.texts("title")[0] == "net · reportgen"
    assert document.texts("h1") == ["net"]
    assert document.texts("p", "subtitle") == ["models.Net"]
    assert document.texts("span", "badge") == ["partial"]
    assert document.texts("p", "lead") == ["A small network."]
    assert document.texts("dd", "value") == ["20 k", "0"]
    assert document.texts("dd", "exact") == ["20,000 elements"]
    assert [attributes["href"] for attributes, text in document.all("a") if text == "JSON"] == ["report.json"]


def test_headings_in_order(document: _Document, page: Page) -> None:
    """One heading of the first level, then one of the second for each section, which the contents lists."""
    headings = [name for name, _, _ in document.elements if re.fullmatch("h[1-6]", name)]
    assert headings == ["h1", *["h2"] * len(page.sections)]
    titles = [section.title for section in page.sections]
    assert document.texts("h2") == titles
    assert [text for attributes, text in document.all("a") if text in titles] == titles


def test_landmarks(document: _Document) -> None:
    """Header, contents, main part and footer are told apart, and the main part can be skipped to."""
    counts = Counter(name for name, _, _ in document.elements)
    assert [counts[name] for name in ("header", "nav", "main", "footer", "section")] == [1, 1, 1, 1, 5]
    assert document.all("a", "skip")[0][0]["href"] == "#main"
    assert [attributes["id"] for attributes, _ in document.all("main")] == ["main"]


def test_language_and_kind(html: HtmlRenderer, document: _Document) -> None:
    """The document says its language; a page of one section, as an index is, has no contents."""
    assert document.all("html")[0][0] == {"lang": "en"}
    table = Table("models", (), (), long=True)
    index = Page("Models", "", "complete", None, Figures(()), (Section("m", "Models", (table,)),), "", kind="index")
    assert _Document(html.render(index)).all("nav") == []


def test_ids_are_unique_and_links_arrive(document: _Document) -> None:
    """No id is given twice, and every link within the page but the one to nowhere has its target."""
    ids = Counter(attributes["id"] for _, attributes, _ in document.elements if "id" in attributes)
    assert max(ids.values()) == 1
    links = {attributes["href"] or "" for attributes, _ in document.all("a")}
    assert {link for link in links if link.startswith("#") and link[1:] not in ids} == {"#nowhere"}


def test_notices(document: _Document) -> None:
    """A finding says its tone in words, what to do, where, its code, and the traceback with its line breaks."""
    assert document.texts("p", "notice-title") == ["Problem: It failed", "Good: All trained"]
    assert document.texts("p", "remedy") == ["What to do Mend it."]
    assert document.texts("p", "marks") == ["fc forward-failed"]
    assert document.texts("pre", "detail") == ["Traceback:\n  File x\n\tline 1"]


def test_tree(document: _Document) -> None:
    """A tree's rows carry their depth and tone; its cells their raw number, their exact figure and their tone."""
    rows = [attributes for attributes, _ in document.all("tr") if "data-depth" in attributes]
    assert rows == [
        {"id": "m-net", "data-depth": "0"},
        {"data-depth": "1"},
        {"class": "warn", "data-depth": "1"},
    ]
    cells = [attributes for attributes, text in document.all("td") if text in {"20 k", "–"}]
    assert cells == [{"data-sort": "20000", "title": "20,000"}, {"class": "none"}, {"data-sort": "20000"}]


def test_long_table_in_bodies(document: _Document) -> None:
    """A long table is laid out a hundred rows at a time under one head; rows can be linked to."""
    start = next(i for i, element in enumerate(document.elements) if element[1].get("id") == "table-parameters")
    part = [name for name, _, _ in document.elements[start:]]
    assert [part.count(name) for name in ("table", "thead", "tbody")] == [1, 1, 3]
    rows = [attributes for attributes, _ in document.all("tr") if (attributes.get("id") or "").startswith("p-")]
    assert [rows[0], rows[-1], len(rows)] == [{"id": "p-block.0.weight"}, {"id": "p-block.249.weight"}, 250]
    assert Counter(attributes.get("scope") for attributes, _ in document.all("th")) == {"col": 3 + 3, None: 3 + 250}


def test_figures_that_sort_as_they_read_say_so_once() -> None:
    """``1,234`` needs no raw number beside it, ``12 × 3`` and ``1.2 k`` do."""
    cells = [Cell("1,234", sort=1234), Cell("12 × 3", sort=36), Cell("1.2 k", sort=1234, hint="1,234"), Cell("a")]
    assert ["", ' data-sort="36"', ' data-sort="1234" title="1,234"', ""] == [attributes(cell) for cell in cells]


def test_what_is_no_figure_has_its_own_class() -> None:
    """Unknown, not applicable, failed and zero are told apart by look, in tables and among the key figures."""
    words = (("unknown", "muted"), ("–", "muted"), ("failed", "bad"), ("0", "muted"), ("failed", "plain"))
    states = ["unknown", "none", "failed", "muted", ""]
    assert states == [state(Cell(word, tone=tone)) for word, tone in words]
    assert states == [state(Figure("Buffers", word, tone=tone)) for word, tone in words]


@pytest.mark.parametrize(
    ("figure", "copied"),
    [
        (Figure("Parameters", "25.6 M", "25,557,032"), "25557032"),
        (Figure("State dict", "97.5 MiB", "102,228,128 B"), "102228128"),
        (Figure("Modules", "151"), "151"),
        (Figure("Gradients", "28 of 30"), "28 of 30"),
    ],
)
def test_what_is_copied_of_a_key_figure(figure: Figure, copied: str) -> None:
    """The exact number without separators and unit; of what is no number, the words."""
    assert copied == plain(figure)


def test_trees_open_as_deep_as_a_glance_takes_in() -> None:
    """So deep that 60 rows are shown at most, but one level at least."""
    column = (Column("name", "Module"),)
    deep = [Row((Cell("m"),), depth=depth) for depth, count in enumerate((1, 9, 50, 1)) for _ in range(count)]
    assert 2 == opening(Table("t", column, tuple(deep)))
    assert 3 == opening(Table("t", column, tuple(deep[1:])))
    assert 1 == opening(Table("t", column, tuple(deep[:1] + deep[10:] * 2)))


def test_a_lean_script() -> None:
    """Neither indentation nor lines of comment travel with each report."""
    assert "f({\na: 1, // why\n});" == lean("// What.\nf({\n  // how\n  a: 1, // why\n\n});\n")


def test_names_wrap_and_are_never_cut(html: HtmlRenderer, ledger: Callable[..., Table]) -> None:
    """A name of any length is there in full, with places to break in it."""
    name = "encoder.layer_" + "x" * 5000
    page = Page("a", "b", "complete", None, Figures(()), (Section("s", "S", (ledger(1, name),)),), "")
    data = html.render(page)
    assert _Document(data).texts("th")[-1] == name
    assert b">encoder.<wbr>layer_<wbr>xxxx" in data


def test_nothing_from_outside(document: _Document) -> None:
    """The file loads nothing, and its policy lets run and shape it only what is in it, known by its hash."""
    loading = {"src", "srcset", "style", "background", "action", "data"}
    assert [element for element in document.elements if loading & element[1].keys()] == []
    assert {name for name, _, _ in document.elements} & {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
    } == set()
    (style,), (script,) = document.texts("style"), document.texts("script")
    policy = next(a["content"] for a, _ in document.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    raw = {name: "".join(texts) for name, _, texts in document.elements if name in {"style", "script"}}
    hashes = {name: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for name, text in raw.items()}
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; "
        "font-src data:; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert re.findall(r"url\((?!data:font/woff2;base64,)|@import|https?://", style + script) == []


def test_hostile_texts_stay_texts(hostile: _Document, hostile_page: Page) -> None:
    """Hostile texts add no element, no attribute that runs and no link that does; they are shown, escapes visible."""
    counts = Counter(name for name, _, _ in hostile.elements)
    assert [counts[name] for name in ("script", "style", "img")] == [1, 1, 0]
    assert [name for _, attributes, _ in hostile.elements for name in attributes if name.startswith("on")] == []
    links = {attributes["href"] or "" for attributes, _ in hostile.all("a")}
    assert {link for link in links if not link.startswith("#")} == set()
    assert hostile.texts("dd", "value") == [figure.value.strip() for figure in visible(hostile_page).summary.items]
    assert hostile.texts("h1") == ["<script>alert(1)</script>"]
    assert hostile.texts("p", "subtitle") == [r"rtl\u202egnp"]


def test_same_page_same_bytes(html: HtmlRenderer, page: Page) -> None:
    """Rendering twice, also by another renderer, gives the same bytes."""
    assert html.render(page) == html.render(page) == HtmlRenderer().render(page)


def test_overrides(tmp_path: Path, page: Page) -> None:
    """A user's template and style sheet take their places."""
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "user.css").write_text("h1 { color: red }")
    (tmp_path / "partials").mkdir()
    (tmp_path / "partials" / "prose.html.j2").write_text("<p>mine: {{ block.text }}</p>")
    data = HtmlRenderer(tmp_path).render(page)
    assert (b"h1 { color: red }" in data, b"<p>mine: Made by:</p>" in data) == (True, True)


def test_added_style_sheet(tmp_path: Path, page: Page) -> None:
    """A style sheet of the user's comes last."""
    sheet = tmp_path / "house.css"
    sheet.write_text("h1 { color: teal }")
    assert _Document(HtmlRenderer(css=sheet).render(page)).texts("style")[0].endswith("h1 { color: teal }")


def test_publisher(html: HtmlRenderer, page: Page) -> None:
    """Author and logo are shown; a logo that is no image with its own data is not."""
    logo = "data:image/png;base64,iVBORw0KGgo="
    branded = _Document(html.render(dataclasses.replace(page, author="A & B", logo=logo)))
    assert (["A & B"], [{"class": "logo", "src": logo, "alt": ""}]) == (
        branded.texts("span", "author"),
        [attributes for attributes, _ in branded.all("img")],
    )
    for bad in ("https://example.org/x.png", "data:text/html,x", "javascript:alert(1)"):
        assert [] == _Document(html.render(dataclasses.replace(page, logo=bad))).all("img")


def test_broken_override(tmp_path: Path, page: Page) -> None:
    """A user's template that asks for what there is not is named, with the line."""
    (tmp_path / "partials").mkdir()
    (tmp_path / "partials" / "code.html.j2").write_text("{{ block.txt }}")
    with pytest.raises(TemplateError, match=r"code\.html\.j2, line 1: .* has no attribute 'txt'"):
        HtmlRenderer(tmp_path).render(page)


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", ["ground", "panel", "mark"])
@pytest.mark.parametrize("ink", ["ink", "muted", "accent", "good", "warn", "bad"])
def test_contrast(ground: str, ink: str) -> None:
    """Every text colour has the contrast that WCAG asks of text, 4.5, on every ground, light and dark."""
    css = sources(environment(), "css/screen.css")
    tokens = {
        name: (light, dark) for name, light, dark in re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", css)
    }
    for theme in (0, 1):
        pale, deep = sorted((_luminance(tokens[ground][theme]), _luminance(tokens[ink][theme])), reverse=True)
        assert min((pale + 0.05) / (deep + 0.05), 4.5) == 4.5
