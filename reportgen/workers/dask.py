"""Many machines: the steps of a run as tasks of a Dask cluster.

Each task starts a process of its own on the machine that takes it, as on one machine, so a model that takes its process
down does not take the cluster's worker along; where that worker is lost, Dask gives the task to another. The current
folder, the output folder, and what options and references name, are under the same path on every machine.
"""

from __future__ import annotations

import multiprocessing
import os
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from reportgen.errors import ConfigError
from reportgen.registry.lookup import HOME
from reportgen.workers.processes import Done, Processes
from reportgen.workers.serving import Lost

T = TypeVar("T")
R = TypeVar("R")
_RETRIES = 3  # of a task whose Dask worker was lost
_PATIENCE = "30s"


class DaskExecutor:
    """The workers of the cluster that ``scheduler``, ``tcp://host:8786``, looks after.

    Raises:
        ConfigError: the package distributed is missing, or nobody answers there.
    """

    def __init__(self, scheduler: str, *, timeout: float | None, environment: Mapping[str, str]) -> None:
        try:
            import distributed
        except ModuleNotFoundError as exc:
            raise ConfigError(
                f"the executor dask does not load: {exc}", code="executor-unavailable", remedy="pip install distributed"
            ) from exc
        try:
            self._distributed: Any = distributed
            self._client = self._distributed.Client(scheduler, timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError) as exc:
            raise ConfigError(
                f"no Dask scheduler at {scheduler}: {exc}",
                code="executor-unavailable",
                remedy="start one with: dask scheduler, and give its address with --scheduler",
            ) from exc
        weakref.finalize(self, self._client.close)  # which its own threads would keep alive, and asking
        self._timeout = timeout
        self._environment = {**environment, HOME: str(Path.cwd())}

    def map(
        self, function: Callable[[T], R], tasks: Iterable[T], started: Callable[[T], object] = lambda _: None
    ) -> Generator[Done[T, R], None, None]:
        """As `reportgen.workers.processes.Processes.map`; a task counts as started when it is handed to the cluster."""
        waiting = tasks if isinstance(tasks, deque) else deque(tasks)
        pending: dict[Any, T] = {}
        finished = self._distributed.as_completed(loop=self._client.loop)
        try:
            while waiting or pending:
                while waiting:
                    task = waiting.popleft()
                    future = self._submit(function, task, urgent=bool(pending))
                    pending[future] = task
                    finished.add(future)
                    started(task)
                future = next(finished)
                yield _done(future, pending.pop(future))
        finally:
            self._client.cancel(list(pending))

    def _submit(self, function: Callable[[T], R], task: T, *, urgent: bool) -> Any:
        return self._client.submit(
            _alone,
            function,
            task,
            self._timeout,
            self._environment,
            pure=False,
            retries=_RETRIES,
            priority=1 if urgent else 0,  # what comes of a task that is done goes before those not begun
        )


def _done(future: Any, task: T) -> Done[T, Any]:
    error = future.exception()
    return Done(task, Lost(f"was lost with its Dask worker: {error}")) if error is not None else future.result()


def _alone(function: Callable[[T], R], task: T, timeout: float | None, environment: Mapping[str, str]) -> Done[T, R]:
    """On a worker of the cluster: the task in a process of its own."""
    config: Any = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # noqa: SLF001
    config["daemon"] = False  # as Dask's workers are, and Python lets no such process have children
    os.chdir(environment[HOME])  # where relative paths start
    processes = Processes(1, timeout=timeout, preload=["reportgen.workers.warm"], environment=environment)
    (done,) = processes.map(function, [task])
    return done
