"""The page of a difference: what matters first, then the architecture, the tensors, the figures, the conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from reportgen.analysis.budget import Rule
from reportgen.analysis.lines import Lines, lines
from reportgen.report.difference import Difference, Figure, Side
from reportgen.version import __version__
from reportgen.view import diff_checkpoint, diff_tables, names, numbers, page, rules
from reportgen.view.page import Cell, Figures, Notice, Notices, Page, Section, Tone
from reportgen.view.tables import field, tabulate

_KEY_FIGURES = (  # a total, its name, how it is told
    ("parameters.unique", "Parameters", numbers.human, ""),
    ("macs.forward", "Forward", numbers.macs, ""),
    ("memory.peak_training", "Training peak", numbers.size, "B"),
    ("state_dict_bytes", "State dict", numbers.size, "B"),
)

Broken = Sequence[tuple[Rule, Figure]]


def build_diff(difference: Difference, broken: Broken = (), *, links: tuple[tuple[str, str], ...] = ()) -> Page:
    """The page of a difference.

    Args:
        difference: any.
        broken: rules that it breaks, with the figures they are about.
        links: other formats beside this one, with their paths.
    """
    told = lines(difference)
    old, new = difference.old, difference.new
    sections = chain(
        _rules(broken, difference),
        _findings(difference, told),
        diff_checkpoint.checkpoints(difference),
        diff_tables.modules(told),
        diff_tables.tensors(told),
        diff_tables.totals(difference),
        _conditions(old, new),
        diff_checkpoint.all_keys(difference),
    )
    whole = old.status == new.status == "complete"
    return Page(
        title=_title(old, new),
        subtitle=f"{old.ref} → {new.ref}",
        status="failed" if broken else "complete" if whole and difference.is_empty else "partial",
        description=None,
        summary=Figures(tuple(_key_figures(difference))),
        sections=tuple(sections),
        footer=f"reportgen {__version__}",
        kind="diff",
        links=links,
        badge=_badge(difference, broken),
    )


def _title(old: Side, new: Side) -> str:
    if old.name != new.name:
        return f"{old.name} → {new.name}"
    return f"{old.ref} → {new.ref}" if old.ref != new.ref else f"{old.name}, old and new"


def _badge(difference: Difference, broken: Broken) -> str:
    if broken:
        return f"{numbers.plural(len(broken), 'rule')} broken"
    return "the same" if difference.is_empty else "differs"


def _key_figures(difference: Difference) -> Iterator[page.Figure]:
    totals = {figure.name: figure for figure in difference.totals}
    for name, label, shown, unit in _KEY_FIGURES:
        figure = totals.get(name)
        if figure is None or (figure.old is None and figure.new is None):
            continue
        same = figure.old == figure.new
        yield page.Figure(
            label,
            shown(figure.new) if same else f"{shown(figure.old)} → {shown(figure.new)}",
            exact=None if same else f"{numbers.exact(figure.old, unit)} → {numbers.exact(figure.new, unit)}",
            note="unchanged" if same else rules.change(figure, unit),
        )


def _rules(broken: Broken, difference: Difference) -> Iterator[Section]:
    if broken:
        items = tuple(Notice("bad", told) for told in broken_lines(broken, difference))
        yield Section("rules", "Broken rules", (Notices(items),))


def broken_lines(broken: Broken, difference: Difference) -> tuple[str, ...]:
    """One line a broken rule: ``parameters > +1%: 25,557,032 → 26,000,000 (+442,968, +1.7 %)``."""
    return tuple(f"{rule.text}: {_measured(rule, figure, difference)}" for rule, figure in broken)


def _measured(rule: Rule, figure: Figure, difference: Difference) -> str:
    if figure.name.endswith(".incompatible"):
        sides = {"checkpoint": difference.checkpoint, "rollback": difference.rollback}
        return diff_checkpoint.counts(sides[figure.name.partition(".")[0]].verdict)
    return rules.measured(rule, figure)


def _findings(difference: Difference, told: Lines) -> Iterator[Section]:
    items = tuple(chain(_outcome(difference), _unlike(difference), _tensors(difference, told)))
    if items:
        order = ("bad", "warn", "good", "plain")
        yield Section("findings", "Findings", (Notices(tuple(sorted(items, key=lambda item: order.index(item.tone)))),))


def _outcome(difference: Difference) -> Iterator[Notice]:
    for side in (difference.old, difference.new):
        if side.status != "complete":
            yield Notice(
                "warn", f"The report on {side.ref} is {side.status}", "Figures that it lacks are unknown here."
            )
    if difference.is_empty:
        yield Notice("good", "Nothing differs", "The same modules, the same tensors, the same figures.")


def _unlike(difference: Difference) -> Iterator[Notice]:
    """Conditions under which no figures can be compared."""
    old, new = difference.old, difference.new
    if _sizes(old) != _sizes(new):
        told = f"{_inputs(old)}; then {_inputs(new)}. FLOPs and memory are not of the same thing."
        yield Notice("warn", "They were measured on different inputs", told)
    if old.mode != new.mode:
        yield Notice("warn", "They were measured in different modes", f"{old.mode}, then {new.mode}.")
    flops = next((figure for figure in difference.totals if figure.name == "flops.forward"), Figure("", None, None))
    vague = [side for side, count in ((old, flops.old), (new, flops.new)) if count is not None and not side.flops_exact]
    if vague:
        which = " and ".join(side.name for side in vague)
        yield Notice("warn", "FLOPs are not exact", f"Of {which}; the report of that model says why.")


def _tensors(difference: Difference, told: Lines) -> Iterator[Notice]:
    lost = [row.name for line in told.tensors if "gradient-lost" in line.what for row in line.new]
    if lost:
        count = numbers.plural(len(lost), "parameter tensor")
        yield Notice("warn", f"{count} newly without a gradient", f"{names.listing(lost)}.")
    for word, title in (("frozen", "frozen now"), ("unfrozen", "trained now"), ("retied", "tied otherwise now")):
        found = [row.name for change in difference.tensors if word in change.what and (row := change.new) is not None]
        if found:
            yield Notice("plain", f"{numbers.plural(len(found), 'tensor')} {title}", f"{names.listing(found)}.")
    if told.carried:
        count = numbers.plural(told.carried, "tensor")
        yield Notice("plain", f"{count} under another name", "Because a module above them has one; see Architecture.")
    matches = [line.match for line in told.modules] + [line.match for line in told.tensors]
    guessed = sum(match is not None and match.sure == "guess" for match in matches)
    if guessed:
        yield Notice("plain", f"{numbers.plural(guessed, 'line')} below rest on a guess", "They say so.")


def _sizes(side: Side) -> list[object]:
    """What makes figures comparable: inputs may have other names, or be drawn from other ranges."""
    return [(row.shape, row.dtype, row.data) for row in side.inputs]


def _inputs(side: Side) -> str:
    return names.inputs(side.inputs) or "none"


def _conditions(old: Side, new: Side) -> Iterator[Section]:
    rows = [(label, tell(old), tell(new)) for label, tell in _CONDITIONS.items()]
    rows.insert(1, ("Class", *_classes(old.class_name, new.class_name)))
    table = tabulate(
        "conditions",
        rows,
        (
            field("what", "what", lambda row: Cell(row[0])),
            field("old", "old", lambda row: Cell(row[1]), kind="code", weight=3),
            field("new", "new", lambda row: Cell(row[2], tone=_tone(row[1], row[2])), kind="code", weight=3),
        ),
    )
    yield Section("conditions", "What was compared", (table,))


def _classes(old: str | None, new: str | None) -> tuple[str, str]:
    """Both by their last names, where these tell them apart."""
    short = [numbers.UNKNOWN if name is None else names.simple(name) for name in (old, new)]
    if old is None or new is None or old == new or short[0] != short[1]:
        return short[0], short[1]
    return old, new


def _tone(old: str, new: str) -> Tone:
    return "plain" if old == new else "warn"


_CONDITIONS: Mapping[str, Callable[[Side], str]] = {
    "Reference": lambda side: side.ref,
    "Status": lambda side: side.status,
    "Inputs": _inputs,
    "Mode": lambda side: side.mode,
    "Device": lambda side: side.device,
    "Frozen": lambda side: ", ".join(side.freeze) or numbers.NOT_APPLICABLE,
    "Fingerprint": lambda side: names.fingerprint(side.fingerprint) or numbers.UNKNOWN,
}
