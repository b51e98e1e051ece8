"""``reportgen.baseline.json``: what a project's models are known to be, small enough to be reviewed line by line.

Format ``reportgen/baseline``, with its own version. Models stand in natural order, each in a few lines: one for where
it comes from and how it was measured, one for its fingerprint, and one for each group of its totals. The same models
give the same text, always.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any, Literal

import msgspec
from natsort import natsorted

from reportgen.errors import ReportFormatError
from reportgen.report.base import Record
from reportgen.report.schema import Status

BASELINE_FORMAT: Literal["reportgen/baseline"] = "reportgen/baseline"
BASELINE_VERSION: Literal[1] = 1
_REMEDY = "name another file, or remove this one and make it anew with `reportgen baseline write`"


class Conditions(Record, frozen=True, kw_only=True):
    """How a model was measured, ``inputs`` as ``x=1x3x224x224:float32``; figures of other conditions are others."""

    device: str
    dtype: str | None
    mode: str
    loss: str
    inputs: tuple[str, ...]


class Snapshot(Record, frozen=True, kw_only=True):
    """One model as it was at one time. ``totals`` are all figures by their names, null where not known.

    A failed model has no fingerprint and no totals. What kept it from being measured is not told: that may be another
    reason on every machine.
    """

    ref: str
    status: Status
    conditions: Conditions | None
    fingerprint: str | None
    totals: dict[str, int | None]


class Baseline(Record, frozen=True, kw_only=True):
    """Models by what they are called: their references, or the names that a manifest gives them."""

    format: Literal["reportgen/baseline"] = BASELINE_FORMAT
    format_version: Literal[1] = BASELINE_VERSION
    models: dict[str, Snapshot]


def to_json(models: Mapping[str, Snapshot]) -> str:
    """The text of the file."""
    head = f'{{\n"format": {_text(BASELINE_FORMAT)},\n"format_version": {BASELINE_VERSION},\n"models": {{'
    blocks = (f"{_text(name)}: {_block(models[name])}" for name in natsorted(models))
    return head + ",".join(f"\n{block}" for block in blocks) + "\n}\n}\n"


def _block(snapshot: Snapshot) -> str:
    fields = msgspec.to_builtins(snapshot)
    facts, totals = _members({key: fields[key] for key in ("ref", "status", "conditions")}), fields["totals"]
    groups = (dict(group) for _, group in groupby(totals.items(), lambda item: _group(item[0])))
    told = ",".join(f"\n    {_members(group)}" for group in groups)
    return f'{{\n  {facts},\n  "fingerprint": {_text(fields["fingerprint"])},\n  "totals": {{{told}}}\n}}'


def _group(name: str) -> str:
    """Figures of one line: those of one part; what is in none stands with its like."""
    return name.rpartition(".")[0].partition(".")[0]


def _members(values: Mapping[str, Any]) -> str:
    return _text(values)[1:-1]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def loads(text: str | bytes, *, where: str) -> dict[str, Snapshot]:
    """The models of a file, ``where`` in errors.

    Raises:
        ReportFormatError: it is no JSON, no baseline, of another version, or does not fit.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise _invalid(f"{where} is not JSON: {exc}") from exc
    if not isinstance(document, dict) or document.get("format") != BASELINE_FORMAT:
        raise _invalid(f"{where} is no baseline: its $.format is not {BASELINE_FORMAT!r}")
    if document.get("format_version") != BASELINE_VERSION:
        version = document.get("format_version")
        raise _invalid(
            f"{where} is a baseline of format version {version!r}; this reportgen reads version {BASELINE_VERSION}"
        )
    try:
        return msgspec.convert(document, Baseline).models
    except msgspec.ValidationError as exc:
        raise _invalid(f"{where} does not fit: {exc}") from exc


def _invalid(message: str) -> ReportFormatError:
    return ReportFormatError(message, code="baseline-invalid", remedy=_REMEDY)
