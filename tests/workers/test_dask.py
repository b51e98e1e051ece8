"""A run on a Dask cluster: a real scheduler and real workers, on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import reportgen
from reportgen.errors import ConfigError
from reportgen.workers.dask import DaskExecutor
from reportgen.workers.processes import Done

pytest.importorskip("distributed", reason="needs the package distributed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="workers are killed here"),
]

Contents = Callable[[Path], dict[str, bytes]]
MODELS = """
import ctypes, os, time
from pathlib import Path
from torch import nn

class Good(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x):
        return self.layer(x)

class Crashes(Good):
    def forward(self, x):
        return ctypes.string_at(0)

class SlowOnce(Good):
    def __init__(self):
        super().__init__()
        mark = Path(os.environ["REPORTGEN_HOME"], "began")
        if not mark.exists():
            mark.write_text("", encoding="utf-8")
            time.sleep(600)
"""
NAMES = ("Good", "Crashes", "missing")
SCHEDULER = "from distributed.cli.dask_scheduler import main; main()"
WORKER = "from distributed.cli.dask_worker import main; main()"


class Cluster:
    """A scheduler and two workers."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        place = folder / "scheduler.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show", "--scheduler-file", str(place)]
        self._start(SCHEDULER, *options)
        self.workers = [self._start_worker(place) for _ in range(2)]
        while not (place.exists() and place.read_text(encoding="utf-8").endswith("}")):
            time.sleep(0.05)
        self.address = json.loads(place.read_text(encoding="utf-8"))["address"]

    def _start_worker(self, place: Path) -> subprocess.Popen[bytes]:
        options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(self._folder)]
        return self._start(WORKER, *options, "--scheduler-file", str(place))

    def _start(self, code: str, *options: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", code, *options]
        process = subprocess.Popen(
            command, cwd=self._folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """One that is there for the test, in a folder of its own."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    with ExitStack() as stack:
        yield Cluster(folder, stack)


def test_the_same_as_on_one_machine(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: Contents
) -> None:
    """Every file is the same to the byte, of models that crash too; and what has not changed stands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    refs = [*(f"file:models.py:{name}" for name in NAMES), "builtin:lenet5"]
    for output, scheduler in (("here", None), ("there", cluster.address)):
        reportgen.build(refs, output=output, formats=["json", "md"], inputs=["1x2"], scheduler=scheduler)
    assert contents(tmp_path / "here") == contents(tmp_path / "there")
    again = reportgen.build(refs, output="there", formats=["json", "md"], inputs=["1x2"], scheduler=cluster.address)
    assert [o.name for o in again.outcomes if o.seconds is not None] == ["models.py:Crashes"]


def test_a_worker_that_is_killed(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that goes down in the middle of a model: another takes that model, and nothing is missing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    command = [sys.executable, "-m", "reportgen", "build", "file:models.py:SlowOnce", "--input", "1x2", "-q"]
    options = ["-o", "out", "--format", "json", "--executor", "dask", "--scheduler", cluster.address]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([*command, *options], env=environment) as process:
        while not (tmp_path / "began").exists():
            time.sleep(0.05)
        _busy(cluster).send_signal(signal.SIGKILL)
        assert process.wait(timeout=120) == 0
    assert reportgen.load("out/file-models.py-SlowOnce/report.json").probe.status == "complete"


def _busy(cluster: Cluster) -> subprocess.Popen[bytes]:
    """The worker that has processes of its own."""
    parents = {_parent(place) for place in Path("/proc").glob("[0-9]*/stat")}
    return next(worker for worker in cluster.workers if worker.pid in parents)


def _parent(place: Path) -> int | None:
    try:
        return int(place.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return None


def test_nothing_is_left_of_the_client(cluster: Cluster) -> None:
    """It ends with the executor, and does not go on asking for a scheduler that is gone."""
    executor = DaskExecutor(cluster.address, timeout=None, environment={})
    client = executor._client
    assert [Done(-3, 3)] == list(executor.map(abs, [-3]))
    del executor
    assert "closed" == client.status


def test_nobody_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address at which nobody answers is told before any work."""
    monkeypatch.setattr("reportgen.workers.dask._PATIENCE", "1s")
    with pytest.raises(ConfigError) as caught:
        reportgen.build("builtin:linear", output=tmp_path, scheduler="tcp://127.0.0.1:9")
    assert caught.value.code == "executor-unavailable"
