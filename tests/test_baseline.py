"""Tests of `reportgen.baseline`, of ``reportgen baseline`` and of rules in ``reportgen build``."""

from __future__ import annotations

import json

import pytest

import reportgen
from reportgen import baseline
from reportgen.cli import main
from reportgen.errors import ConfigError, ReportFormatError

MODELS = """
from torch import nn

def small():
    return nn.Linear({width}, 2)

def other():
    {other}
"""
MANIFEST = """
[defaults]
baseline = "models.json"
formats = ["json"]
inputs = ["1x3"]
fail_on = ["parameters > +1%"]

[[model]]
ref = "file:models.py:small"
name = "tagger"

[[model]]
ref = "file:models.py:other"
fail_on = ["flops > 12", "gradients.none > 0"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Writes a folder of two models, one of a choosable width and one of a choosable body, and works there."""
    monkeypatch.chdir(tmp_path)

    def write(width=3, other="return nn.Linear(3, 2, bias=False)", manifest=MANIFEST):
        (tmp_path / "models.py").write_text(MODELS.format(width=width, other=other), encoding="utf-8")
        (tmp_path / "reportgen.toml").write_text(manifest, encoding="utf-8")

    write()
    return write


def run(capsys, *arguments):
    """The exit code of the command, what it printed, and what it told."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    printed = capsys.readouterr()
    return ended.value.code, printed.out.splitlines(), printed.err.splitlines()


def test_write_and_check(capsys, project, tmp_path):
    """The file is the manifest's, and has the figures; nothing differs until a model does; one line says in what."""
    assert (0, ["2 models: models.json"]) == run(capsys, "baseline", "write")[:2]
    text = (tmp_path / "models.json").read_bytes()
    held = json.loads(text)["models"]
    assert {"tagger": 8, "file:models.py:other": 6} == {
        name: model["totals"]["parameters.unique"] for name, model in held.items()
    }
    assert ["file:models.py:other", "tagger"] == list(held)
    assert (0, ["2 models: as models.json says"]) == run(capsys, "baseline", "check")[:2]
    project(other="return nn.Linear(3, 2).requires_grad_(False)")
    code, out, err = run(capsys, "baseline", "check")
    assert (1, ["2 models: 1 difference"]) == (code, out)
    (told,) = (line for line in err if "differs" in line)
    assert told.startswith(
        "reportgen: differs: file:models.py:other: fingerprint; parameters.declared, parameters.unique"
    )
    assert "; parameters.frozen 0 → 8;" in told
    assert text == (tmp_path / "models.json").read_bytes()


def test_rules_alone(capsys, project):
    """With rules, only those that are broken fail; figures of other inputs are told to be that."""
    run(capsys, "baseline", "write", "-q")
    project(width=4)
    rules = ("--fail-on", "parameters > +25%", "--fail-on", "flops > +3")
    code, out, err = run(capsys, "baseline", "check", "--input", "1x4", *rules)
    assert (1, ["2 models: 2 broken rules"]) == (code, out)
    assert [
        "reportgen: broken: file:models.py:other: flops > +3: flops.forward is unknown",
        "reportgen: broken: tagger: flops > +3: 12 → 16 (+4, +33.3 %)",
    ] == [line for line in err if "broken" in line]
    held = baseline.check(
        manifest="reportgen.toml", inputs=["1x4"], fail_on=["parameters > +25%", "parameters > +24.9%"]
    )
    assert ("tagger: parameters > +24.9%: 8 → 10 (+2, +25.0 %)",) == held.broken
    assert (
        "tagger is measured otherwise than its baseline was: inputs input=1x3:float32 → input=1x4:float32"
        in held.build.notes
    )


def test_a_model_that_fails(capsys, project, tmp_path):
    """It is held as failed, without a reason; what is lost by that is told even when nothing else is."""
    run(capsys, "baseline", "write", "-q")
    project(other="raise ValueError('not here')")
    assert 1 == run(capsys, "baseline", "check", "-q")[0]
    code, out, err = run(capsys, "baseline", "write", "-q")
    assert (3, []) == (code, out)
    assert "reportgen: note: file:models.py:other: complete → failed" in err
    assert {
        "ref": "file:models.py:other",
        "status": "failed",
        "conditions": None,
        "fingerprint": None,
        "totals": {},
    } == json.loads((tmp_path / "models.json").read_text())["models"]["file:models.py:other"]
    assert 0 == run(capsys, "baseline", "check", "-q")[0]


def test_references_leave_others_alone(project):
    """What is written of one model stands beside what is there; a manifest is the whole of it."""
    first = baseline.write(["file:models.py:small"], baseline="b.json", inputs=["1x3"])
    second = baseline.write(["file:models.py:other"], baseline="b.json", inputs=["1x3"])
    assert [["file:models.py:small"], ["file:models.py:other"]] == [
        [drift.name for drift in held.drifts] for held in (first, second)
    ]
    assert () == baseline.check(["file:models.py:small"], baseline="b.json", inputs=["1x3"]).drifts
    third = baseline.write(manifest="reportgen.toml", baseline="b.json")
    assert [("file:models.py:small", True), ("tagger", False)] == [(drift.name, drift.loses) for drift in third.drifts]


def test_two_models_of_one_name(project, tmp_path):
    """They cannot be told apart, and nothing is written."""
    twice = MANIFEST + '[[model]]\nref = "file:models.py:other"\nmode = "eval"\n'
    project(manifest=twice)
    with pytest.raises(ConfigError, match=r"2 models are called file:models\.py:other"):
        baseline.write(manifest="reportgen.toml")
    assert not (tmp_path / "models.json").exists()


def test_a_file_that_is_no_baseline(project, tmp_path):
    """It is neither read nor written over."""
    (tmp_path / "b.json").write_text("{}", encoding="ascii")
    for action in (baseline.write, baseline.check):
        with pytest.raises(ReportFormatError, match=r"b\.json is no baseline"):
            action(["file:models.py:small"], baseline="b.json")
    with pytest.raises(ReportFormatError, match=r"c\.json cannot be read"):
        baseline.check(["file:models.py:small"], baseline="c.json")
    assert "{}" == (tmp_path / "b.json").read_text(encoding="ascii")


def test_a_build_is_held_to_its_rules(capsys, project, tmp_path):
    """Each entry to its own, or the default ones; a second build, in which everything stands, likewise."""
    run(capsys, "baseline", "write", "-q")
    project(width=4, manifest=MANIFEST.replace("1x3", "1x4").replace("> 12", "> 11"))
    for _ in range(2):
        code, _, err = run(capsys, "build", "-q")
        broken = [line for line in err if line.startswith("reportgen: broken: ")]
        assert 3 == code  # the other one cannot take the new input
        assert [
            "reportgen: broken: file:models.py:other: flops > 11: flops.forward is unknown",
            "reportgen: broken: file:models.py:other: gradients.none > 0: 0 → 1 (+1)",
            "reportgen: broken: tagger: parameters > +1%: 8 → 10 (+2, +25.0 %)",
        ] == sorted(broken)
    project(manifest=MANIFEST.replace("> 12", "> 11"))
    code, _, err = run(capsys, "build", "-q")
    assert (1, "reportgen: broken: file:models.py:other: flops > 11: 12") == (code, err[-1])
    assert 0 == run(capsys, "build", "-q", "--fail-on", "flops > 12", "--fail-on", "differs")[0]
    code, _, err = run(capsys, "build", "-q", "--fail-on", "flops > 12", "--baseline", "models.json")
    assert (0, True) == (code, err[-1].startswith("reportgen: note: nothing was compared with models.json"))


@pytest.mark.parametrize(
    ("rule", "code", "remedy"),
    [
        ("parameters > +1%", "rule-out-of-place", "--baseline FILE"),
        ("tensors.removed", "rule-out-of-place", "reportgen diff OLD NEW"),
        ("flop > 1", "rule-unknown", "did you mean flops"),
    ],
)
def test_rules_that_cannot_be_judged(tmp_path, rule, code, remedy):
    """They are refused before any model is built."""
    with pytest.raises(ConfigError) as caught:
        reportgen.build("builtin:no_such_model", output=tmp_path, fail_on=[rule])
    assert (code, []) == (caught.value.code, list(tmp_path.iterdir()))
    assert remedy in (caught.value.remedy or "")
