"""The index of a run in a browser: it asks nobody for anything; filters, search, sorting, keys, and the chart."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab

from reportgen.analysis.summary import Summary
from reportgen.config import RenderOptions
from reportgen.runs.index import write_index
from reportgen.view.entries import IndexEntry

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

WATCH = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
"""
Open = Callable[..., Tab]


def _entry(number: int) -> IndexEntry:
    """``net0`` to ``net119``: every tenth failed, even ones are of timm and odd ones of torchvision."""
    failed = number % 10 == 9
    return IndexEntry(
        f"{('timm', 'torchvision')[number % 2]}:net{number}",
        f"net{number}",
        f"net{number}",
        "failed" if failed else "complete",
        None if failed else 1000 * (number + 1) ** 2,
        None if failed else 10**6 * (number + 1),
        f"ValueError: {number} is odd" if failed else None,
        formats=("md", "html", "json"),
        summary=Summary(
            source=("timm", "torchvision")[number % 2],
            family=f"family{number % 3}",
            tags=("small", "fast") if number < 5 else ("fast",),
            code="instantiate-failed" if failed else None,
        ),
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, hostile_names: tuple[str, ...]) -> dict[str, Path]:
    """An index of 120 models with its page of failures, and one of models whose every text is an attack."""
    folder = tmp_path_factory.mktemp("index")
    write_index([_entry(number) for number in range(120)], folder / "many", RenderOptions())
    hostile = [
        IndexEntry(
            name,
            name,
            f"net{number}",
            "failed",
            10**9,
            10**9,
            name,
            name,
            ("html", name),
            Summary(name, name, (name,), name),
        )
        for number, name in enumerate(hostile_names)
    ]
    write_index(hostile, folder / "hostile", RenderOptions())
    return {
        "index": folder / "many/index.html",
        "failures": folder / "many/failures.html",
        "hostile": folder / "hostile/index.html",
        "hostile failures": folder / "hostile/failures.html",
    }


@pytest.fixture
def tab(browser: Browser, files: dict[str, Path]) -> Iterator[Open]:
    """Opens one of the files in a window of its own."""
    contexts = []

    def open_file(name: str, fragment: str = "", **options: Any) -> Tab:
        context = browser.new_context(**options)
        contexts.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.goto(files[name].as_uri() + fragment)
        return page

    yield open_file
    for context in contexts:
        context.close()


def _names(page: Tab) -> list[str]:
    return page.locator(".models tbody th a").all_text_contents()


def _count(page: Tab) -> str:
    return page.locator(".tools output").inner_text()


@pytest.mark.parametrize("name", ["index", "hostile"])
def test_asks_nobody(tab: Open, files: dict[str, Path], name: str) -> None:
    """Opening it and using all that is in it sends nothing, opens no dialog and breaks no rule of its policy."""
    page = tab(name)
    events: list[str] = []
    page.on("request", lambda request: events.append(request.url))
    page.on("dialog", lambda dialog: (events.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: events.append(message.text))
    page.on("pageerror", lambda error: events.append(str(error)))
    page.reload()
    page.evaluate("document.querySelectorAll('button, option').forEach((element) => element.click())")
    page.get_by_role("searchbox").fill("<script>")
    assert ([files[name].as_uri()], []) == (
        [url for url in events if not url.startswith("data:font/")],
        page.evaluate("violations"),
    )


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["index", "failures", "hostile", "hostile failures"])
def test_nothing_breaks_out(tab: Open, name: str, width: int) -> None:
    """Whatever the texts are, the page is no wider than its window, and every row of a table has all cells."""
    page = tab(name, viewport={"width": width, "height": 800})
    assert width == page.evaluate("document.documentElement.scrollWidth")
    assert [] == page.evaluate(
        "[...document.querySelectorAll('table')].filter((table) => "
        "[...table.rows].some((row) => row.cells.length !== table.tHead.rows[0].cells.length))"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "failures", "hostile"])
def test_accessible(tab: Open, name: str, scheme: Literal["light", "dark"]) -> None:
    """No rule of axe-core is broken, in light; nor, in dark, the only one that looks at colours."""
    page = tab(name, color_scheme=scheme)
    response = Axe().run(page, options={} if scheme == "light" else {"runOnly": ["color-contrast"]}).response
    assert [] == [(found["id"], [node["target"] for node in found["nodes"]][:3]) for found in response["violations"]]


def test_filters(tab: Open) -> None:
    """Each narrows what the others leave, in the chart too; all of it stands in the address, and can be undone."""
    page = tab("index")
    assert "120 models" == _count(page)
    page.get_by_label("Filter by status").select_option("failed")
    assert "12 of 120 models" == _count(page)
    page.get_by_label("Filter by family").select_option("family0")
    assert ["net9", "net39", "net69", "net99"] == _names(page)
    assert 0 == page.locator(".dots a:visible").count()
    assert page.url.endswith("index.html#status=failed&family=family0")
    page.reload()
    assert "4 of 120 models" == _count(page)
    page.get_by_role("button", name="Show all").click()
    assert ("120 models", 108) == (_count(page), page.locator(".dots a:visible").count())
    assert page.url.endswith("index.html")
    page.get_by_label("Filter by tag").select_option("small")
    assert ["net0", "net1", "net2", "net3", "net4"] == _names(page)
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Filter by size").select_option("10000000-100000000")
    assert ("net100", 18) == (_names(page)[0], len(_names(page)))


def test_search(tab: Open) -> None:
    """Rows that hold every word stay: of the name, the reference, the family, the reason."""
    page = tab("index")
    page.get_by_role("searchbox").fill("19 ODD")
    assert ["net19", "net119"] == _names(page)
    page.get_by_role("searchbox").fill("torchvision:net7")
    assert ["net7", "net71", "net73", "net75", "net77", "net79"] == _names(page)


def test_sort(tab: Open) -> None:
    """Figures from the largest, unknown ones last; names as people count; the third click undoes it."""
    page = tab("index", "#sort=-macs")
    assert ["net118", "net117", "net116"] == _names(page)[:3]
    head = page.get_by_role("button", name="parameters")
    head.click()
    assert ["net118", "net117", "net116"] == _names(page)[:3]
    assert "descending" == page.locator("[data-key=parameters]").get_attribute("aria-sort")
    head.click()
    assert ("net0", "net119") == (_names(page)[0], _names(page)[-1])
    head.click()
    assert ["net0", "net1", "net2"] == _names(page)[:3]
    names = page.get_by_role("button", name="model")
    names.click()
    names.click()
    assert ["net119", "net118", "net117"] == _names(page)[:3]


def test_keyboard(tab: Open) -> None:
    """The table is one stop of the tab key; arrows lead from model to model and to the formats of each."""
    page = tab("index")
    page.get_by_role("button", name="status").focus()
    focused = "document.activeElement.getAttribute('href')"
    page.keyboard.press("Tab")
    found = [page.evaluate(focused)]
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "End", "Home"):
        page.keyboard.press(key)
        found.append(page.evaluate(focused))
    assert [
        "net0/report.html",
        "net1/report.html",
        "net1/report.html",
        "net1/report.md",
        "net0/report.md",
        "net119/report.html",
        "net0/report.html",
    ] == found
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.body")


def test_chart(tab: Open) -> None:
    """Each dot is a link to its report, and tells its figures."""
    dot = tab("index").locator(".dots a").first
    assert ("net0/report.html", "net0: 1,000 parameters, 500.00 kMAC") == (
        dot.get_attribute("href"),
        dot.locator("title").text_content(),
    )


def test_failures(tab: Open) -> None:
    """The index leads to the section of a cause, which has its models."""
    page = tab("index")
    page.get_by_role("link", name="ValueError: … is odd").click()
    assert page.url.endswith("failures.html#cause-1")
    assert 12 == page.locator("#cause-1 tbody tr").count()
    page.get_by_role("link", name="All models").click()
    assert page.url.endswith("index.html")


def test_theme(tab: Open) -> None:
    """It is the same as that of the reports, and outlives the page."""
    page = tab("index", color_scheme="dark")
    page.get_by_role("button", name="light").click()
    page.reload()
    assert ("light", '{"theme":"light"}') == (
        page.evaluate("document.documentElement.dataset.theme"),
        page.evaluate("localStorage.reportgen"),
    )


def test_without_script(tab: Open) -> None:
    """Every model is there, and so is the way to it; what needs a script is not."""
    page = tab("index", java_script_enabled=False)
    assert (120, 0) == (len(_names(page)), page.locator(".tools:visible").count())
    assert 360 == page.locator(".models tbody td a").count()
