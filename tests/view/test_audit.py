"""The self-audit as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reportgen.report.schema import AuditCheck
from reportgen.report.verify import contradictions
from reportgen.view.build import build
from reportgen.view.overview import command

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.view.page import Page

CHECKS = (
    AuditCheck(name="identity", result="agreed", compared=1),
    AuditCheck(name="closed_forms", result="agreed", compared=1234, covered=90, whole=100),
    AuditCheck(name="plain_kernels", result="differed", compared=20, differed=3),
    AuditCheck(name="real_run", result="not_applicable", reason="too large"),
)


def test_each_recount_is_a_row(
    frozen_sequential: ModelReport, replace: Callable[..., Any], texts_of: Callable[[Page, str], list[tuple[str, ...]]]
) -> None:
    """What was compared, what came of it, and how far it goes."""
    page = build(replace(frozen_sequential, audit=CHECKS))
    assert texts_of(page, "audit") == [
        ("recount", "result", "coverage"),
        (
            "parameters, buffers and modules, by the identity of tensors and their memory",
            "1 figure compared, all agree",
            "everything",
        ),
        (
            "calls and FLOPs of layers, by the closed form of their type",
            "1,234 figures compared, all agree",
            "90.0 % of the forward FLOPs",
        ),
        ("the whole probe, with torch's own kernels alone", "3 of 20 figures differ", "everything"),
        ("the whole probe, with real values on the CPU", "not applicable", "too large"),
    ]


def test_no_audit_no_section(frozen_sequential: ModelReport, replace: Callable[..., Any]) -> None:
    """And the command that makes the report again asks for one only where there was one."""
    assert [section.id for section in build(frozen_sequential).sections if section.id == "audit"] == []
    assert command(frozen_sequential) == "reportgen build builtin:frozen-sequential --freeze '0.*'"
    audited = replace(frozen_sequential, audit=CHECKS)
    assert command(audited) == "reportgen build builtin:frozen-sequential --audit --freeze '0.*'"


def test_an_audit_that_contradicts_itself(frozen_sequential: ModelReport, replace: Callable[..., Any]) -> None:
    """A reader finds out."""
    checks = (AuditCheck(name="identity", result="agreed", differed=1, reason="none"),)
    assert contradictions(replace(frozen_sequential, audit=checks)) == (
        "$.audit[0]: agreed, with 1 differing figures",
        "$.audit[0]: a reason belongs to a recount that was not applicable, and to no other",
    )
