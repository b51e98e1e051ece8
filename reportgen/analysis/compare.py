"""Models side by side: every total, stages and layer types, and their trees lined up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from reportgen.analysis.figures import figures
from reportgen.analysis.fold import Node, count_up, fold, successor
from reportgen.analysis.lineup import Lineup, Part, line_up
from reportgen.analysis.resolution import Image
from reportgen.analysis.summary import bound
from reportgen.analysis.totals import Own, by_class, own_by
from reportgen.report.comparison import (
    Amounts,
    Branch,
    Compared,
    Comparison,
    Condition,
    LayerKind,
    Line,
    Quantity,
    Stage,
)

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

K = TypeVar("K", bound=Hashable)
FEWEST, MOST = 2, 50  # models
_CONDITIONS: Mapping[Condition, Callable[[Compared], Hashable]] = {
    "inputs": lambda model: tuple((row.shape, row.dtype, row.data) for row in model.inputs),
    "mode": lambda model: model.mode,
    "dtype": lambda model: model.dtype,
    "loss": lambda model: model.loss,
    "device": lambda model: model.device,
    "freeze": lambda model: model.freeze,
}


def compare(
    reports: Sequence[ModelReport], baseline: int = 0, *, nodes: Sequence[Sequence[Node]] | None = None
) -> Comparison:
    """The records side by side, in their order; the others are told against the one in the place ``baseline``.

    ``nodes`` are the same models folded, where they are at hand.
    """
    folded = [fold(report) for report in reports] if nodes is None else nodes
    images = [Image.of(report.probe.inputs) for report in reports]
    models = tuple(map(_compared, reports))
    reported = [model for model in models if model.status != "failed"]
    return Comparison(
        models=models,
        baseline=baseline,
        differing=tuple(name for name, of in _CONDITIONS.items() if len({of(model) for model in reported}) > 1),
        totals=_totals(reports),
        stages=_stages(folded, images),
        layers=_layers(folded),
        tree=tuple(_joined(map(_line, line_up(folded, images)))),
    )


def _compared(report: ModelReport) -> Compared:
    model, probe = report.model, report.probe
    return Compared(
        ref=model.ref,
        name=model.name,
        class_name=model.class_name,
        status=probe.status,
        reason=None if report.error is None else report.error.message.partition("\n")[0],
        fingerprint=report.fingerprint,
        mode=probe.mode,
        dtype=probe.dtype,
        device=probe.device.used,
        loss=probe.loss,
        inputs=probe.inputs,
        freeze=probe.freeze,
        flops=bound(report.totals.flops),
        environment=report.environment,
    )


def _totals(reports: Sequence[ModelReport]) -> tuple[Quantity, ...]:
    columns = [figures(report.totals) for report in reports]
    names = dict.fromkeys(name for column in columns for name in column)
    return tuple(Quantity(name, tuple(column.get(name) for column in columns)) for name in names)


def _stages(models: Sequence[Sequence[Node]], images: Sequence[Image | None]) -> tuple[Stage, ...]:
    """None where a model takes no image, or where there would be a single one."""
    columns = []
    for nodes, image in zip(models, images, strict=True):
        if nodes and image is None:
            return ()
        columns.append(own_by(nodes, image.reduction) if image else ())
    rows = _rows(columns)
    ordered = sorted(rows.items(), key=lambda item: inf if item[0] is None else item[0])
    return tuple(Stage(reduction, amounts) for reduction, amounts in ordered) if len(rows) > 1 else ()


def _layers(models: Sequence[Sequence[Node]]) -> tuple[LayerKind, ...]:
    """The classes that hold or do something, those first of which any model has most."""
    rows = _rows([by_class(nodes) for nodes in models])
    found = [LayerKind(name, amounts) for name, amounts in rows.items() if any(map(_counts, amounts))]
    return tuple(sorted(found, key=lambda kind: -max((row.parameters or 0) for row in kind.amounts if row)))


def _counts(amounts: Amounts | None) -> bool:
    return amounts is not None and bool(amounts.parameters or amounts.macs)


def _rows(columns: Sequence[Sequence[Own[K]]]) -> dict[K, tuple[Amounts | None, ...]]:
    """One row for each key, with what every model has of it."""
    found = [{own.key: _amounts(own) for own in column} for column in columns]
    return {
        key: tuple(column.get(key) for column in found) for key in dict.fromkeys(key for each in found for key in each)
    }


def _amounts(own: Own[K]) -> Amounts:
    return Amounts(own.modules, own.elements, _macs(own.flops), own.saved_bytes)


def _line(line: Lineup) -> Line:
    return Line(line.depth, tuple(None if part is None else _branch(part) for part in line.parts))


def _branch(part: Part) -> Branch:
    module = part.node.module
    return Branch(
        path=module.path,
        class_name=module.class_name,
        count=part.node.count,
        parameters=module.parameters,
        counted=part.node.elements,
        macs=_macs(module.flops_forward),
        outputs=module.outputs,
        reduction=part.reduction,
    )


def _joined(lines: Iterable[Line]) -> Iterator[Line]:
    """Neighbours that one model has alone, and that differ in the number at the end of their names only, as one."""
    runs: list[list[Line]] = []
    for line in lines:
        if runs and _continues(runs[-1][-1], line):
            runs[-1].append(line)
        else:
            runs.append([line])
    for first, *others in runs:
        count = sum(branch.count for line in (first, *others) for branch in line.branches if branch)
        yield replace(first, branches=tuple(b and replace(b, count=count) for b in first.branches)) if others else first


def _continues(line: Line, following: Line) -> bool:
    """Whether the second is the next of a run."""
    pairs = [pair for pair in zip(line.branches, following.branches, strict=True) if pair != (None, None)]
    if line.depth != following.depth or len(pairs) != 1:
        return False
    before, after = pairs[0]
    if before is None or after is None or successor(before.path) is None:
        return False
    return after == replace(before, path=count_up(before.path, before.count), count=after.count)


def _macs(flops: int | None) -> int | None:
    return None if flops is None else flops // 2
