"""How a run shows: on a terminal, in lines, and as JSON."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console

from reportgen.analysis.summary import Summary
from reportgen.console import Lines, Log, Terminal, clock, line, pace, progress
from reportgen.errors import WriteError
from reportgen.runs.tally import Tally
from reportgen.runs.tasks import Outcome

GOOD = Outcome("a:net", "net", "net", "complete", 10, 4, None, seconds=0.42)
STOOD = replace(GOOD, seconds=None)
BAD = replace(
    GOOD,
    status="partial",
    reason="ValueError: no",
    remedy="say yes",
    summary=Summary(stage="forward"),
    seconds=2.0,
    parameters=None,
)
UNWRITTEN = replace(GOOD, problems=("report.md: cannot write it; make room",))


@dataclass(frozen=True)
class Net:
    """A model of a run."""

    label: str = "a:net"
    ref: str = "a:net"
    folder: Path = Path("out/net")


class Time:
    """A clock that goes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("outcome", "lines"),
    [
        (GOOD, ["a:net: complete, 10 parameters, 0.4 s"]),
        (STOOD, ["a:net: complete, 10 parameters, unchanged"]),
        (BAD, ["a:net: partial: ValueError: no, 2.0 s", "  remedy: say yes"]),
        (UNWRITTEN, ["a:net: complete, 10 parameters, 0.4 s", "  report.md: cannot write it; make room"]),
    ],
)
def test_a_line(outcome, lines):
    """What is said of a model: a line, and one for each remedy and each file that is not there."""
    assert lines == line(Net(), outcome).split("\n")


def test_lines(capsys):
    """Each is numbered; quietly, only what is not good is told, or where nothing is built, not rendered."""
    for lines, expected in (
        (Lines(), ["[1/3] a:net: complete", "[2/3] a:net: partial", "[3/3] a:net: complete"]),
        (Lines(quiet=True), ["[2/3] a:net: partial", "[3/3] a:net: complete"]),
        (Lines(quiet=True, builds=False), ["[3/3] a:net: complete"]),
    ):
        lines.planned([Net()] * 3)
        for outcome in (GOOD, BAD, UNWRITTEN):
            lines.finished(Net(), outcome)
        said = [text for text in capsys.readouterr().err.splitlines() if text[0] == "["]
        assert expected == [text[: len(start)] for text, start in zip(said, expected, strict=True)]


def test_the_tally():
    """Rate and time left are those of this run's work: what stood from a run before has no part in them."""
    time = Time()
    tally = Tally(time)
    tally.planned(1_010)
    for _ in range(1_000):
        tally.finished(STOOD)
    assert (1_000, 1_000, None, None) == (tally.done, tally.unchanged, tally.rate, tally.left)
    time.now += 60  # workers warm up
    tally.started()
    time.now += 2
    for outcome in (GOOD, BAD, UNWRITTEN, GOOD):
        tally.finished(outcome)
    assert (1_004, 2.0, 3.0) == (tally.done, tally.rate, tally.left)
    assert {"complete": 1_002, "partial": 1, "failed": 1} == dict(tally.verdicts)


def test_the_rate_is_that_of_late():
    """After many fast models the slow ones count: the last thirty say how long the rest will take."""
    time = Time()
    tally = Tally(time)
    tally.planned(200)
    tally.started()
    for seconds in (0.1, 10.0):
        for _ in range(60):
            time.now += seconds
            tally.finished(GOOD)
    assert (0.1, 800.0) == (round(tally.rate, 9), round(tally.left, 6))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (582, "9:42"), (11_262, "3:07:42")]
)
def test_clock(seconds, text):
    """Seconds, minutes and hours as a clock shows them."""
    assert text == clock(seconds)


def test_pace():
    """How fast it goes and how long it takes, as soon as that is known."""
    time = Time()
    tally = Tally(time)
    tally.planned(11)
    time.now += 5
    assert "5 s" == pace(tally)
    tally.started()
    time.now += 4
    tally.finished(GOOD)
    assert "15.0 models/min, 40 s left" == pace(tally)


def terminal(width: int = 100) -> tuple[Terminal, Console]:
    """A terminal that writes to memory."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width)
    return Terminal(console.print), console


def test_a_terminal():
    """Counts, what runs and what on; a model that is done is gone from there, and has its line above."""
    shown, console = terminal()
    shown.planned([Net()] * 4)
    shown.started(Net(), "probing")
    shown.started(Net("b:other", "b:other", Path("out/other")), "rendering")
    shown.finished(Net(), GOOD)
    console.print(shown.view())
    lines = [text.rstrip() for text in console.file.getvalue().splitlines()]
    assert "a:net: complete, 10 parameters, 0.4 s" == lines[0]
    assert lines[1].startswith("1/4  ")
    assert "1 complete  0 partial  0 failed" in lines[1]
    assert ["rendering", "b:other", "0", "s"] == lines[2].split()
    assert 3 == len(lines)


def test_more_at_work_than_there_is_room_for():
    """Eight are shown, the others counted."""
    shown, console = terminal()
    for number in range(20):
        shown.started(Net(f"a:{number}", folder=Path(f"out/{number}")), "probing")
    console.print(shown.view())
    lines = console.file.getvalue().splitlines()
    assert (10, "and 12 more") == (len(lines), lines[-1].strip())


def test_names_that_attack_a_terminal(hostile_names):
    """No name moves the cursor, sets a colour, breaks a line, or is taken for markup or an emoji."""
    for name in (*hostile_names, "[red]x[/red]", ":warning:", "long" * 100, "two\nlines"):
        shown, console = terminal()
        shown.planned([Net()])
        shown.started(Net(name), "probing")
        console.print(shown.view())
        shown.finished(Net(name), GOOD)
        text = console.file.getvalue()
        assert {"\n"} >= {char for char in text if not char.isprintable()}
        assert 2 + 1 == text.count("\n")
        assert "[red]x[/red]" in text or name != "[red]x[/red]"
        assert ":warning:" in text or name != ":warning:"


def test_events():
    """The events of a run, one JSON object a line."""
    file = io.StringIO()
    log = Log(file)
    log.planned([Net()] * 3)
    log.started(Net(), "probing")
    for outcome in (BAD, STOOD, UNWRITTEN):
        log.finished(Net(), outcome)
    log.note("a remark")
    log.error("a problem")
    log.close(interrupted=True)
    events = [json.loads(text) for text in file.getvalue().splitlines()]
    assert [float] * 8 == [type(event.pop("elapsed")) for event in events]
    named = {"ref": "a:net", "name": "a:net", "slug": "net"}
    finished = {"event": "finished", **named, "remedy": None, "problems": [], "parameters": 10}
    written = {"status": "complete", "reason": None, "stage": None}
    problem = "report.md: cannot write it; make room"
    assert [
        {"event": "planned", "models": 3},
        {"event": "started", **named, "stage": "probing"},
        finished
        | {"status": "partial", "reason": "ValueError: no", "remedy": "say yes", "stage": "forward"}
        | {"parameters": None, "unchanged": False, "seconds": 2.0},
        finished | written | {"unchanged": True, "seconds": None},
        finished
        | {"status": "complete", "reason": problem, "stage": "rendering", "problems": [problem]}
        | {"unchanged": False, "seconds": 0.42},
        {"event": "note", "message": "a remark"},
        {"event": "error", "message": "a problem"},
        {
            "event": "summary",
            "models": 3,
            "complete": 1,
            "partial": 1,
            "failed": 1,
            "unchanged": 1,
            "interrupted": True,
        },
    ] == events


def test_a_log_in_a_file(tmp_path, capsys):
    """It stands beside the lines; on standard error it stands in place of them."""
    for log, lines in ((str(tmp_path / "log.jsonl"), 1), ("-", 0)):
        with progress(quiet=False, log=log) as display:
            display.planned([Net()])
            display.finished(Net(), GOOD)
        told = capsys.readouterr().err.splitlines()
        events = told if log == "-" else (tmp_path / "log.jsonl").read_text(encoding="ascii").splitlines()
        assert ["planned", "finished", "summary"] == [json.loads(text)["event"] for text in events]
        assert lines == sum(text.startswith("[1/1]") for text in told)


def test_a_log_that_cannot_be_written(tmp_path):
    """That is said before any work."""
    with pytest.raises(WriteError, match="cannot write"), progress(quiet=True, log=str(tmp_path)):
        pass
