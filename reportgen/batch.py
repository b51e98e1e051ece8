"""A run: references in, one `Outcome` each out. What one model does or fails to do reaches no other.

This module, and with it the parent process, never imports torch; only the functions that workers run do.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from natsort import natsorted

from reportgen.config import BatchOptions, RenderOptions
from reportgen.errors import ConfigError, ProbeError, RegistryError, ReportgenError
from reportgen.manifest import ModelEntry
from reportgen.probe import failed_report
from reportgen.registry.base import ModelRef
from reportgen.report import codec
from reportgen.report.schema import ModelReport, Status
from reportgen.view.index import IndexEntry
from reportgen.workers import Lost, Processes
from reportgen.write import check_writable, slugs, sweep, write_index, write_report

T = TypeVar("T")
R = TypeVar("R")
_GIB = 2**30
_PACKAGE = str(Path(__file__).parent)
_LOST_REMEDIES = {
    "ran longer": "raise --timeout if it merely needs more time; the traceback, where there is one, says where it was",
    "was killed by SIGKILL": "it may have taken all memory: use --device meta, or a machine with more",
}
_LOST_REMEDY = "run the model's own code by itself to see why; the traceback, where there is one, says where it was"


@dataclass(frozen=True, slots=True)
class Job:
    """One model to report on: all that a worker needs to know."""

    ref: ModelRef
    entry: ModelEntry  # that named it
    folder: Path
    render: RenderOptions
    memory_limit: float | None  # GiB

    @property
    def label(self) -> str:
        """What people call it during the run."""
        return self.entry.name or str(self.ref)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one model. ``problems`` are lines on formats that could not be made of its report."""

    ref: str
    name: str
    slug: str
    status: Status
    parameters: int | None
    flops: int | None  # of the forward pass
    reason: str | None  # why not complete
    remedy: str | None = None
    problems: tuple[str, ...] = ()
    seconds: float | None = field(default=None, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the report is complete, in every format asked for."""
        return self.status == "complete" and not self.problems

    @property
    def sound(self) -> bool:
        """Whether nothing in the report is in doubt: a complete one may contradict itself, or fail its audit."""
        return self.reason is None


class Executor(Protocol):
    """Runs a picklable function on tasks, wherever; see `reportgen.workers.Processes.map`."""

    def map(
        self, function: Callable[[T], R], tasks: Iterable[T], started: Callable[[T], object] = ...
    ) -> Iterator[tuple[T, R | Lost]]:
        """Each task with its result, in any order; what never came back is `Lost`."""


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
    executor = executor or local(options, [*render.formats, *_sources(entries)])
    check_writable(options.output)
    jobs = plan(entries, render, options, executor)
    progress.planned(jobs)
    outcomes: dict[Path, Outcome] = {}
    for job, result in executor.map(run_one, jobs, progress.started):
        outcome = _report_loss(job, result) if isinstance(result, Lost) else result
        outcomes[job.folder] = outcome
        progress.finished(job, outcome)
    ordered = tuple(outcomes[job.folder] for job in jobs)
    write_index([index_entry(outcome) for outcome in ordered], options.output, render)
    return ordered


def _sources(entries: Sequence[ModelEntry]) -> list[str]:
    return sorted({source for entry in entries if (source := ModelRef.parse(entry.ref).source) is not None})


def local(options: BatchOptions, wishes: Sequence[str]) -> Processes:
    """The executor of this machine: one process a core, unless told otherwise, prepared for formats and sources.

    Raises:
        ConfigError: a memory limit where the system offers none.
    """
    if options.memory_limit is not None and not sys.platform.startswith("linux"):
        raise ConfigError(
            "a memory limit needs Linux", code="memory-limit-unsupported", remedy="leave out --memory-limit here"
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Processes(
        options.jobs or cores,
        timeout=options.timeout,
        preload=["reportgen.warm"],
        environment={"REPORTGEN_WARM": " ".join(wishes)},
    )


def plan(
    entries: Sequence[ModelEntry], render: RenderOptions, options: BatchOptions, executor: Executor
) -> tuple[Job, ...]:
    """Every model that ``entries`` name, once, in the natural order of references.

    Raises:
        ConfigError, RegistryError: as `run`.
    """
    texts = dict.fromkeys(entry.ref for entry in entries)
    searched = [text for text in texts if not _is_plain(ModelRef.parse(text))]
    expanded = {text: expand(text) for text in texts if text not in searched} | dict(executor.map(expand, searched))
    found: dict[str, tuple[ModelRef, ModelEntry]] = {}
    for entry in entries:
        for ref in _refs(entry.ref, expanded[entry.ref]):
            found[f"{ref} {entry.name} {entry.description} {entry.probe} {entry.brand}"] = ref, entry
    names = slugs({key: _label(str(ref), entry.name or ref.name) for key, (ref, entry) in found.items()})
    jobs = (
        Job(ref, entry, options.output / names[key], replace(render, brand=entry.brand), options.memory_limit)
        for key, (ref, entry) in sorted(found.items())
    )
    return tuple(natsorted(jobs, key=lambda job: str(job.ref)))


def _label(ref: str, name: str) -> str:
    """What a folder is called after: the name, where it was given by hand. Building and rendering anew agree on it."""
    return ref if name == ModelRef.parse(ref).name else name


def _is_plain(ref: ModelRef) -> bool:
    """Whether no source needs to be asked, which might import torch, to know what it means."""
    return ref.source is not None and not ref.has_wildcard


def _refs(text: str, expanded: tuple[ModelRef, ...] | ReportgenError | Lost) -> tuple[ModelRef, ...]:
    if isinstance(expanded, ReportgenError):
        raise expanded
    if isinstance(expanded, Lost):
        raise RegistryError(f"the process that looked up {text!r} {expanded.reason}", remedy="write SOURCE:NAME")
    return expanded


def expand(text: str) -> tuple[ModelRef, ...] | ReportgenError:
    """The models that a reference means, each with its source; for a worker, where sources must be asked for names."""
    from reportgen.registry.catalog import Catalog

    catalog = Catalog()
    try:
        refs = catalog.expand(text)
        return tuple(ref if ref.source else catalog.spec(ref).ref for ref in refs)
    except ReportgenError as exc:
        return exc


def run_one(job: Job) -> Outcome:
    """For a worker: builds, probes, renders and writes one model. Whatever goes wrong in it is in the outcome."""
    from reportgen.probe import probe
    from reportgen.registry.catalog import Catalog

    start = time.perf_counter()
    if job.memory_limit is not None and job.entry.probe.device in ("meta", "cpu"):
        _limit_memory(job.memory_limit)
    try:
        report = probe(Catalog().spec(job.ref), job.entry.probe)
    except ReportgenError as exc:
        report = failed_report(job.ref, exc, job.entry.probe)
    return replace(_publish(report, job), seconds=time.perf_counter() - start)


def _report_loss(job: Job, lost: Lost) -> Outcome:
    """The report on a model whose worker died, raised, or ran out of time. Imports no torch."""
    sweep(job.folder)
    remedy = next((text for start, text in _LOST_REMEDIES.items() if lost.reason.startswith(start)), _LOST_REMEDY)
    error = ProbeError(f"its process {lost.reason}", code="worker-lost", remedy=remedy)
    error.stage = _stage(lost.frames)
    report = failed_report(job.ref, error, job.entry.probe)
    told = msgspec.structs.replace(report.diagnostics[0], traceback="\n".join(_foreign(lost.frames)) or None)
    return _publish(msgspec.structs.replace(report, diagnostics=(told,)), job)


def _stage(frames: Sequence[str]) -> str:
    """What the probe was at, by the names of its functions; where nobody knows, it had not come far."""
    names = [frame.rpartition(" in ")[2] for frame in frames if _PACKAGE in frame]
    if "_passes" in names:
        return "forward" if "forward" in names else "backward"
    return "instantiate"


def _foreign(frames: Sequence[str]) -> list[str]:
    """The frames of the model's code and torch's: without reportgen's own, and what started the worker before them."""
    own = [_PACKAGE in frame for frame in frames]
    start = own.index(True) if True in own else 0
    return [frame for frame, mine in list(zip(frames, own, strict=True))[start:] if not mine]


def _publish(report: ModelReport, job: Job) -> Outcome:
    entry = job.entry
    model = msgspec.structs.replace(
        report.model,
        name=entry.name or report.model.name,
        description=entry.description or report.model.description,
    )
    report = msgspec.structs.replace(report, model=model)
    return outcome_of(report, job.folder.name, write_report(report, job.folder, job.render))


def outcome_of(report: ModelReport, slug: str, problems: tuple[str, ...] = ()) -> Outcome:
    """What a run says of a report that was made."""
    error = next((diagnostic for diagnostic in report.diagnostics if diagnostic.severity == "error"), None)
    return Outcome(
        ref=report.model.ref,
        name=report.model.name,
        slug=slug,
        status=report.probe.status,
        parameters=report.totals.parameters.unique,
        flops=report.totals.flops.forward,
        reason=None if error is None else error.message.partition("\n")[0],
        remedy=None if error is None else error.remedy,
        problems=problems,
    )


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
    )


def _limit_memory(gibibytes: float) -> None:
    """Lets this process take that much address space on top of what it has: allocations beyond it fail."""
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + int(gibibytes * _GIB)
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
