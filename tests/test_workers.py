"""Worker processes, with tasks that misbehave in every way."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

import pytest

from reportgen.workers import Lost, Processes


def processes(count: int, timeout: float | None = None) -> Processes:
    """All tests share one server of workers, with those of batches too: the first to start it says what it imports."""
    return Processes(count, timeout=timeout, preload=["reportgen.warm"])


def double(number: int) -> int:
    """A task that behaves."""
    return 2 * number


def misbehave(how: str) -> str:
    """A task that does not."""
    if how == "segfault":
        ctypes.string_at(0)
    elif how == "vanish":
        os._exit(0)
    elif how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "raise":
        raise ValueError("of its own accord")
    elif how == "exit":
        sys.exit(3)
    elif how == "hang":
        time.sleep(60)
    elif how == "hang deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
    return how


def leave_a_trace(_: int) -> bool:
    """Whether an earlier task of this process was here before; each leaves its mark."""
    seen = hasattr(signal, "left_by_a_task")
    signal.left_by_a_task = True
    return seen


def test_results():
    """Every task comes with its result, more tasks than processes or fewer."""
    assert [(number, 2 * number) for number in range(5)] == sorted(processes(2).map(double, range(5)))
    assert [] == list(processes(2).map(double, []))


def test_started():
    """Whoever watches is told of each task as a process takes it."""
    seen = []
    list(processes(1).map(double, [1, 2, 3], seen.append))
    assert [1, 2, 3] == seen


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="workers are reused there")
def test_no_task_meets_what_another_left():
    """Each task has a process of its own."""
    assert [False, False, False] == [seen for _, seen in processes(1).map(leave_a_trace, [1, 2, 3])]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("segfault", "was killed by SIGSEGV"),
        ("vanish", "exited with status 0"),
        ("killed", "was killed by SIGKILL"),
        ("raise", "raised ValueError: of its own accord"),
        ("exit", "raised SystemExit: 3"),
    ],
)
def test_a_worker_that_dies(how, reason):
    """A task that takes its process down is lost alone: the next ones get their results."""
    outcome = dict(processes(1).map(misbehave, [how, "well"]))
    assert reason == outcome[how].reason
    assert "well" == outcome["well"]


@pytest.mark.parametrize("how", ["hang", "hang deaf"])
def test_a_worker_that_hangs(how):
    """A task that runs too long is ended, even one that ignores the request to."""
    outcome = dict(processes(1, timeout=3.0).map(misbehave, [how, "well"]))
    assert "ran longer than 3 s" == outcome[how].reason
    assert "well" == outcome["well"]


@pytest.mark.parametrize("how", ["segfault", "hang"])
def test_frames_of_the_lost(how):
    """A process that crashes or is ended tells where in the Python code it was."""
    ((_, lost),) = processes(1, timeout=3.0).map(misbehave, [how])
    assert isinstance(lost, Lost)
    assert ["misbehave"] == [frame.rpartition(" in ")[2] for frame in lost.frames if __file__ in frame]


def test_leaving_early():
    """Whoever stops listening, on Ctrl-C say, does not wait for the tasks that run."""
    results = processes(2).map(misbehave, ["well", "hang"])
    assert ("well", "well") == next(results)
    results.close()


SCRIPT = """
from os.path import basename
from reportgen.workers import Processes
print("once")
print(list(Processes(1).map(basename, ["a/b"])))
"""


def test_a_script_without_a_guard(tmp_path):
    """A script that starts workers at its top level runs once, not once more in each worker."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=_environment())
    assert "once\n[('a/b', 'b')]\n" == done.stdout


def test_what_a_task_prints(tmp_path):
    """What a task writes to standard output arrives on standard error: ours carries results only."""
    code = "from reportgen.workers import Processes\nlist(Processes(1).map(print, ['noise']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    assert ("", "noise\n") == (done.stdout, done.stderr)


def test_environment(tmp_path):
    """Environment variables for the workers are theirs alone."""
    code = """
import os
from reportgen.workers import Processes
print(list(Processes(1, environment={"FOR_WORKERS": "yes"}).map(os.getenv, ["FOR_WORKERS"])), os.getenv("FOR_WORKERS"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    assert "[('FOR_WORKERS', 'yes')] None\n" == done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
