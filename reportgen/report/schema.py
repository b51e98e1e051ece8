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
WorkKind = Literal["products", "normalisation", "activation", "elementwise", "reduction", "resampling"]
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


class ParameterTotals(Record, frozen=True):
    """Parameter counts, in elements unless the name says otherwise."""

    declared: Count | None  # sum over every registered name
    unique: Count | None  # each tensor once; what "the number of parameters" means
    storage: Count | None  # each element of memory once
    trainable: Count | None  # trainable + frozen = unique
    frozen: Count | None
    packed: Count | None  # logical elements of packed (quantised) modules, which are no nn.Parameter
    active: Count | None  # used per token, for mixtures of experts whose source says so
    tensors: Count | None  # of unique
    bytes: Count | None  # of unique


class BufferTotals(Record, frozen=True):
    """Buffer counts; ``unique`` in elements."""

    unique: Count | None
    tensors: Count | None
    bytes: Count | None
    persistent_bytes: Count | None  # what state_dict() saves


class GradientTotals(Record, frozen=True):
    """Parameter tensors (ties once) with a gradient, without one, and the bytes of the gradients."""

    computed: Count | None
    none: Count | None
    bytes: Count | None


class OperationCost(Record, frozen=True):
    """One kind of operation that multiplies and adds, all its calls together; FLOPs of its products."""

    op: str  # aten.convolution
    calls: Count
    flops: Count  # forward + backward
    forward: Count | None = None
    backward: Count | None = None


class UncountedOperation(Record, frozen=True):
    """An operation that does arithmetic for which no formula is known."""

    op: str
    calls: Count


class WorkCost(Record, frozen=True):
    """FLOPs of one kind of work; docs/how-it-works.md says how each kind is counted."""

    kind: WorkKind
    forward: Count
    backward: Count | None


class FlopConventions(Record, frozen=True):
    """The same forward pass in three conventions; each is a lower bound where `FlopTotals.exact` is False."""

    multiply_adds: Count  # MACs of products alone: torchvision's published figures, ptflops'
    fvcore: Count  # MACs of products, plus fvcore's estimates for normalisation, pooling, resampling: timm's figures
    everything: Count  # FLOPs: products at 2 a multiply-add, and all other arithmetic
    kinds: tuple[WorkCost, ...]  # what `everything` is made of


class FlopTotals(Record, frozen=True):
    """Multiply-adds of products, convolutions and attention, two FLOPs each; other work is zero by this convention."""

    forward: Count | None
    backward: Count | None
    exact: bool  # False: a lower bound, and ``uncounted`` says why; or an upper one
    uncounted: tuple[UncountedOperation, ...]
    operations: tuple[OperationCost, ...] = ()  # forward and backward together, largest first
    conventions: FlopConventions | None = None
    upper_bound: bool = False  # where what runs depends on values, all was assumed to; a diagnostic says where
    attention: Count | None = None  # of forward: queries by keys and weights by values, fused or with a softmax between


class MacTotals(Record, frozen=True):
    """Multiply-accumulates: FLOPs / 2."""

    forward: Count | None


class BytesByBatch(Record, frozen=True):
    """Bytes as a line: ``fixed + per_sample × batch``; ``fixed`` is below zero where growth is faster than that."""

    fixed: int
    per_sample: int


class MemoryScaling(Record, frozen=True):
    """How memory grows with the batch, the first dimension of every input: lines through probes at two batches.

    The batches are large, for from some batch on the most is always there at the same moment, and a line is exact. A
    smaller batch may take more than its line says.
    """

    batches: tuple[Count, Count]
    saved_for_backward: BytesByBatch | None
    peak_training: BytesByBatch | None
    peak_inference: BytesByBatch | None


class MemoryMoment(Record, frozen=True):
    """The most bytes that were alive at once in a stretch of the forward pass, and the module that ran just then.

    The innermost that has a path; what runs in none is the model's. Stretches have equally many operations, but the
    last, which may have fewer.
    """

    module: Count  # its index in `ModelReport.modules`
    bytes: Count  # on top of parameters, buffers and inputs; with the CPU kernels' workspaces


class MemoryTotals(Record, frozen=True):
    """Bytes, for the probed inputs. Storages count, each once and whole, however many tensors are views of it.

    saved_for_backward: what is kept between forward and backward, other than parameters, buffers, and inputs and
    outputs that autograd does not need. · peak_training: the most that is there at once from the start of forward to
    the end of backward: parameters, buffers, inputs, activations, gradients, and the CPU kernels' workspaces; no
    optimizer. · peak_training_bf16: the same, if every float32 tensor were a bfloat16 one. · peak_inference: the same
    over a forward pass in eval mode without autograd. · timeline: the course of the forward pass that
    saved_for_backward is of, in at most 200 stretches; empty where that is not known.
    """

    parameters: Count | None
    buffers: Count | None
    gradients: Count | None
    saved_for_backward: Count | None
    peak_training: Count | None
    peak_training_bf16: Count | None = None
    peak_inference: Count | None = None
    scaling: MemoryScaling | None = None  # None: not asked for, or not applicable
    timeline: tuple[MemoryMoment, ...] = ()


class Totals(Record, frozen=True):
    """The key figures."""

    parameters: ParameterTotals
    buffers: BufferTotals
    state_dict_bytes: Count | None
    modules: Count | None
    gradients: GradientTotals
    flops: FlopTotals
    macs: MacTotals
    memory: MemoryTotals


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


class ModuleSlot(Record, frozen=True):
    """A place in the tree that `ModelReport.modules` has no row for: another path of a module, or one kept empty."""

    path: str
    before: Count  # how many rows of `modules` come before it on a walk through the tree, parents first
    module: Count | None  # the module that stands here too, by its index there; None: registered as None


class ClassVersion(Record, frozen=True):
    """What ``state_dict()`` notes as the version of all modules of a class, where that is not 1.

    ``fills`` are the buffers that such a module makes up itself where a state dict of an earlier version, or of none,
    lacks them: ``num_batches_tracked`` of a batch norm below version 2.
    """

    class_name: str = msgspec.field(name="class")
    version: Count
    fills: tuple[str, ...] = ()


class StateFacts(Record, frozen=True):
    """What ``state_dict()`` and ``load_state_dict()`` do that the ledger does not tell.

    The state dict has every name of the ledger, in the order of a walk through modules and slots: a module's own
    parameters, then its persistent buffers. That is no certain knowledge of ``custom`` modules, given by their index:
    they have hooks or methods of their own for saving and loading.
    """

    slots: tuple[ModuleSlot, ...] = ()
    versions: tuple[ClassVersion, ...] = ()
    custom: tuple[Count, ...] = ()


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
