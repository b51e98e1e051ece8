"""HTML in Chromium: reports of models with N parameter tensors, and the index of 2,000 models: how large, how fast.

python benchmarks/browser.py [N…]

No two blocks of these models are alike, so that nothing folds: such a report holds N rows of parameters, N/2 of modules
and N/2 of the module tree. *Loaded* is from the start of the navigation to the first frame after the load event,
*sorted* and *found* from the click or the last key to the frame that shows it: by the page's own clock,
median and least of several rounds. The index has three formats a model and a dot for each in its chart.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from torch import nn

import reportgen
from reportgen.analysis.summary import Summary
from reportgen.render.html import HtmlRenderer
from reportgen.view.entries import IndexEntry
from reportgen.view.index import build_index

MODELS = 2_000
ROWS = (1_000, 5_000, 10_000)
ROUNDS = 9
FRAME = "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
LOADED = f"""
  window.loaded = new Promise((done) => addEventListener("load", () => {FRAME}.then(done)));
"""
TIMED = """() => {
  const table = document.querySelector("#table-parameters, #models");
  table.scrollIntoView();
  return FRAME.then((start) => { ACT; return FRAME.then((end) => end - start); });
}""".replace("FRAME", FRAME)
ACTIONS = {
    "sorted by name": "table.querySelectorAll('thead button')[0].click()",
    "sorted by elements": "table.querySelectorAll('thead button')[3].click()",
    "found": "const box = table.querySelector('[type=search]'); box.value = '77'; "
    "box.dispatchEvent(new Event('input', { bubbles: true }))",
}


def model(rows: int) -> nn.Module:
    """So many parameter tensors in blocks that do not fold, each of another width."""
    return nn.Sequential(*(nn.Linear(8 + index % 7, 8 + (index + 1) % 7) for index in range(rows // 2)))


def index(models: int) -> bytes:
    """The index of so many models, in three formats each; every twentieth failed."""
    entries = [
        IndexEntry(
            f"timm:net{number}",
            f"net{number}",
            f"timm-net{number}",
            "complete" if number % 20 else "failed",
            10**4 * (number + 1) if number % 20 else None,
            10**6 * (number * 7 % models + 1) if number % 20 else None,
            None if number % 20 else "RuntimeError: it does not fit",
            formats=("md", "html", "json"),
            summary=Summary("timm", f"family{number % 90}", peak_training=10**5 * (number + 1)),
        )
        for number in range(models)
    ]
    return HtmlRenderer().render_index(build_index(entries))


def milliseconds(page: Page, url: str) -> dict[str, float]:
    """One round in a window of its own, whose process has begun."""
    page.goto(url.replace("report.html", "empty.html"))
    page.goto(url, wait_until="commit")
    figures = {"loaded": float(page.evaluate("loaded"))}
    for name, act in ACTIONS.items():
        figures[name] = float(page.evaluate(TIMED.replace("ACT", act)))
    return figures


def measured(browser: Browser, path: Path) -> Iterator[str]:
    """The figures of a file, of several rounds each."""
    rounds = []
    for _ in range(ROUNDS):
        context = browser.new_context()
        context.add_init_script(LOADED)
        rounds.append(milliseconds(context.new_page(), path.as_uri()))
        context.close()
    for name in ("loaded", *ACTIONS):
        values = [figures[name] for figures in rounds]
        yield f"{statistics.median(values):.0f} / {min(values):.0f}"


def main() -> None:
    """Prints one table."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    heads = "".join(f"{name:>22}" for name in ("loaded", *ACTIONS))
    print(f"{'page of':>18} {'rows':>7} {'MB':>6}{heads}   (ms, median / least)")
    counts = [int(argument) for argument in sys.argv[1:]] or ROWS
    pages: list[tuple[str, Callable[[], bytes]]] = [(f"{MODELS:,} models", lambda: index(MODELS))]
    pages += [
        (
            f"{rows:,} parameters",
            lambda rows=rows: reportgen.render(reportgen.probe(model(rows), inputs=["2x8"]), "html"),
        )
        for rows in counts
    ]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        Path(folder, "empty.html").write_text("<!doctype html><title>empty</title>", encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, make in pages:
            path, data = Path(folder, "report.html"), make()
            path.write_bytes(data)
            shown = data.count(b"<tr")
            cells = "".join(f"{cell:>22}" for cell in measured(browser, path))
            print(f"{name:>18} {shown:>7,} {len(data) / 1e6:>6.2f}{cells}")
        browser.close()


if __name__ == "__main__":
    main()
