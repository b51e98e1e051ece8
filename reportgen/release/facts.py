"""What a record says of the points that Annexes XI and XII of the EU's AI Act ask about: facts, and no judgement.

The annexes are those of Regulation (EU) 2024/1689, on general-purpose models. Much that they ask for is in no model's
code. What is not known is said to be unknown; sizes that were probed are called that, and never the largest possible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.analysis.fold import fold
from reportgen.analysis.totals import by_dtype
from reportgen.view import names, numbers
from reportgen.view.figures import key_figures
from reportgen.view.overview import linked
from reportgen.view.page import Cell, Facts, Section
from reportgen.view.tables import field, tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import InputFacts, ModelReport, OutputFacts

_UNKNOWN = "not known from the model's code"
_INTRO = (
    "What the record says of the points that Annexes XI and XII of Regulation (EU) 2024/1689 ask about. These are"
    " facts, and no statement on what the regulation demands of this model, or whether it is met."
)
_REST = (
    "XI 1(1)(d) is Annex XI, Section 1, point 1(d). Tasks, acceptable use, release and distribution, data, training and"
    " energy are in no model's code, and so not told here."
)
_FEW = 4  # classes and tensors that a sentence names
# Libraries say of these what they take. The longest prefix of a class comes first.
_LIBRARIES = (
    ("torchvision.models.video.", "video"),
    ("torchvision.models.optical_flow.", "pairs of images"),
    ("torchvision.models.", "images"),
    ("timm.models.", "images"),
    *((f"reportgen.registry.builtin.{name}.", "images") for name in ("lenet", "resnet", "unet", "vit")),
)
# transformers calls its arguments so; token ids stand for text in most models, and for proteins, say, in others.
_ARGUMENTS = {
    "input_ids": "token ids; what tokens stand for is not in the model's code",
    "pixel_values": "images, or frames of video",
    "pixel_values_videos": "video",
    "input_features": "features of audio",
    "input_values": "audio",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One point: what is known of it, in words, and where the annexes ask for it."""

    point: str
    known: str
    asked: str | None = None  # "XI 1(1)(d)": Annex XI, Section 1, point 1(d)


def facts(report: ModelReport, *, licence: str | None = None) -> tuple[Fact, ...]:
    """Every point, in the annexes' order. ``licence`` is what a person gave; a record has none."""
    return (
        Fact("Architecture", _architecture(report), "XI 1(1)(d), XII 1(f)"),
        *_parameters(report),
        *_side("inputs", report.probe.inputs, _modality(report)),
        *_side("outputs", report.probe.outputs, None),
        Fact("Versions of software", _versions(report), "XII 1(e)"),
        Fact("Licence", licence or "not given", "XI 1(1)(f), XII 1(h)"),
    )


def section(report: ModelReport, *, licence: str | None = None) -> Section:
    """The facts as a part of a page."""
    table = tabulate(
        "facts",
        facts(report, licence=licence),
        (
            field("point", "point", lambda fact: Cell(fact.point), weight=1.4),
            field("known", "what is known", lambda fact: Cell(fact.known), weight=4),
            field("asked", "Annex", lambda fact: Cell(fact.asked or numbers.NOT_APPLICABLE)),
        ),
        note=_REST,
    )
    citation = report.model.citation
    described = (Facts((("Described in", linked(citation)),)),) if citation else ()
    return Section("facts", "Facts for technical documentation", (table, *described), intro=_INTRO)


def _architecture(report: ModelReport) -> str:
    if not report.modules:
        return f"{report.model.class_name or numbers.UNKNOWN}; its modules are unknown, because it could not be built"
    inner = Counter(names.simple(module.class_name) for module in report.modules[1:])
    kinds = [f"{count:,} {name}" for name, count in inner.most_common(_FEW)]
    if len(inner) > _FEW:
        kinds.append(f"{sum(inner.values()) - sum(count for _, count in inner.most_common(_FEW)):,} others")
    parts = f": {', '.join(kinds)}" if kinds else ""
    return f"{report.model.class_name}, of {numbers.plural(len(report.modules), 'module')}{parts}"


def _parameters(report: ModelReport) -> Iterator[Fact]:
    """The counts as the key figures tell them, to the last digit."""
    asked = "XI 1(1)(d), XII 1(f)"
    figures = [item for item in key_figures(report, fold(report)).items if item.label.lower().endswith("parameters")]
    for item in figures:
        note = f"; {item.note}" if item.note else ""
        yield Fact(item.label, f"{item.exact or item.value}{note}", asked)
    if not figures:
        yield Fact("Parameters", numbers.UNKNOWN, asked)
    groups = by_dtype(report.parameters)
    if len(groups) > 1:
        yield Fact("Formats of parameters", ", ".join(f"{numbers.exact(each.elements)} {each.key}" for each in groups))


def _side(side: str, rows: Sequence[InputFacts | OutputFacts] | None, modality: str | None) -> Iterator[Fact]:
    """What goes in, or what comes out."""
    formats = _tensors([f"{_name(row)}: {row.dtype}, {numbers.shape(row.shape)}" for row in rows or ()])
    probed = _tensors([numbers.shape(row.shape) for row in rows or ()])
    verb = "probed with" if side == "inputs" else "in the probe"
    yield Fact(f"Modality of the {side}", modality or _UNKNOWN, "XI 1(1)(e), XII 1(g), 2(b)")
    yield Fact(f"Format of the {side}", formats or numbers.UNKNOWN, "XI 1(1)(e), XII 1(g), 2(b)")
    yield Fact(f"Maximum size of the {side}", f"{_UNKNOWN}; {verb} {probed}" if probed else _UNKNOWN, "XII 2(b)")


def _name(row: InputFacts | OutputFacts) -> str:
    return getattr(row, "name", None) or getattr(row, "path", None) or "output"


def _tensors(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _FEW:,} more" if len(texts) > _FEW else ""
    return "; ".join(texts[:_FEW]) + more


def _modality(report: ModelReport) -> str | None:
    """What the inputs stand for, where the library that the model is from says so."""
    class_name = report.model.class_name or ""
    for prefix, modality in _LIBRARIES:
        if class_name.startswith(prefix):
            return modality
    known = [_ARGUMENTS[row.name] for row in report.probe.inputs if row.name in _ARGUMENTS]
    library = class_name.startswith(("transformers.", "reportgen.registry.builtin."))
    return ", and ".join(dict.fromkeys(known)) if library and known else None


def _versions(report: ModelReport) -> str:
    return ", ".join(f"{name} {version}" for name, version in report.environment.items()) or numbers.UNKNOWN
