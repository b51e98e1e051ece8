"""A run: references in, one `Outcome` each out. What one model does or fails to do reaches no other.

This module, and with it the parent process, never imports torch; only the functions that workers run do.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from natsort import natsorted

from reportgen.config import BatchOptions, RenderOptions
from reportgen.errors import ConfigError, RegistryError, ReportgenError, UnknownModel
from reportgen.manifest import ModelEntry
from reportgen.registry.base import ModelRef
from reportgen.report import codec
from reportgen.report.schema import ModelReport
from reportgen.stamps import Stamps
from reportgen.tasks import Job, Outcome, Probing, Step, outcome_of, perform
from reportgen.view.index import IndexEntry
from reportgen.workers import Done, Lost, Processes
from reportgen.write import check_writable, slugs, write_index, write_report

T = TypeVar("T")
R = TypeVar("R")
Expanded: TypeAlias = tuple[ModelRef, ...] | ReportgenError | Lost  # what a reference was found to mean
_GIB = 2**30
_LEAST = 2 * _GIB  # memory for one model; a machine with less for each of its cores takes fewer at a time


class Executor(Protocol):
    """Runs a picklable function on tasks, wherever; see `reportgen.workers.Processes.map`."""

    def map(
        self, function: Callable[[T], R], tasks: Iterable[T], started: Callable[[T], object] = ...
    ) -> Iterator[Done[T, R]]:
        """Each task with its result, in any order; what never came back is `Lost`. A deque of tasks may grow."""


class Progress:
    """Is told how a run goes; this one shows nothing."""

    def planned(self, jobs: Sequence[Job]) -> None:
        """These models will be reported on."""

    def started(self, job: Job) -> None:
        """A worker takes this one."""

    def finished(self, job: Job, outcome: Outcome) -> None:
        """This one is done."""


def render_saved(reports: Iterable[ModelReport], options: RenderOptions, output: Path) -> tuple[Outcome, ...]:
    """Renders records anew, each once, and writes their index; in the natural order of references.

    Raises:
        WriteError: ``output`` cannot be written in.
    """
    check_writable(output)
    texts = {codec.to_json(report): report for report in reports}
    names = slugs({text: _label(report.model.ref, report.model.name) for text, report in texts.items()})
    outcomes = natsorted(
        (
            outcome_of(report, names[text], write_report(report, output / names[text], options))
            for text, report in sorted(texts.items())
        ),
        key=lambda outcome: outcome.ref,
    )
    write_index([index_entry(outcome) for outcome in outcomes], output, options)
    return tuple(outcomes)


def run(
    entries: Sequence[ModelEntry],
    render: RenderOptions,
    options: BatchOptions,
    *,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> tuple[Outcome, ...]:
    """Reports on every model of ``entries`` and writes the index; the outcomes are in the natural order of references.

    Raises:
        ConfigError, RegistryError: a reference that is malformed, or a wildcard or bare name that fits nothing.
        WriteError: the output folder cannot be written in.
    """
    progress = progress or Progress()
    executor = executor or executor_of(options, [*render.formats, *sources_of(entries)])
    check_writable(options.output)
    jobs = plan(entries, render, options, executor)
    if options.shard is not None:
        jobs = jobs[options.shard.number - 1 :: options.shard.count]
    progress.planned(jobs)
    stamps = Stamps(options.output, fresh=options.fresh)
    outcomes: dict[Path, Outcome] = {}
    steps: deque[Step] = deque()
    for job in jobs:
        before = stamps.outcome(job)
        if before is None:
            steps.append(Probing(job))
        else:
            outcomes[job.folder] = before
            progress.finished(job, before)
    for done in executor.map(perform, steps, partial(_tell, progress)):
        following = done.task.next(done.result, done.printed)
        if isinstance(following, Outcome):
            outcomes[done.task.job.folder] = following
            stamps.put(done.task.job, following)
            progress.finished(done.task.job, following)
        else:
            steps.appendleft(following)  # what was begun comes first
    ordered = tuple(outcomes[job.folder] for job in jobs)
    write_index([index_entry(outcome) for outcome in ordered], options.output, render)
    return ordered


def _tell(progress: Progress, step: Step) -> None:
    if isinstance(step, Probing):
        progress.started(step.job)


def sources_of(entries: Sequence[ModelEntry]) -> list[str]:
    """The sources that the references name."""
    return sorted({source for entry in entries if (source := ModelRef.parse(entry.ref).source) is not None})


def executor_of(options: BatchOptions, wishes: Sequence[str]) -> Executor:
    """Where the work is done: on this machine, or on the cluster that ``options.scheduler`` names.

    Raises:
        ConfigError: see `local` and `reportgen.dask_executor.DaskExecutor`.
    """
    if options.scheduler is None:
        return local(options, wishes)
    from reportgen.dask_executor import DaskExecutor

    return DaskExecutor(options.scheduler, timeout=options.timeout, environment=_environment(wishes))


def _environment(wishes: Sequence[str]) -> dict[str, str]:
    return {"REPORTGEN_WARM": " ".join(wishes)}


def local(options: BatchOptions, wishes: Sequence[str]) -> Processes:
    """The executor of this machine: one process a core, unless told otherwise, prepared for formats and sources.

    Raises:
        ConfigError: a memory limit where the system offers none.
    """
    if options.memory_limit is not None and not sys.platform.startswith("linux"):
        raise ConfigError(
            "a memory limit needs Linux", code="memory-limit-unsupported", remedy="leave out --memory-limit here"
        )
    return Processes(
        _jobs(options),
        timeout=options.timeout,
        preload=["reportgen.warm"],
        environment=_environment(wishes),
    )


def _jobs(options: BatchOptions) -> int:
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


def _memory_limit(options: BatchOptions) -> int | None:
    """Bytes for one model: what was said, else a fair share, lest one that takes everything takes others down."""
    if options.memory_limit is not None:
        return int(options.memory_limit * _GIB)
    memory = _memory()
    return None if memory is None else memory // _jobs(options)


def plan(
    entries: Sequence[ModelEntry], render: RenderOptions, options: BatchOptions, executor: Executor
) -> tuple[Job, ...]:
    """Every model that ``entries`` name, once, in the natural order of references.

    Raises:
        ConfigError, RegistryError: as `run`.
    """
    texts = dict.fromkeys(entry.ref for entry in entries)
    searched = [text for text in texts if not _is_plain(ModelRef.parse(text))]
    expanded: dict[str, Expanded] = {text: expand(text) for text in texts if text not in searched}
    expanded |= {done.task: done.result for done in executor.map(expand, searched)}
    planned: dict[str, tuple[ModelRef, ModelEntry]] = {}
    for entry in entries:
        for ref in left(entry, found(entry.ref, expanded[entry.ref])):
            planned[f"{ref} {entry.name} {entry.alone(ref)}"] = ref, entry.alone(ref)
    names = slugs({key: _label(str(ref), entry.name or ref.name) for key, (ref, entry) in planned.items()})
    limit = _memory_limit(options)
    jobs = (
        Job(ref, entry, options.output / names[key], replace(render, brand=entry.brand), limit, options.network)
        for key, (ref, entry) in sorted(planned.items())
    )
    return tuple(natsorted(jobs, key=lambda job: str(job.ref)))


def _label(ref: str, name: str) -> str:
    """What a folder is called after: the name, where it was given by hand. Building and rendering anew agree on it."""
    return ref if name == ModelRef.parse(ref).name else name


def _is_plain(ref: ModelRef) -> bool:
    """Whether no source needs to be asked, which might import torch, to know what it means."""
    return ref.source is not None and not ref.has_wildcard


def found(text: str, expanded: Expanded) -> tuple[ModelRef, ...]:
    """The models that a reference was found to mean.

    Raises:
        ReportgenError: why there are none.
    """
    if isinstance(expanded, ReportgenError):
        raise expanded
    if isinstance(expanded, Lost):
        raise RegistryError(f"the process that looked up {text!r} {expanded.reason}", remedy="write SOURCE:NAME")
    return expanded


def left(entry: ModelEntry, models: tuple[ModelRef, ...]) -> tuple[ModelRef, ...]:
    """What an entry leaves of the models that its wildcard matches.

    Raises:
        UnknownModel: nothing.
    """
    if not ModelRef.parse(entry.ref).has_wildcard:
        return models
    left_out = [ModelRef.parse(pattern) for pattern in entry.exclude]
    rest = tuple(ref for ref in models if not any(ref.fits(pattern) for pattern in left_out))
    if not rest:
        raise UnknownModel(
            f"exclude leaves out all {len(models)} models that {entry.ref!r} matches",
            remedy="take a pattern out of exclude, or the whole entry",
        )
    return rest


def expand(text: str) -> tuple[ModelRef, ...] | ReportgenError:
    """The models that a reference means, each with its source; for a worker, where sources must be asked for names."""
    from reportgen.registry.catalog import Catalog

    catalog = Catalog()
    try:
        refs = catalog.expand(text)
        return tuple(ref if ref.source else catalog.spec(ref).ref for ref in refs)
    except ReportgenError as exc:
        return exc


def index_entry(outcome: Outcome) -> IndexEntry:
    """The outcome's line in the index."""
    return IndexEntry(
        ref=outcome.ref,
        name=outcome.name,
        slug=outcome.slug,
        status=outcome.status,
        parameters=outcome.parameters,
        flops=outcome.flops,
        reason=outcome.reason or next(iter(outcome.problems), None),
        tags=outcome.tags,
        group=outcome.group,
    )
