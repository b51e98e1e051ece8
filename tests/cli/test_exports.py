"""Tests of ``reportgen export`` and ``reportgen show``."""

from __future__ import annotations

import json
import re

import pytest

from reportgen.cli import main
from reportgen.release.formats import FORMATS

MODELS = """
from torch import nn

def small():
    return nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))

def broken():
    raise ValueError("no such width")
"""


@pytest.fixture
def saved(tmp_path, frozen_sequential):
    """The path of a saved report."""
    path = tmp_path / "report.json"
    path.write_text(frozen_sequential.to_json(), encoding="ascii")
    return str(path)


@pytest.fixture
def reportgen(capsys, monkeypatch):
    """Runs the command line: its exit code, what it printed, and what it complained of."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


@pytest.mark.parametrize(
    ("to", "start"),
    [
        ("cyclonedx", '{\n  "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json"'),
        ("cyclonedx-1.7", '{\n  "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json"'),
        ("spdx", '{\n  "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"'),
        ("mlflow", '{\n  "inputs": "[{'),
        ("csv", '"name","shape"'),
        ("latex", "% needs"),
    ],
)
def test_to_standard_output(reportgen, saved, to, start):
    """Fit for a pipe, and nothing else is said."""
    code, out, err = reportgen("export", saved, "--to", to)
    assert (0, start, "") == (code, out[: len(start)], err)


@pytest.mark.parametrize("to", ["csv", "parquet"])
def test_to_a_file(reportgen, saved, tmp_path, to):
    """The same bytes as on standard output; the folder is made, and the path is told."""
    path = tmp_path / "new" / f"modules.{to}"
    assert (0, f"{path}\n", "") == reportgen("export", saved, "--to", to, "--table", "modules", "-o", str(path))
    if to == "csv":
        _, out, _ = reportgen("export", saved, "--to", to, "--table", "modules")
        assert path.read_text(encoding="utf-8") == out.replace("\n", "\r\n") if "\r" not in out else out
    assert {"csv": b'"path"', "parquet": b"PAR1"}[to] == path.read_bytes()[: 6 if to == "csv" else 4]


def test_help_names_every_format(reportgen):
    """The table of formats is not loaded for it."""
    _, out, _ = reportgen("export", "--help")
    assert set() == set(FORMATS) - set(re.split(r"[\s,]+", out))


def test_several_models(reportgen, saved):
    """A row each."""
    code, out, _ = reportgen("export", saved, saved, "--to", "latex")
    assert (0, 2) == (code, out.count("frozen-{}sequential &"))


def test_what_a_publisher_tells(reportgen, saved, monkeypatch):
    """Options and SOURCE_DATE_EPOCH reach the bill."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    more = (
        "--model-version",
        "1.2",
        "--license",
        "MIT",
        "--supplier",
        "Acme",
        "--download-url",
        "https://example.org/x",
    )
    _, out, _ = reportgen("export", saved, "--to", "cyclonedx", *more)
    metadata = json.loads(out)["metadata"]
    component = metadata["component"]
    assert ("1970-01-01T00:00:00Z", "1.2", [{"expression": "MIT"}], {"name": "Acme"}, "https://example.org/x") == (
        metadata["timestamp"],
        component["version"],
        component["licenses"],
        component["supplier"],
        component["externalReferences"][0]["url"],
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--to", "docx"), "format 'docx' is not known"),
        (("--to", "parquet"), "parquet is no text for a terminal"),
        (("--to", "spdx", "--download-url", "example.org"), "'example.org' is no address"),
        (("none.json", "--to", "spdx"), "spdx is of one model, and 2 were named"),
    ],
)
def test_mistakes(reportgen, saved, arguments, expected):
    """One line of cause, one of remedy, before any work."""
    code, out, err = reportgen("export", saved, *arguments)
    cause, remedy = err.splitlines()
    assert (2, "", f"reportgen: error: {expected}", "  remedy:") == (code, out, cause, remedy[:9])


def test_what_a_format_cannot_say(reportgen, tmp_path, constructor_failed):
    """A model that was never built has no inputs to sign."""
    path = tmp_path / "report.json"
    path.write_text(constructor_failed.to_json(), encoding="ascii")
    code, out, err = reportgen("export", str(path), "--to", "mlflow", "-o", str(tmp_path / "signature.json"))
    assert (2, "", False) == (code, out, (tmp_path / "signature.json").exists())
    assert "a signature needs inputs, and the report on unbuildable has none" in err


def test_references(reportgen, tmp_path):
    """Are built as in build; one that cannot be makes the exit code 3."""
    models = tmp_path / "models.py"
    models.write_text(MODELS, encoding="utf-8")
    code, out, _ = reportgen("export", f"file:{models}:small", "--to", "csv", "--input", "5x4", "--quiet")
    assert (0, "0.weight", '"[3, 4]"') == (code, out.splitlines()[1][1:9], out.splitlines()[1][11:19])
    code, out, err = reportgen("show", f"file:{models}:broken")
    assert (3, "") == (code, out)
    assert "no such width" in err


def test_show(reportgen, saved):
    """Key figures, then the tree, as wide as is asked for."""
    code, out, err = reportgen("show", saved, "--depth", "1", "--width", "70")
    assert (0, "", "frozen-sequential complete") == (code, err, out.splitlines()[0])
    assert "    2      Linear      1×2             18  yes          16\n" in out
    assert 70 >= max(map(len, out.splitlines()))
