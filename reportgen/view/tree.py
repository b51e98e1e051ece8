"""Parameters and work by module: the chart, the folded module tree, and what layer types and dtypes they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node, walk
from reportgen.analysis.totals import Group, Own, by_class, by_dtype, own_flops
from reportgen.report.sums import add
from reportgen.view import names, numbers, tables
from reportgen.view.bars import bars
from reportgen.view.diagram import diagram
from reportgen.view.icicle import icicle
from reportgen.view.page import Block, Cell, Section, Table
from reportgen.view.shares import shares
from reportgen.view.tables import NONE, field, tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

Chain = tuple[Node, ...]
_LONG = 200  # rows; the tree is read from top to bottom, so it stays open for longer than a ledger


def module_tree(report: ModelReport, nodes: Sequence[Node]) -> Iterator[Section]:
    """Where parameters and work are, as charts, and the module tree with repeated blocks folded."""
    chains = list(walk(nodes))
    if len(chains) < 2:
        return
    charts: list[Block | None] = [shares(report, nodes), diagram(report, nodes)]
    if report.totals.parameters.unique is not None:
        charts.insert(0, icicle(report.model.name, nodes))
    yield Section("modules", "Modules", (*(chart for chart in charts if chart), module_table(report, chains)))


def module_table(report: ModelReport, chains: Sequence[Chain], *, brief: bool = False) -> Table:
    """A row for each chain of nodes: the last node's class, what its first call gave, and its parameters and work.

    ``brief`` leaves out its share, what is its own, and how often it was called.
    """
    ran = any(row.calls for row in report.modules)
    unique = report.totals.parameters.unique
    inner = [chain[-1] for chain in chains if chain[-1].children]
    own_elements = not brief and any(node.module.own_parameters for node in inner)
    own_work = not brief and ran and any(own_flops(node) for node in inner)
    folded = any(chain[-1].count > 1 for chain in chains)
    return tabulate(
        "modules",
        chains,
        (
            field("module", "module", _module, kind="name", weight=3.5),
            field(
                "class", "class", lambda chain: tables.class_name(chain[-1].module.class_name), kind="code", weight=2
            ),
            field(
                "output",
                "output",
                lambda chain: tables.first_shapes(chain[-1].module.outputs),
                kind="code",
                weight=1.8,
                shown=ran,
            ),
            field("parameters", "parameters", _elements, kind="number", weight=1.8),
            field(
                "share", "share", lambda chain: _share(chain, unique), kind="number", shown=bool(unique) and not brief
            ),
            field("own", "own", _own_elements, kind="number", weight=1.5, shown=own_elements),
            field("state", "trainable", _state, shown=report.totals.parameters.frozen != 0),
            field("macs", "MACs", _work, kind="number", weight=1.5, shown=ran),
            field("own_macs", "own MACs", _own_work, kind="number", weight=1.5, shown=own_work),
            field(
                "calls",
                "calls",
                lambda chain: tables.number(chain[-1].module.calls),
                kind="number",
                shown=ran and not brief,
            ),
        ),
        depth=lambda chain: len(chain) - 1,
        long_from=_LONG,
        note=_note(folded=folded, own=own_elements or own_work),
    )


def _note(*, folded: bool, own: bool) -> str | None:
    notes = []
    if folded:
        notes.append("×n marks n equal modules in a row, shown once; n × figure is the figure of each, n times.")
    if own:
        notes.append("Own: what a module holds or does itself, outside the modules in it.")
    return " ".join(notes) or None


def _module(chain: Chain) -> Cell:
    path = names.path(chain)
    label = names.label(chain)
    return Cell(label, href=f"#m-{chain[-1].module.path}", hint=path if path != label else None)


def _multiple(chain: Chain, elements: int | None) -> Cell:
    """A figure of one module, with how many there are of it."""
    if elements is None:
        return tables.number(None)
    times = names.repeats(chain)
    each = tables.number(elements)
    return each if times == 1 else replace(each, text=tables.multiple(each.text, times), sort=times * elements)


def _elements(chain: Chain) -> Cell:
    return _multiple(chain, chain[-1].module.parameters)


def _own_elements(chain: Chain) -> Cell:
    return _own(chain, _multiple(chain, chain[-1].module.own_parameters))


def _share(chain: Chain, unique: int | None) -> Cell:
    """The share of what counts here: a tied tensor counts under its first name."""
    node = chain[-1]
    if node.elements == 0 and node.module.parameters:
        return Cell("tied", sort=0, tone="muted", hint="the same tensors as elsewhere, and counted there")
    return tables.share(names.repeats(chain) * node.elements, unique)


def _state(chain: Chain) -> Cell:
    node = chain[-1]
    if node.elements == 0:
        return NONE
    if node.trainable in (0, node.elements):
        return tables.text("yes") if node.trainable else Cell("frozen", tone="muted")
    return Cell(numbers.percent(node.trainable, node.elements), sort=node.trainable)


def _work(chain: Chain) -> Cell:
    return _macs(chain, chain[-1].module.flops_forward)


def _own_work(chain: Chain) -> Cell:
    """Its own work; where its parts worked for other modules there is no telling."""
    flops = own_flops(chain[-1])
    return NONE if flops is not None and flops < 0 else _own(chain, _macs(chain, flops))


def _own(chain: Chain, cell: Cell) -> Cell:
    """What is its own of a module without parts is all of it, and nothing to look at."""
    return cell if chain[-1].children else replace(cell, tone="muted")


def _macs(chain: Chain, flops: int | None) -> Cell:
    return tables.work(None if flops is None else flops // 2, times=names.repeats(chain))


def make_up(report: ModelReport, nodes: Sequence[Node]) -> Iterator[Section]:
    """Parameters and work by layer type, and by dtype where there are several."""
    unique = report.totals.parameters.unique
    layers, dtypes = by_class(nodes), by_dtype(report.parameters)
    chart = bars(report, nodes)
    blocks: list[Block] = [chart] if chart else []
    if len(layers) > 1:
        blocks.append(_layers(layers, unique))
    if len(dtypes) > 1:
        blocks.append(_dtypes(dtypes, unique))
    if blocks:
        yield Section(
            "layer-types",
            "Layer types",
            tuple(blocks),
            intro="Parameters and MACs of each class itself, without those of its submodules.",
        )


def _layers(layers: Sequence[Own[str]], unique: int | None) -> Table:
    total = add(layer.flops for layer in layers)  # None: of what is not known there are no shares
    known = any(layer.flops is not None for layer in layers)
    shorts = Counter(names.simple(layer.key) for layer in layers)
    return tabulate(
        "layer-types",
        layers,
        (
            field("class", "class", lambda layer: _class(layer, shorts), kind="code", weight=3),
            field("modules", "modules", lambda layer: tables.number(layer.modules), kind="number"),
            field("parameters", "parameters", lambda layer: tables.number(layer.elements), kind="number", weight=1.5),
            field(
                "share", "share", lambda layer: tables.share(layer.elements, unique), kind="number", shown=unique != 0
            ),
            field(
                "macs",
                "MACs",
                lambda layer: tables.work(None if layer.flops is None else layer.flops // 2),
                kind="number",
                weight=1.5,
                shown=known,
            ),
            field(
                "macs_share",
                "share of MACs",
                lambda layer: tables.share(layer.flops, total),
                kind="number",
                shown=bool(total),
            ),
        ),
    )


def _class(layer: Own[str], shorts: Counter[str]) -> Cell:
    """The class by its last name, unless another one has the same."""
    short = tables.class_name(layer.key)
    return short if shorts[short.text] == 1 else Cell(layer.key)


def _dtypes(groups: Sequence[Group], unique: int | None) -> Table:
    return tabulate(
        "dtypes",
        groups,
        (
            field("dtype", "dtype", lambda group: Cell(group.key), kind="code", weight=2),
            field("tensors", "tensors", lambda group: tables.number(group.tensors), kind="number"),
            field("elements", "elements", lambda group: tables.number(group.elements), kind="number", weight=1.5),
            field(
                "share", "share", lambda group: tables.share(group.elements, unique), kind="number", shown=bool(unique)
            ),
            field("bytes", "bytes", lambda group: tables.number(group.bytes, "B"), kind="number", weight=1.5),
        ),
        caption="Parameters by dtype",
    )
