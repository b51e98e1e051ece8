"""The totals of a record: counts, bytes, work and memory. None is "not known", never 0."""

from __future__ import annotations

from typing import Literal

from reportgen.report.base import Count, Record

WorkKind = Literal["products", "normalisation", "activation", "elementwise", "reduction", "resampling"]


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
