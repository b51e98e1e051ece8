"""The tables of models side by side, each with one column a model: stages, layer types, trees, conditions, totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reportgen.report.comparison import Amounts, Branch, Compared, Comparison, Line, Quantity
from reportgen.view import names, numbers, tables
from reportgen.view.page import Cell, Column, Kind, Row, Section, Table
from reportgen.view.tables import LONG, NONE

_LAYERS = 24  # layer types in a table; the rest hold next to nothing


@dataclass(frozen=True, slots=True)
class _Quantity:
    """Something that the modules of a model have more or less of."""

    name: str
    caption: str
    of: Callable[[Amounts], int | None]
    shown: Callable[[int | None], str]


_PARAMETERS = _Quantity("parameters", "Parameters", lambda amounts: amounts.parameters, numbers.human)
_MACS = _Quantity("macs", "MACs of the forward pass", lambda amounts: amounts.macs, numbers.si)
_SAVED = _Quantity("saved", "Saved for backward", lambda amounts: amounts.saved_bytes, numbers.size)


def stages(comparison: Comparison, labels: Sequence[str]) -> Iterator[Section]:
    """What each model holds and does at each resolution."""
    rows = [(_stage(stage.reduction), stage.amounts) for stage in comparison.stages]
    if rows:
        yield Section(
            "stages",
            "By resolution",
            tuple(_amounts(each, ("resolution", "text"), rows, labels) for each in (_PARAMETERS, _MACS, _SAVED)),
            intro="Where features are 1/4 as wide as the image that goes in, and so on, to the nearest power of two. "
            "Modules count for themselves, by what they give.",
        )


def _stage(reduction: int | None) -> str:
    return "pooled or other" if reduction is None else f"1/{reduction}"


def layers(comparison: Comparison, labels: Sequence[str]) -> Iterator[Section]:
    """What each model holds and does in each type of layer."""
    shown = comparison.layers[:_LAYERS]
    if not shown:
        return
    simple = Counter(names.simple(kind.class_name) for kind in shown)
    heads = [names.simple(kind.class_name) for kind in shown]
    heads = [head if simple[head] == 1 else kind.class_name for head, kind in zip(heads, shown, strict=True)]
    rows = list(zip(heads, (kind.amounts for kind in shown), strict=True))
    rest = len(comparison.layers) - len(shown)
    yield Section(
        "layer-types",
        "By layer type",
        tuple(_amounts(each, ("class", "code"), rows, labels) for each in (_PARAMETERS, _MACS)),
        intro="Of each class itself, without what lies in its submodules."
        + (f" {numbers.plural(rest, 'class', 'classes')} more, with less, are left out." if rest else ""),
    )


def _amounts(
    quantity: _Quantity,
    head: tuple[str, Kind],
    rows: Sequence[tuple[str, Sequence[Amounts | None]]],
    labels: Sequence[str],
) -> Table:
    """One quantity, with the share that it has of its model's."""
    found = [[None if amounts is None else quantity.of(amounts) for amounts in row] for _, row in rows]
    wholes = [sum(value or 0 for value in column) for column in zip(*found, strict=True)]
    made = []
    for (text, row), values in zip(rows, found, strict=True):
        if any(values):
            cells = (_amount(quantity, *item) for item in zip(row, values, wholes, strict=True))
            made.append(Row((Cell(text), *cells), same=len(set(values)) == 1))
    return _table(f"{head[0]}-{quantity.name}", head, labels, made, caption=quantity.caption)


def _amount(quantity: _Quantity, amounts: Amounts | None, value: int | None, whole: int) -> Cell:
    if amounts is None:
        return NONE
    if not value:
        return Cell(numbers.exact(value), sort=value, tone="muted")
    share = numbers.percent(value, whole)
    return Cell(f"{quantity.shown(value)} · {share}", sort=value, hint=numbers.exact(value))


def tree(comparison: Comparison, labels: Sequence[str]) -> Iterator[Section]:
    """What corresponds to what, from the top."""
    lines = comparison.tree
    if len(lines) < 2:
        return
    images = any(branch.reduction for line in lines for branch in line.branches if branch)
    counters: list[int] = []
    rows = []
    for line in lines[1:]:
        del counters[line.depth :]
        counters += [0] * (line.depth - len(counters))
        counters[-1] += 1
        head = ".".join(map(str, counters)) + (f" · {_place(line)}" if images else "")
        cells = (NONE if branch is None else _branch(branch) for branch in line.branches)
        rows.append(Row((Cell(head), *cells), depth=line.depth - 1, same=_is_same(line)))
    yield Section(
        "tree",
        "Trees side by side",
        (_table("tree", ("place", "text"), labels, rows, kind="text", long=len(rows) > 2 * LONG),),
        intro="Modules in one row stand at the same place: lined up in order, by the resolution of what they give, "
        "class, name and share of the work. It says what is comparable, not what is the same.",
    )


def _place(line: Line) -> str:
    found = {branch.reduction for branch in line.branches if branch is not None and branch.reduction}
    return f"1/{found.pop()}" if len(found) == 1 else numbers.NOT_APPLICABLE


def _branch(branch: Branch) -> Cell:
    name = names.last(branch.path)
    run = f"{name} ×{branch.count:,}" if branch.count > 1 else name
    figure = tables.multiple(numbers.human(branch.parameters), branch.count)
    told = [names.simple(branch.class_name), branch.path, f"{numbers.exact(branch.parameters)} parameters"]
    told += [f"{numbers.exact(branch.macs)} MACs"] if branch.macs else []
    told += [f"gives {numbers.shapes(branch.outputs)}"] if branch.outputs else []
    return Cell(f"{run} · {names.simple(branch.class_name)} · {figure}", hint=", ".join(told))


def _is_same(line: Line) -> bool:
    return (
        len({branch and (branch.class_name, branch.count, branch.parameters, branch.macs) for branch in line.branches})
        == 1
    )


def conditions(comparison: Comparison, labels: Sequence[str]) -> Iterator[Section]:
    """Which models these are, and what they were measured under."""
    rows = []
    for head, tell in _CONDITIONS.items():
        texts = [tell(model) for model in comparison.models]
        if set(texts) != {numbers.NOT_APPLICABLE}:
            rows.append(Row((Cell(head), *map(Cell, texts)), same=len(set(texts)) == 1))
    yield Section(
        "conditions", "What was compared", (_table("conditions", ("condition", "text"), labels, rows, kind="code"),)
    )


def _inputs(model: Compared) -> str:
    return names.inputs(model.inputs) or numbers.NOT_APPLICABLE


_CONDITIONS: Mapping[str, Callable[[Compared], str]] = {
    "Reference": lambda model: model.ref,
    "Class": lambda model: model.class_name or numbers.UNKNOWN,
    "Status": lambda model: model.status,
    "Inputs": _inputs,
    "Mode": lambda model: model.mode,
    "Loss": lambda model: model.loss,
    "Cast to": lambda model: model.dtype or numbers.NOT_APPLICABLE,
    "Device": lambda model: model.device,
    "Frozen": lambda model: ", ".join(model.freeze) or numbers.NOT_APPLICABLE,
    "Fingerprint": lambda model: names.fingerprint(model.fingerprint) or numbers.UNKNOWN,
    "torch": lambda model: model.environment.get("torch", numbers.UNKNOWN),
    "reportgen": lambda model: model.environment.get("reportgen", numbers.UNKNOWN),
}


def totals(comparison: Comparison, labels: Sequence[str]) -> Iterator[Section]:
    """Every total, exactly."""
    rows = [
        Row((Cell(quantity.name), *_exact(quantity)), same=len(set(quantity.values)) == 1)
        for quantity in comparison.totals
        if any(value is not None for value in quantity.values)
    ]
    table = _table("totals", ("total", "name"), labels, rows)
    yield Section("totals", "All totals", (table,), intro="Exactly; memory in bytes.", appendix=True)


def _exact(quantity: Quantity) -> Iterator[Cell]:
    return (tables.number(value, numbers.unit_of(quantity.name)) for value in quantity.values)


def _table(
    table_id: str,
    head: tuple[str, Kind],
    labels: Sequence[str],
    rows: Sequence[Row],
    *,
    kind: Kind = "number",
    caption: str | None = None,
    long: bool = False,
) -> Table:
    columns = (Column("row", *head), *(Column(f"model-{place}", label, kind) for place, label in enumerate(labels)))
    return Table(table_id, columns, tuple(rows), caption=caption, long=long, sides=True)
