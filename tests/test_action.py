"""The GitHub Action and the GitLab template: their scripts are run as the runners run them, without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from defusedxml import ElementTree
from ruamel.yaml import YAML

import reportgen

ROOT = Path(reportgen.__file__).parent.parent
ACTION = YAML(typ="safe").load(ROOT / "action.yml")
JOB = YAML(typ="safe").load(ROOT / "ci" / "gitlab.yml")[".reportgen"]
OLD = """
from torch import nn

def net():
    return nn.Linear(4, 2)
"""
NEW = """
from torch import nn

def net():
    return nn.Linear(4, 3)

def added():
    return nn.Linear(2, 2)
"""
EVIL = "file:models.py:net?a=\"$(touch pwned)`touch pwned`'"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None or shutil.which("git") is None, reason="no bash, no git")


RECORDER = """
import json, os, sys
with open(os.environ["CALLS"], "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
print("::error::forged by a model")
sys.exit(int(os.environ["EXIT"]) if sys.argv[1] == "build" else 0)
"""


def on_path(folder, text):
    """The environment that a runner gives every step, with a `reportgen` on its path, and little else."""
    shim = folder / "reportgen"
    shim.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    shim.chmod(0o755)
    known = {"HOME": str(folder), "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1"}
    identity = {
        f"GIT_{who}_{what}": "x@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    return {**known, **identity, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def environment(tmp_path):
    """With this reportgen; the folder that a step runs in is not searched for it."""
    (tmp_path / "path").mkdir()
    known = on_path(tmp_path / "path", f'exec "{sys.executable}" -m reportgen "$@"')
    return {**known, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}


@pytest.fixture
def recorder(tmp_path):
    """With a reportgen that only writes down how it is called, and ends as the variable EXIT says when it builds."""
    folder = tmp_path / "recorder"
    folder.mkdir()
    (folder / "recorder.py").write_text(RECORDER, encoding="utf-8")
    known = on_path(folder, f'exec "{sys.executable}" -I "{folder}/recorder.py" "$@"')
    return {**known, "CALLS": str(tmp_path / "calls"), "EXIT": "0"}


def calls(environment):
    """How the recorder was called, and what came of it."""
    return [json.loads(line) for line in Path(environment["CALLS"]).read_text(encoding="utf-8").splitlines()]


def git(folder, environment, *arguments):
    """What git prints."""
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path, environment):
    """A clone of a repository whose newest commit changes one model and adds another, and its first commit."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, environment, "init", "-q", "-b", "main")
    for text in (OLD, NEW):
        (origin / "models.py").write_text(text, encoding="utf-8")
        git(origin, environment, "add", ".")
        git(origin, environment, "commit", "-q", "-m", "x")
    git(origin, environment, "config", "uploadpack.allowAnySHA1InWant", "true")
    clone = tmp_path / "clone"
    git(tmp_path, environment, "clone", "-q", "--depth=1", origin.as_uri(), str(clone))
    return clone, git(origin, environment, "rev-parse", "HEAD~1")


def read_outputs(path):
    """A file of GITHUB_OUTPUT, as the runner reads it."""
    values, lines = {}, iter(path.read_text(encoding="utf-8").splitlines() if path.exists() else [])
    for line in lines:
        name, equals, value = line.partition("=")
        if "<<" in name or not equals:
            name, _, mark = line.partition("<<")
            value = "\n".join(iter(lambda: next(lines), mark))
        values[name] = value
    return values


class Workflow:
    """Runs the steps of the action, one after another, as far as they are scripts; stops where one fails."""

    def __init__(self, folder, environment, temporary):
        self.folder, self.temporary = folder, temporary
        self.environment = {**environment, "GITHUB_ACTION_PATH": str(ROOT), "RUNNER_TEMP": str(temporary)}
        self.outputs, self.log, self.summary = {}, "", ""

    def run(self, **inputs):
        """The exit code of the last step that ran."""
        inputs = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()} | inputs
        status = 0
        for step in ACTION["runs"]["steps"]:
            if "run" in step and status == 0:
                status = self._step(step, inputs)
        return status

    def _step(self, step, inputs):
        assert "${{" not in step["run"]
        files = {name: self.temporary / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "script")}
        files["script"].write_text(step["run"], encoding="utf-8")
        given = {name: self._value(text, inputs) for name, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(files["script"])],
            cwd=self.folder,
            env={**self.environment, **given, **{name: str(path) for name, path in files.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log += done.stdout
        self.outputs[step.get("id")] = read_outputs(files["GITHUB_OUTPUT"])
        if files["GITHUB_STEP_SUMMARY"].exists():
            self.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        for path in files.values():
            path.unlink(missing_ok=True)
        return done.returncode

    def _value(self, text, inputs):
        """What an expression of the action is: the first of its alternatives that is not empty."""
        alternatives = re.fullmatch(r"\$\{\{ (.+) \}\}", text)[1].split(" || ")
        return next(filter(None, (self._known(each, inputs) for each in alternatives)), "")

    def _known(self, name, inputs):
        where, _, rest = name.partition(".")
        if where == "inputs":
            return inputs[rest]
        step, output = re.fullmatch(r"steps\.(\w+)\.outputs\.(\w+)", name).groups()
        return self.outputs[step].get(output, "")


@pytest.fixture
def temporary(tmp_path):
    """The runner's own folder."""
    (tmp_path / "runner").mkdir()
    return tmp_path / "runner"


def test_a_pull_request(clone, environment, temporary):
    """Both states are built and compared; one model changed and breaks rules, one is new; the clone is left clean."""
    folder, base = clone
    workflow = Workflow(folder, environment, temporary)
    rules = "parameters > +10%\ncheckpoint.incompatible\n"
    models = "file:models.py:net\nfile:models.py:added\n"
    assert 1 == workflow.run(**{"models": models, "base": base, "fail-on": rules, "format": ""})
    counts = {"models": "2", "failed": "0", "partial": "0", "broken": "1", "changed": "2"}
    assert {**counts, "reports": "model-reports"} == workflow.outputs["checks"]
    commands = [line for line in workflow.log.splitlines() if line.startswith("::")]
    token = re.fullmatch(r"::stop-commands::(reportgen-[0-9a-f]{32})", commands[0])[1]
    broken = "parameters > +10%25: 10 → 15 (+5, +50.0 %25)%0Acheckpoint.incompatible: 2 keys of another shape"
    assert [
        f"::{token}::",
        f"::error title=file%3Amodels.py%3Anet%3A broken rule::{broken}",
        "::notice title=2 models changed::file:models.py:added, file:models.py:net",
    ] == commands[1:]
    assert "<summary>file:models.py:net: what differs</summary>" in workflow.summary
    assert {"index.json", "file-models.py-net"} <= {path.name for path in (folder / "model-reports").iterdir()}
    trees = git(folder, environment, "worktree", "list", "--porcelain").splitlines()
    assert [f"worktree {folder}"] == [line for line in trees if line.startswith("worktree ")]


def test_texts_are_no_code(clone, recorder, temporary):
    """Quotes, backticks, options and `$(…)` in what is given reach reportgen as they are; nothing of them is run."""
    folder, _ = clone
    inputs = {"models": f"{EVIL}\n\n--help\n*", "manifest": EVIL, "fail-on": f"{EVIL}\n-h", "output": EVIL}
    workflow = Workflow(folder, recorder, temporary)
    assert 0 == workflow.run(**inputs, base="", baseline=EVIL)
    formats = ["--format", "json,html"]
    assert [
        ["build", "--output", EVIL, "--manifest", EVIL, *formats, "--", EVIL, "--help", "*"],
        ["ci", "github", "--fail-on", EVIL, "--fail-on", "-h", "--against", EVIL, "--", EVIL],
    ] == calls(recorder)
    assert not (folder / "pwned").exists()


def test_what_a_build_prints_is_no_command(clone, recorder, temporary):
    """It stands between two marks that nobody can guess; only what comes after them is heard."""
    workflow = Workflow(clone[0], recorder, temporary)
    workflow.run(base="")
    lines = [line for line in workflow.log.splitlines() if line.startswith("::")]
    token = lines[0].removeprefix("::stop-commands::")
    assert ["::error::forged by a model", f"::{token}::"] == lines[1:3]


@pytest.mark.parametrize(("code", "steps"), [("0", 2), ("1", 2), ("3", 2), ("2", 1), ("130", 1)])
def test_how_a_build_ends(clone, recorder, temporary, code, steps):
    """What is wrong with a model is told by the checks, and the step fails all the same; all else ends it at once."""
    workflow = Workflow(clone[0], {**recorder, "EXIT": code}, temporary)
    assert (int(code), steps) == (workflow.run(base=""), len(calls(recorder)))


def test_a_base_that_knows_none_of_the_models(clone, recorder, temporary):
    """It is compared with all the same: every model is new."""
    workflow = Workflow(clone[0], recorder, temporary)
    assert 0 == workflow.run(models="file:models.py:net", base=clone[1])
    older = Path(calls(recorder)[-1][3])
    assert {"format": "reportgen/index", "format_version": 1, "models": []} == json.loads(
        (older / "index.json").read_text(encoding="ascii")
    )


def test_a_whole_history_stays_whole(clone, recorder, temporary):
    """What is fetched to compare with makes no shallow clone of one that is none; later steps may want its history."""
    folder, base = clone
    git(folder, recorder, "fetch", "-q", "--unshallow")
    assert 0 == Workflow(folder, recorder, temporary).run(base=base)
    assert "false" == git(folder, recorder, "rev-parse", "--is-shallow-repository")
    assert "2" == git(folder, recorder, "rev-list", "--count", "HEAD")


def test_every_input_reaches_a_script():
    """By an environment variable, or as what is uploaded."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8").partition("\nruns:\n")[2]
    assert set(ACTION["inputs"]) == set(re.findall(r"inputs\.([a-z-]+)", text))


def run_job(shell, folder, environment, **variables):
    """The exit code of the GitLab job's script, and the last line that it complained in."""
    done = subprocess.run(
        [shell, "-e"],
        input="\n".join(JOB["script"]),
        cwd=folder,
        env={**environment, **JOB["variables"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stderr.splitlines() or [""])[-1]


def test_gitlab(environment, tmp_path):
    """The job leaves both reports, and fails where a rule is broken."""
    (tmp_path / "models.py").write_text(NEW, encoding="utf-8")
    models = {"REPORTGEN_MODELS": "file:models.py:net\nfile:models.py:added\n", "REPORTGEN_FORMAT": ""}
    code, complaint = run_job("sh", tmp_path, environment, **models, REPORTGEN_FAIL_ON="parameters > 10")
    assert (1, "reportgen: broken: file:models.py:net: parameters > 10: 15") == (code, complaint)
    folder = tmp_path / "model-reports"
    cases = ElementTree.fromstring((folder / "junit.xml").read_bytes()).findall(".//testcase")
    assert [("file:models.py:added", 0), ("file:models.py:net", 1)] == [(case.get("name"), len(case)) for case in cases]
    assert 'reportgen_parameters_unique{model="file:models.py:net"} 15\n' in (folder / "metrics.txt").read_text("utf-8")


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize("code", ["0", "1", "2", "3"])
def test_gitlab_scripts(shell, code, recorder, tmp_path):
    """Nothing in a variable is run as code; a build that ends in 2 ends the job, and 1 and 3 do after the checks."""
    texts = dict.fromkeys(("REPORTGEN_MANIFEST", "REPORTGEN_BASELINE", "REPORTGEN_OUTPUT"), EVIL)
    lists = {"REPORTGEN_MODELS": f"{EVIL}\n\n--help\n*", "REPORTGEN_FAIL_ON": f"{EVIL}\n-h"}
    assert int(code) == run_job(shell, tmp_path, {**recorder, "EXIT": code}, **texts, **lists)[0]
    formats = ["--format", "json,html"]
    assert [
        ["build", "--output", EVIL, *formats, "--manifest", EVIL, "--", EVIL, "--help", "*"],
        ["ci", "gitlab", "--fail-on", EVIL, "--fail-on", "-h", "--against", EVIL, "--", EVIL],
    ][: 1 if code == "2" else 2] == calls(recorder)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(("file", "schema"), [("action.yml", "github-actions"), ("ci/gitlab.yml", "gitlab-ci")])
def test_schemas(file, schema):
    """SchemaStore's and GitLab's own JSON Schemas, which check-jsonschema brings along, find nothing."""
    place = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{schema}.json"
    validator = jsonschema.validators.validator_for(schema := json.loads(place.read_text(encoding="utf-8")))(schema)
    assert [] == list(validator.iter_errors(YAML(typ="safe").load(ROOT / file)))


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not here")
def test_actionlint(tmp_path):
    """It finds nothing in a workflow that uses the action, nor in the action's own steps as those of a job."""
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    shutil.copy(ROOT / "action.yml", tmp_path)
    (tmp_path / ".git").mkdir()
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(# \.github/workflows/.*?)```", page, re.DOTALL)[1]
    (workflows / "example.yml").write_text(re.sub(r"uses: \S+/reportgen@\S+", "uses: ./", example), encoding="utf-8")
    inputs = {name: {"type": "string"} for name in ACTION["inputs"]}
    job = {"runs-on": "ubuntu-latest", "steps": ACTION["runs"]["steps"]}
    with (workflows / "steps.yml").open("w", encoding="utf-8") as file:
        YAML().dump({"on": {"workflow_call": {"inputs": inputs}}, "jobs": {"models": job}}, file)
    done = subprocess.run(["actionlint", "-no-color"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stdout)
