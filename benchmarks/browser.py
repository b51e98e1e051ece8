"""HTML reports of models with N parameter tensors in Chromium: how large, how soon they are there, how fast they sort.

python benchmarks/browser.py [N…]

No two blocks of these models are alike, so that nothing folds: such a report holds N rows of parameters, N/2 of modules
and N/2 of the module tree. *Loaded* is from the start of the navigation to the first frame after the load event,
*sorted* and *found* from the click or the last key to the frame that shows it: by the page's own clock,
median and least of several rounds.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from torch import nn

import reportgen

ROWS = (1_000, 5_000, 10_000)
ROUNDS = 9
FRAME = "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
LOADED = f"""
  window.loaded = new Promise((done) => addEventListener("load", () => {FRAME}.then(done)));
"""
TIMED = """() => {
  const table = document.querySelector("#table-parameters");
  table.scrollIntoView();
  return FRAME.then((start) => { ACT; return FRAME.then((end) => end - start); });
}""".replace("FRAME", FRAME)
ACTIONS = {
    "sorted by name": "table.querySelectorAll('thead button')[0].click()",
    "sorted by elements": "table.querySelectorAll('thead button')[3].click()",
    "found": "const box = table.querySelector('[type=search]'); box.value = '77'; box.oninput()",
}


def model(rows: int) -> nn.Module:
    """So many parameter tensors in blocks that do not fold, each of another width."""
    return nn.Sequential(*(nn.Linear(8 + index % 7, 8 + (index + 1) % 7) for index in range(rows // 2)))


def milliseconds(page: Page, url: str) -> dict[str, float]:
    """One round in a window of its own, whose process has begun."""
    page.goto(url.replace("report.html", "empty.html"))
    page.goto(url, wait_until="commit")
    figures = {"loaded": float(page.evaluate("loaded"))}
    for name, act in ACTIONS.items():
        figures[name] = float(page.evaluate(TIMED.replace("ACT", act)))
    return figures


def main() -> None:
    """Prints one table."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    names = ("loaded", *ACTIONS)
    print(
        f"{'parameters':>10} {'rows':>7} {'MB':>6}"
        + "".join(f"{name:>22}" for name in names)
        + "   (ms, median / least)"
    )
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        Path(folder, "empty.html").write_text("<!doctype html><title>empty</title>", encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for rows in [int(argument) for argument in sys.argv[1:]] or ROWS:
            report = reportgen.probe(model(rows), inputs=["2x8"])
            path = Path(folder) / "report.html"
            data = reportgen.render(report, "html")
            path.write_bytes(data)
            rounds = []
            for _ in range(ROUNDS):
                context = browser.new_context()
                context.add_init_script(LOADED)
                rounds.append(milliseconds(context.new_page(), path.as_uri()))
                context.close()
            cells = (
                f"{statistics.median(values):.0f} / {min(values):.0f}"
                for values in ([figures[name] for figures in rounds] for name in names)
            )
            shown = data.count(b"<tr")
            print(f"{rows:>10,} {shown:>7,} {len(data) / 1e6:>6.2f}" + "".join(f"{cell:>22}" for cell in cells))
        browser.close()


if __name__ == "__main__":
    main()
