"""What the model computes: the same pass in three conventions, by kind of work, and by operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from reportgen.analysis.work import input_size
from reportgen.view import numbers, tables
from reportgen.view.page import Block, Cell, Facts, Section, Table
from reportgen.view.tables import field, tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.report.totals import (
        FlopConventions,
        FlopTotals,
        OperationCost,
        UncountedOperation,
        WorkCost,
        WorkKind,
    )

_KINDS: Mapping[WorkKind, str] = {
    "products": "products: linear, convolution, attention, recurrent",
    "normalisation": "normalisation",
    "activation": "activations and softmax",
    "elementwise": "element-wise",
    "reduction": "reductions",
    "resampling": "pooling and resampling",
}


def work(report: ModelReport) -> Iterator[Section]:
    """What the FLOPs were counted from, and what they leave out."""
    flops = report.totals.flops
    blocks: list[Block] = []
    if facts := tuple(_facts(report)):
        blocks.append(Facts(facts))
    if flops.conventions is not None and flops.conventions.everything:
        blocks.extend((_conventions(flops.conventions), _by_kind(flops.conventions)))
    if flops.operations:
        blocks.append(_operations(flops))
    if flops.uncounted:
        blocks.append(_uncounted(flops))
    if blocks:
        intro = (
            "FLOPs count the multiply-adds of matrix products, convolutions, attention and recurrent layers, two each. "
            "Normalisation, activations and element-wise work count as zero, and are listed apart."
        )
        yield Section("operations", "Operations", tuple(blocks), intro=intro)


def _facts(report: ModelReport) -> Iterator[tuple[str, Cell]]:
    flops = report.totals.flops
    if not flops.forward:
        return
    if flops.attention:
        share = numbers.percent(flops.attention, flops.forward)
        amount = numbers.flops(flops.attention)
        yield "Attention", Cell(f"{share} of the forward pass, {amount}: queries by keys, and weights by values")
    size = input_size(report.probe.inputs)
    if size is not None:
        each = numbers.flops(_nearest(flops.forward, size.number))
        yield f"Per {size.unit}", Cell(f"{each} forward, of {numbers.plural(size.number, size.unit)}")


def _nearest(number: int, parts: int) -> int:
    """One of so many equal parts, rounded half up."""
    return (2 * number + parts) // (2 * parts)


def _conventions(conventions: FlopConventions) -> Table:
    rows = (
        (
            "multiply-adds of products",
            conventions.multiply_adds,
            numbers.macs,
            "torchvision's and ptflops' figures",
        ),
        (
            "with normalisation and resampling",
            conventions.fvcore,
            numbers.macs,
            "fvcore's and timm's figures",
        ),
        (
            "all arithmetic, a multiply-add as two",
            conventions.everything,
            numbers.flops,
            "profilers' figures",
        ),
    )
    return tabulate(
        "conventions",
        rows,
        (
            field("convention", "convention", lambda row: Cell(row[0]), weight=3),
            field("forward", "forward", lambda row: Cell(row[2](row[1]), sort=row[1]), kind="number"),
            field("exact", "exactly", lambda row: tables.number(row[1]), kind="number"),
            field("compare", "compare with", lambda row: Cell(row[3]), weight=2),
        ),
        caption="One forward pass in three conventions",
    )


def _by_kind(conventions: FlopConventions) -> Table:
    rows: tuple[WorkCost, ...] = tuple(row for row in conventions.kinds if row.forward or row.backward)
    backward = any(row.backward is not None for row in rows)
    return tabulate(
        "work",
        rows,
        (
            field("kind", "work", lambda row: Cell(_KINDS[row.kind]), weight=3),
            field("forward", "FLOPs forward", lambda row: tables.number(row.forward), kind="number", weight=2),
            field("share", "share", lambda row: tables.share(row.forward, conventions.everything), kind="number"),
            field(
                "backward",
                "FLOPs backward",
                lambda row: tables.number(row.backward),
                kind="number",
                weight=2,
                shown=backward,
            ),
        ),
        caption="Everything, by kind of work",
    )


def _operations(flops: FlopTotals) -> Table:
    rows: tuple[OperationCost, ...] = flops.operations
    total = sum(row.flops for row in rows)
    apart = any(row.forward is not None for row in rows)  # older reports have the sum alone
    return tabulate(
        "operations",
        rows,
        (
            field("operation", "operation", lambda row: Cell(row.op), kind="code", weight=3),
            field("calls", "calls", lambda row: tables.number(row.calls), kind="number"),
            field("forward", "FLOPs forward", lambda row: tables.number(row.forward), kind="number", shown=apart),
            field("backward", "FLOPs backward", lambda row: tables.number(row.backward), kind="number", shown=apart),
            field("flops", "FLOPs", lambda row: tables.number(row.flops), kind="number", weight=2, shown=not apart),
            field("share", "share", lambda row: tables.share(row.flops, total), kind="number"),
        ),
        caption="Products by operation" if apart else "Products by operation, forward and backward together",
    )


def _uncounted(flops: FlopTotals) -> Table:
    rows: tuple[UncountedOperation, ...] = flops.uncounted
    return tabulate(
        "uncounted",
        rows,
        (
            field("operation", "operation", lambda row: Cell(row.op), kind="code", weight=3),
            field("calls", "calls", lambda row: tables.number(row.calls), kind="number"),
        ),
        caption="Not counted: no formula is known",
    )
