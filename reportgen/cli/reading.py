"""Records for commands that take saved reports and references alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reportgen.cli.telling import complain
from reportgen.errors import ProbeError

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport


def read(sides: Sequence[str], *, quiet: bool, **options: Any) -> list[ModelReport] | None:
    """The record of each side, a saved report or a reference that is built with `reference_options`.

    None, and a complaint, where one could not be built.
    """
    from reportgen.console import progress
    from reportgen.records import records

    try:
        with progress(quiet=quiet) as watcher:
            return records(sides, progress=watcher, **options)
    except ProbeError as exc:
        complain(str(exc), exc.remedy)
        return None
