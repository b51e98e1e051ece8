"""Saved records rendered anew, each in a process of its own. Needs no torch."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from natsort import natsorted

from reportgen.config import BatchOptions, RenderOptions
from reportgen.errors import ReportgenError
from reportgen.rendering import write_report
from reportgen.report import codec
from reportgen.runs.batch import Interrupted, Progress, Run, index
from reportgen.runs.planning import label
from reportgen.runs.tasks import Outcome, outcome_of
from reportgen.workers.executors import Executor, local
from reportgen.workers.serving import Lost
from reportgen.workers.signals import shielded
from reportgen.write import check_writable, slugs, sweep


@dataclass(frozen=True, slots=True)
class Record:
    """What the parent needs to know of a file: a hash of the record in it, its label, and what a run says of it."""

    digest: str
    label: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Rerendering:
    """A record in a file, on its way to its folder."""

    stage: ClassVar[str] = "rendering"
    path: Path
    record: Record
    folder: Path
    render: RenderOptions

    @property
    def ref(self) -> str:
        """The reference of its model."""
        return self.record.outcome.ref

    @property
    def label(self) -> str:
        """What people call it during the run."""
        return self.record.label

    def perform(self) -> Outcome:
        """The outcome, the files written."""
        start = time.perf_counter()
        sweep(self.folder)
        problems = write_report(codec.load(self.path), self.folder, self.render)
        return replace(self._outcome(problems), seconds=time.perf_counter() - start)

    def next(self, result: Outcome | Lost) -> Outcome:
        """The outcome, also where the process was lost."""
        return self._outcome((f"rendering: its process {result.reason}",)) if isinstance(result, Lost) else result

    def _outcome(self, problems: tuple[str, ...]) -> Outcome:
        return replace(self.record.outcome, slug=self.folder.name, problems=problems)


def render_saved(
    paths: Iterable[Path],
    render: RenderOptions,
    options: BatchOptions,
    *,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Run:
    """Renders the records in these files, each record once, and writes their index.

    A file that cannot be read is a failed outcome under its path; it has no folder, and no place in the index.

    Raises:
        ReportgenError: not one of the files can be read.
        WriteError: the output folder cannot be written in.
        Interrupted: by Ctrl-C.
    """
    progress = progress or Progress()
    executor = executor or local(options, render.formats, torch=False)
    tasks = natsorted(dict.fromkeys(paths), key=str)
    with closing(executor.map(read, tasks)) as answers:
        answered: Mapping[Path, Record | ReportgenError | Lost] = {each.task: each.result for each in answers}
    errors = [answer for answer in answered.values() if isinstance(answer, ReportgenError)]
    if errors and len(errors) == len(tasks):
        raise next(answer for path in tasks if isinstance(answer := answered[path], ReportgenError))
    check_writable(options.output)
    sweep(options.output)
    unread = [_unread(path, answer) for path in tasks if not isinstance(answer := answered[path], Record)]
    steps = _steps({path: answer for path in tasks if isinstance(answer := answered[path], Record)}, render, options)
    progress.planned([*unread, *steps])
    for each in unread:
        progress.finished(each, each.record.outcome)
    outcomes: dict[str, Outcome] = {}
    try:
        with closing(executor.map(perform, steps, lambda step: progress.started(step, step.stage))) as ended:
            for done in ended:
                with shielded():
                    outcomes[done.task.folder.name] = outcome = done.task.next(done.result)
                    progress.finished(done.task, outcome)
        ordered = tuple(outcomes[step.folder.name] for step in steps)
        return Run((*(each.record.outcome for each in unread), *ordered), index(ordered, options.output, render))
    except KeyboardInterrupt as exc:
        for step in steps:
            sweep(step.folder)
        how = f"run the same command again, which renders all anew: {len(outcomes):,} of {len(steps):,} are done"
        raise Interrupted(f"interrupted: {how}") from exc


def read(path: Path) -> Record | ReportgenError:
    """What a file holds; for a worker, since a file may be large, and may be anything."""
    try:
        report = codec.load(path)
        name = label(report.model.ref, report.model.name)
    except ReportgenError as exc:
        return exc
    digest = hashlib.sha256(codec.to_json(report).encode()).hexdigest()
    return Record(digest, name, outcome_of(report, ""))


def perform(step: Rerendering) -> Outcome:
    """For a worker."""
    return step.perform()


def _unread(path: Path, answer: ReportgenError | Lost) -> Rerendering:
    """A file that could not be read, as something to tell of."""
    reason, remedy = (
        (f"{path}: its process {answer.reason}", None) if isinstance(answer, Lost) else (str(answer), answer.remedy)
    )
    outcome = Outcome(str(path), path.name, "", "failed", None, None, reason, remedy, seconds=0.0)
    return Rerendering(path, Record("", str(path), outcome), path, RenderOptions())


def _steps(records: Mapping[Path, Record], render: RenderOptions, options: BatchOptions) -> list[Rerendering]:
    """One for each record, in the natural order of references, whatever order the files came in."""
    first: dict[str, tuple[Path, Record]] = {}
    for path, record in records.items():
        first.setdefault(record.digest, (path, record))
    names = slugs({digest: record.label for digest, (_, record) in first.items()})
    steps = (
        Rerendering(path, record, options.output / names[digest], render)
        for digest, (path, record) in sorted(first.items())
    )
    return natsorted(steps, key=lambda step: step.ref)
