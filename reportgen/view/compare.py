"""The page of models side by side: what matters first, then charts, stages, layer types, trees and conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from reportgen.analysis.fold import Node
from reportgen.report.comparison import Compared, Comparison, Condition
from reportgen.version import __version__
from reportgen.view import compare_tables, names, numbers
from reportgen.view.compare_chart import scatter
from reportgen.view.compare_figures import figures, leaders
from reportgen.view.icicle import icicles
from reportgen.view.page import Block, Controls, Figures, Notice, Notices, Page, Section, Table

ACROSS = 8  # models that stay readable beside each other on paper; of more, each table comes in parts
BASELINES = 16  # models among which readers choose what the others are told against, each with all its texts
_NAMED = 3  # models, in the title

_UNLIKE: dict[Condition, tuple[str, str]] = {
    "inputs": ("They were measured on different inputs", "FLOPs and memory are not of the same thing, see conditions."),
    "mode": ("They were measured in different modes", "Training and evaluation do not do the same work."),
    "dtype": ("They were cast to different dtypes", "Bytes are not of the same thing."),
    "loss": ("They were measured with different losses", "Work and memory of backward may differ for that."),
    "device": ("They were measured on different devices", "Figures may differ for that."),
    "freeze": ("Different parameters were frozen", "Gradients, and work and memory of backward, differ for that."),
}


def build_comparison(
    comparison: Comparison,
    models: Sequence[Sequence[Node]],
    *,
    title: str | None = None,
    screen: bool = False,
    only_differing: bool = False,
    links: tuple[tuple[str, str], ...] = (),
) -> Page:
    """The page of a comparison.

    Args:
        comparison: any.
        models: the same models, folded, which charts are made of.
        title: the heading in place of the models' names.
        screen: whether readers choose models and baseline themselves; else wide tables come in parts.
        only_differing: leaves out the rows in which all models are the same.
        links: other formats beside this one, with their paths.
    """
    labels = labels_of(comparison.models)
    choice = len(labels) <= BASELINES
    sections: Iterable[Section] = chain(
        _findings(comparison, labels),
        _figures(comparison, labels, models, against_all=screen and choice),
        compare_tables.stages(comparison, labels),
        compare_tables.layers(comparison, labels),
        compare_tables.tree(comparison, labels),
        compare_tables.conditions(comparison, labels),
        compare_tables.totals(comparison, labels),
    )
    if only_differing:
        sections = [kept for section in sections if (kept := _without_same(section)) is not None]
    if not screen and len(labels) > ACROSS:
        sections = [_in_parts(section, len(labels), comparison.baseline) for section in sections]
    statuses = {model.status for model in comparison.models}
    return Page(
        title=title or _title(labels),
        subtitle=f"{numbers.plural(len(labels), 'model')} side by side, told against {labels[comparison.baseline]}",
        status="failed" if "failed" in statuses else "partial" if "partial" in statuses else "complete",
        description=None,
        summary=Figures(tuple(leaders(comparison, labels))),
        sections=tuple(sections),
        footer=f"reportgen {__version__}",
        kind="comparison",
        links=links,
        controls=Controls(labels, comparison.baseline, choice) if screen else None,
        badge=_badge(comparison.models),
    )


def labels_of(models: Sequence[Compared]) -> tuple[str, ...]:
    """What each model is called here: its name; its reference where names are shared; numbered where those are, too."""
    labels = [model.name for model in models]
    for other in ([model.ref for model in models], [f"{i}: {model.name}" for i, model in enumerate(models, start=1)]):
        count = Counter(labels)
        labels = [label if count[label] == 1 else instead for label, instead in zip(labels, other, strict=True)]
    return tuple(labels)


def _title(labels: Sequence[str]) -> str:
    if len(labels) <= _NAMED:
        return " · ".join(labels)
    return f"{' · '.join(labels[:_NAMED])} and {len(labels) - _NAMED} more"


def _badge(models: Sequence[Compared]) -> str:
    failed = sum(model.status == "failed" for model in models)
    return f"{failed} of {len(models)} failed" if failed else f"{len(models)} models"


def _findings(comparison: Comparison, labels: Sequence[str]) -> Iterator[Section]:
    """What makes figures incomparable, or not be there."""
    items = [
        *(Notice("warn", *_UNLIKE[condition]) for condition in comparison.differing),
        *chain.from_iterable(map(_incomplete, comparison.models, labels)),
    ]
    bounds = [
        label for model, label in zip(comparison.models, labels, strict=True) if model.flops not in (None, "exact")
    ]
    if bounds:
        items.append(
            Notice("warn", "FLOPs are not exact", f"Of {names.listing(bounds)}: ≥ lower bound, ≤ upper bound, ≈ both.")
        )
    prints = {model.fingerprint for model in comparison.models}
    if len(prints) == 1 and None not in prints:
        items.append(Notice("good", "They have one structure", "The same modules, tensors, dtypes and ties."))
    if items:
        yield Section("findings", "Findings", (Notices(tuple(items)),))


def _incomplete(model: Compared, label: str) -> Iterator[Notice]:
    if model.status != "complete":
        yield Notice(
            "bad" if model.status == "failed" else "warn", f"The report on {label} is {model.status}", model.reason
        )


def _figures(
    comparison: Comparison, labels: Sequence[str], models: Sequence[Sequence[Node]], *, against_all: bool
) -> Iterator[Section]:
    charts = (scatter(comparison, labels), icicles(labels, models))
    table = figures(comparison, labels, against_all=against_all)
    yield Section("figures", "Key figures", (table, *(chart for chart in charts if chart)))


def _without_same(section: Section) -> Section | None:
    """The section without the rows in which nothing differs; None where nothing is left."""
    blocks: list[Block] = []
    for block in section.blocks:
        if isinstance(block, Table) and block.sides:
            rows = [row for row in block.rows if not row.same]
            if rows:
                blocks.append(replace(block, rows=rows))
        else:
            blocks.append(block)
    return replace(section, blocks=tuple(blocks)) if blocks else None


def _in_parts(section: Section, models: int, baseline: int) -> Section:
    """The section with each of its tables in parts of few models, the baseline first in all of them."""
    others = [place for place in range(models) if place != baseline]
    parts = [[baseline, *others[start : start + ACROSS - 1]] for start in range(0, len(others), ACROSS - 1)]
    blocks: list[Block] = []
    for block in section.blocks:
        if isinstance(block, Table) and block.sides:
            blocks += [_part(block, [0, *(1 + place for place in part)], number) for number, part in enumerate(parts)]
        else:
            blocks.append(block)
    return replace(section, blocks=tuple(blocks))


def _part(table: Table, columns: Sequence[int], number: int) -> Table:
    return replace(
        table,
        id=f"{table.id}-{number + 1}",
        columns=tuple(table.columns[column] for column in columns),
        rows=tuple(replace(row, cells=tuple(row.cells[column] for column in columns)) for row in table.rows),
    )
