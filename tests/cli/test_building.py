"""``reportgen list | build | render``, as a user types them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen import api
from reportgen.errors import SourceUnavailable
from reportgen.registry.catalog import Catalog

ROOT = Path(__file__).parents[2]
WITHOUT_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise AssertionError(f"{name} is imported")
sys.meta_path.insert(0, Refuse())
from reportgen.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def saved(tmp_path, frozen_sequential, forward_failed) -> list[Path]:
    """Two saved reports, one of them partial."""
    paths = []
    for report in (frozen_sequential, forward_failed):
        paths.append(tmp_path / f"{report.model.name}.json")
        paths[-1].write_text(report.to_json(), encoding="utf-8")
    return paths


def test_list(reportgen):
    """Names come one a line, numbers counting as numbers, ready to be given to build."""
    assert (0, "builtin:resnet18\nbuiltin:resnet50\n", "") == reportgen("list", "resnet*", "--source", "builtin")


def test_list_as_json(reportgen):
    """The same for programs."""
    code, out, _ = reportgen("list", "builtin:lenet5", "--json")
    assert (0, [{"ref": "builtin:lenet5", "source": "builtin", "name": "lenet5"}]) == (code, json.loads(out))


def test_list_of_nothing(reportgen):
    """That nothing fits is no error, and is said."""
    assert (0, "", "reportgen: note: no model fits\n") == reportgen("list", "builtin:nothing")


class Broken:
    """A source whose package does not load."""

    def names(self):
        raise SourceUnavailable("torchvision is not installed", remedy="pip install torchvision")


def test_list_without_a_source(reportgen, monkeypatch):
    """A source that does not load is a note; asked for by name, it is an error."""
    found = Catalog.source
    monkeypatch.setattr(
        Catalog, "source", lambda self, scheme: Broken() if scheme == "torchvision" else found(self, scheme)
    )
    code, out, err = reportgen("list", "lenet5")
    assert (0, "builtin:lenet5\n") == (code, out)
    assert "reportgen: note: torchvision is not installed; pip install torchvision" in err.splitlines()
    for arguments in (["--source", "torchvision"], ["torchvision:*"]):
        code, out, err = reportgen("list", *arguments)
        assert (2, "", "reportgen: error: torchvision is not installed") == (code, out, err.splitlines()[0])


INDEX = {"index": ("csv", "html", "json", "md"), "failures": ("html", "md")}


def test_render(reportgen, saved, tmp_path):
    """Saved reports are rendered into folders of their own, with an index; a partial one is rendered like any other."""
    out = tmp_path / "out"
    code, told, err = reportgen("render", *saved, "-o", out, "--format", "md,html", "--format", "json")
    assert (0, f"1 of 2 complete: {out / 'index.html'}\n") == (code, told)
    lines = sorted(line.partition("] ")[2].partition(",")[0] for line in err.splitlines() if line[0] == "[")
    assert [
        "builtin:frozen-sequential: complete",
        "builtin:mismatched: partial: RuntimeError: mat1 and mat2 shapes",
    ] == [
        lines[0],
        lines[1].partition(" cannot")[0],
    ]
    reports = {f"builtin-{path.stem}/report.{suffix}" for path in saved for suffix in ("html", "json", "md")}
    written = {path.relative_to(out).as_posix() for path in out.rglob("*.*")}
    others = {f"{name}.{suffix}" for name, suffixes in INDEX.items() for suffix in suffixes}
    assert reports | others == {path for path in written if not path.endswith(".svg")}
    assert saved[0].read_bytes() == (out / "builtin-frozen-sequential" / "report.json").read_bytes()


def test_render_with_a_brand(reportgen, saved, tmp_path):
    """What a person adds comes from options; a folder of templates that changes nothing is told."""
    (tmp_path / "theme").mkdir()
    (tmp_path / "about.md").write_text("Ours *alone*.", encoding="utf-8")
    options = ["--title", "Ours", "--author", "R&D", "--description", tmp_path / "about.md", "--markdown-flavor", "hub"]
    options += ["--templates", tmp_path / "theme"]
    code, _, err = reportgen("render", saved[0], "-o", tmp_path / "out", "--format", "md", "-q", *options)
    note = (
        f"no file in {tmp_path / 'theme'} replaces a template of reportgen's: name it like one, say html/report.html.j2"
    )
    assert (0, f"reportgen: note: {note}\n") == (code, err)
    text = (tmp_path / "out" / "builtin-frozen-sequential" / "report.md").read_text(encoding="utf-8")
    assert text.startswith("## Ours\n")
    assert "\nBy R&#38;D\n" in text
    assert "\n### About\n\nOurs *alone*.\n" in text


def test_render_needs_no_torch(start, saved, tmp_path):
    """Every format is rendered from a saved report where torch cannot even be imported."""
    (tmp_path / "torch.py").write_text("raise AssertionError('torch is imported')", encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = start("render", saved[0], "-q", "-o", tmp_path / "out", python=("-c", WITHOUT_TORCH), PYTHONPATH=paths)
    assert (0, "") == (done.returncode, done.stderr)


def test_render_twice(start, saved, tmp_path):
    """The same reports give the same bytes, in whatever order and with whatever hash seed."""
    for name, paths, seed in (("one", saved, "1"), ("two", saved[::-1], "2")):
        done = start("render", *paths, "-o", tmp_path / name, "-q", PYTHONHASHSEED=seed)
        assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_build_twice(start, tmp_path):
    """The same models give the same bytes: in any order, with any number of jobs, and whatever the hash seed."""
    models = ["builtin:lenet5", "builtin:frozen_sequential"]
    first = start("build", *models, "-o", tmp_path / "one", "--jobs", 1, PYTHONHASHSEED="1")
    second = start("build", *models[::-1], "-o", tmp_path / "two", "--jobs", 2, PYTHONHASHSEED="2")
    assert [(0, f"2 of 2 complete: {tmp_path / name / 'index.html'}\n") for name in ("one", "two")] == [
        (done.returncode, done.stdout) for done in (first, second)
    ]
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_build_tells_one_line_a_model(reportgen, tmp_path):
    """Away from a terminal there is one line a finished model, with a remedy where it has one, and exit code 3."""
    code, out, err = reportgen("build", "builtin:lenet", "builtin:linear", "-o", tmp_path, "--format", "json")
    assert (3, f"1 of 2 complete: {tmp_path / 'index.html'}\n") == (code, out)
    told = sorted(line.partition("] ")[2].rpartition(", ")[0] for line in err.splitlines() if line[0] == "[")
    assert ["builtin:lenet: failed: builtin: has no 'lenet'", "builtin:linear: complete, 10 parameters"] == told
    assert ["  remedy: did you mean lenet5, simplenet, unet, resnet50, resnet18?"] == [
        line for line in err.splitlines() if line[0] != "["
    ]


@pytest.mark.parametrize("said", [b", unchanged", b" s"])
def test_build_on_a_terminal(tmp_path, said):
    """On a terminal the finished models stand above a bar, those that stand from a run before too."""
    if said == b", unchanged":
        api.build("builtin:linear", output=tmp_path, formats=["json"])
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "reportgen", "build", "builtin:linear", "-o", tmp_path, "--format", "json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, env=environment) as process:
        os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(controller, 4096):
                shown += chunk
        except OSError:  # the terminal is gone: Linux says so with an error
            pass
        assert f"1 of 1 complete: {tmp_path / 'index.html'}\n" == process.stdout.read().decode()
    os.close(controller)
    assert said in shown.partition(b"builtin:linear: complete, 10 parameters")[2]
    assert b"1/1" in shown


def test_build_without_a_reference(reportgen, tmp_path, monkeypatch):
    """The manifest of the folder is taken, and that is said; options win over it."""
    monkeypatch.chdir(tmp_path)
    text = """
        [tool.reportgen.defaults]
        formats = ["json"]
        dtype = "float64"
        [[tool.reportgen.model]]
        ref = "builtin:linear?outputs=2"
        kwargs = {outputs = 3}
    """
    Path("pyproject.toml").write_text(text, encoding="utf-8")
    code, out, err = reportgen("build", "-o", "out", "--dtype", "float16")
    assert (0, "1 of 1 complete: out/index.html\n") == (code, out)
    assert "reportgen: note: the models of pyproject.toml" == err.splitlines()[0]
    report = api.load("out/builtin-linear-outputs-3/report.json")
    assert ("builtin:linear?outputs=3", {"outputs": 3}) == (report.model.ref, report.model.kwargs)
    sizes = report.totals.parameters.unique, report.totals.parameters.bytes
    assert ("float16", 15, 30) == (report.probe.dtype, *sizes)


def test_merging_one(reportgen, tmp_path):
    """One model is not told of as several."""
    reportgen("build", "builtin:linear", "-q", "-o", tmp_path / "part", "--format", "json")
    code, out, _ = reportgen("merge", tmp_path / "part", "-o", tmp_path / "whole")
    assert (0, f"1 model: {tmp_path / 'whole' / 'index.html'}\n") == (code, out)
