"""What a manifest amounts to, without building any of it: how many models each entry means, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen.errors import ConfigError, ReportgenError
from reportgen.manifest.entries import ModelEntry
from reportgen.registry.base import ModelRef
from reportgen.runs.planning import expand, models_of
from reportgen.workers.executors import Executor


@dataclass(frozen=True, slots=True)
class Meant:
    """One entry: the models that its reference means, and those of them that it does not leave out."""

    entry: ModelEntry
    matches: tuple[ModelRef, ...]
    models: tuple[ModelRef, ...]

    @property
    def excluded(self) -> int:
        """How many it leaves out."""
        return len(self.matches) - len(self.models)


def look_up(entries: Sequence[ModelEntry], executor: Executor) -> tuple[Meant, ...]:
    """What every entry means, looked up in the executor's processes, where sources load; no model is built.

    Raises:
        ConfigError: references that mean nothing; the first one, with the others in it.
    """
    texts = dict.fromkeys(entry.ref for entry in entries)
    expanded = {done.task: done.result for done in executor.map(find, list(texts))}
    meant, problems = [], []
    for entry in entries:
        try:
            meant.append(Meant(entry, *models_of(entry, expanded[entry.ref])))
        except ConfigError as exc:
            problems.append(exc)
    if problems:
        first, *others = problems
        first.others = tuple(others)
        raise first
    return tuple(meant)


def idle_patterns(meant: Sequence[Meant]) -> tuple[str, ...]:
    """The patterns to exclude that no entry leaves anything out for: they are out of date, or mistyped."""
    matches: dict[str, bool] = {}
    for each in meant:
        for text in each.entry.exclude:
            pattern = ModelRef.parse(text)
            matches[text] = matches.get(text, False) or any(ref.fits(pattern) for ref in each.matches)
    return tuple(text for text, matched in matches.items() if not matched)


def find(text: str) -> tuple[ModelRef, ...] | ReportgenError:
    """For a worker: `reportgen.runs.planning.expand`, and where a source lists its models, whether it has this one."""
    from reportgen.registry.catalog import Catalog

    refs = expand(text)
    if isinstance(refs, ReportgenError) or len(refs) != 1:
        return refs
    catalog = Catalog()
    try:
        if catalog.names([f"{refs[0].source}:*"]):  # others would have to run the user's code to tell
            catalog.spec(refs[0])
    except ReportgenError as exc:
        return exc
    return refs
