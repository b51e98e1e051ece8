"""The figures of a run as OpenMetrics text."""

from __future__ import annotations

import shlex

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from reportgen.analysis.figures import figures
from reportgen.release.openmetrics import openmetrics
from reportgen.view.checks import Check, Checks
from reportgen.view.entries import IndexEntry


def check(name, totals, status="complete"):
    """A model with these totals."""
    entry = IndexEntry(
        ref=f"builtin:{name}", name=name, slug="x", status=status, parameters=None, flops=None, reason=None
    )
    return Check(name, entry, totals)


def samples(text):
    """What a parser of others finds: names, labels and values."""
    return [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


def test_a_run():
    """A family for each total that is known of any; large counts are exact; what is unknown has no sample."""
    large = check("llama", {"parameters.unique": 405_853_388_800, "flops.forward": 3_446_041_240_141_824})
    small = check("net", {"parameters.unique": 0, "flops.forward": None}, status="partial")
    text = openmetrics(Checks((large, small)))
    assert (
        "# TYPE reportgen_complete gauge\n"
        "# HELP reportgen_complete Whether the report on the model is complete.\n"
        'reportgen_complete{model="llama"} 1\n'
        'reportgen_complete{model="net"} 0\n'
        "# TYPE reportgen_parameters_unique gauge\n"
        "# HELP reportgen_parameters_unique parameters.unique of totals in report.json.\n"
        'reportgen_parameters_unique{model="llama"} 405853388800\n'
        'reportgen_parameters_unique{model="net"} 0\n'
        "# TYPE reportgen_flops_forward gauge\n"
        "# HELP reportgen_flops_forward flops.forward of totals in report.json.\n"
        'reportgen_flops_forward{model="llama"} 3446041240141824\n'
        "# EOF\n"
    ) == text
    assert [
        ("reportgen_complete", {"model": "llama"}, 1),
        ("reportgen_complete", {"model": "net"}, 0),
        ("reportgen_parameters_unique", {"model": "llama"}, 405_853_388_800),
        ("reportgen_parameters_unique", {"model": "net"}, 0),
        ("reportgen_flops_forward", {"model": "llama"}, 3_446_041_240_141_824),
    ] == samples(text)


def test_every_total_of_a_record(transformer12):
    """No two have one name, and the parser takes them all."""
    known = {name: value for name, value in figures(transformer12.totals).items() if value is not None}
    text = openmetrics(Checks((check("net", known),)))
    expected = {f"reportgen_{name.replace('.', '_')}": value for name, value in known.items()}
    assert {"reportgen_complete": 1, **expected} == {name: value for name, _, value in samples(text)}


def test_hostile_names(hostile_names):
    """Each is one label of one sample; GitLab, which splits lines as a shell does, finds name and value too."""
    names = [*hostile_names, 'a"} 9', "a\n# EOF", "\\\\", '\\"', "'", "`$(x)`", "# x"]
    text = openmetrics(Checks(tuple(check(name, {}) for name in names)))
    found = samples(text)
    assert [("reportgen_complete", 1)] * len(names) == [(name, value) for name, _, value in found]
    assert ['a"} 9', r"a\n\x23 EOF", "\\\\", '\\"', "'", "`$(x)`", r"\x23 x"] == [
        labels["model"] for _, labels, _ in found[-7:]
    ]
    lines = [line.partition("#")[0] for line in text.splitlines()]
    assert [2] * len(names) == [len(shlex.split(line)) for line in lines if line]


def test_thousands_of_models():
    """A sample each, of each figure."""
    models = tuple(check(f"m{index}", {"parameters.unique": index}) for index in range(3_000))
    found = samples(openmetrics(Checks(models)))
    assert (6_000, ("reportgen_parameters_unique", {"model": "m2999"}, 2_999)) == (len(found), found[-1])
