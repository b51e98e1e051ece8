"""What a reader should notice in a record, as data; `view` has the words.

| code | items (``amount``) | amount | whole |
| --- | --- | --- | --- |
| lazy-parameters | parameters that were never materialised | | |
| no-differentiable-output | outputs | | |
| unused-parameters | parameters (elements) | their elements | unique |
| detached-parameters | parameters (elements) | their elements | unique |
| modules-never-ran | topmost modules (elements) | | |
| device-fallback | the device used, ``of`` the one requested | | |
| uncounted-operations | operations (calls) | | |
| mixed-dtypes | dtypes (elements) | | unique |
| frozen-parameters | parameters (elements) | their elements | unique |
| tied-parameters | further names, ``of`` the first (elements) | elements saved | declared |
| shared-storage | | elements in two or more tensors | unique |
| mode-dependent | classes (modules) | | |
| transient-buffers | buffers that state_dict leaves out (bytes) | their bytes | buffer bytes |
| no-parameters | | | |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reportgen.analysis.totals import by_dtype
from reportgen.report.sums import add

if TYPE_CHECKING:
    from reportgen.report.schema import BufferFacts, GradientReason, ModelReport, ParameterFacts

FindingCode = Literal[
    "lazy-parameters",
    "no-differentiable-output",
    "unused-parameters",
    "detached-parameters",
    "modules-never-ran",
    "device-fallback",
    "uncounted-operations",
    "mixed-dtypes",
    "frozen-parameters",
    "tied-parameters",
    "shared-storage",
    "mode-dependent",
    "transient-buffers",
    "no-parameters",
]

# Parts of class names of what behaves differently in training and evaluation. (Frozen batch norms do not.)
_MODE_DEPENDENT = ("Dropout", "BatchNorm", "DropPath", "DropBlock", "StochasticDepth", "RReLU")
# Where nothing is in them, that they are never called says nothing.
_PASSIVE = frozenset({"ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "Identity"})


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a finding is about; `amount` and `of` as the table above says."""

    name: str
    amount: int | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: a code, what it is about in the record's order, and how much of the whole."""

    code: FindingCode
    items: tuple[Item, ...] = ()
    amount: int | None = None
    whole: int | None = None


def findings(report: ModelReport) -> tuple[Finding, ...]:
    """All findings, in the order of the table above: the gravest first. Each code comes at most once."""
    return (
        *_lazy(report),
        *_no_differentiable_output(report),
        *_without_gradient(report, "unused-parameters", "unused"),
        *_without_gradient(report, "detached-parameters", "detached"),
        *_never_ran(report),
        *_device_fallback(report),
        *_uncounted(report),
        *_mixed_dtypes(report),
        *_without_gradient(report, "frozen-parameters", "frozen"),
        *_tied(report),
        *_shared_storage(report),
        *_mode_dependent(report),
        *_transient_buffers(report),
        *_no_parameters(report),
    )


def _about(
    code: FindingCode, rows: Iterable[ParameterFacts], whole: int | None, *, of: bool = False
) -> Iterator[Finding]:
    """One finding about parameters, if there are any."""
    items = tuple(Item(row.name, row.numel, row.tied_to if of else None) for row in rows)
    if items:
        yield Finding(code, items, add(item.amount for item in items), whole)


def _lazy(report: ModelReport) -> Iterator[Finding]:
    lazy = [row for row in report.parameters if row.shape is None and row.tied_to is None]
    if lazy:
        yield Finding("lazy-parameters", tuple(Item(row.name) for row in lazy))


def _no_differentiable_output(report: ModelReport) -> Iterator[Finding]:
    probe = report.probe
    skipped = probe.stages.forward == "ok" and probe.stages.backward == "skipped" and probe.loss != "none"
    if skipped and any(row.trainable for row in report.parameters):
        yield Finding("no-differentiable-output", tuple(Item(output.path) for output in probe.outputs or ()))


def _without_gradient(report: ModelReport, code: FindingCode, reason: GradientReason) -> Iterator[Finding]:
    rows = (row for row in report.parameters if row.tied_to is None and row.gradient.reason == reason)
    yield from _about(code, rows, report.totals.parameters.unique)


def _never_ran(report: ModelReport) -> Iterator[Finding]:
    """Modules that were not called, and nothing in them either, nor was a parameter of theirs read.

    (``MultiheadAttention`` reads the weights of its ``out_proj`` without calling it.) Of a frozen parameter it is not
    known whether it was read, so its module gets the benefit of the doubt.
    """
    active: set[str] = set()
    called = [module.path for module in report.modules if module.calls]
    read = [row.name for row in report.parameters if row.gradient.reason != "unused"]
    for name in (*called, *read):
        path = name
        while path not in active:
            active.add(path)
            path = path.rpartition(".")[0]
    parents = {module.path.rpartition(".")[0] for module in report.modules}
    items = tuple(
        Item(module.path, module.parameters)
        for module in report.modules
        if module.calls == 0
        and module.path not in active
        and module.path.rpartition(".")[0] in active
        and (module.path in parents or _simple(module.class_name) not in _PASSIVE)
    )
    if items:
        yield Finding("modules-never-ran", items)


def _device_fallback(report: ModelReport) -> Iterator[Finding]:
    device = report.probe.device
    if device.requested not in {"auto", device.used, device.used.partition(":")[0]}:  # cuda may turn out as cuda:0
        yield Finding("device-fallback", (Item(device.used, of=device.requested),))


def _uncounted(report: ModelReport) -> Iterator[Finding]:
    uncounted = report.totals.flops.uncounted
    if uncounted:
        yield Finding("uncounted-operations", tuple(Item(row.op, row.calls) for row in uncounted))


def _mixed_dtypes(report: ModelReport) -> Iterator[Finding]:
    groups = by_dtype(report.parameters)
    if len(groups) > 1:
        items = tuple(Item(group.key, group.elements) for group in groups)
        yield Finding("mixed-dtypes", items, whole=report.totals.parameters.unique)


def _tied(report: ModelReport) -> Iterator[Finding]:
    rows = (row for row in report.parameters if row.tied_to is not None)
    yield from _about("tied-parameters", rows, report.totals.parameters.declared, of=True)


def _shared_storage(report: ModelReport) -> Iterator[Finding]:
    unique, storage = report.totals.parameters.unique, report.totals.parameters.storage
    if unique is not None and storage is not None and storage < unique:
        yield Finding("shared-storage", amount=unique - storage, whole=unique)


def _mode_dependent(report: ModelReport) -> Iterator[Finding]:
    classes = Counter(_simple(module.class_name) for module in report.modules if module.calls != 0)
    items = tuple(
        Item(name, number)
        for name, number in classes.items()
        if not name.startswith("Frozen") and any(part in name for part in _MODE_DEPENDENT)
    )
    if items:
        yield Finding("mode-dependent", items)


def _transient_buffers(report: ModelReport) -> Iterator[Finding]:
    rows: list[BufferFacts] = [row for row in report.buffers if not row.persistent and row.tied_to is None]
    if rows:
        items = tuple(Item(row.name, row.bytes) for row in rows)
        yield Finding("transient-buffers", items, add(row.bytes for row in rows), report.totals.buffers.bytes)


def _no_parameters(report: ModelReport) -> Iterator[Finding]:
    if report.totals.parameters.tensors == 0:
        yield Finding("no-parameters")


def _simple(class_name: str) -> str:
    return class_name.rpartition(".")[2]
