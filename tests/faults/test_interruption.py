"""Runs that are stopped: nothing is left of them but what they finished, and they go on from there."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

MODELS = Path(__file__).with_name("hanging.py")
NAMES = ("a_good", "b_good", "c_hangs", "d_hangs", "e_hangs")
RUNNING = ("_in_c.runs", "_deaf.runs", "_forking.runs")
PATIENCE = 120.0  # seconds; a busy machine takes a while to import torch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are kept apart in full on Linux only"),
]


def _no_nohup() -> None:
    """Where the suite itself runs under nohup, what it starts would not hear of a terminal that is closed."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Place:
    """A folder with the models, and the environment of a run in it, by which its processes can be told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        shutil.copy(MODELS, folder / "models.py")
        (folder / "tmp").mkdir()
        self._mark = uuid.uuid4().hex
        paths = os.pathsep.join(sys.path)
        self.environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(folder / "tmp"), "MARK": self._mark}
        self.environment |= {"TERM": "xterm", "COLUMNS": "100"}

    def command(self, *options: str, output: str = "out") -> list[str]:
        """The run of all models."""
        refs = [f"file:models.py:{name}" for name in NAMES]
        fixed = ["--input", "1x2", "--format", "json,md", "-o", output, "--jobs", "3"]
        return [sys.executable, "-m", "reportgen", "build", *refs, *fixed, *options]

    @contextmanager
    def run(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """The same, begun; it is not waited for where a test fails."""
        command = self.command(*options)
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            preexec_fn=_no_nohup,  # noqa: PLW1509 - there are no threads
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def processes(self) -> set[int]:
        """What runs of it now, and is not merely waiting to be buried."""
        found = set()
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if self._mark.encode() in (place / "environ").read_bytes():
                    found.add(int(place.name))
        return found

    def temporary(self) -> list[str]:
        """What is left among temporary files, but for a cache that torch keeps there."""
        return [path.name for path in (self.folder / "tmp").iterdir() if not path.name.startswith("torchinductor_")]

    def is_busy(self) -> bool:
        """Whether two are finished and all others hang."""
        stamps = list((self.out / ".reportgen").glob("*.json"))
        return len(stamps) == 2 and all((self.folder / name).exists() for name in RUNNING)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Where a run takes place; what it leaves running is a failure, and ended."""
    found = Place(tmp_path)
    yield found
    for pid in found.processes():
        os.kill(pid, signal.SIGKILL)


def soon(holds: Callable[[], bool]) -> bool:
    """Whether that comes to hold."""
    end = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


class Terminal:
    """A terminal of its own with a command in its foreground; somebody looks at it all the time."""

    def __init__(self, place: Place, command: list[str]) -> None:
        self._pid, self._controller = pty.fork()
        if self._pid == 0:
            os.chdir(place.folder)
            os.execve(command[0], command, place.environment)  # noqa: S606 - without a shell is how it should be
        self._seen = bytearray()
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # how Linux says that the other end is closed
            while chunk := os.read(self._controller, 4096):
                self._seen += chunk

    def press(self, key: bytes) -> None:
        os.write(self._controller, key)

    def end(self) -> tuple[int, str]:
        """The exit code of the command, and what was to be seen, when it has ended."""
        _, status = os.waitpid(self._pid, 0)
        self._reader.join(PATIENCE)
        os.close(self._controller)
        return os.waitstatus_to_exitcode(status), self._seen.decode()


def check(place: Place) -> None:
    """Nothing is left but what was finished: no process, no temporary file, no index."""
    assert soon(lambda: not place.processes())
    assert [] == place.temporary()
    left = {path.relative_to(place.out).as_posix() for path in place.out.rglob("*") if path.is_file()}
    finished = [f"file-models.py-{name}" for name in NAMES[:2]]
    reports = {f"{name}/report.{suffix}" for name in finished for suffix in ("json", "md")}
    stamps = {f".reportgen/{name}.json" for name in finished}
    assert reports | stamps == {path for path in left if not path.endswith(".svg")}


def test_ctrl_c_in_a_terminal(place: Place, contents: Callable[[Path], dict[str, bytes]]) -> None:
    """It ends the run whatever models do, and the run again does the rest, to the same bytes as in one go."""
    terminal = Terminal(place, place.command())
    assert soon(place.is_busy)
    terminal.press(b"\x03")
    code, told = terminal.end()
    assert 130 == code
    line = "interrupted: run the same command again: 2 of 5 are done; the index is written when all are"
    assert f"reportgen: {line}" in told
    assert "Traceback" not in told
    check(place)
    (place.folder / "go").touch()
    for output in ("out", "whole"):
        again = subprocess.run(
            place.command(output=output), cwd=place.folder, env=place.environment, capture_output=True, check=True
        )
        assert (2 if output == "out" else 0) == again.stderr.count(b"unchanged")
    assert contents(place.out) == contents(place.folder / "whole")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_being_asked_to_end(place: Place, number: int, code: int) -> None:
    """By a scheduler, or a terminal that is closed: the same, with the exit code of that signal."""
    with place.run("--fresh") as process:
        assert soon(place.is_busy)
        process.send_signal(number)
        _, told = process.communicate(timeout=PATIENCE)
    line = "run the same command again without --fresh: 2 of 5 are done; the index is written when all are"
    assert (code, f"reportgen: interrupted: {line}") == (process.returncode, told.decode().splitlines()[-1])
    check(place)


def test_ctrl_c_while_workers_warm_up(place: Place) -> None:
    """The server of workers is importing torch then; it is not waited for, and says nothing."""
    with place.run() as process:
        assert soon(lambda: len(place.processes()) >= 3)  # the run, its resource tracker, and the server
        for _ in range(3):  # an impatient person
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        _, told = process.communicate(timeout=PATIENCE)
    line = "interrupted: run the same command again: 0 of 5 are done; the index is written when all are"
    assert (130, f"reportgen: {line}") == (process.returncode, told.decode().strip())
    assert soon(lambda: not place.processes())
    assert [] == place.temporary()


def test_a_run_that_is_killed_leaves_no_process(place: Place) -> None:
    """Workers that hang end when the run is killed outright; a child that a model has forked may live on.

    So may then the resource tracker, which every process of multiprocessing shares.
    """
    with place.run("-q") as process:
        assert soon(place.is_busy)
        process.kill()
    assert soon(lambda: len(place.processes()) <= 2)
