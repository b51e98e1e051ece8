"""Tests of `reportgen.side_by_side` and of ``reportgen compare``."""

from __future__ import annotations

import json
import shutil

import pytest
from msgspec.structs import replace
from pypdf import PdfReader

import reportgen
from reportgen.cli import main
from reportgen.errors import ConfigError

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MODELS = """
from torch import nn

def small():
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))

def large():
    return nn.Sequential(nn.Linear(2, 30), nn.Linear(30, 2))

def broken():
    raise ValueError("no such width")
"""


@pytest.fixture
def saved(tmp_path, tied_gpt, transformer12, frozen_sequential):
    """The paths of three saved reports, each in a folder of its own as a build leaves them."""
    paths = [tmp_path / report.model.name / "report.json" for report in (tied_gpt, transformer12, frozen_sequential)]
    for path, report in zip(paths, (tied_gpt, transformer12, frozen_sequential), strict=True):
        path.parent.mkdir()
        path.write_text(report.to_json(), encoding="ascii")
    return [str(path) for path in paths]


def run(capsys, *arguments):
    """The exit code of the command, what it printed, and what it complained of."""
    with pytest.raises(SystemExit) as ended:
        main(["compare", *map(str, arguments)])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def test_every_format(capsys, saved, tmp_path):
    """All four files, and the charts that Markdown shows."""
    out = tmp_path / "out"
    assert (0, "") == run(capsys, *saved, "-o", out)[::2]
    assert ["compare-parameters.svg", "compare.html", "compare.json", "compare.md", "compare.pdf"] == sorted(
        path.name for path in out.iterdir()
    )
    found = json.loads((out / "compare.json").read_text())
    assert ("reportgen/comparison", ["tied-gpt", "transformer12", "frozen-sequential"]) == (
        found["format"],
        [model["name"] for model in found["models"]],
    )
    pdf = PdfReader(out / "compare.pdf")
    assert {True} == {page.mediabox.width > page.mediabox.height for page in pdf.pages}
    assert "11.0 k (+320.1 %)" in pdf.pages[1].extract_text()
    text = (out / "compare.md").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    assert ["Parameters", "2,624", "11.0 k (+320.1 %)", "↓ 58 (−97.8 %)"] in rows


def test_the_same_bytes(capsys, saved, tmp_path, contents):
    """On every run."""
    for name in ("one", "other"):
        run(capsys, *saved, "-o", tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_references_and_reports(capsys, saved, tmp_path, monkeypatch):
    """References are built; one that cannot be has an empty column, and 3 is the exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    sides = ["file:models.py:small", "file:models.py:broken", saved[2], "file:models.py:large"]
    code, _, err = run(capsys, *sides, "--format", "json", "-o", "out")
    assert code == 3
    assert "failed: ValueError: no such width" in err
    found = json.loads((tmp_path / "out/compare.json").read_text())
    assert ["complete", "failed", "complete", "complete"] == [model["status"] for model in found["models"]]
    # (2 + 1) · 3 + (3 + 1) · 2 = 17, and (2 + 1) · 30 + (30 + 1) · 2 = 152.
    assert [17, None, 58, 152] == next(
        total["values"] for total in found["totals"] if total["name"] == "parameters.unique"
    )


@pytest.mark.parametrize("baseline", ["transformer12", 1])
def test_baseline(saved, baseline):
    """By its folder's name, or its place."""
    assert 1 == reportgen.compare(saved, baseline=baseline, formats=["json"]).comparison.baseline


@pytest.mark.parametrize(
    ("arguments", "cause", "remedy"),
    [
        (["one"], "1 model to compare", "give 2 to 50 references or saved reports"),
        (["one", "two", "--baseline", "three"], "'three' names none of the models that are compared", "give one of "),
        (["one", "two", "--format", "odt"], "format 'odt' is not known", "use any of json, md, html, pdf"),
    ],
)
def test_usage_errors(capsys, saved, arguments, cause, remedy):
    """Before any work."""
    paths = {"one": saved[0], "two": saved[1]}
    code, out, err = run(capsys, *(paths.get(argument, argument) for argument in arguments))
    assert (2, "") == (code, out)
    assert err.startswith(f"reportgen: error: {cause}\n  remedy: {remedy}")


def test_no_such_place(saved):
    """Neither from the end."""
    with pytest.raises(ConfigError, match="no model -1"):
        reportgen.compare(saved, baseline=-1)


def test_hostile_names_stay_names(hostile, tied_gpt):
    """In no format do they become anything else; what is told of the model is its escaped name."""
    made = reportgen.compare([hostile, tied_gpt], formats=["md", "html"])
    assert b"<script>alert" not in made.render("html").replace(b"</script>", b"")
    assert b"<script>alert" not in made.render("md")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_choices_on_screen(tied_gpt, transformer12, tmp_path):
    """Without a script, too: a model goes, another is the baseline, and rows in which all are the same go."""
    from playwright.sync_api import sync_playwright

    other = replace(tied_gpt, model=replace(tied_gpt.model, name="other", ref="builtin:other"))
    path = tmp_path / "compare.html"
    path.write_bytes(reportgen.compare([tied_gpt, transformer12, other], formats=["html"]).render("html"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(path.as_uri())
        row = page.locator("#table-figures tbody tr").first

        def shown():
            return [cell.inner_text() for cell in row.locator("th, td").all() if cell.is_visible()]

        assert ["Parameters", "↓ 2,624", "11.0 k (+320.1 %)", "↓ 2,624"] == shown()
        page.get_by_label("baseline transformer12").check()
        assert ["Parameters", "↓ 2,624 (−76.2 %)", "11.0 k", "↓ 2,624 (−76.2 %)"] == shown()
        page.get_by_label("tied-gpt", exact=True).uncheck()
        assert ["Parameters", "11.0 k", "↓ 2,624 (−76.2 %)"] == shown()
        same = page.locator("#table-conditions tr", has=page.get_by_text("Mode", exact=True))
        assert same.is_visible()
        page.get_by_label("Only what differs").check()
        assert not same.is_visible()
        browser.close()
