"""Runs that are killed outright before each of their file operations, and then go on."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Generator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reportgen.config import BatchOptions, RenderOptions
from reportgen.manifest.entries import ModelEntry
from reportgen.runs.batch import run
from reportgen.workers.processes import Done

ENTRIES = [ModelEntry(f"builtin:{name}") for name in ("linear", "mlp")]
RENDER = RenderOptions(("json", "md"))
OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir"}
MOMENTS = 20
Contents = Callable[[Path], dict[str, bytes]]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks a process that has threads"),
]


class InProcess:
    """An executor that stays in this process, so that one kill ends all there is of a run."""

    def map(
        self, function: Callable[[Any], Any], tasks: Any, started: Callable[[Any], object] = lambda _: None
    ) -> Generator[Done[Any, Any], None, None]:
        while tasks:
            task = tasks.popleft()
            started(task)
            yield Done(task, function(task))


def build(output: Path, moment: int | None = None) -> int:
    """Builds all models in a process of its own, which is killed before its ``moment``-th operation on files there.

    Gives the number of operations; 0 where it was killed.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forking where there are threads
        pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, str(_build(output, moment)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    os.waitpid(pid, 0)
    return int(told or 0)


def _build(output: Path, moment: int | None) -> int:
    operations = count(1)
    last = 0

    def watch(event: str, args: tuple[Any, ...]) -> None:
        nonlocal last
        if event in OPERATIONS and str(args[0]).startswith(str(output)):
            last = next(operations)
            if last == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    done = run(ENTRIES, RENDER, BatchOptions(output), executor=InProcess())
    assert not done.problems
    return last


def names(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {path.name for path in folder.iterdir()}


def test_every_moment(tmp_path: Path, contents: Contents) -> None:
    """Whatever was being done to a file when it was killed, the run again leaves what an undisturbed one leaves."""
    whole = tmp_path / "whole"
    run(ENTRIES, RENDER, BatchOptions(tmp_path / "warm"), executor=InProcess())  # what is forked from here is warm
    operations = build(whole)
    assert operations > MOMENTS
    stamps = names(whole / ".reportgen")
    for number in range(MOMENTS):
        output = tmp_path / f"killed-{number}"
        assert 0 == build(output, 1 + number * operations // MOMENTS)
        assert 0 < build(output)
        assert contents(whole) == contents(output)
        assert stamps == names(output / ".reportgen")
