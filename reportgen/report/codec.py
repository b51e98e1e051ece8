"""``report.json``: the record as text and back, and its JSON Schema; ``diff.json`` and ``compare.json`` likewise.

The text is ASCII (names that could play tricks in a terminal or an editor arrive as visible escapes), has one line for
each parameter, buffer, module and diagnostic, so that two reports compare well line by line, and is the same for the
same record, always. Reading refuses what does not fit and says where.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from reportgen.errors import ReportFormatError
from reportgen.report.base import Record
from reportgen.report.comparison import COMPARISON_FORMAT, COMPARISON_VERSION, Comparison
from reportgen.report.difference import DIFF_FORMAT, DIFF_VERSION, Difference
from reportgen.report.schema import FORMAT, FORMAT_VERSION, ModelReport
from reportgen.report.verify import contradictions

SCHEMA_FILE, DIFF_SCHEMA_FILE, COMPARISON_SCHEMA_FILE = "report.schema.json", "diff.schema.json", "compare.schema.json"
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False)  # made once: `json.dumps` makes one for each row
_REMEDY = "make the report anew with `reportgen build`, or read it with the reportgen that wrote it"


def to_dict(report: Record) -> dict[str, Any]:
    """The record as plain dicts, lists, strings and numbers, keys in the order of the schema."""
    return json.loads(json.dumps(msgspec.to_builtins(report)))  # type: ignore[no-any-return]


def to_json(report: Record) -> str:
    """The text of ``report.json``, or of ``diff.json``, ending in a newline."""
    fields = msgspec.to_builtins(report)
    return "{\n" + ",\n".join(f"{_text(key)}: {_member(value)}" for key, value in fields.items()) + "\n}\n"


def _member(value: Any) -> str:
    """A top-level value: lists row by row, objects member by member, one line each."""
    if isinstance(value, list | tuple) and value:
        return "[\n" + ",\n".join(f"  {_text(item)}" for item in value) + "\n]"
    if isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"  {_text(key)}: {_text(item)}" for key, item in value.items()) + "\n}"
    return _text(value)


def _text(value: Any) -> str:
    return _ENCODER.encode(value)


def loads(text: str | bytes, *, where: str = "report") -> ModelReport:
    """The record that `to_json` wrote.

    Members that this version does not know are ignored: a later reportgen may add some to the same format version.

    Args:
        text: the content of a ``report.json``.
        where: what to call it in errors (its path).

    Raises:
        ReportFormatError: it is not JSON, is not a model report, is of another version, does not fit the schema (the
            message gives the place, ``$.parameters[3].numel``), or contradicts itself.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ReportFormatError(f"{where} is not JSON: {exc}", remedy=_REMEDY) from exc
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ReportFormatError(
            f"{where} is not a model report: its $.format is not {FORMAT!r}",
            remedy="give a report.json that `reportgen build` wrote",
        )
    version = document.get("format_version")
    if version != FORMAT_VERSION:
        raise ReportFormatError(
            f"{where} is a model report of format version {version!r}; this reportgen reads version {FORMAT_VERSION}",
            code="report-version",
            remedy=_REMEDY,
        )
    try:
        report = msgspec.convert(document, ModelReport)
    except msgspec.ValidationError as exc:
        raise ReportFormatError(f"{where} does not fit the schema: {exc}", remedy=_REMEDY) from exc
    wrong = contradictions(report)
    if wrong:
        raise ReportFormatError(f"{where} contradicts itself: {wrong[0]}", code="report-contradiction", remedy=_REMEDY)
    return report


def load(path: str | Path) -> ModelReport:
    """Reads a saved ``report.json``.

    Raises:
        ReportFormatError: as for `loads`, or the file cannot be read.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as exc:
        raise ReportFormatError(
            f"{path} cannot be read: {exc.strerror or exc}", remedy="give the path of a report.json"
        ) from exc
    return loads(text, where=str(path))


def json_schema() -> Mapping[str, Any]:
    """The JSON Schema (draft 2020-12) of ``report.json``, generated from the record types."""
    return _schema(ModelReport, f"{FORMAT}, version {FORMAT_VERSION}")


def diff_schema() -> Mapping[str, Any]:
    """The JSON Schema of ``diff.json``, likewise."""
    return _schema(Difference, f"{DIFF_FORMAT}, version {DIFF_VERSION}")


def comparison_schema() -> Mapping[str, Any]:
    """The JSON Schema of ``compare.json``, likewise."""
    return _schema(Comparison, f"{COMPARISON_FORMAT}, version {COMPARISON_VERSION}")


def _schema(record: type[Record], title: str) -> Mapping[str, Any]:
    schema = msgspec.json.schema(record)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}


def shipped_schema(name: str = SCHEMA_FILE) -> Mapping[str, Any]:
    """A JSON Schema as it ships in the package; tests hold it equal to `json_schema` or `diff_schema`."""
    text = resources.files("reportgen.report").joinpath(name).read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


if __name__ == "__main__":  # after a change of a record: python -m reportgen.report.codec
    for _name, _made in (
        (SCHEMA_FILE, json_schema()),
        (DIFF_SCHEMA_FILE, diff_schema()),
        (COMPARISON_SCHEMA_FILE, comparison_schema()),
    ):
        _path = Path(__file__).with_name(_name)
        _path.write_text(json.dumps(_made, indent=2, sort_keys=True) + "\n", encoding="utf-8")
