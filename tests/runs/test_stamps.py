"""What is built again, and what stands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import reportgen
from reportgen.analysis.baseline import snapshot
from reportgen.analysis.budget import parse_rules
from reportgen.config import ProbeOptions, RenderOptions, Style, WeightsFile
from reportgen.manifest.entries import ModelEntry
from reportgen.registry.base import ModelRef
from reportgen.report.schema import ModelReport
from reportgen.runs.stamps import Stamps
from reportgen.runs.tasks import Job, Outcome

Contents = Callable[[Path], dict[str, bytes]]
MODEL = "from torch import nn\nfrom part import width\n\n\ndef net():\n    return nn.Linear(2, width)\n"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job whose report lies in its folder."""
    folder = tmp_path / "out" / "net"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{}", encoding="utf-8")
    return Job(ModelRef("builtin", "net"), ModelEntry("builtin:net"), folder, RenderOptions(("json",)), 2**30)


@pytest.fixture
def outcome(tmp_path: Path, tied_gpt: ModelReport) -> Outcome:
    """What became of it, from a file of the user's."""
    source = tmp_path / "net.py"
    source.write_text("a", encoding="utf-8")
    return Outcome(
        "builtin:net",
        "net",
        "net",
        "complete",
        3,
        4,
        None,
        snapshot=snapshot(tied_gpt),
        sources=(str(source),),
        seconds=1.0,
    )


def stands(job: Job) -> bool:
    """Whether a new run would leave it as it is."""
    return Stamps(job.folder.parent).outcome(job) is not None


def test_what_has_not_changed_stands(job: Job, outcome: Outcome) -> None:
    """The outcome comes back as it was; a fresh run does not ask."""
    assert not stands(job)
    Stamps(job.folder.parent).put(job, outcome)
    assert Stamps(job.folder.parent).outcome(job) == outcome
    assert Stamps(job.folder.parent, fresh=True).outcome(job) is None


def test_what_has_changed_does_not(job: Job, outcome: Outcome, tmp_path: Path) -> None:
    """Another option but rules, another style sheet, a file of the user's or of the report that is another or gone."""
    css = tmp_path / "own.css"
    css.write_text("p { color: red; }", encoding="utf-8")
    job = replace(job, render=replace(job.render, style=Style(css=css)))
    Stamps(job.folder.parent).put(job, outcome)
    assert stands(job)
    assert stands(replace(job, entry=ModelEntry("builtin:net", fail_on=parse_rules(["flops > 3"]))))
    assert not stands(replace(job, entry=ModelEntry("builtin:net", ProbeOptions(mode="eval"))))
    assert not stands(replace(job, render=RenderOptions(("json", "md"), style=Style(css=css))))
    css.write_text("p { color: blue; }", encoding="utf-8")
    assert not stands(job)
    css.write_text("p { color: red; }", encoding="utf-8")
    assert stands(job)
    source = Path(outcome.sources[0])
    source.write_text("b", encoding="utf-8")
    assert not stands(job)
    source.unlink()
    assert not stands(job)
    source.write_text("a", encoding="utf-8")
    (job.folder / "report.json").write_text("{ }", encoding="utf-8")
    assert not stands(job)


@pytest.mark.parametrize("changes", [{"lost": True}, {"problems": ("report.pdf: no",)}])
def test_what_may_come_out_otherwise(job: Job, outcome: Outcome, changes: dict[str, object]) -> None:
    """A process that was lost, or a format that could not be made, is tried again; what stood before does not."""
    Stamps(job.folder.parent).put(job, outcome)
    Stamps(job.folder.parent).put(job, replace(outcome, **changes))
    assert not stands(job)


def test_memory_may_be_why(job: Job, outcome: Outcome) -> None:
    """What is not complete is tried again with more memory; what is complete needs none."""
    for status, expected in (("complete", True), ("partial", False)):
        Stamps(job.folder.parent).put(job, replace(outcome, status=status))
        assert stands(replace(job, memory_limit=2**31)) is expected


def test_a_stamp_that_was_cut(job: Job, outcome: Outcome) -> None:
    """It vouches for nothing."""
    Stamps(job.folder.parent).put(job, outcome)
    (place,) = (job.folder.parent / ".reportgen").iterdir()
    place.write_bytes(place.read_bytes()[:40])
    assert not stands(job)


def test_big_files_of_weights(job: Job, outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not read: their size and the time of their last change stand for what is in them."""
    monkeypatch.setattr("reportgen.runs.stamps._BIG", 3)
    file = tmp_path / "m.safetensors"
    file.write_bytes(b"weights")
    os.utime(file, ns=(1, 1))
    job = replace(job, entry=replace(job.entry, checkpoint=WeightsFile(file)))
    Stamps(job.folder.parent).put(job, outcome)
    assert stands(job)
    file.write_bytes(b"anothe!")
    os.utime(file, ns=(1, 1))
    assert stands(job)
    os.utime(file, ns=(2, 2))
    assert not stands(job)


def test_a_second_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does what has changed, down to a module that the user's file imports and a file that it reads."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "width.txt").write_text("3", encoding="utf-8")
    (tmp_path / "part.py").write_text("width = int(open('width.txt').read())", encoding="utf-8")

    def built() -> dict[str, bool]:
        run = reportgen.build(["file:net.py:net", "builtin:lenet5"], output="out", formats=["json"])
        return {outcome.name: outcome.seconds is not None for outcome in run.outcomes}

    assert built() == {"lenet5": True, "net.py:net": True}
    assert built() == {"lenet5": False, "net.py:net": False}
    (tmp_path / "width.txt").write_text("4", encoding="utf-8")
    assert built() == {"lenet5": False, "net.py:net": True}
    assert reportgen.load("out/file-net.py-net/report.json").totals.parameters.unique == 12
    (tmp_path / "part.py").write_text("width = 5", encoding="utf-8")
    assert built() == {"lenet5": False, "net.py:net": True}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_run_that_was_killed(tmp_path: Path, contents: Contents) -> None:
    """Killed outright in the middle, it goes on where it stopped, and leaves what it would have left."""
    refs = ["builtin:lenet5", "builtin:mlp", "builtin:linear", "builtin:vae", "builtin:lstm_classifier", "builtin:gpt2"]
    command = [sys.executable, "-m", "reportgen", "build", *refs, "--format", "json,md", "--jobs", "1", "-o", "killed"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    stamps = tmp_path / "killed" / ".reportgen"
    while process.poll() is None and len(list(stamps.glob("*.json"))) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for output in ("killed", "whole"):
        run = reportgen.build(refs, output=tmp_path / output, formats=["json", "md"])
        assert run.ok
        if output == "killed":
            assert 2 <= sum(outcome.seconds is None for outcome in run.outcomes) < len(refs)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
