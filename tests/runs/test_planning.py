"""What a run goes through: one job for each model that references name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.analysis.budget import parse_rules
from reportgen.config import BatchOptions, ProbeOptions, RenderOptions
from reportgen.errors import ConfigError, UnknownModel
from reportgen.manifest.entries import ModelEntry
from reportgen.manifest.reading import read_manifest
from reportgen.runs.planning import models_of, plan

JSON = RenderOptions(("json",))


@pytest.fixture
def jobs(in_process) -> Callable[..., list[tuple[str, str]]]:
    """Gives the references and folders that a run of some entries would go through."""

    def planned(*entries: ModelEntry) -> list[tuple[str, str]]:
        found = plan(entries, JSON, BatchOptions(Path("out")), in_process)
        return [(str(job.ref), job.folder.as_posix()) for job in found]

    return planned


def test_plan(jobs):
    """Every model comes once, wildcards expanded and bare names completed, in natural order."""
    assert [
        ("builtin:lenet5", "out/builtin-lenet5"),
        ("builtin:resnet18", "out/builtin-resnet18"),
        ("builtin:resnet50", "out/builtin-resnet50"),
        ("file:nowhere.py:Net", "out/file-nowhere.py-Net"),
    ] == jobs(
        ModelEntry("file:nowhere.py:Net"),
        ModelEntry("resnet50"),
        ModelEntry("builtin:resnet*"),
        ModelEntry("builtin:lenet5"),
    )


def test_plan_of_one_model_measured_in_two_ways(jobs):
    """One reference with different options is two models: named, they keep their names; unnamed, each gets a hash."""
    frozen = ProbeOptions(freeze=("*",))
    named = jobs(ModelEntry("builtin:mlp", name="free"), ModelEntry("builtin:mlp", frozen, name="frozen"))
    assert [("builtin:mlp", "out/free"), ("builtin:mlp", "out/frozen")] == named
    unnamed = jobs(ModelEntry("builtin:mlp"), ModelEntry("builtin:mlp", frozen))
    assert 2 == len({folder for _, folder in unnamed if folder.startswith("out/builtin-mlp-")})


def test_plan_of_one_model_with_different_rules(in_process):
    """Rules change nothing about a report: those of both entries hold for it, each once."""
    entries = [
        ModelEntry("builtin:mlp", fail_on=parse_rules(rules)) for rules in (["flops > 1", "macs"], ["macs", "buffers"])
    ]
    (job,) = plan(entries, JSON, BatchOptions(Path("out")), in_process)
    assert ["flops > 1", "macs", "buffers"] == [rule.text for rule in job.entry.fail_on]


def test_plan_of_one_model_with_different_arguments(jobs):
    """Arguments are part of what a model is: different ones are two models, the same in another order are one."""
    assert ["builtin:mlp?depth=2&width=8", "builtin:mlp?width=8", "builtin:mlp?width=9"] == [
        ref
        for ref, _ in jobs(
            ModelEntry("builtin:mlp?width=9"),
            ModelEntry("builtin:mlp?width=8"),
            ModelEntry("builtin:mlp?width=8&depth=2"),
            ModelEntry("builtin:mlp?depth=2&width=8"),
        )
    ]


def test_plan_without_what_is_excluded(jobs):
    """A wildcard leaves out what its patterns fit, by name or with the source; no model that is named alone."""
    assert ["builtin:linear", "builtin:resnet50"] == [
        ref
        for ref, _ in jobs(
            ModelEntry("builtin:resnet*", exclude=("resnet1?", "timm:*")),
            ModelEntry("builtin:lin*", exclude=("builtin:linear_*",)),
            ModelEntry("builtin:linear", exclude=("*",)),
        )
    ]


def test_plan_without_everything(jobs):
    """An entry that leaves out all that it names stops the run before any work."""
    with pytest.raises(UnknownModel, match=r"^exclude leaves out all 2 models that 'builtin:resnet\*' matches$"):
        jobs(ModelEntry("builtin:resnet*", exclude=("*18", "*50")))


def test_plan_does_not_depend_on_how_a_model_was_come_upon(in_process):
    """A model of a wildcard is the same job as one that is named, so that its report stands when a pattern is added."""
    render, options = JSON, BatchOptions(Path("out"))
    entries = (ModelEntry("builtin:lenet5"), ModelEntry("builtin:lenet*"), ModelEntry("builtin:l*5", exclude=("x",)))
    assert [[(ModelEntry("builtin:lenet5"), Path("out/builtin-lenet5"))]] * 4 == [
        [(job.entry, job.folder) for job in plan(asked, render, options, in_process)]
        for asked in (*((entry,) for entry in entries), entries)
    ]


@pytest.mark.parametrize("text", ["builtin:nothing*", "lenet"])
def test_plan_of_what_does_not_exist(jobs, text):
    """A wildcard or a bare name that fits nothing stops the run before any work."""
    with pytest.raises(UnknownModel):
        jobs(ModelEntry("builtin:mlp"), ModelEntry(text))


def test_a_reference_that_means_nothing_is_told_with_its_place(tmp_path):
    """Where it stands in a manifest; on the command line there is no place."""
    path = tmp_path / "reportgen.toml"
    path.write_text('[[model]]\nref = "builtin:resnet18"\n\n[[model]]\nref = "builtin:rasnet*"\n', encoding="utf-8")
    *_, entry = read_manifest(path).models
    nothing = UnknownModel("nothing matches 'builtin:rasnet*'", remedy="see the names")
    with pytest.raises(ConfigError) as found:
        models_of(entry, nothing)
    told = f"{path}:5: [[model]] 2 (builtin:rasnet*) › ref: nothing matches 'builtin:rasnet*'"
    assert (told, "unknown-model", "see the names") == (str(found.value), found.value.code, found.value.remedy)
    with pytest.raises(UnknownModel):
        models_of(replace(entry, place=None), nothing)
