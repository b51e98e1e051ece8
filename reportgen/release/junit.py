"""A run as JUnit XML: a test case a model, for any system that shows tests."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from reportgen.render.text import display
from reportgen.view.checks import Check, Checks

_KINDS = {"failed": "error", "broken": "failure", "partial": "failure"}


def junit(checks: Checks) -> str:
    """The document: an error for a model without a report, a failure for broken rules or one that is not complete.

    The class of a case is the model's source; what has changed in a model is its output. There are no times.
    """
    found = [_KINDS.get(check.verdict) for check in checks.models]
    counts = {"tests": len(found), "failures": found.count("failure"), "errors": found.count("error")}
    numbers = {name: str(count) for name, count in counts.items()}
    root = ET.Element("testsuites", {"name": "reportgen", **numbers})
    suite = ET.SubElement(root, "testsuite", {"name": "model reports", **numbers})
    for check in checks.models:
        _case(suite, check)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(suite: ET.Element, check: Check) -> None:
    names = {"classname": f"reportgen.{check.entry.source}", "name": check.name}
    case = ET.SubElement(suite, "testcase", {key: display(value) for key, value in names.items()})
    kind = _KINDS.get(check.verdict)
    if kind is not None:
        lines = [display(line) for line in check.complaints]
        told = ET.SubElement(case, kind, {"message": lines[0], "type": check.entry.summary.code or check.verdict})
        told.text = "\n".join(lines)
    if check.change is not None:
        ET.SubElement(case, "system-out").text = display(check.change)
