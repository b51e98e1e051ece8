"""The wheel: built, installed into an environment of its own, and used from another folder."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
USE = """
import pathlib, sys
import reportgen
from reportgen.render.templating import own_templates
home = pathlib.Path(sys.prefix).resolve()
assert pathlib.Path(reportgen.__file__).resolve().is_relative_to(home), reportgen.__file__
assert own_templates().is_relative_to(home), own_templates()
report = reportgen.load(sys.argv[1])
for name in sys.argv[2:]:
    pathlib.Path(f"report.{name}").write_bytes(reportgen.render(report, name))
assert "torch" not in sys.modules
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from this clone without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.iterdir()
    return path


def test_contents(wheel):
    """The wheel holds every module and template, the schema, the manifest, the licences, and nothing else."""
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "reportgen").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    templates = {
        f"reportgen/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "templates").rglob("*") if path.is_file()
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = {name.partition("/licenses/")[2] for name in archive.namelist() if "/licenses/" in name}
    assert package | templates == held
    assert {"LICENSE", *(f"templates/fonts/{name}.txt" for name in ("DejaVu", "Droid", "OFL"))} == licences


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory) -> Path:
    """The interpreter of a new environment that has the wheel; everything else it borrows from this one."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    interpreter = scripts / Path(sys.executable).name
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    library = Path(
        subprocess.run([interpreter, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
    )
    pip = [sys.executable, "-m", "pip", "--python", interpreter]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], check=True)
    # A folder added by a .pth file has its own .pth files left alone, among them what leads to this clone.
    (library / "borrowed.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return interpreter


def test_use(python, tmp_path, frozen_sequential):
    """A saved report is rendered in every format, isolated from this clone, with the templates of the wheel."""
    (tmp_path / "saved.json").write_text(frozen_sequential.to_json(), encoding="utf-8")
    formats = ["html", "json", "md"]
    subprocess.run([python, "-I", "-c", USE, "saved.json", *formats], cwd=tmp_path, check=True)
    expected = {"saved.json", *(f"report.{name}" for name in formats)}
    assert expected == {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "saved.json").read_bytes() == (tmp_path / "report.json").read_bytes()


def test_use_for_pdf(python, tmp_path, frozen_sequential):
    """The fonts and style sheets for paper are in the wheel too."""
    pytest.importorskip("weasyprint", exc_type=OSError, reason="Pango is not installed")
    (tmp_path / "saved.json").write_text(frozen_sequential.to_json(), encoding="utf-8")
    subprocess.run([python, "-I", "-c", USE, "saved.json", "pdf"], cwd=tmp_path, check=True)
    assert b"%PDF-" == (tmp_path / "report.pdf").read_bytes()[:5]


def test_build(python, tmp_path):
    """The command that the wheel installs builds a model's report, isolated likewise."""
    command = [python, "-I", "-m", "reportgen", "build", "builtin:linear", "--format", "json,html", "-o", "out"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert f"1 of 1 complete: {Path('out', 'index.html')}\n" == done.stdout
    assert (tmp_path / "out" / "builtin-linear" / "report.html").is_file()
    script = python.with_name("reportgen.exe" if os.name == "nt" else "reportgen")
    assert script.is_file()
