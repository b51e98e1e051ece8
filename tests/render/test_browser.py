"""The HTML file in a browser: it asks nobody for anything, and its script sorts, searches, folds, copies and links."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, sync_playwright
from playwright.sync_api import Page as Tab

from reportgen.render.html import HtmlRenderer
from reportgen.view.chart import Icicle, Tile
from reportgen.view.page import Cell, Column, Notice, Notices, Page, Row, Section, Table

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

WATCH = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
"""
# Where a word and a figure stand, in each element that shows both.
PLACES = """([name, figure]) => {
  const place = (element, words) => {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (texts.nextNode()) {
      const at = texts.currentNode.data.indexOf(words);
      if (at < 0) continue;
      range.setStart(texts.currentNode, at);
      range.setEnd(texts.currentNode, at + words.length);
      return range.getBoundingClientRect().left;
    }
  };
  const shown = "h1, h2, .bar-title, .caption, th, .notice-title, .notice-text, svg text, figcaption, figcaption b";
  return [...document.querySelectorAll(shown)].filter((element) => element.textContent.includes(figure))
    .map((element) => [place(element, name), place(element, figure)]);
}"""
Open = Callable[..., Tab]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, page: Page, hostile_page: Page) -> dict[str, Path]:
    """Pages as files: a report, a hostile one, and one whose module tree is long and deep."""
    pages = {"report": page, "hostile": hostile_page, "deep": _deep(page)}
    folder = tmp_path_factory.mktemp("pages")
    for name, each in pages.items():
        (folder / f"{name}.html").write_bytes(HtmlRenderer().render(each))
    return {name: folder / f"{name}.html" for name in pages}


def _deep(page: Page) -> Page:
    """Six blocks of four layers of two weights: 79 rows."""
    (tree,) = [block for section in page.sections for block in section.blocks if getattr(block, "id", "") == "modules"]
    rows = [tree.rows[0]]
    for i in range(6):
        rows.append(_row(rows[0], f"block{i}", 1))
        for j in range(4):
            rows.append(_row(rows[0], f"block{i}.layer{j}", 2))
            rows.extend(_row(rows[0], f"block{i}.layer{j}.weight{k}", 3) for k in range(2))
    table = dataclasses.replace(tree, rows=tuple(rows), long=True)
    return dataclasses.replace(page, sections=(Section("modules", "Modules", (table,)),))


def _row(like: Row, name: str, depth: int) -> Row:
    cells = (dataclasses.replace(like.cells[0], text=name), *like.cells[1:])
    return Row(cells, depth=depth, anchor=f"m-{name}")


@pytest.fixture
def tab(browser: Browser, files: dict[str, Path]) -> Iterator[Open]:
    """Opens one of the files in a window of its own."""
    contexts = []

    def open_file(name: str, fragment: str = "", **options: Any) -> Tab:
        context = browser.new_context(**options)
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(files[name].as_uri() + fragment)
        return page

    yield open_file
    for context in contexts:
        context.close()


def _column(table: Locator, number: int) -> list[str]:
    return table.locator(f"tbody > tr > :nth-child({number}):visible").all_inner_texts()


def _clipboard(page: Tab) -> str:
    page.locator(".toast:not(:empty)").wait_for()
    return str(page.evaluate("navigator.clipboard.readText()"))


@pytest.mark.parametrize("name", ["report", "hostile"])
def test_asks_nobody(browser: Browser, files: dict[str, Path], name: str) -> None:
    """Opening a page and clicking all that is in it sends nothing, opens no dialog and breaks no rule of its policy."""
    context = browser.new_context()
    context.add_init_script(WATCH)
    page = context.new_page()
    events: list[str] = []
    page.on("request", lambda request: events.append(request.url))
    page.on("dialog", lambda dialog: (events.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: events.append(message.text))
    page.on("pageerror", lambda error: events.append(str(error)))
    page.goto(files[name].as_uri())
    page.evaluate("document.querySelectorAll('button, summary, td').forEach((element) => element.click())")
    assert ([files[name].as_uri()], []) == (
        [url for url in events if not url.startswith("data:font/")],
        page.evaluate("violations"),
    )
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["report", "hostile", "deep"])
def test_nothing_breaks_out(tab: Open, name: str, width: int) -> None:
    """Whatever the texts are, the page is no wider than its window, and every row of a table has all cells."""
    page = tab(name, viewport={"width": width, "height": 800})
    assert width == page.evaluate("document.documentElement.scrollWidth")
    assert [] == page.evaluate(
        "[...document.querySelectorAll('table')].filter((table) => "
        "[...table.rows].some((row) => row.cells.length !== table.tHead.rows[0].cells.length))"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report", "hostile", "deep"])
def test_accessible(tab: Open, name: str, scheme: Literal["light", "dark"]) -> None:
    """No rule of axe-core is broken, in light; nor, in dark, the only one that looks at colours."""
    page = tab(name, color_scheme=scheme)
    for button in page.get_by_role("button", name="Expand all").all():
        button.click()
    response = Axe().run(page, options={} if scheme == "light" else {"runOnly": ["color-contrast"]}).response
    assert [] == [(found["id"], [node["target"] for node in found["nodes"]][:3]) for found in response["violations"]]


def test_sort(tab: Open) -> None:
    """Heads sort: names as people count, figures from the largest, unknown ones last; the third click undoes it."""
    page = tab("report")
    table = page.locator("#table-parameters")
    names = table.get_by_role("button", name="Parameter")
    names.click()
    names.click()
    assert ["block.249.weight", "block.248.weight"] == _column(table, 1)[:2]
    assert "descending" == table.locator("thead th").first.get_attribute("aria-sort")
    names.click()
    assert ["block.0.weight", "block.1.weight", "block.2.weight"] == _column(table, 1)[:3]


def test_search(tab: Open) -> None:
    """Rows that hold every word stay; in a tree with those above them."""
    table = tab("report").locator("#table-parameters")
    table.get_by_role("searchbox").fill("24 WEIGHT")
    assert "13 of 250 rows" == table.locator("output").inner_text()
    assert ["block.24.weight", "block.124.weight", "block.224.weight"] == _column(table, 1)[:3]
    tree = tab("deep").locator("#table-modules")
    tree.get_by_role("searchbox").fill("layer3.weight1")
    assert ["net", "block0", "block0.layer3", "block0.layer3.weight1", "block1"] == _column(tree, 1)[:5]


def test_columns(tab: Open) -> None:
    """Columns can be hidden, all but the first, and stay so when the page is opened again."""
    page = tab("report")
    for action in ("uncheck", "check"):
        table = page.locator("#table-parameters")
        table.locator("summary").click()
        getattr(table.get_by_label("Shape"), action)()
        page.reload()
        expected = ["PARAMETER", "ELEMENTS"] if action == "uncheck" else ["PARAMETER", "SHAPE", "ELEMENTS"]
        assert expected == [text.upper() for text in table.locator("thead th:visible").all_inner_texts()]
        assert expected == [
            ["PARAMETER", "SHAPE", "ELEMENTS"][i - 1] for i in (1, 2, 3) if len(_column(table, i)) == 250
        ]


def test_theme(tab: Open) -> None:
    """Auto follows the system, light and dark do not, and the choice outlives the page."""
    page = tab("report", color_scheme="dark")

    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    dark = ground()
    page.get_by_role("button", name="light").click()
    page.reload()
    light = ground()
    assert "true" == page.get_by_role("button", name="light").get_attribute("aria-pressed")
    page.get_by_role("button", name="auto").click()
    assert ("rgb(16, 20, 24)", "rgb(255, 255, 255)", "rgb(16, 20, 24)") == (dark, light, ground())


def test_fold(tab: Open) -> None:
    """A long tree opens as deep as it can be taken in; rows fold and unfold, one by one or all at once."""
    tree = tab("deep").locator("#table-modules")
    rows = tree.locator("tbody tr:visible")
    counts = [rows.count()]
    for name in ("Modules in block3.layer1", "Modules in block3", "Expand all", "Collapse all"):
        tree.get_by_role("button", name=name, exact=True).click()
        counts.append(rows.count())
    assert [31, 33, 27, 79, 7] == counts


def test_deep_links(tab: Open) -> None:
    """A link to a row opens what is folded and undoes a search; it survives a reload."""
    page = tab("deep", "#m-block4.layer3.weight1")
    target = page.locator("tr:target")
    for _ in range(2):
        assert "block4.layer3.weight1" == target.locator("th").inner_text()
        assert page.evaluate("document.querySelector('tr:target').getBoundingClientRect().top < innerHeight")
        page.reload()
    report = tab("report")
    report.locator("#table-parameters").get_by_role("searchbox").fill("block.7.")
    report.evaluate("location.hash = '#p-block.199.weight'")
    report.locator("tr:target").wait_for()
    assert ("block.199.weight", "") == (
        report.locator("tr:target th").inner_text(),
        report.locator("#table-parameters").get_by_role("searchbox").input_value(),
    )
    assert report.evaluate("document.querySelector('tr:target').getBoundingClientRect().top < innerHeight")


def test_copy(tab: Open) -> None:
    """The exact figure is copied, without separators: of a key figure, and of a cell that shows a rounded one."""
    page = tab("report")
    page.get_by_role("button", name="Copy Parameters: 20000").click()
    assert "20000" == _clipboard(page)
    page = tab("report")
    page.get_by_role("cell", name="20 k").first.click()
    page.get_by_role("button", name="Copy this value").click()
    assert "20000" == _clipboard(page)


def test_keyboard(tab: Open) -> None:
    """A table of any length is one stop of the tab key; arrows walk through its cells, space folds, enter copies."""
    page = tab("deep")
    page.locator("#table-modules").get_by_role("searchbox").focus()
    for _ in range(4):
        page.keyboard.press("Tab")
    assert "scroll" == page.evaluate("document.activeElement.className")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Space", "ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert "Net" == _clipboard(page)
    page.keyboard.press("ArrowLeft")
    assert "block0.layer0.weight0" == page.evaluate("document.activeElement.innerText")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    assert "Modules in block0.layer0" == page.evaluate("document.activeElement.ariaLabel")


def test_without_script(tab: Open) -> None:
    """Everything is there, nothing is folded, and links arrive."""
    page = tab("report", "#p-block.249.weight", java_script_enabled=False)
    assert (250, 3) == (
        page.locator("#table-parameters tbody tr:visible").count(),
        page.locator("#table-modules tbody tr:visible").count(),
    )
    assert "block.249.weight" == page.locator("tr:target th").inner_text()


def test_figures_stay_beside_words_from_right_to_left(browser: Browser, tmp_path: Path, page: Page) -> None:
    """A name and the figure after it stand in this order everywhere, though the name is read from right to left."""
    name, figure = "שכבות", "27"
    both = f"{name} ×{figure}"
    table = Table("t", (Column("m", "m", "name"),), (Row((Cell(both),)),), caption=both)
    chart = Icicle("i", both, f"{both}.", (Tile(both, 0, 0.0, 1.0, both, 0),), 1)
    blocks = (table, chart, Notices((Notice("warn", both, both),)))
    path = tmp_path / "report.html"
    path.write_bytes(
        HtmlRenderer().render(dataclasses.replace(page, title=both, sections=(Section("s", both, blocks),)))
    )
    tab = browser.new_page()
    tab.goto(path.as_uri())
    places = tab.evaluate(PLACES, [name, figure])
    tab.close()
    assert [True] * 11 == [left < right for left, right in places]


def test_print_is_whole(tab: Open) -> None:
    """On paper there are all rows, whatever is folded or filtered on screen."""
    page = tab("deep")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert 79 == page.locator("#table-modules tbody tr:visible").count()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert 31 == page.locator("#table-modules tbody tr:visible").count()
