"""Tests of `reportgen.differences` and of ``reportgen diff``."""

from __future__ import annotations

import json

import pytest
from pypdf import PdfReader

import reportgen
from reportgen.cli import main
from reportgen.errors import AmbiguousModel

MODELS = """
from torch import nn

def small():
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))

def large():
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2), nn.Linear(2, 4))

def broken():
    raise ValueError("no such width")
"""


@pytest.fixture
def saved(tmp_path, tied_gpt, transformer12):
    """The paths of two saved reports."""
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, report in zip(paths, (tied_gpt, transformer12), strict=True):
        path.write_text(report.to_json(), encoding="ascii")
    return [str(path) for path in paths]


def run(capsys, *arguments):
    """The exit code of the command, what it printed, and what it complained of."""
    with pytest.raises(SystemExit) as ended:
        main(["diff", *arguments])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def test_saved_reports_as_text(capsys, saved):
    """Without a format the terminal gets the text; a difference alone is no failure."""
    code, out, err = run(capsys, *saved)
    assert (0, "") == (code, err)
    assert out.startswith("tied-gpt → transformer12 differs\n")


@pytest.mark.parametrize(
    ("file_format", "start"), [("md", "## tied-gpt"), ("html", "<!doctype html>"), ("json", "{\n")]
)
def test_one_format_to_standard_output(capsys, saved, file_format, start):
    """Fit for a pipe."""
    code, out, _ = run(capsys, *saved, "--format", file_format)
    assert code == 0
    assert out.startswith(start)


def test_files(capsys, saved, tmp_path):
    """All formats into a folder; the JSON is the record of the difference."""
    code, out, _ = run(capsys, *saved, "-o", str(tmp_path / "out"), "--format", "md,html,json,text")
    files = ["diff.html", "diff.json", "diff.md", "diff.txt"]
    assert (0, files) == (code, sorted(path.name for path in (tmp_path / "out").iterdir()))
    assert out.startswith("differs: ")
    document = json.loads((tmp_path / "out" / "diff.json").read_text(encoding="ascii"))
    assert ("reportgen/diff", 1) == (document["format"], document["format_version"])
    assert reportgen.diff(*saved).to_dict() == document
    assert 'href="diff.json"' in (tmp_path / "out" / "diff.html").read_text(encoding="utf-8")


def test_pdf(capsys, saved, tmp_path, monkeypatch):
    """It goes to a folder, tells the rules that are broken, and carries the difference inside."""
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError), reason="needs Pango")
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, *saved, "--format", "pdf", "--fail-on", "parameters > +1%")
    assert (1, "1 rule broken: reports/diff.pdf\n") == (code, out)
    document = PdfReader(tmp_path / "reports" / "diff.pdf")
    assert {"diff.json": [reportgen.diff(*saved).to_json().encode()]} == dict(document.attachments)
    assert "parameters > +1%: 2,624 → 11,024" in document.pages[0].extract_text()  # there is no cover to turn
    titles = [item["/Title"] for item in document.outline if not isinstance(item, list)]
    assert ["Broken rules", "Checkpoints", "Architecture", "Totals", "What was compared"] == titles


def test_several_formats_go_to_a_folder(capsys, saved, tmp_path, monkeypatch):
    """Where none is named, to that of all reports."""
    monkeypatch.chdir(tmp_path)
    code, _, _ = run(capsys, *saved, "--format", "md,json")
    assert (0, ["diff.json", "diff.md"]) == (code, sorted(path.name for path in (tmp_path / "reports").iterdir()))


def test_broken_rules(capsys, saved):
    """Exit code 1, and one line each; rules that hold say nothing."""
    rules = ("--fail-on", "parameters > +1%", "--fail-on", "flops < 1", "--fail-on", "checkpoint.incompatible")
    code, out, err = run(capsys, *saved, "-q", *rules)
    assert (1, "") == (code, out)
    assert [
        "reportgen: broken: parameters > +1%: 2,624 → 11,024 (+8,400, +320.1 %)",
        "reportgen: broken: checkpoint.incompatible: 100 keys missing",
    ] == err.splitlines()


@pytest.mark.parametrize(
    ("options", "cause", "remedy"),
    [
        (("--fail-on", "parameter > 1"), "there is no parameter", "did you mean parameters"),
        (("--fail-on", "more"), "there is no more", "modules"),
        (("--fail-on", "> 1"), "'> 1' is not a rule", "write 'NAME OPERATOR LIMIT'"),
        (("--format", "doc"), "format 'doc' is not known", "md, html, pdf, json, text"),
    ],
)
def test_wrong_usage(capsys, saved, options, cause, remedy):
    """Exit code 2, with the cause in one line and the remedy in another."""
    code, out, err = run(capsys, *saved, *options)
    first, second = err.splitlines()
    assert (2, "") == (code, out)
    assert cause in first
    assert remedy in second


def test_rules_are_read_before_anything_is_built(capsys):
    """A mistyped one costs no time."""
    code, _, err = run(capsys, "builtin:none", "builtin:none", "--fail-on", "parameter > 1")
    assert (2, True) == (code, "there is no parameter" in err)


def test_references_are_built(capsys, tmp_path):
    """Each in a process of its own, in the order in which they were given; a saved report may stand beside one."""
    file = tmp_path / "models.py"
    file.write_text(MODELS, encoding="utf-8")
    small, large, failing = (f"file:{file}:{name}" for name in ("small", "large", "broken"))
    there = reportgen.diff(small, large, inputs=["1x2"])
    assert ("small", "large") == tuple(side.ref.rpartition(":")[2] for side in (there.old, there.new))
    assert [(None, "2")] == [(change.old, change.new.path) for change in there.modules if change.new is not None]
    code, _, err = run(capsys, small, failing)
    assert code == 3
    assert "no such width" in err


def test_one_model_on_each_side(saved):
    """A wildcard names several."""
    with pytest.raises(AmbiguousModel, match="and one is wanted here"):
        reportgen.diff("builtin:*", saved[0])


def test_records_are_taken_as_they_are(tied_gpt):
    """No file, no build."""
    assert reportgen.diff(tied_gpt, tied_gpt).is_empty


def test_a_file_that_is_no_report(tmp_path):
    """Says so, as `reportgen.load` does."""
    with pytest.raises(reportgen.ReportgenError, match=r"cannot be read"):
        reportgen.diff(str(tmp_path / "none.json"), str(tmp_path / "none.json"))
