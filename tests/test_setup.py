"""Setting up: pinned versions, stamps that make second runs instant, and the PDF libraries' installer."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYTEST = ".venv/bin/python -m pytest"
PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"

if os.name == "nt":
    pytest.skip("make and sh are not at home here", allow_module_level=True)


def pinned() -> dict[str, str]:
    """The versions in constraints.txt, by normalised name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = (line.split("==") for line in lines if not line.startswith("#"))
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins}


def test_every_requirement_is_pinned():
    """What the project asks for has one version in constraints.txt, within the range that pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    texts = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(text for extra in project["project"]["optional-dependencies"].values() for text in extra),
    ]
    requirements = [Requirement(text) for text in texts]
    pins = pinned()
    assert [] == [
        str(requirement)
        for requirement in requirements
        if not requirement.specifier.contains(pins[canonicalize_name(requirement.name)])
    ]


def test_torch_is_pinned_exactly():
    """A local build of PyTorch is taken only for this very version."""
    assert "2.13.0" == pinned()["torch"]


@pytest.fixture
def checkout(tmp_path):
    """A folder with all that make looks at."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    return tmp_path


def commands(checkout: Path, target: str) -> list[str]:
    """What ``make TARGET`` would run, without running it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")} | {"LC_ALL": "C"}
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=checkout, capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("target", "stamps", "run"),
    [
        ("setup", [".created", ".installed", ".test-extras"], ["make: Nothing to be done for 'setup'."]),
        (
            "test",
            [".created", ".installed", ".test-extras"],
            [f"{PYTEST} --numprocesses auto --maxprocesses 8 --dist loadfile"],
        ),
        ("report", [".created", ".installed"], [".venv/bin/reportgen build --manifest bundled --output reports"]),
    ],
)
def test_a_second_run_installs_nothing(checkout, target, stamps, run):
    """Once set up, make does only what it is asked for; reports need no test extras."""
    for stamp in stamps:
        (checkout / ".venv" / stamp).touch()
    assert run == commands(checkout, target)


def test_a_first_run_installs_torch_first(checkout):
    """The first run makes the environment, then installs PyTorch alone, then the rest."""
    installed = [line.rpartition("constraints.txt ")[2] for line in commands(checkout, "setup") if " pip " in line]
    assert [
        "torch",
        "hatchling",
        "--no-build-isolation --editable .",
        "--no-build-isolation --editable '.[test]'",
    ] == installed


@pytest.fixture
def machine(tmp_path):
    """Makes a machine of shell scripts, runs scripts/pango.sh on it, and gives what it printed and what was called."""

    def run(**programs: str) -> tuple[str, list[str]]:
        programs = {"python": "exit 1", "id": "echo 1000", **programs}
        calls = tmp_path / "calls"
        calls.touch()
        for name, body in programs.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(f'#!/bin/sh\necho "{path.name} $*" >> {calls}\n{body}\n', encoding="utf-8")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        done = subprocess.run(
            [shutil.which("sh"), ROOT / "scripts" / "pango.sh", tmp_path / "python"],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": str(tmp_path)},
        )
        return done.stdout, calls.read_text(encoding="utf-8").splitlines()

    return run


LOAD = "python -c import weasyprint"
HINT = "Pango does not load, so there will be no PDF reports; everything else works. To get them:\n    {}\n"


def test_pango_is_there(machine):
    """Where the libraries load, nothing is done and nothing said."""
    assert ("", [LOAD]) == machine(python="exit 0", apt_get="")


def test_pango_is_installed_by_root(machine, tmp_path):
    """Root on a system with apt-get gets the libraries installed."""
    installed = tmp_path / "installed"
    printed, calls = machine(python=f"[ -e {installed} ]", id="echo 0", apt_get=f'[ "$1" = update ] || : > {installed}')
    assert f"installing Pango for the PDF reports: {PACKAGES}\n" == printed
    assert [
        LOAD,
        "id -u",
        "apt-get update -qq",
        f"apt-get install -y -qq --no-install-recommends {PACKAGES}",
        LOAD,
    ] == calls


@pytest.mark.parametrize(
    ("programs", "command"),
    [
        ({"apt_get": ""}, f"sudo apt-get install {PACKAGES}"),
        ({"apt_get": "exit 100", "id": "echo 0"}, f"sudo apt-get install {PACKAGES}"),
        ({"dnf": ""}, "sudo dnf install pango"),
        ({"brew": ""}, "brew install pango"),
        ({}, "install Pango 1.44 or later with this system's package manager"),
    ],
)
def test_pango_cannot_be_installed(machine, programs, command):
    """Elsewhere, and where installing fails, the command for that system is printed, and setting up goes on."""
    printed, _ = machine(**programs)
    assert printed.endswith(HINT.format(command))


def test_ci_runs_the_test_command():
    """Continuous integration runs what the README tells people to run."""
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert "make test" == script.read_text(encoding="utf-8").splitlines()[-1]
    assert "\n    make test " in (ROOT / "README.md").read_text(encoding="utf-8")
