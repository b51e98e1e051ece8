"""What workers do for one model, step by step: probe it, or save what can be had of it, then render its report.

Each step has a process of its own. Only probing meets the model's code; rendering sees the record alone, so nothing
a model does to its process reaches a page. A file of weights, where there is one, is read in between. Importing this
module imports no torch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import msgspec

from reportgen import checkpoints
from reportgen.analysis.baseline import snapshot
from reportgen.analysis.summary import Summary, summarise
from reportgen.config import RenderOptions, WeightsFile
from reportgen.errors import CheckpointError, ProbeError, ReportFormatError, ReportgenError
from reportgen.manifest.entries import ModelEntry
from reportgen.probe import failed_report
from reportgen.registry.base import ModelRef
from reportgen.rendering import write_report
from reportgen.report import codec
from reportgen.report.baseline import Snapshot
from reportgen.report.checkpoint import Weights
from reportgen.report.schema import ModelReport, Stage, Status
from reportgen.workers import sandbox
from reportgen.workers.serving import Lost
from reportgen.write import sweep

_PACKAGE = f"{Path(__file__).parent.parent}{os.sep}"
_REMEDIES = {
    "ran longer": "raise --timeout if it merely needs more time; the traceback, where there is one, says where it was",
    "was killed by SIGKILL": "it may have taken all memory: use --device meta, or a machine with more",
}
_REMEDY = "run the model's own code by itself to see why; the traceback, where there is one, says where it was"


@dataclass(frozen=True, slots=True)
class Job:
    """One model to report on: all that a worker needs to know."""

    ref: ModelRef
    entry: ModelEntry  # that named it
    folder: Path
    render: RenderOptions
    memory_limit: int | None  # bytes
    network: bool = False

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
    lost: bool = False  # whether its process was: the next time it may not be
    summary: Summary = field(default_factory=Summary)
    snapshot: Snapshot | None = None  # of its report: what rules and baselines are about
    seconds: float | None = field(default=None, compare=False)
    sources: tuple[str, ...] = field(default=(), compare=False)  # files of the user's own that were read for it

    @property
    def ok(self) -> bool:
        """Whether the report is complete, in every format asked for."""
        return self.status == "complete" and not self.problems

    @property
    def stands(self) -> bool:
        """Whether another run would come to the same: not where a process was lost, or a file could not be made."""
        return not (self.problems or self.lost)

    @property
    def rendered(self) -> bool:
        """Whether there is a report, whatever it says, in every format asked for."""
        return bool(self.slug) and not self.problems

    @property
    def sound(self) -> bool:
        """Whether nothing in the report is in doubt: a complete one may contradict itself, or fail its audit."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Record:
    """A record on its way from one worker to the next, as the text of ``report.json``."""

    text: str
    seconds: float | None = None
    sources: tuple[str, ...] = ()
    lost: bool = False
    weights: Weights | CheckpointError | None = None  # or why they could not be read; None: none were given


@dataclass(frozen=True, slots=True)
class Probing:
    """The first step: the model's code runs, and may do anything to its process."""

    stage: ClassVar[str] = "probing"
    job: Job

    def perform(self) -> Record:
        """The record. Errors of the model are in it; what it does to the process is not caught here."""
        from reportgen.probe import probe
        from reportgen.registry.catalog import Catalog

        start = time.perf_counter()
        options = self.job.entry.probe
        folder = _prepare(self.job)
        try:
            report = probe(Catalog().spec(self.job.ref), options)
        except ReportgenError as exc:
            report = failed_report(self.job.ref, exc, options)
        text = sandbox.anonymous(codec.to_json(report), folder)
        return Record(text, time.perf_counter() - start, sandbox.files_read())

    def next(self, result: Any, printed: str) -> Step:
        """Rendering, or where the process is lost, saving what can be had."""
        if isinstance(result, Record):
            return _after(self.job, result, printed)
        saving = Saving(self.job, result, printed)
        return saving.next(result, "") if _stage(result.frames) == "instantiate" else saving


@dataclass(frozen=True, slots=True)
class Saving:
    """After a loss: the model is built once more and asked for its tensors and modules alone."""

    stage: ClassVar[str] = "saving"
    job: Job
    lost: Lost
    printed: str

    def perform(self) -> Record:
        """The record of a model that was built, and then took its process down."""
        from reportgen.probe import registered
        from reportgen.registry.catalog import Catalog

        folder = _prepare(self.job)
        report = registered(Catalog().spec(self.job.ref), self.job.entry.probe)
        error = self._error(_stage(self.lost.frames) or "forward")
        told = failed_report(self.job.ref, error, self.job.entry.probe)
        status: Status = "partial" if report.probe.stages.instantiate == "ok" else "failed"
        facts = msgspec.structs.replace(report.probe, status=status, stages=told.probe.stages)
        diagnostics = (*report.diagnostics, *self._diagnosed(told).diagnostics)
        report = msgspec.structs.replace(report, probe=facts, diagnostics=diagnostics)
        return Record(sandbox.anonymous(codec.to_json(report), folder), lost=True)

    def next(self, result: Any, _: str) -> Step:
        """Rendering: of what was saved, or of nothing but the reason."""
        if isinstance(result, Lost):
            told = failed_report(self.job.ref, self._error("instantiate"), self.job.entry.probe)
            result = Record(codec.to_json(self._diagnosed(told)), lost=True)
        return _after(self.job, result, self.printed)

    def _error(self, stage: Stage) -> ProbeError:
        reason = self.lost.reason
        remedy = next((text for start, text in _REMEDIES.items() if reason.startswith(start)), _REMEDY)
        error = ProbeError(f"its process {reason}", code="worker-lost", remedy=remedy)
        error.stage = stage
        return error

    def _diagnosed(self, report: ModelReport) -> ModelReport:
        """With the frames that the process was in."""
        told = msgspec.structs.replace(report.diagnostics[0], traceback="\n".join(_foreign(self.lost.frames)) or None)
        return msgspec.structs.replace(report, diagnostics=(told,))


@dataclass(frozen=True, slots=True)
class Reading:
    """After the record: what the file of weights holds, in a process that nothing of the model has been in."""

    stage: ClassVar[str] = "reading"
    job: Job
    file: WeightsFile
    record: Record
    printed: str

    def perform(self) -> Weights | CheckpointError:
        """What it holds, or why it cannot be read."""
        return checkpoints.read(checkpoints.Task(self.file, self.job.memory_limit))

    def next(self, result: Any, _: str) -> Rendering:
        """Rendering, with what was read."""
        sources = self.record.sources
        if isinstance(result, Lost):
            result = checkpoints.lost(self.file, result)
        elif isinstance(result, Weights):  # of a sharded one the run knows the index alone
            sources += tuple(str(self.file.path.parent / name) for name in result.names)
        return Rendering(self.job, replace(self.record, weights=result, sources=sources), self.printed)


@dataclass(frozen=True, slots=True)
class Rendering:
    """The last step: pages and files, from the record alone."""

    stage: ClassVar[str] = "rendering"
    job: Job
    record: Record
    printed: str

    def perform(self) -> Outcome:
        """The outcome, the files written."""
        start = time.perf_counter()
        sweep(self.job.folder)
        report = self._report()
        outcome = outcome_of(report, self.job.folder.name, write_report(report, self.job.folder, self.job.render))
        seconds = (self.record.seconds or 0.0) + time.perf_counter() - start
        return replace(outcome, lost=self.record.lost, seconds=seconds, sources=self.record.sources)

    def next(self, result: Any, _: str) -> Outcome:
        """The outcome, also where this process was lost."""
        if isinstance(result, Outcome):
            return result
        sweep(self.job.folder)
        return outcome_of(self._report(), self.job.folder.name, (f"rendering: its process {result.reason}",))

    def _report(self) -> ModelReport:
        """The record with what the user's entry says of the model, and with what the model printed."""
        report, entry = self._read(), self.job.entry
        model = msgspec.structs.replace(
            report.model,
            name=entry.name or report.model.name,
            description=entry.description or report.model.description,
            tags=entry.tags,
            group=entry.group,
        )
        report = msgspec.structs.replace(report, model=model, printed=self.printed or None)
        return report if self.record.weights is None else checkpoints.checked(report, self.record.weights)

    def _read(self) -> ModelReport:
        """The record; where a model has slipped something into it that no record may hold, one that says so."""
        try:
            return codec.loads(self.record.text, where="the record that was made of it")
        except ReportFormatError as exc:
            error = ReportFormatError(str(exc), code="record-broken", remedy="tell the authors of reportgen, please")
            return failed_report(self.job.ref, error, self.job.entry.probe)


Step: TypeAlias = Probing | Saving | Reading | Rendering
"""`perform` is for a worker; ``next`` tells from its result, which may be `Lost`, what comes after it."""


def perform(step: Step) -> Record | Weights | CheckpointError | Outcome:
    """For a worker."""
    return step.perform()


def _after(job: Job, record: Record, printed: str) -> Step:
    """What comes after a record: the file of weights, where there is one, then the pages."""
    file = job.entry.checkpoint
    return Rendering(job, record, printed) if file is None else Reading(job, file, record, printed)


def outcome_of(report: ModelReport, slug: str, problems: tuple[str, ...] = ()) -> Outcome:
    """What a run says of a report that was made."""
    error = report.error
    return Outcome(
        ref=report.model.ref,
        name=report.model.name,
        slug=slug,
        status=report.probe.status,
        parameters=report.totals.parameters.unique,
        flops=report.totals.flops.forward,
        reason=None if error is None else error.message.partition("\n")[0],
        remedy=None if error is None else error.remedy,
        summary=summarise(report),
        snapshot=snapshot(report),
        problems=problems,
    )


def _prepare(job: Job) -> str:
    """Makes this process the model's own, and gives its folder."""
    folder = sandbox.enter(network=job.network)
    if job.memory_limit is not None and job.entry.probe.device in ("meta", "cpu"):
        sandbox.limit_memory(job.memory_limit)
    return folder


def _stage(frames: Sequence[str]) -> Stage | None:
    """What the probe was at, by the names of its functions; None where they do not say."""
    names = [frame.rpartition(" in ")[2] for frame in frames if _PACKAGE in frame]
    if "_passes" in names:
        return "forward" if "forward" in names else "backward"
    return "instantiate" if names else None


def _foreign(frames: Sequence[str]) -> list[str]:
    """The frames of the model's code and torch's: without reportgen's own, and what started the worker before them."""
    own = [_PACKAGE in frame for frame in frames]
    start = own.index(True) if True in own else 0
    return [frame for frame, mine in list(zip(frames, own, strict=True))[start:] if not mine]
