"""From a record to the page that every format lays out: which sections there are, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node, fold
from reportgen.view import audit, checkpoint, gradients, ledgers, measured, memory, names, notices, overview, tree, work
from reportgen.view.figures import key_figures
from reportgen.view.page import Page, Section

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport


def build(report: ModelReport, *, select: Sequence[str] = (), title: str | None = None, appendix: bool = True) -> Page:
    """The page of a record: what is wrong first, then what it is and costs, how that was found, and the ledgers last.

    Args:
        report: any record, partial and failed ones included; sections about which nothing is known are left out.
        select: patterns of parameter names (``*.weight``) that narrow the parameter tables, which then say so.
        title: the heading in place of the model's name, which then stands among the facts.
        appendix: whether there is one, for the ledgers that are long.
    """
    nodes = fold(report)
    sections: Iterable[Section] = chain(
        notices.what_failed(report),
        notices.what_to_notice(report),
        overview.inputs_outputs(report),
        tree.module_tree(report, nodes),
        tree.make_up(report, nodes),
        work.work(report),
        memory.memory(report, nodes),
        measured.measured(report),
        gradients.gradients(report),
        checkpoint.checkpoint(report),
        ledgers.parameters(report, nodes, select, appendix=appendix),
        ledgers.buffers(report),
        audit.audit(report),
        notices.diagnostics(report),
        overview.printed(report),
        overview.identity(report, select, titled=bool(title)),
        checkpoint.all_keys(report),
        ledgers.modules(report),
    )
    if not appendix:
        sections = (section for section in sections if not section.appendix)
    return frame(report, tuple(sorted(sections, key=lambda section: section.appendix)), nodes=nodes, title=title)


def frame(
    report: ModelReport, sections: tuple[Section, ...], *, nodes: Sequence[Node] | None = None, title: str | None = None
) -> Page:
    """A page on a record with its key figures and these sections; ``nodes`` are the folded tree where it is at hand."""
    return Page(
        title=title or report.model.name,
        subtitle=report.model.class_name or report.model.ref,
        status=report.probe.status,
        description=report.model.description and names.without_markup(report.model.description),
        summary=key_figures(report, fold(report) if nodes is None else nodes),
        sections=sections,
        footer=_footer(report),
    )


def _footer(report: ModelReport) -> str:
    versions = [f"{name} {report.environment[name]}" for name in ("reportgen", "torch") if name in report.environment]
    return " · ".join(filter(None, (*versions, names.fingerprint(report.fingerprint))))
