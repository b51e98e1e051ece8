"""Records made by hand, for everything after the probe: small, whole, and consistent without a model or torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import settings

from reportgen.config import RenderOptions
from reportgen.rendering import write_report
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
from reportgen.runs.batch import index_entry
from reportgen.runs.index import write_index
from reportgen.runs.tasks import outcome_of

settings.register_profile("suite", derandomize=True, deadline=None)  # the same examples on every run, at any speed
settings.load_profile("suite")

MakeReport = Callable[..., ModelReport]
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
HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    "</td></tr></table><h1>x",
    "a|b`c*d_e~f",
    "[click](javascript:alert(1))",
    "![x](http://example.invalid/x.png)",
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt;",
    "```\n# heading",
    "\u202egpj.exe",
    "zero\u200bwidth",
    "bell\x07 escape\x1b[31m",
    "lone\ud800surrogate",
    "'\"; DROP TABLE x; --",
    "$x^2$ @everyone #1 https://example.invalid www.example.invalid",
    "-->",
    "\\",
    "   leading spaces",
    "日本語 😀",
)


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


def _make_report(
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


@pytest.fixture(scope="session")
def make_report() -> MakeReport:
    """The factory of records made by hand; see `_make_report` for what it takes."""
    return _make_report


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Gives every file below a folder of reports but the stamps, by its path in it."""

    def read(folder: Path) -> dict[str, bytes]:
        found = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != ".reportgen")
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}

    return read


@pytest.fixture
def leave() -> Callable[..., Path]:
    """Leaves reports in a folder, as a build does: ``leave(folder, {"slug": report}, formats=("json", "md"))``."""

    def write(folder: Path, reports: Mapping[str, ModelReport], formats: Sequence[str] = ("json",)) -> Path:
        options = RenderOptions(tuple(formats))
        outcomes = [
            outcome_of(report, slug, write_report(report, folder / slug, options)) for slug, report in reports.items()
        ]
        write_index([index_entry(outcome, folder, options) for outcome in outcomes], folder, options)
        return folder

    return write


@pytest.fixture(scope="session")
def hostile_names() -> tuple[str, ...]:
    """Names that attack HTML, Markdown, templates, terminals, or the eye."""
    return HOSTILE_NAMES


@pytest.fixture(scope="session")
def frozen_sequential() -> ModelReport:
    """``Sequential(Linear(4, 8), ReLU(), Linear(8, 2))`` with its first layer frozen: 40 + 18 = 58 parameters."""
    return _make_report(
        "frozen-sequential",
        modules={
            "": {"class_name": "Sequential", "inputs": ((1, 4),), "outputs": ((1, 2),)},
            "0": {"class_name": "Linear", "inputs": ((1, 4),), "outputs": ((1, 8),)},
            "1": {"class_name": "ReLU", "inputs": ((1, 8),), "outputs": ((1, 8),)},
            "2": {"class_name": "Linear", "inputs": ((1, 8),), "outputs": ((1, 2),)},
        },
        parameters={
            "0.weight": {"shape": (8, 4), "trainable": False},
            "0.bias": {"shape": (8,), "trainable": False},
            "2.weight": (2, 8),
            "2.bias": (2,),
        },
        flops={"0": 64, "2": 32},
        model={"description": "Three layers, the first one frozen."},
        probe={"freeze": ("0.*",)},
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


def _language_model(name: str, blocks: int, width: int, **more: Any) -> ModelReport:
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
    return _make_report(
        name,
        modules=modules,
        parameters=parameters,
        buffers=buffers,
        flops=flops,
        inputs=(InputFacts(name="input_ids", shape=(2, 16), dtype="int64", origin="source"),),
        outputs=(OutputFacts(path="logits", shape=(2, 16, 100), dtype="float32", in_loss=True),),
        **more,
    )


@pytest.fixture(scope="session")
def tied_gpt() -> ModelReport:
    """Two blocks of width 8 and a head tied to the embedding: 928 + 2·840 + 16 = 2,624 parameters, 3,424 declared."""
    return _language_model("tied-gpt", blocks=2, width=8)


@pytest.fixture(scope="session")
def transformer12() -> ModelReport:
    """Twelve equal blocks of width 8, which fold into one: 928 + 12·840 + 16 = 11,024 parameters."""
    return _language_model("transformer12", blocks=12, width=8)


@pytest.fixture(scope="session")
def forward_failed() -> ModelReport:
    """A model whose second layer got the wrong width: what was registered is known, what would have run is not."""
    return _make_report(
        "mismatched",
        modules={"": "models.Mismatched", "fc1": "Linear", "fc2": "Linear"},
        parameters={"fc1.weight": (8, 4), "fc1.bias": (8,), "fc2.weight": (2, 9), "fc2.bias": (2,)},
        failed="forward",
        diagnostics=(
            Diagnostic(
                severity="error",
                code="forward-failed",
                stage="forward",
                module="fc2",
                message="RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x8 and 9x2)",
                remedy="give inputs that the model accepts with --input, or correct the model",
                traceback='Traceback (most recent call last):\n  File "models.py", line 9, in forward\n'
                "    return self.fc2(self.fc1(x))\n"
                "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x8 and 9x2)",
            ),
        ),
    )


@pytest.fixture(scope="session")
def constructor_failed() -> ModelReport:
    """A model that was never built: nothing is known but its name and the reason."""
    return _make_report(
        "unbuildable",
        inputs=(),
        failed="instantiate",
        diagnostics=(
            Diagnostic(
                severity="error",
                code="instantiate-failed",
                stage="instantiate",
                module=None,
                message="ValueError: heads must divide width",
                remedy="give the constructor's arguments after ?",
                traceback='Traceback (most recent call last):\n  File "models.py", line 3, in __init__\n'
                '    raise ValueError("heads must divide width")\nValueError: heads must divide width',
            ),
        ),
    )


@pytest.fixture(scope="session")
def no_parameters() -> ModelReport:
    """A model of activations only."""
    shapes = {"inputs": ((1, 4),), "outputs": ((1, 4),)}
    classes = {"": "Sequential", "0": "ReLU", "1": "Dropout"}
    return _make_report(
        "activations",
        modules={path: {"class_name": class_name, **shapes} for path, class_name in classes.items()},
        outputs=(OutputFacts(path="", shape=(1, 4), dtype="float32", in_loss=True),),
        probe={"stages": StageFacts(instantiate="ok", forward="ok", backward="skipped")},
    )


@pytest.fixture(scope="session")
def hostile() -> ModelReport:
    """Every name that a model can choose for itself is an attack (`HOSTILE_NAMES`)."""
    modules: dict[str, Any] = {"": {"class_name": HOSTILE_NAMES[0], "inputs": ((1, 4),), "outputs": ((1, 2),)}}
    parameters: dict[str, Any] = {}
    for name in HOSTILE_NAMES:
        path = name.replace(".", "\u2024")  # a module's own name has no dot
        modules[path] = {"class_name": f"models.{name}", "inputs": ((1, 4),), "outputs": ((1, 4),)}
        parameters[f"{path}.{path}"] = (3,)
    return _make_report(
        HOSTILE_NAMES[0],
        modules=modules,
        parameters=parameters,
        buffers={f"{name}.buffer": (1,) for name in modules if name},
        inputs=tuple(InputFacts(name=name, shape=(1, 4), dtype="float32", origin="user") for name in HOSTILE_NAMES),
        outputs=tuple(OutputFacts(path=name, shape=(1,), dtype="float32", in_loss=True) for name in HOSTILE_NAMES),
        uncounted=dict.fromkeys(HOSTILE_NAMES, 1),
        diagnostics=tuple(
            Diagnostic(
                severity="warning",
                code="hostile",
                stage="forward",
                module=name,
                message=name,
                remedy=name,
                traceback=f"{name}\n````\n{name}",
            )
            for name in HOSTILE_NAMES
        ),
        model={
            "ref": f"python:{HOSTILE_NAMES[2]}",
            "description": HOSTILE_NAMES[0],
            "citation": HOSTILE_NAMES[3],
            "kwargs": dict.fromkeys(HOSTILE_NAMES, HOSTILE_NAMES[0]),
            "tags": HOSTILE_NAMES,
            "group": HOSTILE_NAMES[1],
        },
        probe={"freeze": HOSTILE_NAMES},
    )


@pytest.fixture(
    params=[
        "frozen_sequential",
        "tied_gpt",
        "transformer12",
        "forward_failed",
        "constructor_failed",
        "no_parameters",
        "hostile",
    ]
)
def any_report(request: pytest.FixtureRequest) -> ModelReport:
    """Each of the records above in turn."""
    report: ModelReport = request.getfixturevalue(request.param)
    return report


@pytest.fixture(scope="session")
def replace() -> Callable[..., Any]:
    """A copy of a record with some members changed: ``replace(report, parameters=())``."""
    return msgspec.structs.replace


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take a hundred times longer than one alone."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
