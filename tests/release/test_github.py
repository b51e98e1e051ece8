"""What GitHub Actions shows of a run, within its limits, whatever models are called."""

from __future__ import annotations

import re

import pytest

from reportgen.analysis.diff import diff
from reportgen.release.github import annotate, command, counts, outputs, summary
from reportgen.view.checks import Check, Checks
from reportgen.view.entries import IndexEntry

COMMAND = re.compile(r"::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)\n")


def entry(name, status="complete", reason=None):
    """A model of an index, without a report beside it."""
    return IndexEntry(
        ref=f"builtin:{name}",
        name=name,
        slug="x",
        status=status,
        parameters=1,
        flops=2,
        reason=reason,
        formats=("json",),
    )


def unescaped(text):
    """What the runner makes of an escaped text."""
    for code, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, char)
    return text


def test_a_command():
    """As in the runner's own escapes: `%` first, then line ends, and in properties colons and commas."""
    assert "::error title=a%2Cb%3Ac %25::1%25: x,y%0Az" == command("error", "1%: x,y\nz", title="a,b:c %")


def test_nothing_forges_a_command(hostile_names):
    """Every line is one of the commands that were meant, with the text that was meant in it."""
    attacks = [*hostile_names, "x\n::error::forged", "x\r\n::add-mask::a", "%0A::error::x", "a::b", "title=x,file=y::z"]
    models = [Check(name, entry(name, "failed", reason=name)) for name in attacks]
    text = annotate(Checks(tuple(models)), most=100)
    found = COMMAND.findall(text)
    assert (len(attacks), "") == (len(found), COMMAND.sub("", text))
    assert ("error", "x\\n::error::forged: no report", "x ::error::forged") == (
        found[-5][0],
        unescaped(found[-5][1]),
        unescaped(found[-5][2]),
    )


def test_the_gravest_come_first():
    """Failed models, broken rules, partial reports, then one line on all that changed; a passed model has none."""
    models = (
        Check("fine", entry("fine")),
        Check("half", entry("half", "partial", "forward failed")),
        Check("large", entry("large"), broken=("flops > 1: 2", "parameters > 0: 1")),
        Check("gone", entry("gone", "failed", "no such width")),
    )
    assert [
        ("error", "gone%3A no report", "no such width"),
        ("error", "large%3A broken rule", "flops > 1: 2%0Aparameters > 0: 1"),
        ("warning", "half%3A not complete", "forward failed"),
    ] == COMMAND.findall(annotate(Checks(models)))
    assert "" == annotate(Checks(models[:1]))


def test_ten_annotations():
    """Of more, the tenth says how many others there are."""
    models = tuple(Check(f"m{index}", entry(f"m{index}", "failed", "no")) for index in range(3_000))
    lines = annotate(Checks(models)).splitlines()
    assert (10, "::error title=m8%3A no report::no") == (len(lines), lines[8])
    assert "::warning title=Model reports::2,991 more remarks: see the summary of the step" == lines[9]
    assert 10 == len(annotate(Checks(models[:10])).splitlines())


@pytest.mark.parametrize("value", ["7", "a\nb", "x\nmodels=9", "end-0\nmodels<<end-0\n9\nend-0", ""])
def test_outputs_cannot_be_forged(value):
    """Read as the runner reads it, there is one output, and its value is what it was."""
    lines = outputs({"reports": value}).split("\n")
    name, mark = lines[0].split("<<")
    assert ("reports", value, [mark, ""]) == (name, "\n".join(lines[1 : lines.index(mark)]), lines[lines.index(mark) :])


def test_counts():
    """A model that broke a rule and is partial counts as both."""
    models = (
        Check("a", entry("a")),
        Check("b", entry("b", "partial", "no"), broken=("flops > 1: 2",)),
        Check("c", entry("c", "failed", "no")),
    )
    assert {"models": 3, "failed": 1, "partial": 1, "broken": 1, "changed": 2} == counts(Checks(models, ("d", "e")))


def test_the_summary_keeps_to_its_limit(hostile_names):
    """Of thousands of models, with names of 3,000 characters, rules that are broken, and long reasons."""
    models = tuple(
        Check(
            f"{hostile_names[index % 18]}{index}" + "&" * 3_000,
            entry("*" * 3_000, "failed", "<" * 9_000),
            broken=("|" * 9_000,) * (index < 500),
        )
        for index in range(2_000)
    )
    text = summary(Checks(models, ("_" * 2_000,) * 500, ("`" * 2_000,) * 500))
    assert len(text.encode()) <= 2**20
    assert "2,000 models: 2,000 failed" in text
    assert re.search(r"\n\n4\d\d rows more are left out here\.", text)


def test_the_summary_shares_its_room(transformer12, tied_gpt, hostile):
    """What differs in each model folds away below, as far as there is room; no name opens or ends a fold."""
    difference = diff(transformer12, tied_gpt)
    models = tuple(Check(f"</summary>{index}", entry("net"), difference=difference) for index in range(5))
    text = summary(Checks(models))
    assert (5, 5) == (text.count("<details>\n<summary>&lt;/summary&gt;"), text.count("what differs</summary>"))
    small = summary(Checks(models), 12_000)
    assert len(small.encode()) <= 12_000 < len(text.encode())
    assert ("", "") == (summary(Checks(models), 100), summary(Checks(models), -100))
    changed = Check("x", entry("net"), difference=diff(tied_gpt, hostile))
    assert "<script>" not in summary(Checks((changed,)))
