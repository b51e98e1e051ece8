"""The commands, as a user types them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen import api, cli, doctor
from reportgen.errors import SourceUnavailable
from reportgen.manifest.schema import SCHEMA_FILE
from reportgen.registry.catalog import Catalog
from reportgen.render.charts import graphviz
from reportgen.version import __version__
from reportgen.workers import executors
from reportgen.workers.processes import Done

ROOT = Path(__file__).parent.parent
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
def reportgen(capsys):
    """Runs a command line in this process; gives the exit code and what it wrote to the two streams."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            cli.main(list(map(str, arguments)))
        return done.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> None:
    """Makes a new folder the current one."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def saved(tmp_path, frozen_sequential, forward_failed) -> list[Path]:
    """Two saved reports, one of them partial."""
    paths = []
    for report in (frozen_sequential, forward_failed):
        paths.append(tmp_path / f"{report.model.name}.json")
        paths[-1].write_text(report.to_json(), encoding="utf-8")
    return paths


def start(*arguments: object, python: tuple[str, ...] = ("-m", "reportgen"), **environment: str):
    """Runs a command line in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, *python, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def test_version(reportgen):
    """The version is told in one line."""
    assert (0, f"reportgen {__version__}\n", "") == reportgen("--version")


def test_help(reportgen):
    """Help lists the commands; no arguments at all are a usage error that shows it too."""
    code, helped, _ = reportgen("--help")
    assert (
        0,
        [
            "baseline",
            "build",
            "card",
            "checkpoint",
            "ci",
            "compare",
            "diff",
            "doctor",
            "export",
            "list",
            "manifest",
            "merge",
            "release",
            "render",
            "show",
        ],
    ) == (
        code,
        [line.split()[0] for line in helped.partition("Commands:\n")[2].splitlines()],
    )
    assert (2, "", helped) == reportgen()


@pytest.mark.parametrize(
    ("arguments", "cause", "remedy"),
    [
        (["bild"], "No such command 'bild'. Did you mean 'build'?", "see reportgen --help"),
        (
            ["build", "--templats"],
            "No such option '--templats'. Did you mean '--templates'?",
            "see reportgen build --help",
        ),
        (
            ["build", "x", "--executor", "dask"],
            "--executor dask and --scheduler ADDRESS go together",
            "see reportgen build --help",
        ),
        (["build"], "nothing to build", "give model references, or --manifest FILE, or write a reportgen.toml here"),
        (["manifest", "check"], "there is no manifest here", "name one, or write a reportgen.toml here"),
        (["build", "x", "--manifest", "y"], "model references and a manifest together", None),
        (["build", "--manifest", "none.toml"], "none.toml: No such file or directory", None),
        (["build", "a:b", "--device", "gpu"], "device 'gpu' is not known", None),
        (["build", "a:b", "--format", "md,doc"], "format 'doc' is not known", "use any of json, md, html, pdf"),
        (["build", "a:b", "--input", "1xx2"], "input '1xx2' is not [NAME=]SHAPE[:DTYPE[:LOW-HIGH]]", None),
        (
            ["build", "a:b", "--timeout", "inf"],
            "timeout inf is out of range",
            "give a number above 0 and up to 10,000,000, or leave the option out",
        ),
        (
            ["build", "a:b", "--jobs", "0"],
            "jobs 0 is out of range",
            "give a number above 0 and up to 10,000,000, or leave the option out",
        ),
        (
            ["build", "a:b", "--logo", "none.svg"],
            "Invalid value for '--logo': File 'none.svg' does not exist.",
            "see reportgen build --help",
        ),
        (
            ["render", "none.json", "--markdown-flavor", "gitlab"],
            "Markdown flavour 'gitlab' is not known",
            "use github, hub, plain",
        ),
        (["render", "none.json", "--pdf-variant", "pdf/x"], "PDF variant 'pdf/x' is not known", None),
        (["build", "nowhere:net"], "there is no source 'nowhere'", None),
        (["build", "a\u202eb:c"], "the catalogue has no 'a\\u202eb:c'", None),
        (["render", "none.json"], "none.json cannot be read: No such file or directory", None),
        (["render"], "Missing argument 'REPORT.json...'.", "see reportgen render --help"),
        (["list", "--source", "nowhere"], "there is no source 'nowhere'", None),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_usage_errors(reportgen, tmp_path, arguments, cause, remedy):
    """A wrong command line ends with 2, one line of cause and one line of remedy, and leaves no file."""
    code, out, err = reportgen(*arguments)
    lines = err.splitlines()
    assert (2, "", f"reportgen: error: {cause}", 2) == (code, out, lines[0], len(lines))
    assert lines[1].startswith("  remedy: ")
    assert remedy in (None, lines[1].removeprefix("  remedy: "))
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]


def test_traceback(reportgen):
    """--traceback adds where the error came from."""
    _, _, err = reportgen("build", "--traceback")
    assert "Traceback (most recent call last):" == err.splitlines()[2]


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


def test_render_needs_no_torch(saved, tmp_path):
    """Every format is rendered from a saved report where torch cannot even be imported."""
    (tmp_path / "torch.py").write_text("raise AssertionError('torch is imported')", encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = start("render", saved[0], "-q", "-o", tmp_path / "out", python=("-c", WITHOUT_TORCH), PYTHONPATH=paths)
    assert (0, "") == (done.returncode, done.stderr)


def test_render_twice(saved, tmp_path):
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


def test_build_twice(tmp_path):
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


def test_doctor(reportgen):
    """The doctor looks at versions, devices, formats and sources; what every machine has is well."""
    code, out, _ = reportgen("doctor")
    well = [line[4:].split("  ")[0] for line in out.splitlines() if line.startswith("ok")]
    assert 0 == code
    assert ["reportgen", "torch", "device meta", "device cpu"] == well[:4]
    assert {"format html", "format md", "source builtin:", "source file:"} <= set(well)


def test_doctor_without_graphviz(reportgen, monkeypatch):
    """What only some charts need is told with its remedy, and is no failure."""
    monkeypatch.setattr(graphviz, "version", lambda: None)
    code, out, _ = reportgen("doctor")
    lines = out.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("--  Graphviz dot"))
    assert (0, "not installed: block diagrams are not drawn", f"remedy: {graphviz.REMEDY}") == (
        code,
        lines[at].split("  ", 2)[2].strip(),
        lines[at + 1].strip(),
    )


def test_doctor_of_a_broken_machine(reportgen, monkeypatch):
    """What is required and broken is in the exit code, with its remedy."""

    def broken() -> str:
        raise ImportError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr(doctor, "_torch", broken)
    code, out, _ = reportgen("doctor")
    assert 1 == code
    at = next(index for index, line in enumerate(out.splitlines()) if line.startswith("--  torch"))
    assert ["ImportError: libtorch.so: cannot open shared object file", "remedy: install reportgen again"] == [
        line.split("  ", 2)[2].strip() if line.startswith("--") else line.strip()
        for line in out.splitlines()[at : at + 2]
    ]


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_nowhere_to_write():
    """Half a list that looks like a whole one is an error."""
    command = [sys.executable, "-m", "reportgen", "manifest", "schema"]
    with Path("/dev/full").open("wb") as full:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, env=environment)
    lines = done.stderr.decode().splitlines()
    assert (2, "reportgen: error: cannot write to standard output: No space left on device", 2) == (
        done.returncode,
        lines[0],
        len(lines),
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["list", "builtin:*"], 0), (["--help"], 0), (["doctor"], 0), (["manifest", "schema"], 0), (["render"], 2)],
)
def test_nobody_reads(arguments, expected):
    """A reader that has gone, as behind ``| head -1``, is no error, and changes no exit code."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "reportgen", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    out = {"stdout": writer, "stderr": subprocess.PIPE if expected == 0 else writer}
    done = subprocess.run(command, check=False, env=environment, **out)
    os.close(writer)
    assert (expected, done.stderr or b"") == (done.returncode, b"")
