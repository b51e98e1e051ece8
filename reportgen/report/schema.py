"""The record: what the probe found out about one model, frozen, and made of numbers, strings and tuples only.

Everything after the probe is made from a `ModelReport` alone. The types here *are* the file format: `codec` reads and
writes them as ``report.json``, and the shipped JSON Schema is made from them by ``python -m reportgen.report.codec``.

Conventions, everywhere: integers are exact; ``None`` is "not known", never 0; ``numel`` and parameter figures count
elements, ``bytes`` are in the real dtype; dtypes are torch's names without ``torch.``; order is registration order;
1 multiply-add = 1 MAC = 2 FLOPs.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from reportgen.report.base import Count, Record, Shape
from reportgen.report.checkpoint import CheckpointFacts
from reportgen.report.state import StateFacts
from reportgen.report.totals import Totals

if TYPE_CHECKING:
    import pandas as pd

FORMAT: Literal["reportgen/model-report"] = "reportgen/model-report"
FORMAT_VERSION: Literal[1] = 1

Sizes = tuple[Count | None, ...]  # of what modules take and give: None where a nested tensor is ragged
Status = Literal["complete", "partial", "failed"]
StageStatus = Literal["ok", "failed", "skipped"]
Mode = Literal["train", "eval"]
Severity = Literal["error", "warning", "note"]
Stage = Literal["instantiate", "inputs", "forward", "backward", "ledger"]
GradientStatus = Literal["computed", "none"]
PeakSource = Literal["allocator", "profiler"]
AuditName = Literal["identity", "closed_forms", "plain_kernels", "real_run"]
AuditResult = Literal["agreed", "differed", "not_applicable"]
GradientReason = Literal["frozen", "unused", "detached", "non_differentiable", "not_run"]


class ModelIdentity(Record, frozen=True):
    """Which model this is, and how it was named, found and built."""

    ref: str
    name: str
    source: str
    class_name: str | None = msgspec.field(name="class")  # qualified; None where the constructor failed
    kwargs: dict[str, Any]
    package_version: str | None = None
    description: str | None = None  # one or two plain sentences by the model's author or registry
    citation: str | None = None  # where the architecture was published
    tags: tuple[str, ...] = ()  # that the user gave it
    group: str | None = None  # the user's name for the models that it is to be compared with


class DeviceFacts(Record, frozen=True):
    """``used`` differs from ``requested`` where a fallback was needed; a diagnostic then says why."""

    requested: str
    used: str


class InputFacts(Record, frozen=True):
    """One tensor given to ``forward``; ``name`` is its path among the arguments: ``x``, ``targets.0.boxes``."""

    name: str
    shape: Shape
    dtype: str
    origin: Literal["source", "user", "inferred"]
    values: tuple[int, int] | None = None  # the inclusive range that integers were drawn from, where one was given
    data: tuple[int | float, ...] | None = None  # the values themselves, row by row, where they were given


class OutputFacts(Record, frozen=True):
    """One tensor that ``forward`` returned; ``path`` is its place in it: ``""``, ``logits``, ``0.boxes``."""

    path: str
    shape: Sizes
    dtype: str
    in_loss: bool


class StageFacts(Record, frozen=True):
    """How far the probe came."""

    instantiate: StageStatus
    forward: StageStatus
    backward: StageStatus


class ProbeFacts(Record, frozen=True):
    """The conditions of the measurement: the record holds for these and no others."""

    status: Status
    device: DeviceFacts
    mode: Mode
    loss: str
    seed: Count
    inputs: tuple[InputFacts, ...]
    outputs: tuple[OutputFacts, ...] | None  # None: the forward pass did not finish
    stages: StageFacts
    freeze: tuple[str, ...] = ()  # the --freeze patterns that were applied
    loss_origin: Literal["source", "user"] = "source"
    dtype: str | None = None  # what the built model and its float32 inputs were cast to; None: nothing was


class ModuleFacts(Record, frozen=True):
    """One module (under its first path, where it has several); figures cover its whole subtree.

    ``inputs`` and ``outputs`` are the tensors' shapes of its first call, however they were nested, in order.

    ``sources`` are the modules whose results it worked on, through any operations in between, over all its calls.
    They are held by the same module as it is (by path), itself among them where it is given again what it gave; -1 is
    what that holder was given itself. What comes from further away is told where the ways up the tree meet: if
    ``decoder.0`` works on what ``encoder.1`` gave, then ``decoder`` has the source ``encoder``, and ``decoder.0`` has
    -1. Likewise ``ends`` are the modules that it holds whose results its own were made from; -1 is what it was given
    itself, so that a layer that holds none has just that. Lists of modules, which are never called, have both from what
    they hold. Parameters and constants are nobody's results: () says that there was nothing else.

    Both are indexes in `ModelReport.modules`, ascending, the last 64 where there are more. None: forward did not
    finish, or neither the module nor anything that it holds was called.
    """

    path: str  # "" is the model itself
    class_name: str = msgspec.field(name="class")
    calls: Count | None  # None: not known, because the forward pass did not finish
    inputs: tuple[Sizes, ...] | None
    outputs: tuple[Sizes, ...] | None
    parameters: Count | None  # unique elements in the subtree
    own_parameters: Count | None  # unique elements directly on it
    flops_forward: Count | None
    flops_backward: Count | None
    saved_bytes: Count | None = None  # of the storages that its calls made and that are kept for backward
    sources: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None


class GradientFacts(Record, frozen=True):
    """What ``.grad`` held after backward. Where there is none, everything but ``status`` and ``reason`` is None.

    frozen: ``requires_grad`` is off · unused: no operation of the forward pass read the tensor · detached: some
    operation read it, but no path leads from it to the loss · non_differentiable: its dtype, or everything the model
    returned, cannot carry a gradient · not_run: backward did not run, or failed.
    """

    status: GradientStatus
    shape: Shape | None = None
    dtype: str | None = None
    layout: str | None = None
    reason: GradientReason | None = None


class ParameterFacts(Record, frozen=True):
    """One registered name. A second name of the same tensor is a row of its own, ``tied_to`` the first."""

    name: str
    shape: Shape | None  # None: a lazy parameter that was never materialised
    dtype: str
    numel: Count | None
    bytes: Count | None
    trainable: bool
    tied_to: str | None
    gradient: GradientFacts


class BufferFacts(Record, frozen=True):
    """One registered buffer name; ``persistent`` buffers are part of ``state_dict()``."""

    name: str
    shape: Shape | None
    dtype: str
    numel: Count | None
    bytes: Count | None
    persistent: bool
    tied_to: str | None


class Diagnostic(Record, frozen=True):
    """Something the reader must know. ``code`` leads to its entry in docs/messages.md."""

    severity: Severity
    code: str
    stage: Stage
    module: str | None  # the path of the module it happened in
    message: str
    remedy: str | None = None
    traceback: str | None = None  # the user's own frames, where their code failed


class Measured(Record, frozen=True):
    """What running the model took on a real machine: seconds and bytes that are others on the next run.

    Seconds are medians of ``runs`` after warm-up. The peak is of one training step (of a forward pass where there is no
    backward), with parameters, buffers and inputs: as the device's allocator keeps it, or from the profiler's memory
    events on the CPU.
    """

    device: str
    threads: Count | None  # of the CPU
    runs: Count
    forward_seconds: float
    step_seconds: float | None  # forward, loss and backward; None without a backward pass
    peak_bytes: Count | None
    peak_source: PeakSource | None


class AuditCheck(Record, frozen=True):
    """One independent recount of the record; where figures differ, a diagnostic ``audit-differs`` names them.

    identity: tensors told apart by identity and memory, and added up anew, against ledger, tree and totals ·
    closed_forms: each layer's FLOPs by the formula of its type, against the count of its operations · plain_kernels:
    the whole probe again with torch's own kernels alone, every figure · real_run: the whole probe again with real
    values on the CPU, everything but memory.
    """

    name: AuditName
    result: AuditResult
    compared: Count = 0  # figures
    differed: Count = 0
    covered: Count | None = None  # closed_forms: forward FLOPs of the layers that have a formula, of all
    whole: Count | None = None
    reason: str | None = None  # why not applicable


class ModelReport(Record, frozen=True, kw_only=True):
    """Everything the probe found out about one model."""

    format: Literal["reportgen/model-report"] = FORMAT
    format_version: Literal[1] = FORMAT_VERSION
    model: ModelIdentity
    probe: ProbeFacts
    totals: Totals
    modules: tuple[ModuleFacts, ...]
    parameters: tuple[ParameterFacts, ...]
    buffers: tuple[BufferFacts, ...]
    diagnostics: tuple[Diagnostic, ...]
    environment: dict[str, str]
    fingerprint: str | None  # "sha256:…"; None where nothing was instantiated
    audit: tuple[AuditCheck, ...] | None = None  # None: not asked for
    measured: Measured | None = None  # None: not asked for
    printed: str | None = None  # by the model's code, in a batch; of much of it the first and the last
    state: StateFacts | None = None  # None: nothing was instantiated, or a reportgen before this wrote the record
    checkpoint: CheckpointFacts | None = None  # None: none was given, or it could not be read

    @property
    def error(self) -> Diagnostic | None:
        """The first error among the diagnostics: why it is not complete, where it is not."""
        return next((row for row in self.diagnostics if row.severity == "error"), None)

    def to_dict(self) -> dict[str, Any]:
        """The record as plain dicts, lists, strings and numbers: exactly what ``report.json`` holds."""
        from reportgen.report import codec

        return codec.to_dict(self)

    def to_json(self) -> str:
        """The text of ``report.json``: the same record always gives the same text."""
        from reportgen.report import codec

        return codec.to_json(self)

    def save(self, path: str | Path) -> Path:
        """Writes the report as a file of its own, ``.json``, ``.md``, ``.html`` or ``.pdf`` by its suffix.

        Raises:
            ConfigError: there is no such format.
            RenderError, WriteError: it cannot be made, or written.
        """
        return _presenting().save(self, path)  # type: ignore[no-any-return]

    def to_dataframe(self, table: Literal["parameters", "buffers", "modules"] = "parameters") -> pd.DataFrame:
        """A ledger as a data frame of pandas, a row for each name; shapes are tuples.

        Raises:
            ConfigError: there is no such ledger.
            RendererUnavailable: pandas is not installed, or does not load.
        """
        return _presenting().to_dataframe(self, table)

    def _repr_html_(self) -> str:
        return _presenting().html(self)  # type: ignore[no-any-return]

    def _repr_markdown_(self) -> str:
        return _presenting().markdown(self)  # type: ignore[no-any-return]

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(_presenting().line(self))


def _presenting() -> Any:
    """What shows records to people. It comes after this package, which imports nothing of ours: so only by its name."""
    return import_module("reportgen.presenting")
