"""Command lines, run here or in an interpreter of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reportgen import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def reportgen(capsys):
    """Runs a command line in this process; gives the exit code and what it wrote to the two streams."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            cli.main(list(map(str, arguments)))
        return done.value.code, *capsys.readouterr()

    return run


@pytest.fixture(scope="session")
def start() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command line in an interpreter of its own."""

    def run(*arguments: object, python: tuple[str, ...] = ("-m", "reportgen"), **environment: str):
        return subprocess.run(
            [sys.executable, *python, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )

    return run
