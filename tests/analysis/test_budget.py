"""Tests of `reportgen.analysis.budget`: rules are exact, and one that names nothing says what there is."""

from __future__ import annotations

import pytest

from reportgen.analysis.budget import Basis, Rule, broken, parse_rules, quantities
from reportgen.analysis.diff import diff
from reportgen.errors import ConfigError
from reportgen.report.difference import Figure


@pytest.mark.parametrize(
    ("rule", "old", "new", "expected"),
    [
        ("parameters > +1%", 100, 101, False),
        ("parameters > +1%", 1000, 1011, True),
        ("parameters >= +1%", 100, 101, True),
        ("parameters > +0%", 3 * 10**30, 3 * 10**30 + 1, True),
        ("parameters > +33.333333333333333%", 3, 4, True),
        ("parameters > +33.4%", 3, 4, False),
        ("parameters < -1%", 100, 99, False),
        ("parameters < -1%", 100, 98, True),
        ("parameters > +1%", 0, 1, True),
        ("parameters > +1%", 0, 0, False),
        ("parameters > +1_000", 5, 1006, True),
        ("parameters > +1000", 5, 1005, False),
        ("parameters > 4.2e9", 0, 4_200_000_000, False),
        ("parameters > 4.2e9", 0, 4_200_000_001, True),
        ("parameters == 7", None, 7, True),
        ("parameters != 7", None, 7, False),
        ("parameters <= .5", None, 0, True),
        ("parameters", None, 0, False),
        ("parameters", None, 1, True),
        ("parameters > 1", 0, None, True),
        ("parameters > +1", None, 5, True),
    ],
)
def test_a_rule_is_broken_or_not(rule, old, new, expected):
    """By the last element; what is not known breaks what asks for it."""
    assert expected is Rule.parse(rule).is_broken(Figure("parameters.unique", old, new))


@pytest.mark.parametrize(
    "text",
    ["", "> 5", "parameters >", "parameters > five", "parameters > 1%", "parameters > 5 MB", "a b > 1", "x => 1"],
)
def test_what_is_no_rule(text):
    """Says so, with an example; a percentage needs a sign."""
    with pytest.raises(ConfigError) as caught:
        parse_rules([text])
    assert "rule-invalid" == caught.value.code


def test_names_of_rules(tied_gpt, transformer12):
    """Totals by their place or their usual name, what happened to tensors and modules, and the verdicts."""
    found = diff(tied_gpt, transformer12)
    rules = parse_rules(
        (
            "parameters > +8399",
            "parameters.unique > +8400",
            "FLOPS == 0",
            "modules.added == 110",
            "tensors.added > 109",
            "tensors.removed",
            "checkpoint.incompatible",
            "checkpoint.missing != 100",
            "rollback.unexpected < 100",
            "differs",
        )
    )
    assert [
        ("parameters > +8399", Figure("parameters.unique", 2_624, 11_024)),
        ("modules.added == 110", Figure("modules.added", 0, 110)),
        ("tensors.added > 109", Figure("tensors.added", 0, 110)),
        ("checkpoint.incompatible", Figure("checkpoint.incompatible", 0, 1)),
        ("differs", Figure("differs", 0, 1)),
    ] == [(rule.text, figure) for rule, figure in broken(rules, quantities(found))]


def test_the_same_models_break_nothing(tied_gpt):
    """Nothing differs, and the checkpoint fits."""
    rules = parse_rules(["differs", "checkpoint.incompatible", "parameters > +0", "parameters < -0"])
    assert () == broken(rules, quantities(diff(tied_gpt, tied_gpt)))


@pytest.mark.parametrize(
    ("rule", "remedy"),
    [
        ("parameter > 5", "did you mean parameters"),
        ("flops.foward > 5", "did you mean flops.forward"),
        ("checkpoint.incompatibel", "did you mean checkpoint.incompatible"),
        ("zzz", "use any of "),
    ],
)
def test_a_rule_that_names_nothing(rule, remedy):
    """The remedy has the closest names, or all of them."""
    with pytest.raises(ConfigError) as caught:
        parse_rules([rule])
    assert "rule-unknown" == caught.value.code
    assert (caught.value.remedy or "").startswith(remedy)


@pytest.mark.parametrize(
    ("rule", "basis"),
    [
        ("flops.forward > 4.2e9", Basis.MODEL),
        ("memory.scaling.peak_training.fixed", Basis.MODEL),
        ("parameters > +1%", Basis.BASELINE),
        ("macs < -5", Basis.BASELINE),
        ("differs", Basis.BASELINE),
        ("tensors.removed", Basis.LEDGERS),
        ("modules.added > 3", Basis.LEDGERS),
        ("checkpoint.incompatible", Basis.LEDGERS),
        ("rollback.missing > +3", Basis.LEDGERS),
    ],
)
def test_what_a_rule_asks_for(rule, basis):
    """With less to judge by it is refused, and the remedy says where to ask."""
    assert (basis,) == tuple(each.basis for each in parse_rules([rule], basis))
    for less in range(basis):
        with pytest.raises(ConfigError, match="asks for") as caught:
            parse_rules([rule], Basis(less))
        assert "rule-out-of-place" == caught.value.code
        assert ("reportgen diff" if basis is Basis.LEDGERS else "--baseline FILE") in (caught.value.remedy or "")


def test_what_is_not_there_is_not_known():
    """A part of the totals that a record lacks breaks the rules on it."""
    (rule,) = parse_rules(["memory.scaling.peak_training.fixed > 1e12"])
    assert ((rule, Figure(rule.name, None, None)),) == broken([rule], {})
