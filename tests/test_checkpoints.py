"""Tests of checkpoints in runs and commands: what does not fit is told, and reaches no other model."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest
import torch
from click.testing import CliRunner

import reportgen
from reportgen import api, checkpoints
from reportgen.cli import commands
from reportgen.cli.options import Settings
from reportgen.errors import CheckpointError, ConfigError
from reportgen.registry.base import ModelRef
from reportgen.registry.catalog import Catalog
from reportgen.report import codec
from reportgen.report.verify import contradictions
from reportgen.runs.batch import Progress
from reportgen.workers.serving import Lost

LINEAR = "builtin:linear"


class Evil:
    """A value whose pickle makes a folder when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class Stages(Progress):
    """Notes what was done for which model."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def started(self, model, stage):
        """Keeps the stage."""
        self.seen.append(stage)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A folder of files: of the model itself, of another, one that runs code, and one that is cut."""
    folder = tmp_path_factory.mktemp("weights")
    state = Catalog().spec(ModelRef.parse(LINEAR)).build().state_dict()
    torch.save(state, folder / "good.pt")
    torch.save({f"module.{key}": value for key, value in state.items()}, folder / "wrapped.pt")
    torch.save({"w": torch.zeros(1), "x": Evil(folder / "made")}, folder / "evil.pt")
    (folder / "cut.safetensors").write_bytes(b"\xff" * 9)
    return folder


@pytest.fixture(scope="module")
def record() -> reportgen.ModelReport:
    """The record of the model."""
    return reportgen.probe(LINEAR)


def run(*arguments: str) -> tuple[int, str, str]:
    """What a command gives: its exit code, what it says, and what it complains of."""
    done = CliRunner().invoke(commands, arguments, obj=Settings(), standalone_mode=False)
    return done.return_value, done.stdout, done.stderr


def test_a_run_with_a_file_for_each_model(weights, tmp_path):
    """One fits, one does not, one would run code, one is cut: each report says so; all the models are complete."""
    names = ("good.pt", "wrapped.pt", "evil.pt", "cut.safetensors", "gone.pt")
    manifest = tmp_path / "models.toml"
    entries = [f'[[model]]\nref = "{LINEAR}"\nname = "{name}"\ncheckpoint = "{weights / name}"\n' for name in names]
    manifest.write_text("\n".join(entries) + f'[[model]]\nref = "{LINEAR}"\nname = "without"\n')
    built = api.build(manifest=manifest, output=tmp_path / "out", formats=("json", "md"))
    codes = {}
    for outcome in built.outcomes:
        report = api.load(tmp_path / "out" / outcome.slug / "report.json")
        codes[outcome.name] = [row.code for row in report.diagnostics], report.checkpoint and report.checkpoint.fits
    expected = {
        "good.pt": ([], True),
        "wrapped.pt": (["checkpoint-differs"], False),
        "evil.pt": (["checkpoint-needs-code"], None),
        "cut.safetensors": (["checkpoint-invalid"], None),
        "gone.pt": (["checkpoint-invalid"], None),
        "without": ([], None),
    }
    assert (expected, 1, True) == (codes, built.exit_code, built.ok)
    assert not (weights / "made").exists()
    assert {"wrapped.pt does not fit the model: 2 keys missing, 2 keys unexpected"} <= {
        outcome.reason for outcome in built.outcomes
    }


def test_a_file_that_changes_is_read_again(weights, tmp_path):
    """A report stands while its file of weights is the same, byte for byte."""
    file, stages = tmp_path / "m.pt", Stages()
    file.write_bytes((weights / "good.pt").read_bytes())

    def again() -> int:
        return api.build(LINEAR, checkpoint=file, output=tmp_path / "out", formats=["json"], progress=stages).exit_code

    assert (0, 0) == (again(), again())
    file.write_bytes((weights / "wrapped.pt").read_bytes())
    assert 1 == again()
    assert ["probing", "reading", "rendering"] * 2 == stages.seen


def test_one_file_for_many_models(weights):
    """Refused beforehand: with several references, a wildcard, a manifest; and a key without a file."""
    file = weights / "good.pt"
    for refs, options in (
        (["builtin:*"], {"checkpoint": file}),
        ([LINEAR, "builtin:mlp"], {"checkpoint": file}),
        ([], {"checkpoint": file, "manifest": "bundled"}),
        ([LINEAR], {"checkpoint_key": "ema"}),
    ):
        with pytest.raises(ConfigError) as caught:
            api.build(refs, **options)
        assert caught.value.code in {"checkpoint-models", "manifest-invalid"}


def test_the_command(weights, tmp_path, record):
    """A saved report and a file: 0 and a page if it fits, 1 if not, 2 where the file cannot be read."""
    saved = tmp_path / "report.json"
    saved.write_text(record.to_json())
    code, told, _ = run("checkpoint", str(weights / "good.pt"), str(saved))
    assert (0, "linear fits", True) == (code, told.splitlines()[0], "load_state_dict takes it as it is." in told)
    code, told, _ = run("checkpoint", str(weights / "wrapped.pt"), str(saved), "--format", "md")
    assert (1, True) == (code, '"module.": ""' in told)
    code, _, complaint = run("checkpoint", str(weights / "wrapped.pt"), str(saved), "-q")
    assert (1, "reportgen: error: wrapped.pt does not fit the model: 2 keys missing, 2 keys unexpected") == (
        code,
        complaint.splitlines()[0],
    )
    written = tmp_path / "c.json"
    code, _, _ = run("checkpoint", str(weights / "good.pt"), str(saved), "--format", "json", "-o", str(written))
    assert (0, "good.pt") == (code, json.loads(written.read_text())["checkpoint"]["name"])
    assert codec.load(written).checkpoint == checkpoints.with_checkpoint(record, weights / "good.pt").checkpoint
    with pytest.raises(CheckpointError, match=r"posix\.mkdir"):
        CliRunner().invoke(
            commands,
            ["checkpoint", str(weights / "evil.pt"), str(saved)],
            obj=Settings(),
            standalone_mode=False,
            catch_exceptions=False,
        )


def test_another_file_for_the_same_record(weights, record):
    """What a file before it was told of is not told any more."""
    wrong = checkpoints.with_checkpoint(record, weights / "wrapped.pt")
    right = checkpoints.with_checkpoint(wrong, weights / "good.pt")
    assert (["checkpoint-differs"], []) == ([row.code for row in wrong.diagnostics], [*right.diagnostics])


def test_a_process_that_is_lost(record):
    """A file that ends the process that reads it is told of in the record, which is otherwise as it was."""
    file = checkpoints.WeightsFile(Path("folder/m.pt"))
    report = checkpoints.checked(record, checkpoints.lost(file, Lost("was killed by SIGKILL")))
    (told,) = report.diagnostics
    assert ("m.pt could not be read: its process was killed by SIGKILL", "error") == (told.message, told.severity)
    assert record == msgspec.structs.replace(report, diagnostics=())


def test_a_record_that_contradicts_itself(weights, record):
    """A checkpoint may tell only of names that the model has."""
    report = checkpoints.with_checkpoint(record, weights / "wrapped.pt")
    verdict = msgspec.structs.replace(report.checkpoint.loading.verdict, missing=("nothing",))
    loading = msgspec.structs.replace(report.checkpoint.loading, verdict=verdict)
    wrong = msgspec.structs.replace(report, checkpoint=msgspec.structs.replace(report.checkpoint, loading=loading))
    assert ("$.checkpoint tells of 'nothing', which is no name in the model",) == contradictions(wrong)
    assert () == contradictions(report)
