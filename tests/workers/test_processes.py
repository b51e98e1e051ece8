"""Worker processes, with tasks that misbehave in every way."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import pytest

from reportgen.workers.processes import Done, Lost, Processes


def processes(count: int, timeout: float | None = None) -> Processes:
    """All tests share one server of workers, with those of batches too: the first to start it says what it imports."""
    return Processes(count, timeout=timeout, preload=["reportgen.workers.warm", "reportgen.workers.warm_pages"])


def results(done) -> dict:
    """The result of each task."""
    return {each.task: each.result for each in done}


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
    assert {number: 2 * number for number in range(5)} == results(processes(2).map(double, range(5)))
    assert [] == list(processes(2).map(double, []))


def test_started():
    """Whoever watches is told of each task as a process takes it."""
    seen = []
    list(processes(1).map(double, [1, 2, 3], seen.append))
    assert [1, 2, 3] == seen


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="workers are reused there")
def test_no_task_meets_what_another_left():
    """Each task has a process of its own."""
    assert [False, False, False] == [done.result for done in processes(1).map(leave_a_trace, [1, 2, 3])]


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
    outcome = results(processes(1).map(misbehave, [how, "well"]))
    assert reason == outcome[how].reason
    assert "well" == outcome["well"]


@pytest.mark.parametrize("how", ["hang", "hang deaf"])
def test_a_worker_that_hangs(how):
    """A task that runs too long is ended, even one that ignores the request to."""
    outcome = results(processes(1, timeout=3.0).map(misbehave, [how, "well"]))
    assert "ran longer than 3 s" == outcome[how].reason
    assert "well" == outcome["well"]


@pytest.mark.parametrize("how", ["segfault", "hang"])
def test_frames_of_the_lost(how):
    """A process that crashes or is ended tells where in the Python code it was."""
    lost = results(processes(1, timeout=3.0).map(misbehave, [how]))[how]
    assert isinstance(lost, Lost)
    assert ["misbehave"] == [frame.rpartition(" in ")[2] for frame in lost.frames if __file__ in frame]


def test_leaving_early():
    """Whoever stops listening, on Ctrl-C say, does not wait for the tasks that run."""
    coming = processes(2).map(misbehave, ["well", "hang"])
    assert Done("well", "well") == next(coming)
    coming.close()


SCRIPT = """
from os.path import basename
from reportgen.workers.processes import Processes
print("once")
print([done.result for done in Processes(1).map(basename, ["a/b"])])
"""


def test_a_script_without_a_guard(tmp_path):
    """A script that starts workers at its top level runs once, not once more in each worker."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=_environment())
    assert "once\n['b']\n" == done.stdout


def say(what: str) -> None:
    """A task that prints, in more than one way."""
    if what == "both":
        sys.stdout.write("out\n")
        sys.stderr.write("error\n")
        ctypes.CDLL(None).puts(b"from C")
        os.write(1, b"directly\n")
    elif what == "bar":
        sys.stdout.write("\x1b[32m10 %\r100 %\x1b[0m\r\nthen\n")
    elif what == "much":
        sys.stdout.write("a" * 10_000 + "\n" + "b" * 100_000 + "\n")
    elif what == "and die":
        sys.stdout.write("last words\n")
        ctypes.string_at(0)


@pytest.mark.parametrize(
    ("what", "printed"),
    [
        ("bar", "100 %\nthen"),
        ("much", "a" * 8192 + "\n… 93,618 bytes more …\n" + "b" * 8191),
        ("and die", "last words"),
        ("nothing", ""),
    ],
)
def test_what_a_task_prints(what, printed):
    """What a task prints comes with its result, as a terminal would show it; of much of it the first and the last."""
    (done,) = processes(1).map(say, [what])
    assert printed == done.printed


def test_whatever_a_task_prints_with():
    """Nothing of it reaches our own output, whichever way it was written."""
    (done,) = processes(1).map(say, ["both"])
    assert {"out", "error", "from C", "directly"} == set(done.printed.splitlines())


def held() -> tuple[int, int, int]:
    """Open files, children that wait to be buried, and mebibytes of memory of this process."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    zombies = sum(not _lives(int(pid)) for pid in children)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return len([*Path("/proc/self/fd").iterdir()]), zombies, pages * os.sysconf("SC_PAGE_SIZE") // 2**20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_nothing_adds_up():
    """After many tasks this process holds what it held after a few: `benchmarks/leaks.py` goes through thousands."""
    seen = [held() for _ in processes(2).map(double, range(120))]
    early, late = seen[39:80], seen[79:]
    assert max(files for files, _, _ in early) >= min(files for files, _, _ in late)
    assert {0} == {zombies for _, zombies, _ in seen}
    assert max(memory for _, _, memory in late) - max(memory for _, _, memory in early) <= 1


def ask(_: int) -> tuple[bytes, str]:
    """Reads standard input."""
    return os.read(0, 1), sys.stdin.read()


def test_standard_input_is_empty():
    """A task that asks gets no answer, and does not wait for one."""
    assert {0: (b"", "")} == results(processes(1).map(ask, [0]))


def multiply(how: str) -> int:
    """A task that forks: the child goes on as if it were the task, or stays."""
    pid = os.fork()
    if pid == 0 and how == "stays":
        os.setpgid(0, 0)
        time.sleep(60)
    return pid


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs fork and /proc")
@pytest.mark.parametrize("how", ["goes on", "stays"])
def test_what_a_task_leaves_running(how):
    """A task that forks gives one result, and what it started ends with it."""
    (done,) = processes(1).map(multiply, [how])
    for _ in range(100):  # the kernel takes its time
        if not _lives(done.result):
            break
        time.sleep(0.05)
    assert not _lives(done.result)


def _lives(pid: int) -> bool:
    """Whether there is such a process, and it is not dead and merely waiting to be buried."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False


def test_tasks_may_be_added():
    """A deque of tasks may grow while results come."""
    tasks = deque([1])
    seen = []
    for done in processes(1).map(double, tasks):
        seen.append(done.result)
        if done.result < 8:
            tasks.appendleft(done.result)
    assert [2, 4, 8] == seen


def test_environment(tmp_path):
    """Environment variables for the workers are theirs alone."""
    code = """
import os
from reportgen.workers.processes import Processes
workers = Processes(1, environment={"FOR_WORKERS": "yes"})
print([done.result for done in workers.map(os.getenv, ["FOR_WORKERS"])], os.getenv("FOR_WORKERS"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    assert "['yes'] None\n" == done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_long_path_to_temporary_files(tmp_path: Path) -> None:
    """Sockets have short paths only: workers start where the folder for temporary files has a long one."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    script = (
        "from reportgen.workers.processes import Processes\n"
        "print([done.result for done in Processes(1).map(abs, [-3])])\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert "[3]\n" == told.stdout
