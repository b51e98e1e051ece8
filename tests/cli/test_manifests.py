"""``reportgen manifest check | schema``, as a user types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.manifest.schema import SCHEMA_FILE
from reportgen.workers import executors
from reportgen.workers.processes import Done

MANIFEST = """\
[defaults]
formats = ["json"]
exclude = ["*_in21k"]

[[model]]
ref = "builtin:resnet*"
exclude = ["resnet5?", "old*"]

[[model]]
ref = "builtin:resnet18"

[[model]]
ref = "builtin:linear"
kwargs = {outputs = 3}
"""
IDLE = ("old*", "*_in21k")


class InProcess:
    """Looks models up in this process, which has them loaded."""

    def map(self, function, tasks):
        return [Done(task, function(task)) for task in tasks]


@pytest.fixture
def written(tmp_path, monkeypatch) -> Path:
    """A manifest under its usual name in a folder that is now the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(executors, "local", lambda options, wishes: InProcess())
    Path("reportgen.toml").write_text(MANIFEST, encoding="utf-8")
    return Path("reportgen.toml")


def test_check_of_a_manifest(reportgen, written):
    """It tells how many models each entry means, and patterns that leave out none; a model named twice counts once."""
    code, out, err = reportgen("manifest", "check")
    assert [
        "reportgen.toml: 3 entries, 2 models",
        "  [[model]] 1 (builtin:resnet*): 1 model, 1 left out",
        "  [[model]] 2 (builtin:resnet18): 1 model",
        "  [[model]] 3 (builtin:linear?outputs=3): 1 model",
    ] == out.splitlines()
    idle = [f"reportgen: note: exclude {text!r} leaves out no model; take it out, or correct it" for text in IDLE]
    assert (0, idle) == (code, err.splitlines())


def test_check_of_a_wrong_manifest(reportgen, written):
    """All that is wrong in the file is told, two lines each; once it can be read, all that names no model."""
    written.write_text(MANIFEST.replace("json", "jsn").replace("kwargs", "kwarg"), encoding="utf-8")
    code, out, err = reportgen("manifest", "check", written)
    assert [
        "reportgen: error: reportgen.toml:2: [defaults] › formats: format 'jsn' is not known",
        "  remedy: use any of json, md, html, pdf",
        "reportgen: error: reportgen.toml:14: [[model]] 3 (builtin:linear) › kwarg: there is no such key",
        "  remedy: did you mean 'kwargs'?",
    ] == err.splitlines()
    assert (2, "") == (code, out)
    text = MANIFEST.replace("resnet*", "rasnet*").replace("linear", "lin")
    written.write_text(text, encoding="utf-8")
    code, out, err = reportgen("manifest", "check", written)
    assert [
        "reportgen: error: reportgen.toml:6: [[model]] 1 (builtin:rasnet*) › ref: nothing matches 'builtin:rasnet*'",
        "  remedy: see the names with: reportgen list",
        "reportgen: error: reportgen.toml:13: [[model]] 3 (builtin:lin) › ref: builtin: has no 'lin'",
        "  remedy: did you mean linear?",
    ] == err.splitlines()
    assert (2, "") == (code, out)


def test_schema_of_manifests(reportgen):
    """The schema is printed as it ships."""
    assert (0, SCHEMA_FILE.read_text(encoding="utf-8"), "") == reportgen("manifest", "schema")
