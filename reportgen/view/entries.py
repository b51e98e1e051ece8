"""Models in a row each: what an index knows of one, and how its figures are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from reportgen.analysis.summary import Summary
from reportgen.report.comparison import Bound
from reportgen.report.schema import Status
from reportgen.view import names, numbers, tables
from reportgen.view.page import Cell, Figure, Figures, Tone
from reportgen.view.tables import Field
from reportgen.view.tables import field as column

TITLE = "Model reports"
_REASON = 300  # characters of a reason, where there is only so much room
_TAGS = 6
TONES: dict[Status, Tone] = {"complete": "good", "partial": "warn", "failed": "bad"}
BOUNDS: dict[Bound | None, str] = {"lower": "≥ ", "upper": "≤ ", "approximate": "≈ "}


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One model of a run, with the members of its entry in ``index.json``, where its summary's stand beside them."""

    ref: str
    name: str
    slug: str
    status: Status
    parameters: int | None  # unique
    flops: int | None  # of the forward pass
    reason: str | None  # why it is not complete, in one line
    remedy: str | None = None
    formats: tuple[str, ...] = ()  # of its report, as far as they could be made
    summary: Summary = field(default_factory=Summary)

    @property
    def source(self) -> str:
        """Where the model comes from."""
        return self.summary.source or self.ref.partition(":")[0]

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates of the forward pass."""
        return None if self.flops is None else self.flops // 2

    def href(self, suffix: str) -> str | None:
        """The way to its report in that format, or in another where there is none; None where there is none at all."""
        chosen = suffix if suffix in self.formats else next(iter(self.formats), None)
        return None if chosen is None else f"{self.slug}/report.{chosen}"


def brief(entry: IndexEntry) -> IndexEntry:
    """The entry where there is only so much room, and no file beside the text: long words cut, without formats."""
    summary = entry.summary
    short = replace(
        summary,
        family=_brief(summary.family),
        group=_brief(summary.group),
        module=_brief(summary.module),
        tags=tuple(map(names.brief, summary.tags[:_TAGS])),
    )
    return replace(
        entry,
        ref=names.brief(entry.ref),
        name=names.brief(entry.name),
        reason=_brief(entry.reason, _REASON),
        remedy=_brief(entry.remedy, _REASON),
        formats=(),
        summary=short,
    )


def _brief(text: str | None, most: int = 80) -> str | None:
    return None if text is None else names.brief(text, most)


def worst(entries: Sequence[IndexEntry]) -> Status:
    """The status of a run."""
    present = {entry.status for entry in entries}
    return next((status for status in reversed(TONES) if status in present), "complete")


def tally(entries: Sequence[IndexEntry]) -> str:
    """``223 complete, 3 partial, 3 failed``; what there is none of is left out."""
    counts = Counter(entry.status for entry in entries)
    return ", ".join(f"{counts[status]:,} {status}" for status in TONES if counts[status])


def subtitle(entries: Sequence[IndexEntry]) -> str:
    """``229 models: 223 complete, 3 partial, 3 failed``, or ``3 models, all complete``."""
    if not entries:
        return "no models"
    told = ", all complete" if worst(entries) == "complete" else f": {tally(entries)}"
    return numbers.plural(len(entries), "model") + told


def badge(entries: Sequence[IndexEntry]) -> str | None:
    """``3 of 229 failed``: how many have the worst status; None where all are complete."""
    status = worst(entries)
    bad = sum(entry.status == status for entry in entries)
    return None if status == "complete" else f"{bad:,} of {len(entries):,} {status}"


def status_figures(entries: Sequence[IndexEntry]) -> Figures:
    """How many models there are, and how many of each status."""
    counts = Counter(entry.status for entry in entries)
    return Figures(
        (
            Figure("Models", numbers.exact(len(entries))),
            *(
                Figure(status.capitalize(), numbers.exact(counts[status]), tone=tone)
                for status, tone in TONES.items()
                if counts[status]
            ),
        )
    )


def labels(entries: Sequence[IndexEntry]) -> dict[str, str]:
    """What to call each model, by its slug: its name, or where another of its source has that too, its reference."""
    count = Counter((entry.source, entry.name) for entry in entries)
    return {
        entry.slug: entry.name if count[entry.source, entry.name] == 1 else entry.ref.partition(":")[2] or entry.ref
        for entry in entries
    }


def fields(entries: Sequence[IndexEntry], suffix: str) -> tuple[Field[IndexEntry], ...]:
    """The columns of a table of these models, whose names lead to the reports of that format."""
    called = labels(entries)
    families = any(entry.summary.family for entry in entries)
    sources = len({entry.source for entry in entries}) > 1
    groups, tags = [entry.summary.group for entry in entries], [entry.summary.tags for entry in entries]
    return (
        column(
            "name",
            "model",
            lambda entry: Cell(called[entry.slug], href=entry.href(suffix), hint=entry.ref),
            kind="name",
            weight=2.6,
        ),
        column("family", "family", lambda entry: tables.text(entry.summary.family), weight=1.5, shown=families),
        column("source", "source", lambda entry: Cell(entry.source), shown=sources),
        column("group", "group", lambda entry: tables.text(entry.summary.group), shown=any(groups)),
        column("tags", "tags", lambda entry: tables.text(", ".join(entry.summary.tags) or None), shown=any(tags)),
        column("parameters", "parameters", lambda entry: tables.number(entry.parameters), kind="number", weight=1.4),
        column("macs", "MACs", _work, kind="number"),
        column("memory", "peak training", lambda entry: _size(entry.summary.peak_training), kind="number"),
        column("gradients", "no gradient", _gradients, kind="number"),
        column("status", "status", _status, weight=0.9),
    )


def _work(entry: IndexEntry) -> Cell:
    cell = tables.work(entry.macs)
    mark = BOUNDS.get(entry.summary.bound)
    if mark is None or entry.macs is None:
        return cell
    return Cell(mark + cell.text, cell.sort, "warn", hint=mark + numbers.exact(entry.macs))


def _size(number: int | None) -> Cell:
    if number is None:
        return Cell(numbers.UNKNOWN, tone="muted")
    return Cell(numbers.size(number), sort=number, hint=numbers.exact(number, "B"))


def _gradients(entry: IndexEntry) -> Cell:
    """``12 of 161``: parameter tensors that got no gradient."""
    missing, tensors = entry.summary.gradients_none, entry.summary.tensors
    if tensors == 0:
        return tables.NONE
    if missing is None or tensors is None:
        return Cell(numbers.UNKNOWN, tone="muted")
    return Cell(f"{missing:,} of {tensors:,}" if missing else "0", sort=missing, tone="plain" if missing else "muted")


def _status(entry: IndexEntry) -> Cell:
    sound = entry.reason is None or entry.status != "complete"
    return Cell(entry.status, tone=TONES[entry.status] if sound else "warn", hint=entry.reason)


def figure_of(key: str) -> Callable[[IndexEntry], int | None] | None:
    """The figure that a column is of; None for a column of words."""
    return {
        "parameters": lambda entry: entry.parameters,
        "macs": lambda entry: entry.macs,
        "memory": lambda entry: entry.summary.peak_training,
    }.get(key)
