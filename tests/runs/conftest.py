"""Runs without processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from reportgen.workers.executors import Executor
from reportgen.workers.processes import Done


class InProcess:
    """An executor that stays in this process, for models that behave."""

    def map(
        self, function: Callable[[Any], Any], tasks: Iterable[Any], started: Callable[[Any], object] = lambda _: None
    ) -> Iterator[Done[Any, Any]]:
        waiting = tasks if isinstance(tasks, deque) else deque(tasks)
        while waiting:
            task = waiting.popleft()
            started(task)
            yield Done(task, function(task))


@pytest.fixture(scope="session")
def in_process() -> Executor:
    """Does the work of a run in this process, whatever it does to it."""
    return InProcess()
