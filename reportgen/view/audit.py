"""What the self-audit found: each recount, how many figures it compared, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from reportgen.view import numbers
from reportgen.view.page import Cell, Section
from reportgen.view.tables import field, tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import AuditCheck, AuditName, ModelReport

_RECOUNTS: Mapping[AuditName, str] = {
    "identity": "parameters, buffers and modules, by the identity of tensors and their memory",
    "closed_forms": "calls and FLOPs of layers, by the closed form of their type",
    "plain_kernels": "the whole probe, with torch's own kernels alone",
    "real_run": "the whole probe, with real values on the CPU",
}


def audit(report: ModelReport) -> Iterator[Section]:
    """One row a recount; no section where no audit was asked for."""
    if report.audit is None:
        return
    table = tabulate(
        "audit",
        report.audit,
        (
            field("recount", "recount", lambda check: Cell(_RECOUNTS[check.name]), weight=3),
            field("result", "result", _result, weight=2),
            field("coverage", "coverage", _coverage, weight=2),
        ),
    )
    intro = "Everything was counted again by independent means, and every figure compared."
    yield Section("audit", "Self-audit", (table,), intro=intro)


def _result(check: AuditCheck) -> Cell:
    figures = numbers.plural(check.compared, "figure")
    if check.result == "not_applicable":
        return Cell("not applicable", tone="muted")
    if check.result == "differed":
        return Cell(f"{check.differed:,} of {figures} differ", tone="bad")
    return Cell(f"{figures} compared, all agree", tone="good")


def _coverage(check: AuditCheck) -> Cell:
    if check.reason is not None:
        return Cell(check.reason, tone="muted")
    if check.covered is None:
        return Cell("everything")
    share = numbers.percent(check.covered, check.whole)
    return Cell(f"{share} of the forward FLOPs", hint=f"{check.covered:,} of {check.whole:,}")
