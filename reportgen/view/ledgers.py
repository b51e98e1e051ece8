"""The ledgers: every parameter, buffer and module, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reportgen.analysis.fold import Node, walk
from reportgen.view import names, numbers, tables
from reportgen.view.gradients import gradient_cell
from reportgen.view.page import Cell, Section, Table
from reportgen.view.tables import LONG, field, tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import BufferFacts, ModelReport, ModuleFacts, ParameterFacts


@dataclass(frozen=True, slots=True)
class _Repeated:
    """A parameter that stands for those of all modules in a folded run."""

    name: str
    times: int
    row: ParameterFacts


def parameters(
    report: ModelReport, nodes: Sequence[Node], select: Sequence[str], *, appendix: bool = True
) -> Iterator[Section]:
    """The parameter ledger; ahead of a long one a summary with repeated blocks folded, where that is much shorter.

    ``select`` are patterns: only matching names are listed then.
    """
    rows = [row for row in report.parameters if not select or _matches(row.name, select)]
    note = None
    if select:
        note = f"{len(rows):,} of {numbers.plural(len(report.parameters), 'row')} match {' or '.join(select)}."
    if not report.parameters:
        return
    folded = list(_fold(nodes))
    if len(rows) > LONG and not select and 2 * len(folded) <= len(rows):
        table = _parameter_table("parameters-folded", folded, None)
        intro = f"{len(rows):,} names in {len(folded):,} rows, repeated blocks as one."
        intro += " The appendix lists every name." if appendix else ""
        yield Section("parameters-folded", "Parameters", (table,), intro=intro)
    ledger = _parameter_table("parameters", [_Repeated(row.name, 1, row) for row in rows], note)
    title = "All parameters" if ledger.long else "Parameters"
    yield Section("parameters", title, (ledger,), appendix=ledger.long)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _fold(nodes: Sequence[Node]) -> Iterator[_Repeated]:
    for chain in walk(nodes):
        for row in chain[-1].parameters:
            tied_to = None if row.tied_to is None else _within(chain, row.tied_to)
            yield _Repeated(_within(chain, row.name), names.repeats(chain), replace(row, tied_to=tied_to))


def _within(chain: Sequence[Node], name: str) -> str:
    """The name of a tensor in the first module of each run, as that of the tensors in all of them."""
    for length in range(len(chain), 0, -1):
        path = chain[length - 1].module.path
        if path and name.startswith(f"{path}."):
            return names.path(chain[:length]) + name.removeprefix(path)
    return name


def _parameter_table(table_id: str, items: Sequence[_Repeated], note: str | None) -> Table:
    rows = [item.row for item in items]
    folded = any(item.times > 1 for item in items)
    each = " each" if folded else ""
    ran = any(row.gradient.reason != "not_run" for row in rows)
    plain = all(
        row.gradient.status == "none" or (row.gradient.dtype, row.gradient.layout) == (row.dtype, "strided")
        for row in rows
    )
    return tabulate(
        table_id,
        items,
        (
            field("name", "name", lambda item: Cell(item.name), kind="name", weight=4),
            field(
                "times", "times", lambda item: Cell(f"×{item.times:,}", sort=item.times), kind="number", shown=folded
            ),
            field("shape", "shape", lambda item: tables.shape(item.row.shape), kind="code", weight=1.5),
            field("dtype", "dtype", lambda item: tables.text(item.row.dtype), kind="code"),
            field("elements", f"elements{each}", lambda item: tables.number(item.row.numel), kind="number", weight=1.3),
            field("bytes", f"bytes{each}", lambda item: tables.number(item.row.bytes, "B"), kind="number", weight=1.3),
            field("trainable", "trainable", lambda item: _trainable(item.row)),
            field(
                "tied_to",
                "tied to",
                lambda item: tables.text(item.row.tied_to),
                kind="name",
                weight=2,
                shown=_any_tied(rows),
            ),
            field("gradient", "gradient", lambda item: gradient_cell(item.row.gradient), weight=1.5, shown=ran),
            field(
                "gradient_dtype", "gradient dtype", lambda item: tables.text(item.row.gradient.dtype), shown=not plain
            ),
            field("layout", "gradient layout", lambda item: tables.text(item.row.gradient.layout), shown=not plain),
        ),
        anchor=lambda item: None if folded else f"p-{item.name}",
        note=note,
    )


def _any_tied(rows: Sequence[ParameterFacts | BufferFacts]) -> bool:
    return any(row.tied_to is not None for row in rows)


def _trainable(row: ParameterFacts) -> Cell:
    return tables.text("yes") if row.trainable else Cell("frozen", tone="muted")


def buffers(report: ModelReport) -> Iterator[Section]:
    """The buffer ledger."""
    rows: tuple[BufferFacts, ...] = report.buffers
    if not rows:
        return
    table: Table = tabulate(
        "buffers",
        rows,
        (
            field("name", "name", lambda row: Cell(row.name), kind="name", weight=4),
            field("shape", "shape", lambda row: tables.shape(row.shape), kind="code", weight=1.5),
            field("dtype", "dtype", lambda row: tables.text(row.dtype), kind="code"),
            field("elements", "elements", lambda row: tables.number(row.numel), kind="number", weight=1.3),
            field("bytes", "bytes", lambda row: tables.number(row.bytes, "B"), kind="number", weight=1.3),
            field(
                "persistent",
                "in state dict",
                lambda row: tables.text("yes") if row.persistent else Cell("no", tone="muted"),
            ),
            field(
                "tied_to", "tied to", lambda row: tables.text(row.tied_to), kind="name", weight=2, shown=_any_tied(rows)
            ),
        ),
        anchor=lambda row: f"b-{row.name}",
    )
    yield Section("buffers", "All buffers" if table.long else "Buffers", (table,), appendix=table.long)


def modules(report: ModelReport) -> Iterator[Section]:
    """Every module, unfolded; of a forward pass that failed, what its completed calls showed."""
    ran = any(row.calls for row in report.modules)
    rows: tuple[ModuleFacts, ...] = report.modules
    if len(rows) < 2:
        return
    table: Table = tabulate(
        "all-modules",
        rows,
        (
            field("path", "module", lambda row: Cell(row.path or names.MODEL), kind="name", weight=4),
            field("class", "class", lambda row: tables.class_name(row.class_name), kind="code", weight=2),
            field("calls", "calls", lambda row: tables.number(row.calls), kind="number", shown=ran),
            field("inputs", "inputs", lambda row: tables.shapes(row.inputs), kind="code", weight=2, shown=ran),
            field("outputs", "outputs", lambda row: tables.shapes(row.outputs), kind="code", weight=2, shown=ran),
            field("parameters", "parameters", lambda row: tables.number(row.parameters), kind="number", weight=1.5),
            field("own", "own", lambda row: tables.number(row.own_parameters), kind="number", weight=1.3),
            field(
                "forward",
                "FLOPs forward",
                lambda row: tables.number(row.flops_forward),
                kind="number",
                weight=1.6,
                shown=ran,
            ),
            field(
                "backward",
                "FLOPs backward",
                lambda row: tables.number(row.flops_backward),
                kind="number",
                weight=1.6,
                shown=ran,
            ),
            field(
                "saved",
                "bytes saved",
                lambda row: tables.number(row.saved_bytes, "B"),
                kind="number",
                weight=1.4,
                shown=any(row.saved_bytes for row in rows),
            ),
        ),
        anchor=lambda row: f"m-{row.path}",
    )
    yield Section("all-modules", "All modules", (table,), appendix=True)
