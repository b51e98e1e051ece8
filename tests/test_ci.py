"""What CI is told of a run: held against rules, a baseline, or the run of an older state."""

from __future__ import annotations

import pytest

from reportgen import ci
from reportgen.analysis.baseline import snapshot
from reportgen.cli import main
from reportgen.errors import ConfigError
from reportgen.report.baseline import to_json
from reportgen.view.checks import build_checks


@pytest.fixture
def run(tmp_path, leave, tied_gpt, forward_failed):
    """A run of two models, one of them partial."""
    return leave(tmp_path / "new", {"net": tied_gpt, "half": forward_failed})


@pytest.fixture
def smaller(make_report, tied_gpt):
    """What the first of them was."""
    return make_report(
        "tied-gpt", modules={"": "Linear"}, parameters={"weight": (2, 4)}, model={"ref": tied_gpt.model.ref}
    )


def told(checks):
    """Names, verdicts, changes and broken rules."""
    return [(check.name, check.verdict, check.drift is not None, check.broken) for check in checks.models]


def test_rules(run):
    """Each model is asked; what is not known breaks them."""
    assert [
        ("builtin:tied-gpt", "broken", False, ("parameters > 1000: 2,624",)),
        ("builtin:mismatched", "broken", False, ("flops > 1e9: flops.forward is unknown",)),
    ] == told(ci.check(run, fail_on=("parameters > 1000", "flops > 1e9")))
    assert [("builtin:tied-gpt", "passed", False, ()), ("builtin:mismatched", "partial", False, ())] == told(
        ci.check(run)
    )


def test_against_a_baseline(run, smaller, tmp_path, forward_failed):
    """What has changed since, and what is no more; a rule on a change has figures of both."""
    baseline = tmp_path / "baseline.json"
    models = {"builtin:tied-gpt": snapshot(smaller), "builtin:mismatched": snapshot(forward_failed)}
    baseline.write_text(to_json({**models, "gone": snapshot(smaller)}), encoding="ascii")
    checks = ci.check(run, against=baseline, fail_on=("parameters > +1%",))
    assert [
        ("builtin:tied-gpt", "broken", True, ("parameters > +1%: 8 → 2,624 (+2,616, +32,700.0 %)",)),
        ("builtin:mismatched", "partial", False, ()),
    ] == told(checks)
    assert ("gone",) == checks.removed


def test_against_a_folder(run, smaller, tmp_path, leave, forward_failed):
    """Records tell what happened to every tensor, so that rules may ask for that, too."""
    older = leave(tmp_path / "old", {"net": smaller, "half": forward_failed, "gone": smaller})
    checks = ci.check(run, against=older, fail_on=("checkpoint.incompatible", "parameters > +9999999"))
    assert [
        ("builtin:tied-gpt", "broken", True, ("checkpoint.incompatible: 25 keys missing, 1 key unexpected",)),
        ("builtin:mismatched", "partial", False, ()),
    ] == told(checks)
    assert (("tied-gpt",), [False, True]) == (
        checks.removed,
        [check.difference is None for check in checks.models],
    )


@pytest.fixture
def unbuilt(replace, tied_gpt, constructor_failed):
    """The first of them, when its constructor failed."""
    return replace(constructor_failed, model=tied_gpt.model)


@pytest.mark.parametrize(("failed", "how"), [(False, "added"), (True, "failed → complete")])
def test_a_model_of_which_nothing_was_known(run, tmp_path, leave, unbuilt, failed, how):  # noqa: PLR0917 - fixtures
    """It cannot have grown; what it is itself is asked for, and that anything differs."""
    older = leave(tmp_path / "old", {"net": unbuilt} if failed else {})
    rules = ("parameters > +1%", "checkpoint.incompatible", "parameters > 1000", "differs")
    checks = ci.check(run, against=older, fail_on=rules)
    assert ("parameters > 1000: 2,624", f"differs: {how}") == checks.models[0].broken


def test_a_change_that_no_total_tells(tmp_path, leave, make_report):
    """Fingerprints and totals agree, and yet a gradient is missing for another reason."""
    old, new = (
        make_report(modules={"": "Linear"}, parameters={"weight": {"shape": (2, 4), "reason": reason}})
        for reason in ("unused", "detached")
    )
    run, older = leave(tmp_path / "new", {"net": new}), leave(tmp_path / "old", {"net": old})
    (checked,) = ci.check(run, against=older, fail_on=("differs",)).models
    assert ("tensors or modules, and no total", ("differs: 1",)) == (checked.change, checked.broken)


def test_nothing_has_changed(run):
    """Held against itself, a run differs in nothing."""
    checks = ci.check(run, against=run, fail_on=("differs", "tensors.removed"))
    assert [("builtin:tied-gpt", "passed", False, ()), ("builtin:mismatched", "partial", False, ())] == told(checks)
    assert ((), ()) == (checks.removed, checks.changed)


def test_models_of_one_name(tied_gpt, tmp_path, leave):
    """They are called like the folders of their reports, so that each is one test, and one label."""
    folder = leave(tmp_path / "new", {"net-1": tied_gpt, "net-2": tied_gpt})
    assert ["net-1", "net-2"] == [check.name for check in ci.check(folder).models]


def test_rules_that_ask_for_too_much(run, tmp_path):
    """A rule on a change needs something older, and it is said before anything is read."""
    with pytest.raises(ConfigError, match="asks for an older model's figures") as caught:
        ci.check(tmp_path, fail_on=("parameters > +1%",))
    assert "--against FILE of reportgen ci" in str(caught.value.remedy)
    with pytest.raises(ConfigError, match="asks for both models") as caught:
        ci.check(tmp_path, fail_on=("tensors.removed",))
    assert "reportgen ci with --against DIR" in str(caught.value.remedy)


def test_a_run_without_records(tied_gpt, tmp_path, leave):
    """Rules and figures are about records."""
    folder = leave(tmp_path / "new", {"net": tied_gpt}, ("md",))
    with pytest.raises(ConfigError, match=r"has no report\.json of builtin:tied-gpt") as raised:
        ci.check(folder)
    assert "ci-no-record" == raised.value.code


def test_the_page(run, smaller, tmp_path, leave):
    """Broken rules first, then what has changed, then all models; a changed figure with its change."""
    older = leave(tmp_path / "old", {"net": smaller, "gone": smaller})
    page = build_checks(ci.check(run, against=older, fail_on=("parameters > 1000",)))
    assert ("failed", ["rules", "changes", "causes", "all"]) == (page.status, [section.id for section in page.sections])
    table, notices = page.sections[1].blocks
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert ["builtin:tied-gpt", "8 → 2,624 (+2,616, +32,700.0 %)"] == rows[0][:2]
    assert ["builtin:mismatched", "60", "unknown", "unknown", "240 B", "added"] == rows[1]
    assert ("1 model removed", "tied-gpt") == (notices.items[-1].title, notices.items[-1].text)


def command(capsys, *arguments):
    """The exit code of the command, what it printed, and what it complained of."""
    with pytest.raises(SystemExit) as ended:
        main(["ci", *map(str, arguments)])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def test_on_github(run, tmp_path, capsys, monkeypatch):
    """Annotations are printed; the summary and the outputs are added to what the runner's files hold already."""
    page, values = tmp_path / "summary", tmp_path / "outputs"
    page.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    monkeypatch.setenv("GITHUB_OUTPUT", str(values))
    code, out, err = command(capsys, "github", run, "--fail-on", "parameters > 1000")
    assert (3, "") == (code, err)
    assert ["::error title=builtin%3Atied-gpt%3A broken rule::parameters > 1000: 2,624"] == out.splitlines()[:1]
    assert page.read_text(encoding="utf-8").startswith("before\n## Model reports\n")
    lines = values.read_text(encoding="utf-8").splitlines()
    outputs = {line.partition("<<")[0]: lines[index + 1] for index, line in enumerate(lines) if "<<" in line}
    assert {"models": "2", "failed": "0", "partial": "1", "broken": "1", "changed": "0", "reports": str(run)} == outputs


def test_not_on_github(run, capsys, monkeypatch):
    """Without the runner's files, it says so."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    _, _, err = command(capsys, "github", run)
    assert "reportgen: note: not on GitHub: neither GITHUB_STEP_SUMMARY nor GITHUB_OUTPUT is set\n" == err


def test_on_gitlab(tied_gpt, leave, tmp_path, capsys):
    """Both files lie in the folder of the run, or where -o says."""
    run = leave(tmp_path / "new", {"net": tied_gpt})
    expected = (1, "0 of 1 model passed\n", "reportgen: broken: builtin:tied-gpt: parameters > 1000: 2,624\n")
    assert expected == command(capsys, "gitlab", run, "--fail-on", "parameters > 1000")
    assert (0, "1 of 1 model passed\n", "") == command(capsys, "gitlab", run, "-o", tmp_path / "other")
    metric = 'reportgen_parameters_unique{model="builtin:tied-gpt"} 2624\n'
    for folder, failures in ((run, 1), (tmp_path / "other", 0)):
        assert metric in (folder / "metrics.txt").read_text(encoding="utf-8")
        assert f'failures="{failures}"' in (folder / "junit.xml").read_text(encoding="utf-8")


def test_junit(run, tmp_path, capsys):
    """Printed, or written where -o says."""
    code, out, _ = command(capsys, "junit", run)
    assert (3, True) == (code, out.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites '))
    assert (3, "1 of 2 models passed\n", "") == command(capsys, "junit", run, "-o", tmp_path / "x.xml")
    assert out == (tmp_path / "x.xml").read_text(encoding="utf-8")
