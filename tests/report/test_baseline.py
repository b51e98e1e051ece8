"""Tests of `reportgen.report.baseline`: the text of the file, and what it refuses to read."""

from __future__ import annotations

import pytest

from reportgen.errors import ReportFormatError
from reportgen.report.baseline import Conditions, Snapshot, loads, to_json

FAILED = Snapshot(ref="a:b", status="failed", conditions=None, fingerprint=None, totals={})
NET = Snapshot(
    ref="a:net",
    status="complete",
    conditions=Conditions(device="meta", dtype=None, mode="eval", loss="sum", inputs=("x=1x2:float32",)),
    fingerprint="sha256:00",
    totals={"parameters.unique": 3, "parameters.active": None, "state_dict_bytes": 12, "flops.forward": 5},
)
TEXT = """\
{
"format": "reportgen/baseline",
"format_version": 1,
"models": {
"a:b": {
  "ref": "a:b", "status": "failed", "conditions": null,
  "fingerprint": null,
  "totals": {}
},
"net2": {
  "ref": "a:net", "status": "complete", "conditions": {"device": "meta", "dtype": null, "mode": "eval", "loss": "sum", \
"inputs": ["x=1x2:float32"]},
  "fingerprint": "sha256:00",
  "totals": {
    "parameters.unique": 3, "parameters.active": null,
    "state_dict_bytes": 12,
    "flops.forward": 5}
},
"net10\\u202e": {
  "ref": "a:b", "status": "failed", "conditions": null,
  "fingerprint": null,
  "totals": {}
}
}
}
"""


def test_the_text():
    """Natural order, one line a group of figures, nothing invisible; the same whatever order models come in."""
    models = {"net10\u202e": FAILED, "net2": NET, "a:b": FAILED}
    assert TEXT == to_json(models)
    assert TEXT == to_json(dict(reversed(models.items())))
    assert models == loads(TEXT, where="there")
    assert {} == loads(to_json({}), where="there")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is not JSON"),
        ("[]", "there is no baseline: its $.format is not 'reportgen/baseline'"),
        ('{"format": "reportgen/model-report"}', "there is no baseline"),
        (
            '{"format": "reportgen/baseline", "format_version": 2}',
            "of format version 2; this reportgen reads version 1",
        ),
        ('{"format": "reportgen/baseline", "format_version": 1}', "there does not fit"),
        (TEXT.replace('"net2"', '"net2": 3, "net3"'), "there does not fit"),
        (TEXT.replace(": 12", ": 12.5"), "Expected `int | null`, got `float` - at `$.models[...].totals[...]`"),
    ],
)
def test_what_is_refused(text, message):
    """With what is wrong, and where."""
    with pytest.raises(ReportFormatError) as caught:
        loads(text, where="there")
    assert message in str(caught.value)
    remedy = "name another file, or remove this one and make it anew with `reportgen baseline write`"  # which reads it
    assert ("baseline-invalid", remedy) == (caught.value.code, caught.value.remedy)
