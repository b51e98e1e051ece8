"""Runs of many models, good and bad."""

from __future__ import annotations

import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any

import pytest

from reportgen.config import BatchOptions, ProbeOptions, RenderOptions
from reportgen.errors import UnknownModel, WriteError
from reportgen.manifest.entries import ModelEntry
from reportgen.probe import failed_report
from reportgen.registry.base import InputSpec, ModelRef
from reportgen.report import codec
from reportgen.runs.batch import Interrupted, Progress, index_entry, run
from reportgen.runs.saved import render_saved
from reportgen.runs.tasks import Job, Outcome, Record, Rendering
from reportgen.workers.serving import Lost

MODELS = '''
import ctypes, os, time
import torch
from torch import nn

def good():
    """A model that works."""
    print("a constructor that talks")
    return nn.Linear(2, 1)

class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)

class Raises(Base):
    def forward(self, x):
        raise ValueError("no way forward")

class RaisesEarly(Base):
    def __init__(self):
        raise ValueError("no way in")

class Crashes(Base):
    def forward(self, x):
        return ctypes.string_at(0)

class CrashesBackward(Base):
    def forward(self, x):
        return Crash.apply(self.layer(x))

class Crash(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        ctypes.string_at(0)

class Vanishes(Base):
    def __init__(self):
        os._exit(0)

class Hangs(Base):
    def forward(self, x):
        time.sleep(600)

class Greedy(Base):
    def forward(self, x):
        return self.layer(x) + torch.empty(2**33, dtype=torch.uint8).numel()
'''
JSON = RenderOptions(("json",))


class Recorder(Progress):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def planned(self, jobs):
        self.told.append(f"planned {len(jobs)}")

    def started(self, job, stage):
        self.told.append(f"{stage} {job.label}")

    def finished(self, job, outcome):
        self.told.append(f"finished {outcome.ref}")


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """A file of models, most of them bad."""
    path = tmp_path_factory.mktemp("models") / "models.py"
    path.write_text(MODELS, encoding="utf-8")
    return path


def entry(models: Path, name: str, **options: Any) -> ModelEntry:
    """The entry of a model in the file."""
    return ModelEntry(f"file:{models}:{name}", ProbeOptions(**options), name=name)


@pytest.fixture(scope="module")
def bad_run(models, tmp_path_factory) -> tuple[Path, dict[str, Outcome]]:
    """The folder and the outcomes of one run of every model in the file."""
    folder = tmp_path_factory.mktemp("reports")
    names = ["good", "Raises", "RaisesEarly", "Crashes", "CrashesBackward", "Vanishes", "Hangs", "missing"]
    options = BatchOptions(folder, jobs=4, timeout=8.0)
    x = (InputSpec((1, 2)),)
    done = run([entry(models, name, inputs=x) for name in names], RenderOptions(("json", "md", "html")), options)
    return folder, {outcome.name: outcome for outcome in done.outcomes}


@pytest.mark.parametrize(
    ("name", "status", "stages", "reason"),
    [
        ("good", "complete", ("ok", "ok", "ok"), None),
        ("Raises", "partial", ("ok", "failed", "skipped"), "ValueError: no way forward"),
        ("RaisesEarly", "failed", ("failed", "skipped", "skipped"), "ValueError: no way in"),
        ("Crashes", "partial", ("ok", "failed", "skipped"), "its process was killed by SIGSEGV"),
        ("CrashesBackward", "partial", ("ok", "ok", "failed"), "its process was killed by SIGSEGV"),
        ("Vanishes", "failed", ("failed", "skipped", "skipped"), "its process exited with status 0"),
        ("Hangs", "partial", ("ok", "failed", "skipped"), "its process ran longer than 8 s"),
    ],
)
def test_bad_models(bad_run, name, status, stages, reason):
    """Whatever a model does, it has its report in every format, with the reason, and so have all the others."""
    folder, outcomes = bad_run
    outcome = outcomes[name]
    report = codec.load(folder / name / "report.json")
    assert (status, reason) == (outcome.status, outcome.reason)
    assert (status, *stages) == (
        report.probe.status,
        report.probe.stages.instantiate,
        report.probe.stages.forward,
        report.probe.stages.backward,
    )
    assert (status == "complete") == outcome.ok
    assert {"report.html", "report.json", "report.md"} <= {path.name for path in (folder / name).iterdir()}


@pytest.mark.parametrize(
    ("name", "stage", "function"),
    [("Crashes", "forward", "forward"), ("CrashesBackward", "backward", "backward"), ("Hangs", "forward", "forward")],
)
def test_where_a_lost_model_was(bad_run, models, name, stage, function):
    """The report of a model that took its process down says at what stage, and shows the frames of its code alone."""
    (diagnostic,) = codec.load(bad_run[0] / name / "report.json").diagnostics
    frames = diagnostic.traceback.splitlines()
    assert ("worker-lost", stage) == (diagnostic.code, diagnostic.stage)
    assert [function] == [frame.rpartition(" in ")[2] for frame in frames if str(models) in frame]
    assert [] == [frame for frame in frames if "/reportgen/" in frame or "multiprocessing" in frame]


def test_a_model_that_does_not_exist(bad_run):
    """A name that its source does not have is one failed model, with the closest names as the remedy."""
    outcome = bad_run[1]["missing"]
    assert ("failed", False) == (outcome.status, outcome.ok)
    assert "missing" in outcome.reason
    assert outcome.remedy is not None


def test_index(bad_run):
    """The index has every model of the run, the failed ones with their reason, as the contract says."""
    folder, outcomes = bad_run
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    assert ("reportgen/index", 1) == (index["format"], index["format_version"])
    assert list(outcomes) == [model["name"] for model in index["models"]]
    (good,) = (model for model in index["models"] if model["name"] == "good")
    expected = {
        "ref": outcomes["good"].ref,
        "name": "good",
        "slug": "good",
        "status": "complete",
        "parameters": 3,
        "flops": 4,
        "reason": None,
        "tags": [],
        "group": None,
    }
    assert expected == {key: good[key] for key in expected}
    own = {".reportgen", "index.csv", "index.html", "index.json", "index.md", "failures.html", "failures.md"}
    assert own | set(outcomes) == {path.name for path in folder.iterdir()}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited on Linux only")
def test_memory_limit(models, tmp_path):
    """A model that takes more memory than it may fails alone, at the allocation."""
    options = BatchOptions(tmp_path, memory_limit=1.0)
    modest, greedy = run([entry(models, "Greedy", device="cpu"), ModelEntry("builtin:mlp")], JSON, options).outcomes
    assert ("partial", "complete") == (greedy.status, modest.status)
    assert "can't allocate memory" in greedy.reason


def test_progress(tmp_path, in_process):
    """Whoever watches is told what is planned, what starts and what is done."""
    recorder = Recorder()
    entries = [ModelEntry("builtin:linear"), ModelEntry("builtin:mlp")]
    run(entries, JSON, BatchOptions(tmp_path), progress=recorder, executor=in_process)
    assert [
        "planned 2",
        "probing builtin:linear",
        "rendering builtin:linear",
        "finished builtin:linear",
        "probing builtin:mlp",
        "rendering builtin:mlp",
        "finished builtin:mlp",
    ] == recorder.told


class Impatient(Progress):
    """Presses Ctrl-C as soon as something runs."""

    def started(self, job, stage):
        raise KeyboardInterrupt


def test_interruption(models, tmp_path):
    """Ctrl-C ends the run and its processes at once, and says how to go on."""
    with pytest.raises(Interrupted) as caught:
        run([entry(models, "Hangs")], JSON, BatchOptions(tmp_path), progress=Impatient())
    told = "interrupted: run the same command again: 0 of 1 are done; the index is written when all are"
    assert told == str(caught.value)
    assert [] == multiprocessing.active_children()


HOSTILE = {
    "__class__": "os.system",
    "a b": "`touch pwned`",
    "c": {"$(touch pwned)": ["&x=1", "#", '"', "\\", "\n", "\u202e", "\U0001f600", "", " "]},
    "d": "{{ 7 * 7 }}<script>",
    "e": [None, True, 1, 1.5, -0.0, 2**70, "1", "true", "null", "1979-05-27", "[1]", "{}"],
    "f": "../../etc/passwd",
    "__import__('os').system('touch pwned')": 0,
}


def test_arguments_are_data(tmp_path, hostile_names, in_process):
    """The constructor gets exactly the arguments and the record holds them, whatever they look like."""
    models = tmp_path / "models.py"
    models.write_text(
        f"from torch import nn\n\ndef net(**kwargs):\n    assert kwargs == {HOSTILE!r}\n    return nn.Linear(2, 1)\n",
        encoding="utf-8",
    )
    ref = str(ModelRef("file", f"{models}:net", HOSTILE))
    entry = ModelEntry(ref, name=hostile_names[1], tags=hostile_names, group=hostile_names[0])
    (outcome,) = run([entry], JSON, BatchOptions(tmp_path / "out"), executor=in_process).outcomes
    assert ("complete", None) == (outcome.status, outcome.reason)
    model = codec.load(tmp_path / "out" / outcome.slug / "report.json").model
    assert (HOSTILE, hostile_names[1], hostile_names[0]) == (model.kwargs, model.name, model.group)
    assert ["models.py", "out"] == sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__")


def test_tags_and_groups(tmp_path, in_process):
    """What a manifest says to find models by is in the record and in the index, also when a report stands."""
    entries = [ModelEntry("builtin:linear", tags=("small", "<b>"), group="teaching")]
    for _ in range(2):
        (outcome,) = run(entries, JSON, BatchOptions(tmp_path), executor=in_process).outcomes
        assert (("small", "<b>"), "teaching") == (outcome.summary.tags, outcome.summary.group)
        (model,) = json.loads((tmp_path / "index.json").read_bytes())["models"]
        assert (["small", "<b>"], "teaching") == (model["tags"], model["group"])
    model = codec.load(tmp_path / "builtin-linear" / "report.json").model
    assert (("small", "<b>"), "teaching") == (model.tags, model.group)
    assert outcome.seconds is None


def test_names_and_descriptions(tmp_path, in_process):
    """What a manifest calls a model is what its report calls it."""
    entries = [ModelEntry("builtin:linear", name="the smallest", description="One layer.")]
    (outcome,) = run(entries, JSON, BatchOptions(tmp_path), executor=in_process).outcomes
    model = codec.load(tmp_path / "the-smallest" / "report.json").model
    assert ("the smallest", "One layer.", "builtin:linear") == (model.name, model.description, model.ref)
    assert "the-smallest" == outcome.slug
    again = render_saved(
        [tmp_path / "the-smallest" / "report.json"], JSON, BatchOptions(tmp_path / "again"), executor=in_process
    )
    assert ["the-smallest"] == [outcome.slug for outcome in again.outcomes]


def test_a_format_that_cannot_be_written(tmp_path, in_process):
    """One file that cannot be written keeps none of the others back, and the run says so."""
    (tmp_path / "builtin-linear" / "report.md").mkdir(parents=True)
    options = RenderOptions(("json", "md", "html"))
    (outcome,) = run([ModelEntry("builtin:linear")], options, BatchOptions(tmp_path), executor=in_process).outcomes
    assert not outcome.ok
    (problem,) = outcome.problems
    assert problem.startswith(f"report.md: cannot write {tmp_path / 'builtin-linear' / 'report.md'}: Is a directory")
    assert outcome.problems[0] == index_entry(outcome, tmp_path, JSON).reason
    assert (tmp_path / "builtin-linear" / "report.html").is_file()


def test_an_output_that_cannot_be_written(tmp_path, in_process):
    """A folder that cannot be written in stops the run before any work."""
    (tmp_path / "file").touch()
    with pytest.raises(WriteError):
        run([ModelEntry("builtin:linear")], JSON, BatchOptions(tmp_path / "file"), executor=in_process)


def test_a_record_that_cannot_be_read_again(tmp_path):
    """What a model slips into its record keeps nobody else back: it failed, and says why, in every format."""
    entry, ref = ModelEntry("builtin:linear"), ModelRef("builtin", "linear")
    render = RenderOptions(("json", "md"))
    job = Job(ref, entry, tmp_path / "linear", render, None)
    report = failed_report(ref, UnknownModel("no such model"), ProbeOptions())
    text = codec.to_json(report).replace('"parameters": null', '"parameters": "many"', 1)
    assert text != codec.to_json(report)
    step = Rendering(job, Record(text), "")
    expected = "the record that was made of it does not fit the schema: "
    for outcome in (step.perform(), step.next(Lost("was killed", ()), "")):
        assert ("failed", True) == (outcome.status, (outcome.reason or "").startswith(expected))
    assert {"report.json", "report.md"} == {path.name for path in (tmp_path / "linear").iterdir()}
