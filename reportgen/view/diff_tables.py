"""The tables of a difference: modules and tensors in as few lines as tell it, and the figures that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from reportgen.analysis.lines import Lines, ModuleLine, TensorLine
from reportgen.report.difference import Difference, Evidence, Figure, Match, Run, TensorWhat
from reportgen.view import names, numbers, tables
from reportgen.view.page import Cell, Section, Tone
from reportgen.view.tables import NONE, field, tabulate

T = TypeVar("T")
_SHOWN = 4  # patterns of names in a cell

_EVIDENCE: Mapping[Evidence, str] = {
    "name": "same name",
    "class": "same class",
    "structure": "same structure",
    "shapes": "same tensors",
    "form": "same layers",
    "shape": "same shape",
    "order": "same order",
    "unique": "nothing else fits",
    "wrapper": "inside a wrapper",
}
_TENSOR_WORDS: Mapping[TensorWhat, str] = {  # the gravest first: the table is in this order
    "gradient-lost": "gradient lost",
    "removed": "removed",
    "reshaped": "other shape",
    "retied": "tied otherwise",
    "became-buffer": "buffer now",
    "became-parameter": "parameter now",
    "became-transient": "not saved now",
    "became-persistent": "saved now",
    "added": "added",
    "retyped": "other dtype",
    "frozen": "frozen",
    "unfrozen": "unfrozen",
    "gradient-gained": "gradient gained",
    "gradient-changed": "other gradient",
    "renamed": "renamed",
    "carried": "renamed",
    "reordered": "reordered",
}
_TONES: Mapping[str, Tone] = {"added": "good", "removed": "bad", "gradient-lost": "bad", "reshaped": "warn"}


# -- modules ---------------------------------------------------------------------------------------------------------


def modules(told: Lines) -> Iterator[Section]:
    """One line for each thing that became of modules; what lies below them is part of it."""
    if not told.modules:
        return
    alone = _on_one_side(told)
    paired = any(line.match is not None for line in told.modules)
    moved = any(
        line.repeat or (line.old and line.new and _paths(line, "old") != _paths(line, "new")) for line in told.modules
    )
    table = tabulate(
        "modules",
        told.modules,
        (
            field("what", "what", _module_what),
            field("module", "module", _module, kind="name", weight=3, shown=not moved),
            field("old", "old", lambda line: _paths(line, "old"), kind="name", weight=3, shown=moved),
            field("new", "new", lambda line: _paths(line, "new"), kind="name", weight=3, shown=moved),
            field("class", "class", _classes, weight=2),
            field("tensors", "tensors", _tensor_count, kind="number", shown=alone),
            field("parameters", "parameters", _parameters, kind="number", shown=alone),
            field("sure", "how sure", lambda line: _sureness(line.match), weight=2, shown=paired),
        ),
    )
    yield Section("modules", "Architecture", (table,), appendix=table.long)


def _on_one_side(told: Lines) -> bool:
    """Whether modules were added or removed."""
    return any(not (line.old and line.new) for line in told.modules)


def _module_what(line: ModuleLine) -> Cell:
    if line.repeat is not None:
        return Cell(f"{line.repeat.old.count:,} → {line.repeat.new.count:,} blocks", tone="warn")
    words = {
        "replaced": "other class",
        "wrapped": f"inside {names.simple(line.wrapper or '')} now",
        "unwrapped": f"no more inside {names.simple(line.wrapper or '')}",
        "carried": "",
    }
    text = ", ".join(word for what in line.what if (word := words.get(what, what)))
    return Cell(text, tone=_TONES.get(line.what[0], "plain"))


def _module(line: ModuleLine) -> Cell:
    """Where paths are the same on both sides, or one side has none."""
    return _paths(line, "new" if line.new else "old")


def _paths(line: ModuleLine, side: str) -> Cell:
    if line.repeat is not None:
        return Cell(_run(line.repeat.old if side == "old" else line.repeat.new))
    rows = line.old if side == "old" else line.new
    return _named([row.path for row in rows]) if rows else NONE


def _run(run: Run) -> str:
    """``layers.0–11 ×12``."""
    stem = run.first.rstrip("0123456789")
    last = int(run.first[len(stem) :] or 0) + run.count - 1
    return f"{run.first}–{last} ×{run.count:,}" if run.count > 1 else run.first


def _named(found: Sequence[str]) -> Cell:
    """Names in as few patterns as possible; many are cut short, and whole in the hint."""
    text = names.listing(found, limit=_SHOWN)
    whole = ", ".join(names.compact(found))
    return Cell(text, hint=whole if whole != text and len(whole) < 10 * len(text) else None)


def _classes(line: ModuleLine) -> Cell:
    old, new = ([*rows, None][0] for rows in (line.old, line.new))
    if old is None or new is None or old.class_name == new.class_name:
        row = new or old
        return NONE if row is None or not row.class_name else tables.class_name(row.class_name)
    before, after = names.simple(old.class_name), names.simple(new.class_name)
    return Cell(f"{before} → {after}", hint=f"{old.class_name} → {new.class_name}", tone="warn")


def _tensor_count(line: ModuleLine) -> Cell:
    if line.old and line.new:
        return NONE
    sign = "+" if line.new else "−"
    return Cell(f"{sign}{line.tensors:,}" if line.tensors else "0", sort=line.tensors if line.new else -line.tensors)


def _parameters(line: ModuleLine) -> Cell:
    if line.old and line.new:
        return NONE
    sizes = [row.parameters for row in (*line.old, *line.new)]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    return Cell(numbers.change(0, total) if line.new else numbers.change(total, 0), sort=total)


def _sureness(match: Match | None) -> Cell:
    if match is None:
        return NONE
    evidence = ", ".join(_EVIDENCE[item] for item in match.evidence)
    return Cell(f"{match.sure}: {evidence}", tone="warn" if match.sure == "guess" else "plain")


# -- tensors ---------------------------------------------------------------------------------------------------------


def tensors(told: Lines) -> Iterator[Section]:
    """One line for each thing that became of tensors which no module brought or took along."""
    if not told.tensors:
        return
    order, alone = list(_TENSOR_WORDS), _on_one_side(told)
    rows = sorted(told.tensors, key=lambda line: order.index(line.what[0]))
    table = tabulate(
        "tensors",
        rows,
        (
            field("what", "what", _tensor_what),
            field("name", "name", _tensor_names, kind="name", weight=4),
            field("tensors", "tensors", lambda line: tables.number(len(line.new or line.old)), kind="number"),
            field("shape", "shape", _shapes, kind="code", weight=2),
            field("dtype", "dtype", _dtypes, kind="code"),
            field("sure", "how sure", lambda line: _sureness(line.match), weight=2, shown=_doubtful(rows)),
        ),
    )
    yield Section(
        "tensors",
        "Tensors",
        (table,),
        intro="Those of added and removed modules are counted above, and not listed again." if alone else None,
        appendix=table.long,
    )


def _doubtful(rows: Sequence[TensorLine]) -> bool:
    return any(line.match is not None and line.match.sure != "certain" for line in rows)


def _tensor_what(line: TensorLine) -> Cell:
    words = ", ".join(dict.fromkeys(_TENSOR_WORDS[what] for what in line.what))
    kind = (line.new or line.old)[0].kind
    return Cell(
        f"{words} buffer" if kind == "buffer" and line.what[0] in {"added", "removed"} else words,
        tone=_TONES.get(line.what[0], "plain"),
    )


def _tensor_names(line: TensorLine) -> Cell:
    old, new = [row.name for row in line.old], [row.name for row in line.new]
    if old and new and "renamed" in line.what:  # other names follow from that of a module, which is told above
        before, after = _named(old), _named(new)
        return Cell(f"{before.text} → {after.text}", hint=f"{before.hint or before.text} → {after.hint or after.text}")
    return _named(new or old)


def _shapes(line: TensorLine) -> Cell:
    return _both(*([numbers.shape(row.shape) for row in rows[:1]] for rows in (line.old, line.new)))


def _dtypes(line: TensorLine) -> Cell:
    return _both(*([row.dtype for row in rows[:1]] for rows in (line.old, line.new)))


def _both(old: Sequence[str], new: Sequence[str]) -> Cell:
    return Cell(" → ".join(dict.fromkeys((*old, *new))))


# -- figures ---------------------------------------------------------------------------------------------------------


def totals(difference: Difference) -> Iterator[Section]:
    """The totals that changed."""
    changed = [figure for figure in difference.totals if figure.old != figure.new]
    if not changed:
        return
    same = len(difference.totals) - len(changed)
    table = tabulate(
        "totals",
        changed,
        (
            field("name", "total", lambda figure: Cell(figure.name), kind="name", weight=2),
            field("old", "old", lambda figure: tables.number(figure.old, numbers.unit_of(figure.name)), kind="number"),
            field("new", "new", lambda figure: tables.number(figure.new, numbers.unit_of(figure.name)), kind="number"),
            field("change", "change", _change, kind="number"),
            field("percent", "in %", _percent, kind="number"),
        ),
        note=f"{numbers.plural(same, 'other')} {'is' if same == 1 else 'are'} the same." if same else None,
    )
    yield Section("totals", "Totals", (table,), intro="By the names that --fail-on takes; memory in bytes.")


def _change(figure: Figure) -> Cell:
    known = figure.old is not None and figure.new is not None
    return Cell(numbers.change(figure.old, figure.new), sort=(figure.new or 0) - (figure.old or 0) if known else None)


def _percent(figure: Figure) -> Cell:
    return Cell(numbers.change_percent(figure.old, figure.new))
