"""A run as JUnit XML."""

from __future__ import annotations

import junitparser
import pytest
from defusedxml import ElementTree

from reportgen.analysis.baseline import Drift
from reportgen.release.junit import junit
from reportgen.view.checks import Check, Checks
from reportgen.view.entries import IndexEntry


def entry(name, status="complete", reason=None):
    """A model of an index."""
    return IndexEntry(ref=f"timm:{name}", name=name, slug="x", status=status, parameters=1, flops=2, reason=reason)


def test_a_run():
    """A case a model: passed, failed by its rules, failed because it is partial, in error without a report."""
    models = (
        Check("fine", entry("fine")),
        Check("large", entry("large"), broken=("flops > 1: 2", "parameters > 0: 1")),
        Check("half", entry("half", "partial", "RuntimeError: a < b"), broken=("flops > 1: unknown",)),
        Check("gone", entry("gone", "failed", "no such width")),
        Check("new", entry("new"), drift=Drift("new", None, None)),
    )
    assert (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<testsuites name="reportgen" tests="5" failures="2" errors="1">\n'
        '  <testsuite name="model reports" tests="5" failures="2" errors="1">\n'
        '    <testcase classname="reportgen.timm" name="fine" />\n'
        '    <testcase classname="reportgen.timm" name="large">\n'
        '      <failure message="flops &gt; 1: 2" type="broken">flops &gt; 1: 2\nparameters &gt; 0: 1</failure>\n'
        "    </testcase>\n"
        '    <testcase classname="reportgen.timm" name="half">\n'
        '      <failure message="RuntimeError: a &lt; b" type="broken">RuntimeError: a &lt; b\n'
        "flops &gt; 1: unknown</failure>\n"
        "    </testcase>\n"
        '    <testcase classname="reportgen.timm" name="gone">\n'
        '      <error message="no such width" type="failed">no such width</error>\n'
        "    </testcase>\n"
        '    <testcase classname="reportgen.timm" name="new">\n'
        "      <system-out>added</system-out>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n"
    ) == junit(Checks(models))


@pytest.mark.parametrize("text", ["]]>", "</testcase>", "\x00\x0b\ufffe\uffff", "&#0;", '"', "a\nb"])
def test_hostile_texts(text, hostile_names):
    """Whatever stands in names and reasons, there are as many cases as models, and parsers read them."""
    names = [*hostile_names, text]
    models = tuple(Check(name, entry(name, "failed", reason=name), broken=(name,)) for name in names)
    written = junit(Checks(models)).encode()
    assert len(names) == len(ElementTree.fromstring(written).findall("./testsuite/testcase/error"))
    suite = next(iter(junitparser.JUnitXml.fromstring(written)))
    assert (len(names), len(names), 0) == (len(list(suite)), suite.errors, suite.failures)


def test_thousands_of_models():
    """Counts agree with the cases, read by another's parser."""
    models = tuple(Check(f"m{index}", entry(f"m{index}"), broken=("x",) * (index % 2)) for index in range(5_000))
    suite = next(iter(junitparser.JUnitXml.fromstring(junit(Checks(models)).encode())))
    before = (suite.tests, suite.failures, suite.errors)
    suite.update_statistics()
    assert (5_000, 2_500, 0) == before == (suite.tests, suite.failures, suite.errors)
