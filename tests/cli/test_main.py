"""What all commands have in common, as a user types them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen.version import __version__
from reportgen.workers.signals import ENDING

ROOT = Path(__file__).parents[2]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> None:
    """Makes a new folder the current one."""
    monkeypatch.chdir(tmp_path)


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
@pytest.mark.usefixtures("elsewhere")
def test_a_log_on_a_full_disk(reportgen):
    """It stops nothing, and is not taken to be whole."""
    code, out, err = reportgen("build", "builtin:linear", "-o", "out", "--format", "json", "--log-json", "/dev/full")
    assert (0, "1 of 1 complete: out/index.html\n") == (code, out)
    assert "reportgen: note: /dev/full is not whole: No space left on device" == err.splitlines()[-1]


@pytest.mark.usefixtures("elsewhere")
def test_interrupted_where_nothing_runs_yet(reportgen, monkeypatch):
    """Ctrl-C has a word of its own where there is no run that could tell how far it came."""

    def interrupted():
        raise KeyboardInterrupt

    handlers = {number: signal.getsignal(number) for number in ENDING}
    monkeypatch.setattr("reportgen.api.find_manifest", interrupted)
    code, out, err = reportgen("build")
    for number, handler in handlers.items():
        signal.signal(number, handler)  # which an end puts aside
    assert (130, "", "reportgen: interrupted") == (code, out, err.splitlines()[-1])


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
