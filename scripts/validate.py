"""Checks reports as HTML with the validators of others: Nu, html-validate and axe-core, in light and in dark.

python scripts/validate.py [NODE_MODULES]

Looks for vnu-jar and html-validate in that folder (``npm install vnu-jar html-validate`` makes one); what is not there
is said and left out. Checked are the sample reports, rendered anew, a model whose names are attacks, an index of
such, a comparison and a difference. Exits with 1 where anything is wrong.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from torch import nn

import reportgen
from reportgen.analysis.summary import Summary
from reportgen.config import RenderOptions
from reportgen.differences import Diff
from reportgen.runs.index import write_index
from reportgen.view.entries import IndexEntry

ROOT = Path(__file__).resolve().parents[1]
NAMES = (
    "<script>alert(1)</script>",
    "](javascript:alert(1))",
    "a|b`c*d",
    '"><img src=x>',
    "x" * 300,
    "日本語",
    "עברית",
    "\u202egnp",
)
FIRST_ROWS = "document.querySelectorAll('.long tbody:nth-of-type(n + 3)').forEach((body) => body.remove())"
SCHEMES = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}  # the one rule that a colour can break


def pages(folder: Path) -> list[Path]:
    """The pages to check, written into ``folder``."""
    reports = {path.parent.name: reportgen.load(path) for path in sorted(ROOT.glob("sample_reports/*/report.json"))}
    reports["hostile"] = reportgen.probe(_hostile(), inputs=["2x8"])
    files = []
    for name, report in reports.items():
        files.append(folder / f"{name}.html")
        files[-1].write_bytes(reportgen.render(report, "html"))
    write_index([_entry(number) for number in range(60)], folder, RenderOptions())
    sides = [reports["hostile"], reports["builtin-vit_b_16"], reports["torchvision-resnet50"]]
    reportgen.compare(sides, formats=["html"]).write(folder)
    Diff.of(reportgen.diff(*sides[:2]), ()).write(folder, ["html"])
    return [*files, *(folder / f"{name}.html" for name in ("index", "failures", "compare", "diff"))]


def _entry(number: int) -> IndexEntry:
    """A model of an index: some of them fail, and some have names that are attacks."""
    name = NAMES[number % 50] if number % 50 < len(NAMES) else f"net{number}"
    failed = number % 11 == 0
    summary = Summary(
        source=("timm", "torchvision", "file")[number % 3],
        family=f"family{number % 7}",
        tags=("small",) if number % 2 else (name, "large"),
        group="base" if number % 5 else None,
        tensors=20,
        gradients_none=number % 4,
        peak_training=None if failed else 10**6 * (number + 1),
        bound="lower" if number % 13 == 0 else "exact",
        code="forward-failed" if failed else None,
        stage="forward" if failed else None,
        module=name if failed else None,
    )
    return IndexEntry(
        ref=f"{summary.source}:{name}?width={number}",
        name=name,
        slug=f"net-{number}",
        status=("partial", "failed")[number % 2] if failed else "complete",
        parameters=None if failed else 1_000 * 2 ** (number % 25),
        flops=None if failed else 10**6 * 2 ** (number % 23),
        reason=f"RuntimeError: {NAMES[number % len(NAMES)]}" if failed else None,
        remedy=name if failed else None,
        formats=("md", "html", "pdf", "json"),
        summary=summary,
    )


def _hostile() -> nn.Module:
    model = nn.Sequential()
    for name in NAMES:
        model.add_module(name.replace(".", ""), nn.Linear(8, 8))
    return model


def nu(files: Sequence[Path], tools: Path) -> list[str] | None:
    """The errors of the Nu checker, also in style sheets and SVG; None where it, or Java, is not there."""
    jar, java = tools / "vnu-jar/build/dist/vnu.jar", shutil.which("java")
    if java is None or not jar.is_file():
        return None
    return _lines([java, "-jar", str(jar), "--errors-only", "--format", "gnu", *map(str, files)])


def html_validate(files: Sequence[Path], tools: Path) -> list[str] | None:
    """The errors of html-validate; None where it, or Node, is not there."""
    script, node = tools / "html-validate/bin/html-validate.mjs", shutil.which("node")
    if node is None or not script.is_file():
        return None
    config = ROOT / "scripts/htmlvalidate.cjs"
    return _lines([node, str(script), "--config", str(config), "--formatter", "text", *map(str, files)])


def _lines(command: Sequence[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own files
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]


def axe(files: Sequence[Path]) -> list[str] | None:
    """What breaks a rule of axe-core, in light and in dark, with all that folds open; None without Chromium.

    Of long tables the first two hundred rows: the others are like them, and axe takes minutes for thousands.
    """
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return None if chromium is None else list(_violations(files, chromium))


def _violations(files: Sequence[Path], chromium: str) -> Iterator[str]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for file in files:
            for scheme, options in SCHEMES.items():
                page = browser.new_page(color_scheme=scheme)
                page.goto(file.as_uri())
                for button in page.get_by_role("button", name="Expand all").all():
                    button.click()
                page.evaluate(FIRST_ROWS)
                for found in Axe().run(page, options=options).response["violations"]:
                    yield f"{file.name}, {scheme}: {found['id']}: {found['nodes'][0]['html'][:200]}"
                page.close()
        browser.close()


def main() -> int:
    """Prints one line for each validator, and every error; gives the exit code."""
    tools = Path(sys.argv[1] if len(sys.argv) > 1 else "node_modules").resolve()
    with tempfile.TemporaryDirectory() as folder:
        files = pages(Path(folder))
        results = [
            tell("Nu", nu(files, tools)),
            tell("html-validate", html_validate(files, tools)),
            tell("axe", axe(files)),
        ]
    return int(any(results))


def tell(name: str, errors: list[str] | None) -> bool:
    """Prints what a validator found; gives whether that is anything."""
    said = "not there, left out" if errors is None else f"{len(errors)} errors"
    print("\n  ".join([f"{name}: {said}", *(errors or [])]), flush=True)
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
