"""A run: references in, one `Outcome` each out. What one model does or fails to do reaches no other.

This module, and with it the parent process, never imports torch; only the functions that workers run do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from reportgen.config import BatchOptions, RenderOptions
from reportgen.errors import WriteError
from reportgen.manifest.entries import ModelEntry
from reportgen.runs.index import write_index
from reportgen.runs.planning import plan, sources_of
from reportgen.runs.stamps import FOLDER, Stamps
from reportgen.runs.tasks import Job, Outcome, Probing, Step, perform
from reportgen.view.entries import IndexEntry
from reportgen.workers.executors import Executor, executor_of
from reportgen.workers.signals import shielded
from reportgen.write import check_writable, sweep


class Model(Protocol):
    """What is told of a model while a run goes: see `reportgen.runs.tasks.Job`."""

    @property
    def ref(self) -> object:
        """Its reference."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def folder(self) -> Path:
        """Where its report goes, if it gets one."""


class Progress:
    """Is told how a run goes; this one shows nothing."""

    def planned(self, models: Sequence[Model]) -> None:
        """These will be reported on."""

    def started(self, model: Model, stage: str) -> None:
        """A worker takes this one, to do what ``stage`` says: ``probing``, ``saving`` or ``rendering``."""

    def finished(self, model: Model, outcome: Outcome) -> None:
        """This one is done; it may never have started, where it stood from a run before."""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a run: the outcomes in the natural order of references, and problems with the whole of it.

    ``entries`` are what named each of the models; there are none where saved reports were rendered.
    """

    outcomes: tuple[Outcome, ...]
    problems: tuple[str, ...] = ()
    entries: tuple[ModelEntry, ...] = ()


class Interrupted(KeyboardInterrupt):
    """A run was stopped; what was finished is kept. The message is one line on how to go on."""


def run(
    entries: Sequence[ModelEntry],
    render: RenderOptions,
    options: BatchOptions,
    *,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Run:
    """Reports on every model of ``entries`` and writes the index.

    Raises:
        ConfigError, RegistryError: a reference that is malformed, or a wildcard or bare name that fits nothing.
        WriteError: the output folder cannot be written in.
        Interrupted: by Ctrl-C; the processes have ended, and there is no index, unless from a run before.
    """
    progress = progress or Progress()
    executor = executor or executor_of(options, [*render.formats, *sources_of(entries)])
    check_writable(options.output)
    for folder in (options.output, options.output / FOLDER):
        sweep(folder)
    jobs = plan(entries, render, options, executor)
    if options.shard is not None:
        jobs = jobs[options.shard.number - 1 :: options.shard.count]
    progress.planned(jobs)
    stamps = Stamps(options.output, fresh=options.fresh)
    outcomes: dict[Path, Outcome] = {}
    try:
        with closing(_outcomes(jobs, stamps, executor, progress)) as ended:
            for job, outcome in ended:
                with shielded():
                    outcomes[job.folder] = outcome
                    progress.finished(job, outcome)
        ordered = tuple(outcomes[job.folder] for job in jobs)
        entries = tuple(job.entry for job in jobs)
        return Run(ordered, index(ordered, options.output, render), entries)
    except KeyboardInterrupt as exc:
        with shielded():
            for job in jobs:
                sweep(job.folder)
            done = sum(outcome.stands for outcome in outcomes.values())
        how = "run the same command again" + " without --fresh" * options.fresh
        told = f"interrupted: {how}: {done:,} of {len(jobs):,} are done; the index is written when all are"
        raise Interrupted(told) from exc


def _outcomes(
    jobs: Sequence[Job], stamps: Stamps, executor: Executor, progress: Progress
) -> Generator[tuple[Job, Outcome], None, None]:
    """What becomes of each job, as it becomes known: of what stands from a run before at first."""
    steps: deque[Step] = deque()
    for job in jobs:
        before = stamps.outcome(job)
        if before is None:
            steps.append(Probing(job))
        else:
            yield job, before
    with closing(executor.map(perform, steps, lambda step: progress.started(step.job, step.stage))) as ended:
        for done in ended:
            job, following = done.task.job, done.task.next(done.result, done.printed)
            if isinstance(following, Outcome):
                with shielded():
                    stamps.put(job, following)
                yield job, following
            else:
                steps.appendleft(following)  # what was begun comes first


def index(outcomes: Sequence[Outcome], output: Path, options: RenderOptions) -> tuple[str, ...]:
    """Writes the index of a run; gives a line on what could not be written, if anything."""
    try:
        write_index([index_entry(outcome, output, options) for outcome in outcomes], output, options)
    except WriteError as exc:
        return (f"the index: {exc}; {exc.remedy}; the reports are there, and the same command will add it",)
    return ()


def index_entry(outcome: Outcome, output: Path, options: RenderOptions) -> IndexEntry:
    """The outcome's line in the index, with those of the formats asked for that lie in ``output``."""
    folder = output / outcome.slug
    return replace(
        entry_of(outcome),
        reason=outcome.reason or next(iter(outcome.problems), None),
        formats=tuple(name for name in options.formats if (folder / f"report.{name}").is_file()),
    )


def entry_of(outcome: Outcome) -> IndexEntry:
    """What an outcome says of its model, apart from any files."""
    return IndexEntry(
        ref=outcome.ref,
        name=outcome.name,
        slug=outcome.slug,
        status=outcome.status,
        parameters=outcome.parameters,
        flops=outcome.flops,
        reason=outcome.reason,
        remedy=outcome.remedy,
        summary=outcome.summary,
    )
