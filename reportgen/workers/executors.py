"""Where the work of a run is done: in processes of this machine, or on a cluster, and how much of it at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from reportgen.config import BatchOptions
from reportgen.errors import ConfigError
from reportgen.workers.processes import Done, Processes

T = TypeVar("T")
R = TypeVar("R")
_GIB = 2**30
_LEAST = 2 * _GIB  # memory for one model; a machine with less for each of its cores takes fewer at a time


class Executor(Protocol):
    """Runs a picklable function on tasks, wherever; see `reportgen.workers.processes.Processes.map`."""

    def map(
        self, function: Callable[[T], R], tasks: Iterable[T], started: Callable[[T], object] = ...
    ) -> Generator[Done[T, R], None, None]:
        """Each task with its result, in any order; what never came back is `Lost`. A deque of tasks may grow."""


def executor_of(options: BatchOptions, wishes: Sequence[str]) -> Executor:
    """Where the work is done: on this machine, or on the cluster that ``options.scheduler`` names.

    Raises:
        ConfigError: see `local` and `reportgen.workers.dask.DaskExecutor`.
    """
    if options.scheduler is None:
        return local(options, wishes)
    from reportgen.workers.dask import DaskExecutor

    return DaskExecutor(options.scheduler, timeout=options.timeout, environment=_environment(wishes))


def local(options: BatchOptions, wishes: Sequence[str], *, torch: bool = True) -> Processes:
    """The executor of this machine: one process a core, unless told otherwise, prepared for formats and sources.

    Without ``torch`` it is for work on records alone.

    Raises:
        ConfigError: a memory limit where the system offers none.
    """
    if options.memory_limit is not None and not sys.platform.startswith("linux"):
        raise ConfigError(
            "a memory limit needs Linux", code="memory-limit-unsupported", remedy="leave out --memory-limit here"
        )
    return Processes(
        jobs(options),
        timeout=options.timeout,
        preload=["reportgen.workers.warm", "reportgen.workers.warm_pages"]
        if torch
        else ["reportgen.workers.warm_pages"],
        environment=_environment(wishes),
    )


def _environment(wishes: Sequence[str]) -> dict[str, str]:
    return {"REPORTGEN_WARM": " ".join(wishes)}


def jobs(options: BatchOptions) -> int:
    """Models at a time: as many as there are cores, and as memory is enough for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return options.jobs or max(1, min(cores, (_memory() or sys.maxsize) // _LEAST))


def _memory() -> int | None:
    """Bytes that this machine, or the container that it is, has for us; None where the system does not say."""
    if not sys.platform.startswith("linux"):
        return None
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    bound = Path("/sys/fs/cgroup/memory.max")
    text = bound.read_text(encoding="ascii").strip() if bound.is_file() else ""
    return min(whole, int(text)) if text.isdigit() else whole


def memory_limit(options: BatchOptions) -> int | None:
    """Bytes for one model: what was said, else a fair share, lest one that takes everything takes others down."""
    if options.memory_limit is not None:
        return int(options.memory_limit * _GIB)
    memory = _memory()
    return None if memory is None else memory // jobs(options)
