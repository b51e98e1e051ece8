"""Every code that reportgen can show is explained."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import reportgen
from reportgen.analysis.findings import FindingCode
from reportgen.report.schema import Stage

PACKAGE = Path(reportgen.__file__).parent


def codes(node: ast.AST) -> Iterator[str]:
    """The codes written out in a node: ``code="…"``, ``default_code = "…"`` and ``note(severity, "…")``."""
    match node:
        case ast.keyword(arg="code", value=ast.Constant(value=str(code))):
            yield code
        case ast.Assign(targets=[ast.Name(id="default_code")], value=ast.Constant(value=str(code))):
            yield code
        case ast.Call(func=ast.Attribute(attr="note"), args=[_, ast.Constant(value=str(code)), *_]):
            yield code


def test_every_code_has_an_entry():
    """The headings of docs/messages.md are the codes in the source, of the findings and of failed stages, in order."""
    written = {
        code
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for code in codes(node)
    }
    failed = {f"{stage}-failed" for stage in get_args(Stage) if stage != "ledger"}  # the ledger runs no model's code
    expected = sorted(written | failed | {*get_args(FindingCode)})
    text = (PACKAGE.parent / "docs" / "messages.md").read_text(encoding="utf-8")
    assert expected == re.findall(r"^### (.+)$", text, re.MULTILINE)
