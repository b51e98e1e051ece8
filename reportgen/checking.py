"""What a manifest amounts to, without building any of it: how many models each entry means, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen.batch import Executor, expand, found, left
from reportgen.errors import ConfigError, ReportgenError
from reportgen.manifest import ModelEntry
from reportgen.registry.base import ModelRef


@dataclass(frozen=True, slots=True)
class CheckedEntry:
    """One entry: the models it means, how many ``exclude`` left out, and its patterns that leave out none."""

    entry: ModelEntry
    models: tuple[ModelRef, ...]
    left_out: int
    idle: tuple[str, ...]


def check(entries: Sequence[ModelEntry], executor: Executor) -> tuple[CheckedEntry, ...]:
    """Looks up every entry's reference, in processes where sources load; no model is built.

    Raises:
        ConfigError: references that mean nothing; the first, with the others in it.
    """
    texts = dict.fromkeys(entry.ref for entry in entries)
    expanded = {done.task: done.result for done in executor.map(find, list(texts))}
    checked, problems = [], []
    for number, entry in enumerate(entries, start=1):
        try:
            everything = found(entry.ref, expanded[entry.ref])
            models = left(entry, everything)
        except ReportgenError as exc:
            problems.append(ConfigError(f"[[model]] {number} ({entry.ref}): {exc}", code=exc.code, remedy=exc.remedy))
        else:
            patterns = entry.exclude if ModelRef.parse(entry.ref).has_wildcard else ()
            idle = [text for text in patterns if not any(ref.fits(ModelRef.parse(text)) for ref in everything)]
            checked.append(CheckedEntry(entry, models, len(everything) - len(models), tuple(idle)))
    if problems:
        first, *others = problems
        first.others = tuple(others)
        raise first
    return tuple(checked)


def find(text: str) -> tuple[ModelRef, ...] | ReportgenError:
    """For a worker: `reportgen.batch.expand`, and where a source lists its models, whether it has this one."""
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
