"""``report.json``: what is written is read back, and what does not fit is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.diff import diff
from reportgen.errors import ReportFormatError
from reportgen.report import codec
from reportgen.report.difference import Difference
from reportgen.report.schema import BufferFacts, Diagnostic, GradientFacts, ModelReport, ParameterFacts


def test_every_record_reads_back_as_it_was(any_report: ModelReport) -> None:
    """Complete, partial and failed records survive the round trip, and so does their text."""
    text = any_report.to_json()
    assert codec.loads(text) == any_report
    assert codec.loads(text).to_json() == text
    assert json.loads(text) == any_report.to_dict()


@given(st.text(), st.integers(0, 2**70), st.sampled_from([None, "unused", "frozen"]))
def test_rows_survive_any_name_and_any_size(name: str, numel: int, reason: Any) -> None:
    """Names of any characters and integers beyond 64 bits come back exactly."""
    row = ParameterFacts(
        name=name,
        shape=(numel,),
        dtype="float32",
        numel=numel,
        bytes=numel * 4,
        trainable=True,
        tied_to=None,
        gradient=GradientFacts(status="none", reason=reason),
    )
    text = codec._text(codec.msgspec.to_builtins(row))
    assert text.isascii()
    assert codec.msgspec.convert(json.loads(text), ParameterFacts) == row


def test_a_lone_surrogate_in_a_name_survives(tied_gpt: ModelReport) -> None:
    """A name that is no valid Unicode text is archived as it is."""
    odd = Diagnostic(severity="note", code="x", stage="forward", module="\ud800", message="\u202e|<b>\x00")
    report = codec.msgspec.structs.replace(tied_gpt, diagnostics=(odd,))
    assert codec.loads(report.to_json()).diagnostics == (odd,)


def test_each_row_has_its_own_line(tied_gpt: ModelReport) -> None:
    """Two reports compare well line by line: one line for each parameter, buffer and module."""
    lines = tied_gpt.to_json().splitlines()
    for row in tied_gpt.parameters:
        assert [line for line in lines if line.startswith(f'  {{"name": {json.dumps(row.name)},')] != []


def test_the_shipped_schema_is_the_records() -> None:
    """The JSON Schema file is what the record types say."""
    assert codec.shipped_schema() == json.loads(json.dumps(codec.json_schema()))


def test_reports_fit_the_shipped_schema(any_report: ModelReport) -> None:
    """An independent validator agrees that what is written fits."""
    schema = codec.shipped_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(any_report.to_dict())) == []


def without(document: dict[str, Any], key: str) -> None:
    """Removes a member."""
    del document[key]


MISFITS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a missing member": (lambda d: without(d, "totals"), "missing required field `totals`"),
    "a missing inner member": (
        lambda d: without(d["parameters"][1], "dtype"),
        "missing required field `dtype` - at `$.parameters[1]`",
    ),
    "a word for a number": (
        lambda d: d["parameters"][0].update(numel="many"),
        "Expected `int | null`, got `str` - at `$.parameters[0].numel`",
    ),
    "a fraction for a count": (
        lambda d: d["totals"].update(modules=1.5),
        "at `$.totals.modules`",
    ),
    "a negative count": (
        lambda d: d["modules"][0].update(calls=-1),
        "Expected `int` >= 0 - at `$.modules[0].calls`",
    ),
    "an unknown status": (
        lambda d: d["probe"].update(status="fine"),
        "Invalid enum value 'fine' - at `$.probe.status`",
    ),
    "a wrong sum": (
        lambda d: d["totals"]["parameters"].update(unique=7),
        "$.totals.parameters.unique is 7, but the rest of the report adds up to",
    ),
    "a tie to nothing": (
        lambda d: d["parameters"][0].update(tied_to="nowhere"),
        "$.parameters[0].tied_to names 'nowhere', which is no first name of a tensor",
    ),
    "a reason for a gradient that is there": (
        lambda d: d["parameters"][0]["gradient"].update(reason="frozen"),
        "$.parameters[0].gradient: a reason belongs to a missing gradient",
    ),
    "a renamed parameter": (
        lambda d: d["parameters"][0].update(name="renamed"),
        "is no first name of a tensor",
    ),
    "a renamed module": (
        lambda d: d["modules"][-1].update(path="renamed"),
        "but its names, shapes and classes give sha256:",
    ),
    "another version": (lambda d: d.update(format_version=2), "format version 2; this reportgen reads version 1"),
    "another format": (lambda d: d.update(format="reportgen/index"), "is not a model report"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit_is_refused_with_its_place(case: str, tied_gpt: ModelReport) -> None:
    """A damaged report says what is wrong and where."""
    damage, message = MISFITS[case]
    document = tied_gpt.to_dict()
    damage(document)
    with pytest.raises(ReportFormatError) as found:
        codec.loads(json.dumps(document))
    assert message in str(found.value)
    assert found.value.remedy is not None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000])
def test_what_is_no_report_is_refused(text: str) -> None:
    """Anything else is refused as a file, with its name."""
    with pytest.raises(ReportFormatError, match=r"^here\.json is not"):
        codec.loads(text, where="here.json")


def test_a_later_minor_addition_is_tolerated(tied_gpt: ModelReport) -> None:
    """Members that this version does not know are ignored, as the contract lets later versions add some."""
    document = tied_gpt.to_dict()
    document["parameters"][0]["colour"] = "blue"
    assert codec.loads(json.dumps(document)) == tied_gpt


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is an error of ours, with the path."""
    with pytest.raises(ReportFormatError, match=r"nothing\.json cannot be read: No such file"):
        codec.load(tmp_path / "nothing.json")


def test_totals_of_buffers_are_checked_too(tied_gpt: ModelReport) -> None:
    """A buffer row that the totals do not know of is a contradiction."""
    document = tied_gpt.to_dict()
    row = BufferFacts(name="x", shape=(2,), dtype="int8", numel=2, bytes=2, persistent=True, tied_to=None)
    document["buffers"].append(codec.msgspec.to_builtins(row))
    with pytest.raises(
        ReportFormatError, match=r"\$\.totals\.buffers\.\w+ is \d+, but the rest of the report adds up to \d+"
    ):
        codec.loads(json.dumps(document))


def test_a_moment_of_no_module_is_found(tied_gpt: ModelReport) -> None:
    """The timeline names modules by their index, which must be there."""
    document = tied_gpt.to_dict()
    modules = len(tied_gpt.modules)
    document["totals"]["memory"]["timeline"] = [{"module": 0, "bytes": 8}, {"module": modules, "bytes": 8}]
    expected = rf"\$\.totals\.memory\.timeline\[1\]\.module is {modules}, and there are {modules}$"
    with pytest.raises(ReportFormatError, match=expected):
        codec.loads(json.dumps(document))


@pytest.mark.parametrize("name", ["sources", "ends"])
@pytest.mark.parametrize("indexes", [[-2], [0, 1000], [1, 0], [1, 1]])
def test_a_source_that_is_no_module_is_found(tied_gpt: ModelReport, name: str, indexes: list[int]) -> None:
    """Sources and ends are -1 or indexes of modules, ascending, each once."""
    document = tied_gpt.to_dict()
    document["modules"][2][name] = [-1, 0, 1]
    assert getattr(codec.loads(json.dumps(document)).modules[2], name) == (-1, 0, 1)
    document["modules"][2][name] = indexes
    with pytest.raises(ReportFormatError, match=rf"\$\.modules\[2\]\.{name} must be indexes of modules"):
        codec.loads(json.dumps(document))


@pytest.mark.parametrize(
    "state", [{"custom": [1000]}, {"slots": [{"path": "x", "before": 1000, "module": 0}]}], ids=["custom", "slots"]
)
def test_a_state_of_no_module_is_found(tied_gpt: ModelReport, state: dict[str, Any]) -> None:
    """What is said of saving and loading names modules by their index, which must be there."""
    document = tied_gpt.to_dict()
    document["state"] = state
    with pytest.raises(ReportFormatError, match=r"\$\.state\.\w+(\[0\])? leads to no module: there are \d+"):
        codec.loads(json.dumps(document))


def test_the_shipped_schema_of_differences_is_theirs() -> None:
    """The JSON Schema of ``diff.json`` is generated from its types."""
    assert codec.shipped_schema(codec.DIFF_SCHEMA_FILE) == json.loads(json.dumps(codec.diff_schema()))


def test_differences_fit_the_shipped_schema(tied_gpt: ModelReport, transformer12: ModelReport) -> None:
    """``diff.json`` is valid, and reads back as it was."""
    found = diff(tied_gpt, transformer12)
    jsonschema.validate(json.loads(found.to_json()), codec.shipped_schema(codec.DIFF_SCHEMA_FILE))
    assert found == codec.msgspec.json.decode(found.to_json(), type=Difference)
