"""Records made by hand: small, whole, and consistent, without a model or torch. Tests get them from fixtures alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from reportgen.report.fingerprint import fingerprint
from reportgen.report.schema import (
    BufferFacts,
    DeviceFacts,
    Diagnostic,
    GradientFacts,
    InputFacts,
    ModelIdentity,
    ModelReport,
    ModuleFacts,
    OutputFacts,
    ParameterFacts,
    ProbeFacts,
    StageFacts,
)
from reportgen.report.totals import (
    BufferTotals,
    FlopTotals,
    GradientTotals,
    MacTotals,
    MemoryTotals,
    OperationCost,
    ParameterTotals,
    Totals,
    UncountedOperation,
)

ITEMSIZE = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "uint8": 1}
CLASSES = {
    "Linear": "torch.nn.modules.linear.Linear",
    "ReLU": "torch.nn.modules.activation.ReLU",
    "GELU": "torch.nn.modules.activation.GELU",
    "Dropout": "torch.nn.modules.dropout.Dropout",
    "Embedding": "torch.nn.modules.sparse.Embedding",
    "LayerNorm": "torch.nn.modules.normalization.LayerNorm",
    "BatchNorm1d": "torch.nn.modules.batchnorm.BatchNorm1d",
    "Sequential": "torch.nn.modules.container.Sequential",
    "ModuleList": "torch.nn.modules.container.ModuleList",
}


def _parameter(name: str, given: Sequence[int] | Mapping[str, Any], *, ran: bool) -> ParameterFacts:
    """``given``: the shape, or `ParameterFacts` members by name; a gradient follows unless a ``reason`` is given."""
    fields = dict(given) if isinstance(given, Mapping) else {"shape": tuple(given)}
    shape, dtype = fields["shape"], fields.get("dtype", "float32")
    trainable = fields.get("trainable", True)
    reason = fields.get("reason", None if trainable and ran else "frozen" if not trainable else "not_run")
    gradient = GradientFacts(status="none", reason=reason)
    if reason is None:
        gradient = GradientFacts(status="computed", shape=shape, dtype=dtype, layout=fields.get("layout", "strided"))
    numel = None if shape is None else prod(shape)
    return ParameterFacts(
        name=name,
        shape=shape,
        dtype=dtype,
        numel=numel,
        bytes=None if numel is None else numel * ITEMSIZE[dtype],
        trainable=trainable,
        tied_to=fields.get("tied_to"),
        gradient=gradient,
    )


def _buffer(name: str, given: Sequence[int] | Mapping[str, Any]) -> BufferFacts:
    fields = dict(given) if isinstance(given, Mapping) else {"shape": tuple(given)}
    dtype, numel = fields.get("dtype", "float32"), prod(fields["shape"])
    return BufferFacts(
        name=name,
        shape=fields["shape"],
        dtype=dtype,
        numel=numel,
        bytes=numel * ITEMSIZE[dtype],
        persistent=fields.get("persistent", True),
        tied_to=fields.get("tied_to"),
    )


def _elements(prefix: str, rows: Sequence[ParameterFacts], *, own: bool) -> int | None:
    """Unique elements in the subtree at ``prefix``, or directly on it."""
    start = f"{prefix}." if prefix else ""
    inside = [row for row in rows if row.name.startswith(start) and not (own and "." in row.name[len(start) :])]
    tensors = {row.tied_to or row.name: row.numel for row in inside}
    return None if None in tensors.values() else sum(number or 0 for number in tensors.values())


def _module(
    path: str, given: str | Mapping[str, Any], rows: Sequence[ParameterFacts], flops: Mapping[str, int], *, ran: bool
) -> ModuleFacts:
    fields = dict(given) if isinstance(given, Mapping) else {"class_name": given}
    class_name = fields["class_name"]
    start = f"{path}." if path else ""
    forward = sum(number for name, number in flops.items() if name == path or name.startswith(start))
    container = class_name == "ModuleList"
    return ModuleFacts(
        path=path,
        class_name=CLASSES.get(class_name, class_name),
        calls=fields.get("calls", 0 if container else 1) if ran else None,
        inputs=fields.get("inputs", ()) if ran else None,
        outputs=fields.get("outputs", ()) if ran else None,
        parameters=_elements(path, rows, own=False),
        own_parameters=_elements(path, rows, own=True),
        flops_forward=forward if ran else None,
        flops_backward=2 * forward if ran else None,
        saved_bytes=fields.get("saved_bytes"),
        sources=fields.get("sources"),
        ends=fields.get("ends"),
    )


def _parameter_totals(rows: Sequence[ParameterFacts], shared: int, active: int | None) -> ParameterTotals:
    unique = [row for row in rows if row.tied_to is None]
    known = [row.numel for row in unique if row.numel is not None]
    elements = sum(known) if len(known) == len(unique) else None
    trainable = sum(row.numel or 0 for row in unique if row.trainable)
    return ParameterTotals(
        declared=None if elements is None else sum(row.numel or 0 for row in rows),
        unique=elements,
        storage=None if elements is None else elements - shared,
        trainable=None if elements is None else trainable,
        frozen=None if elements is None else elements - trainable,
        packed=0,
        active=active,
        tensors=len(unique),
        bytes=None if elements is None else sum(row.bytes or 0 for row in unique),
    )


def _totals(
    modules: Sequence[ModuleFacts],
    rows: Sequence[ParameterFacts],
    buffers: Sequence[BufferFacts],
    parameters: ParameterTotals,
    uncounted: Mapping[str, int],
) -> Totals:
    unique = [row for row in buffers if row.tied_to is None]
    persistent = sum(row.bytes or 0 for row in unique if row.persistent)
    computed = [row for row in rows if row.tied_to is None and row.gradient.status == "computed"]
    forward = modules[0].flops_forward if modules else None
    buffer_bytes = sum(row.bytes or 0 for row in unique)
    gradient_bytes = sum(row.bytes or 0 for row in computed)
    return Totals(
        parameters=parameters,
        buffers=BufferTotals(
            unique=sum(row.numel or 0 for row in unique),
            tensors=len(unique),
            bytes=buffer_bytes,
            persistent_bytes=persistent,
        ),
        state_dict_bytes=None if parameters.bytes is None else parameters.bytes + persistent,
        modules=len(modules),
        gradients=GradientTotals(
            computed=len(computed), none=(parameters.tensors or 0) - len(computed), bytes=gradient_bytes
        ),
        flops=FlopTotals(
            forward=forward,
            backward=None if forward is None else 2 * forward,
            exact=not uncounted,
            uncounted=tuple(UncountedOperation(op=op, calls=calls) for op, calls in uncounted.items()),
            operations=(OperationCost(op="aten.addmm", calls=3, flops=3 * forward),) if forward else (),
        ),
        macs=MacTotals(forward=None if forward is None else forward // 2),
        memory=MemoryTotals(
            parameters=parameters.bytes,
            buffers=buffer_bytes,
            gradients=gradient_bytes if forward is not None else None,
            saved_for_backward=None,
            peak_training=None,
        ),
    )


def _unknown_totals() -> Totals:
    """What is known of a model whose constructor failed."""

    def nothing(kind: Any, **known: Any) -> Any:
        return kind(**{name: known.get(name) for name in kind.__struct_fields__})

    return Totals(
        parameters=nothing(ParameterTotals),
        buffers=nothing(BufferTotals),
        state_dict_bytes=None,
        modules=None,
        gradients=nothing(GradientTotals),
        flops=nothing(FlopTotals, exact=False, upper_bound=False, uncounted=(), operations=()),
        macs=nothing(MacTotals),
        memory=nothing(MemoryTotals, timeline=()),
    )


def make(
    name: str = "net",
    *,
    modules: Mapping[str, str | Mapping[str, Any]] | None = None,
    parameters: Mapping[str, Sequence[int] | Mapping[str, Any]] | None = None,
    buffers: Mapping[str, Sequence[int] | Mapping[str, Any]] | None = None,
    flops: Mapping[str, int] | None = None,
    uncounted: Mapping[str, int] | None = None,
    inputs: Sequence[InputFacts] = (InputFacts(name="x", shape=(1, 4), dtype="float32", origin="source"),),
    outputs: Sequence[OutputFacts] = (OutputFacts(path="", shape=(1, 2), dtype="float32", in_loss=True),),
    failed: str | None = None,
    diagnostics: Sequence[Diagnostic] = (),
    shared_elements: int = 0,
    active: int | None = None,
    model: Mapping[str, Any] | None = None,
    probe: Mapping[str, Any] | None = None,
) -> ModelReport:
    """A record that agrees with itself; every total is added up from what is given.

    Args:
        name: the model's name; its reference is ``builtin:NAME``.
        modules: path to class (short names of common ones are completed), or to `ModuleFacts` members.
        parameters: name to shape, or to ``shape``, ``dtype``, ``trainable``, ``tied_to``, ``reason``, ``layout``.
        buffers: name to shape, or to ``shape``, ``dtype``, ``persistent``, ``tied_to``.
        flops: module path to the forward FLOPs of its own (backward is twice that).
        uncounted: operation to calls.
        inputs: what ``forward`` got.
        outputs: what it returned.
        failed: the stage that failed: ``instantiate``, ``forward`` or ``backward``.
        diagnostics: as in the record.
        shared_elements: elements of memory that are in two parameters.
        active: parameters used per token.
        model: `ModelIdentity` members that differ.
        probe: `ProbeFacts` members that differ.
    """
    ran, built = failed not in {"instantiate", "forward"}, failed != "instantiate"
    rows = tuple(_parameter(key, value, ran=failed is None) for key, value in (parameters or {}).items() if built)
    buffer_rows = tuple(_buffer(key, value) for key, value in (buffers or {}).items() if built)
    module_rows = tuple(
        _module(path, given, rows, flops or {}, ran=ran) for path, given in (modules or {}).items() if built
    )
    stages = {
        None: StageFacts(instantiate="ok", forward="ok", backward="ok"),
        "instantiate": StageFacts(instantiate="failed", forward="skipped", backward="skipped"),
        "forward": StageFacts(instantiate="ok", forward="failed", backward="skipped"),
        "backward": StageFacts(instantiate="ok", forward="ok", backward="failed"),
    }
    identity = {
        "ref": f"builtin:{name}",
        "name": name,
        "source": "builtin",
        "class_name": module_rows[0].class_name if module_rows else None,
        "kwargs": {},
    }
    conditions = {
        "status": "complete" if failed is None else "partial" if built else "failed",
        "device": DeviceFacts(requested="meta", used="meta"),
        "mode": "train",
        "loss": "sum",
        "seed": 0,
        "inputs": tuple(inputs),
        "outputs": tuple(outputs) if ran else None,
        "stages": stages[failed],
    }
    counts = _parameter_totals(rows, shared_elements, active)
    return ModelReport(
        model=ModelIdentity(**identity | dict(model or {})),
        probe=ProbeFacts(**conditions | dict(probe or {})),
        totals=_totals(module_rows, rows, buffer_rows, counts, uncounted or {}) if built else _unknown_totals(),
        modules=module_rows,
        parameters=rows,
        buffers=buffer_rows,
        diagnostics=tuple(diagnostics),
        environment={"python": "3.11.7", "torch": "2.13.0", "reportgen": "1.0.0"},
        fingerprint=fingerprint(module_rows, rows, buffer_rows) if built else None,
    )


def _block(prefix: str, width: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, int]]:
    """Modules, parameters, buffers and FLOPs of one pre-norm transformer block over 2×16 tokens."""
    wide, hidden = ((2, 16, width),), ((2, 16, 4 * width),)
    modules = {
        prefix: {"class_name": "models.Block", "inputs": wide, "outputs": wide},
        f"{prefix}.norm1": {"class_name": "LayerNorm", "inputs": wide, "outputs": wide},
        f"{prefix}.attn": {"class_name": "models.Attention", "inputs": wide, "outputs": wide},
        f"{prefix}.attn.qkv": {"class_name": "Linear", "inputs": wide, "outputs": ((2, 16, 3 * width),)},
        f"{prefix}.attn.proj": {"class_name": "Linear", "inputs": wide, "outputs": wide},
        f"{prefix}.norm2": {"class_name": "LayerNorm", "inputs": wide, "outputs": wide},
        f"{prefix}.mlp": {"class_name": "Sequential", "inputs": wide, "outputs": wide},
        f"{prefix}.mlp.0": {"class_name": "Linear", "inputs": wide, "outputs": hidden},
        f"{prefix}.mlp.1": {"class_name": "GELU", "inputs": hidden, "outputs": hidden},
        f"{prefix}.mlp.2": {"class_name": "Linear", "inputs": hidden, "outputs": wide},
        f"{prefix}.mlp.3": {"class_name": "Dropout", "inputs": wide, "outputs": wide},
    }
    parameters = {
        f"{prefix}.norm1.weight": (width,),
        f"{prefix}.norm1.bias": (width,),
        f"{prefix}.attn.qkv.weight": (3 * width, width),
        f"{prefix}.attn.proj.weight": (width, width),
        f"{prefix}.norm2.weight": (width,),
        f"{prefix}.norm2.bias": (width,),
        f"{prefix}.mlp.0.weight": (4 * width, width),
        f"{prefix}.mlp.0.bias": (4 * width,),
        f"{prefix}.mlp.2.weight": (width, 4 * width),
        f"{prefix}.mlp.2.bias": (width,),
    }
    buffers = {f"{prefix}.attn.mask": {"shape": (1, 1, 16, 16), "persistent": False}}
    flops = {
        f"{prefix}.attn": 4 * 2 * 16 * 16 * width,
        f"{prefix}.attn.qkv": 2 * 32 * 3 * width * width,
        f"{prefix}.attn.proj": 2 * 32 * width * width,
        f"{prefix}.mlp.0": 2 * 32 * 4 * width * width,
        f"{prefix}.mlp.2": 2 * 32 * 4 * width * width,
    }
    return modules, parameters, buffers, flops


def language_model(name: str, blocks: int, width: int, **more: Any) -> ModelReport:
    """A decoder over a vocabulary of 100 with learnt positions and a head tied to its token embedding."""
    wide = ((2, 16, width),)
    modules: dict[str, Any] = {
        "": {"class_name": "models.GPT", "inputs": ((2, 16),), "outputs": ((2, 16, 100),)},
        "wte": {"class_name": "Embedding", "inputs": ((2, 16),), "outputs": wide},
        "wpe": {"class_name": "Embedding", "inputs": ((16,),), "outputs": ((16, width),)},
        "h": "ModuleList",
    }
    parameters: dict[str, Any] = {"wte.weight": (100, width), "wpe.weight": (16, width)}
    buffers: dict[str, Any] = {}
    flops: dict[str, int] = {}
    for index in range(blocks):
        for whole, part in zip((modules, parameters, buffers, flops), _block(f"h.{index}", width), strict=True):
            whole.update(part)
    modules["norm"] = {"class_name": "LayerNorm", "inputs": wide, "outputs": wide}
    modules["head"] = {"class_name": "Linear", "inputs": wide, "outputs": ((2, 16, 100),)}
    parameters["norm.weight"] = parameters["norm.bias"] = (width,)
    parameters["head.weight"] = {"shape": (100, width), "tied_to": "wte.weight"}
    flops["head"] = 2 * 32 * 100 * width
    return make(
        name,
        modules=modules,
        parameters=parameters,
        buffers=buffers,
        flops=flops,
        inputs=(InputFacts(name="input_ids", shape=(2, 16), dtype="int64", origin="source"),),
        outputs=(OutputFacts(path="logits", shape=(2, 16, 100), dtype="float32", in_loss=True),),
        **more,
    )
