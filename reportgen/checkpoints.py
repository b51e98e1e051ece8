"""Checkpoints: files of weights are read in a process of their own, and what they meet goes into the record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from reportgen import weights
from reportgen.analysis.weights import check
from reportgen.config import BatchOptions, WeightsFile
from reportgen.errors import CheckpointError
from reportgen.registry.lookup import home
from reportgen.report.checkpoint import CheckpointFacts, Weights
from reportgen.report.schema import Diagnostic, ModelReport
from reportgen.view.diff_checkpoint import counts
from reportgen.workers import executors, sandbox
from reportgen.workers.serving import Lost

_LARGEST_INDEX = 2**40  # bytes of files that an index names, all mapped into memory one after the other


@dataclass(frozen=True, slots=True)
class Task:
    """A file to read, and the bytes of memory that may take on top of the file's own."""

    file: WeightsFile
    memory_limit: int | None


def read(task: Task) -> Weights | CheckpointError:
    """For a worker: what the file holds, or why it cannot be read."""
    path = home() / task.file.path
    sandbox.enter(network=False)
    if task.memory_limit is not None:
        sandbox.limit_memory(task.memory_limit + _mapped(path))
    try:
        return weights.read(path, task.file.key)
    except CheckpointError as exc:
        return exc


def _mapped(path: Path) -> int:
    """Address space for the file, or for what an index names: all files beside it that may be."""
    try:
        files = path.parent.iterdir() if path.name.endswith(".index.json") else [path]
        return min(_LARGEST_INDEX, sum(file.stat().st_size for file in files if file.is_file()))
    except OSError:
        return 0


def lost(file: WeightsFile, result: Lost) -> CheckpointError:
    """The error for a file whose process gave no result."""
    return CheckpointError(
        f"{file.path.name} could not be read: its process {result.reason}",
        remedy="the file may be damaged, or made to do harm; download it again, or save it anew",
    )


def with_checkpoint(report: ModelReport, file: str | Path, *, key: str | None = None) -> ModelReport:
    """The record with the facts on a file of weights, ``report.checkpoint``; one that does not fit is an error in it.

    Nothing in the file is run, and of ``.safetensors`` files the header alone is read; files of torch are read in a
    process of their own. ``key`` leads to the tensors in a training checkpoint that has several lots of them.

    Raises:
        CheckpointError: the file cannot be read, is damaged or needs code to be run; or the model could not be built.
    """
    if not report.modules:
        raise CheckpointError(f"{report.model.ref} could not be built, so nothing fits it", remedy="mend the model")
    options = BatchOptions(jobs=1)
    task = Task(WeightsFile(Path(file).absolute(), key), executors.memory_limit(options))
    (done,) = executors.local(options, ()).map(read, [task])
    result = lost(task.file, done.result) if isinstance(done.result, Lost) else done.result
    if isinstance(result, CheckpointError):
        raise result
    return checked(report, result)


def checked(report: ModelReport, result: Weights | CheckpointError) -> ModelReport:
    """The record with what a file meets in it, or why that is not known; a model that was not built has neither."""
    if not report.modules:
        return report
    told = [row for row in report.diagnostics if not row.code.startswith("checkpoint-")]  # of a file before this one
    if isinstance(result, CheckpointError):
        told.append(_error(str(result), result.remedy, code=result.code))
        return msgspec.structs.replace(report, diagnostics=tuple(told))
    facts = check(result, report)
    if not facts.fits:
        told.append(_error(*_reason(facts), code="checkpoint-differs"))
    return msgspec.structs.replace(report, checkpoint=facts, diagnostics=tuple(told))


def _error(message: str, remedy: str | None, *, code: str) -> Diagnostic:
    return Diagnostic(severity="error", code=code, stage="ledger", module=None, message=message, remedy=remedy)


def _reason(facts: CheckpointFacts) -> tuple[str, str | None]:
    """Why a file does not fit, and what to do, in a line each."""
    if facts.absent:
        return f"{facts.name} names files that are not there: {', '.join(facts.absent)}", "put them beside it"
    if facts.unkept:
        return f"{facts.name} does not say where the keys really are: {facts.unkept[0]}", "make the index anew"
    if facts.loading.renames and facts.loading.renamed.loads:
        remedy = "rename its keys: the report has the map"
    else:
        remedy = "build the model as it was when it was saved, or give the file that belongs to it"
    return f"{facts.name} does not fit the model: {counts(facts.loading.verdict)}", remedy
