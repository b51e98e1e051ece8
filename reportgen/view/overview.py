"""Which model this is, how it was measured and how to do that again, what went in and what came out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from reportgen.view import tables
from reportgen.view.page import Block, Cell, Code, Facts, Section, Table
from reportgen.view.tables import NONE, field, tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import InputFacts, ModelReport, OutputFacts

_URL = re.compile(r"https?://[^\s<>\"]+")
_LIVE = "live"  # the source of a module that was handed over in Python; no command can find it again
_ORIGINS: Mapping[str, str] = {"source": "the source", "user": "the user", "inferred": "the first layer"}
_FEW_VALUES = 8  # of an input, that its row shows
_WHOLE = "(output)"  # what the path "" of a lone tensor is shown as


def identity(report: ModelReport, select: Sequence[str], *, titled: bool = False) -> Iterator[Section]:
    """What the report is about, and under which conditions its figures hold.

    ``titled``: the heading is not the model's name, so that stands here.
    """
    facts = Facts(tuple((label, cell) for label, cell in _identity(report, titled=titled) if cell is not None))
    blocks: tuple[Block, ...] = (facts,)
    intro = None
    if report.model.source != _LIVE:
        blocks = (facts, Code(command(report, select), "sh"))
        intro = "The command below makes this report again."
    yield Section("identity", "Identity and conditions", blocks, intro=intro)


def _identity(report: ModelReport, *, titled: bool) -> Iterator[tuple[str, Cell | None]]:
    model, probe = report.model, report.probe
    version = f"{model.source} {model.package_version}" if model.package_version else model.source
    arguments = ", ".join(f"{key}={value!r}" for key, value in model.kwargs.items())
    device = probe.device
    used = device.used if device.used == device.requested else f"{device.used}, where {device.requested} was asked for"
    yield "Name", Cell(model.name) if titled else None
    yield "Reference", Cell(model.ref)
    yield "Class", Cell(model.class_name) if model.class_name else None
    yield "Source", Cell(version)
    yield "Arguments", Cell(arguments) if arguments else None
    yield "Tags", Cell(", ".join(model.tags)) if model.tags else None
    yield "Group", Cell(model.group) if model.group else None
    yield "Published", linked(model.citation) if model.citation else None
    yield "Device", Cell(used, tone="plain" if device.used == device.requested else "warn")
    yield "Dtype", Cell(f"{probe.dtype}: the built model and its float32 inputs were cast") if probe.dtype else None
    yield "Mode", Cell(probe.mode)
    yield "Loss", Cell(probe.loss)
    yield "Seed", Cell(str(probe.seed))
    yield "Frozen", Cell(", ".join(probe.freeze)) if probe.freeze else None
    if probe.status != "complete":
        outcomes = [f"{stage} {getattr(probe.stages, stage)}" for stage in ("instantiate", "forward", "backward")]
        yield "Stages", Cell(", ".join(outcomes), tone="warn")
    versions = ", ".join(f"{name} {version}" for name, version in report.environment.items())
    yield "Measured with", Cell(versions) if versions else None
    yield "Fingerprint", Cell(report.fingerprint) if report.fingerprint else None


def printed(report: ModelReport) -> Iterator[Section]:
    """What the model's code wrote to standard output and standard error."""
    if report.printed:
        yield Section("printed", "Printed by the model", (Code(report.printed),))


def linked(citation: str) -> Cell:
    """A citation that leads to the first address in it."""
    url = _URL.search(citation)
    return Cell(citation, href=url[0].rstrip(".,;)") if url else None)


def command(report: ModelReport, select: Sequence[str] = ()) -> str:
    """The shell command that measures the same model in the same way; what is the default is left out."""
    probe = report.probe
    words = ["reportgen", "build", report.model.ref]
    for option, value, default in (
        ("--device", probe.device.requested, "meta"),
        ("--dtype", probe.dtype, None),
        ("--mode", probe.mode, "train"),
        ("--loss", probe.loss, probe.loss if probe.loss_origin == "source" else None),
        ("--seed", str(probe.seed), "0"),
    ):
        if value is not None and value != default:
            words += [option, value]
    for row in probe.inputs:
        if row.origin == "user":
            words += ["--input", _input(row)]
    if report.audit is not None:
        words.append("--audit")
    if report.measured is not None:
        words.append("--measure")
    if report.checkpoint is not None:
        words += ["--checkpoint", report.checkpoint.name]
        words += ["--checkpoint-key", report.checkpoint.key] if report.checkpoint.key is not None else ()
    for option, patterns in (("--freeze", probe.freeze), ("--select", select)):
        for pattern in patterns:
            words += [f"{option}={pattern}"] if pattern.startswith("-") else [option, pattern]
    return shlex.join(words)


def _input(row: InputFacts) -> str:
    """``x=1x3x224x224:float16``: the text of an ``--input``. What is no argument's name was given by position."""
    name = f"{row.name}=" if row.name.partition(".")[0].isidentifier() else ""
    values = f":{row.values[0]}-{row.values[1]}" if row.values is not None else ""
    if row.data is not None:
        values = f":[{','.join(map(str, row.data))}]"
    dtype = f":{row.dtype}" if values or row.dtype != "float32" else ""
    return f"{name}{'x'.join(map(str, row.shape)) or 'scalar'}{dtype}{values}"


def inputs_outputs(report: ModelReport) -> Iterator[Section]:
    """The tensors that went into ``forward`` and those that came out."""
    blocks: list[Block] = []
    if report.probe.inputs:
        blocks.append(_inputs(report.probe.inputs))
    if report.probe.outputs:
        blocks.append(_outputs(report.probe.outputs))
    if blocks:
        yield Section("inputs-outputs", "Inputs and outputs", tuple(blocks))


def _inputs(rows: Sequence[InputFacts]) -> Table:
    return tabulate(
        "inputs",
        rows,
        (
            field("name", "name", lambda row: Cell(row.name), kind="name", weight=2),
            field("shape", "shape", lambda row: tables.shape(row.shape), kind="code", weight=2),
            field("dtype", "dtype", lambda row: Cell(row.dtype), kind="code"),
            field("values", "values", _values, kind="code", shown=any(row.values or row.data for row in rows)),
            field("origin", "given by", lambda row: Cell(_ORIGINS[row.origin])),
        ),
        caption="Inputs",
    )


def _values(row: InputFacts) -> Cell:
    """The range that integers were drawn from, or the values themselves, of which many are the hint only."""
    if row.data is not None:
        given = ", ".join(map(str, row.data))
        return Cell(given) if len(row.data) <= _FEW_VALUES else Cell("given", hint=given)
    return NONE if row.values is None else Cell("–".join(map(str, dict.fromkeys(row.values))))


def _outputs(rows: Sequence[OutputFacts]) -> Table:
    return tabulate(
        "outputs",
        rows,
        (
            field("path", "name", lambda row: Cell(row.path or _WHOLE), kind="name", weight=2),
            field("shape", "shape", lambda row: tables.shape(row.shape), kind="code", weight=2),
            field("dtype", "dtype", lambda row: Cell(row.dtype), kind="code"),
            field("in_loss", "in the loss", lambda row: Cell("yes") if row.in_loss else Cell("no", tone="muted")),
        ),
        caption="Outputs",
    )
