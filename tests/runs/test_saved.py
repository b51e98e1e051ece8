"""Saved records, rendered anew."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from reportgen.config import BatchOptions, RenderOptions
from reportgen.errors import ReportFormatError
from reportgen.report import codec
from reportgen.report.schema import ModelReport
from reportgen.runs import saved
from reportgen.runs.batch import Run
from reportgen.runs.tasks import outcome_of
from reportgen.workers.processes import Done
from reportgen.workers.serving import Lost

JSON = RenderOptions(("json",))


class InProcess:
    """An executor that stays in this process; tasks in which ``lost`` says so come back as lost."""

    def __init__(self, lost: Callable[[Any], bool] = lambda _: False) -> None:
        self._lost = lost

    def map(
        self, function: Callable[[Any], Any], tasks: Iterable[Any], started: Callable[[Any], object] = lambda _: None
    ) -> Generator[Done[Any, Any], None, None]:
        for task in deque(tasks):
            started(task)
            yield Done(task, Lost("was killed by SIGSEGV") if self._lost(task) else function(task))


def render_saved(paths: Iterable[Path], options: RenderOptions, output: Path, **more: Any) -> Run:
    """`saved.render_saved` in this process."""
    return saved.render_saved(paths, options, BatchOptions(output), **{"executor": InProcess(), **more})


@pytest.fixture
def save(tmp_path: Path) -> Callable[[ModelReport, str], Path]:
    """Writes a record under a name, and gives the path."""

    def write(report: ModelReport, name: str) -> Path:
        path = tmp_path / f"{name}.json"
        path.write_text(codec.to_json(report), encoding="ascii")
        return path

    return write


def test_each_record_once(tmp_path, save, frozen_sequential, tied_gpt, forward_failed):
    """Records are rendered each once, in the natural order of references, whatever order they come in."""
    reports = [tied_gpt, forward_failed, frozen_sequential, tied_gpt]
    paths = [save(report, str(number)) for number, report in enumerate(reports)]
    run = render_saved(paths, RenderOptions(("json", "md")), tmp_path / "out")
    expected = [forward_failed, frozen_sequential, tied_gpt]
    expected.sort(key=lambda report: report.model.ref)
    assert tuple(outcome_of(report, report.model.ref.replace(":", "-").replace("_", "_")) for report in expected) == (
        run.outcomes
    )
    assert tied_gpt == codec.load(tmp_path / "out" / "builtin-tied-gpt" / "report.json")


def test_two_reports_on_one_model(tmp_path, save, make_report):
    """They get two folders."""
    reports = [make_report("net", parameters={"w": (1,)}), make_report("net", parameters={"w": (2,)})]
    run = render_saved([save(report, str(number)) for number, report in enumerate(reports)], JSON, tmp_path / "out")
    assert {1: 1, 2: 2} == {
        outcome.parameters: codec.load(tmp_path / "out" / outcome.slug / "report.json").totals.parameters.unique
        for outcome in run.outcomes
    }


def test_a_file_that_cannot_be_read(tmp_path, save, tied_gpt):
    """It is an outcome with its reason, and keeps none of the others back; the index has models only."""
    (tmp_path / "bad.json").write_text('{"format": "other"}', encoding="ascii")
    paths = [tmp_path / "bad.json", save(tied_gpt, "good"), tmp_path / "none.json"]
    bad, none, good = render_saved(paths, JSON, tmp_path / "out").outcomes
    assert (f"{paths[2]} cannot be read: No such file or directory", "failed", "") == (
        none.reason,
        none.status,
        none.slug,
    )
    assert bad.reason.startswith(f"{paths[0]} is not a model report")
    assert outcome_of(tied_gpt, "builtin-tied-gpt") == good
    models = json.loads((tmp_path / "out" / "index.json").read_bytes())["models"]
    assert ["builtin-tied-gpt"] == [model["slug"] for model in models]


def test_nothing_that_can_be_read(tmp_path):
    """Where that holds for all of them, it is an error, and nothing is written."""
    with pytest.raises(ReportFormatError, match=r"none\.json cannot be read"):
        render_saved([tmp_path / "none.json"], JSON, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_process_that_is_lost(tmp_path, save, tied_gpt, frozen_sequential):
    """A record that takes the renderer down keeps none of the others back."""
    paths = [save(tied_gpt, "tied"), save(frozen_sequential, "frozen")]
    executor = InProcess(lambda task: getattr(task, "ref", None) == tied_gpt.model.ref)
    frozen, tied = render_saved(paths, JSON, tmp_path / "out", executor=executor).outcomes
    assert ((), ("rendering: its process was killed by SIGSEGV",)) == (frozen.problems, tied.problems)


def test_a_file_that_takes_the_reader_down(tmp_path, save, tied_gpt):
    """So does one that cannot even be looked into."""
    paths = [save(tied_gpt, "tied"), tmp_path / "bomb.json"]
    executor = InProcess(lambda task: task == paths[1])
    bomb, tied = render_saved(paths, JSON, tmp_path / "out", executor=executor).outcomes
    assert (f"{paths[1]}: its process was killed by SIGSEGV", "builtin-tied-gpt") == (bomb.reason, tied.slug)


def test_in_processes_of_their_own(tmp_path, save, tied_gpt, frozen_sequential):
    """What processes make is what this one makes."""
    paths = [save(tied_gpt, "tied"), save(frozen_sequential, "frozen")]
    for name, more in (("here", {}), ("there", {"executor": None})):
        assert () == render_saved(paths, RenderOptions(("json", "md")), tmp_path / name, **more).problems
    here, there = (
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "here", tmp_path / "there")
    )
    assert here == there
