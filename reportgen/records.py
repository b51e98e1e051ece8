"""Models as records, however they are given: saved reports are read, and references built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reportgen import api
from reportgen.errors import AmbiguousModel, ProbeError
from reportgen.registry.catalog import Catalog
from reportgen.report.schema import ModelReport
from reportgen.runs.batch import Progress

Side = str | Path | ModelReport  # a reference or a path, a path, or the record itself


def records(
    sides: Sequence[Side], *, progress: Progress | None = None, keep_failed: bool = False, **options: Any
) -> list[ModelReport]:
    """The record of each side, in order; those of references are built together, each in a process of its own.

    ``options`` are those of `reportgen.build` on how a model is measured (``device``, ``mode``, ``inputs``,
    ``timeout``…). With ``keep_failed`` a model that could not be built has the record that says so.

    Raises:
        ConfigError, RegistryError: an option or a reference is wrong, or a reference has a wildcard.
        ReportFormatError: a file is no report.
        ProbeError: a model could not be built.
    """
    refs = [side for side in sides if isinstance(side, str) and not is_file(side)]
    built = _built(dict.fromkeys(refs), progress, options, keep_failed=keep_failed) if refs else {}
    found = []
    for side in sides:
        if isinstance(side, ModelReport):
            found.append(side)
        else:
            found.append(built[side] if side in built else api.load(side))
    return found


def is_file(side: str) -> bool:
    """Whether a text is the path of a saved report, and no reference."""
    return side.endswith(".json") or Path(side).is_file()


def _built(
    refs: Iterable[str], progress: Progress | None, options: Mapping[str, Any], *, keep_failed: bool
) -> dict[str, ModelReport]:
    canonical = {ref: _one_model(ref) for ref in refs}
    with TemporaryDirectory(prefix="reportgen-") as folder:
        run = api.build(canonical.values(), output=folder, formats=("json",), progress=progress, **options)
        for outcome in run.outcomes:
            if outcome.status == "failed" and not keep_failed:
                raise ProbeError(f"{outcome.ref}: {outcome.reason}", code="not-built", remedy=outcome.remedy)
        built = {outcome.ref: api.load(Path(folder, outcome.slug, "report.json")) for outcome in run.outcomes}
    return {ref: built[name] for ref, name in canonical.items()}


def _one_model(ref: str) -> str:
    """The canonical form of a reference that names one model."""
    found = Catalog().expand(ref)
    if len(found) != 1:
        raise AmbiguousModel(
            f"{ref!r} names {len(found)} models, and one is wanted here", remedy="name one, without wildcards"
        )
    return str(found[0])
