"""What a run goes through: references, wildcards among them, become one job for each model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from natsort import natsorted

from reportgen.config import BatchOptions, RenderOptions
from reportgen.errors import ConfigError, RegistryError, ReportgenError, UnknownModel
from reportgen.manifest.entries import ModelEntry
from reportgen.registry.base import ModelRef
from reportgen.runs.tasks import Job
from reportgen.workers.executors import Executor, memory_limit
from reportgen.workers.serving import Lost
from reportgen.write import slugs

Expanded: TypeAlias = tuple[ModelRef, ...] | ReportgenError | Lost  # what a reference was found to mean


def sources_of(entries: Sequence[ModelEntry]) -> list[str]:
    """The sources that the references name."""
    return sorted({source for entry in entries if (source := ModelRef.parse(entry.ref).source) is not None})


def plan(
    entries: Sequence[ModelEntry], render: RenderOptions, options: BatchOptions, executor: Executor
) -> tuple[Job, ...]:
    """Every model that ``entries`` name, once, in the natural order of references.

    Raises:
        ConfigError, RegistryError: a reference that is malformed, or a wildcard or bare name that fits nothing.
    """
    texts = dict.fromkeys(entry.ref for entry in entries)
    searched = [text for text in texts if not _is_plain(ModelRef.parse(text))]
    expanded: dict[str, Expanded] = {text: expand(text) for text in texts if text not in searched}
    expanded |= {done.task: done.result for done in executor.map(expand, searched)}
    planned: dict[str, tuple[ModelRef, ModelEntry]] = {}
    for entry in entries:
        for ref in models_of(entry, expanded[entry.ref])[1]:
            alone = entry.alone(ref)
            key = f"{ref} {entry.name} {_digest(replace(alone, fail_on=()))}"
            before = planned[key][1].fail_on if key in planned else ()
            planned[key] = ref, replace(alone, fail_on=tuple(dict.fromkeys((*before, *entry.fail_on))))
    names = slugs({key: label(str(ref), entry.name or ref.name) for key, (ref, entry) in planned.items()})
    limit = memory_limit(options)
    jobs = (
        Job(ref, entry, options.output / names[key], replace(render, brand=entry.brand), limit, options.network)
        for key, (ref, entry) in sorted(planned.items())
    )
    return tuple(natsorted(jobs, key=lambda job: str(job.ref)))


def _digest(entry: ModelEntry) -> str:
    """What tells entries apart; itself one may hold a logo of a megabyte, and there may be thousands of them."""
    return hashlib.sha256(repr(entry).encode("utf-8", "surrogatepass")).hexdigest()


def label(ref: str, name: str) -> str:
    """What a folder is called after: the name, where it was given by hand. Building and rendering anew agree on it."""
    return ref if name == ModelRef.parse(ref).name else name


def _is_plain(ref: ModelRef) -> bool:
    """Whether no source needs to be asked, which might import torch, to know what it means."""
    return ref.source is not None and not ref.has_wildcard


def models_of(entry: ModelEntry, expanded: Expanded) -> tuple[tuple[ModelRef, ...], tuple[ModelRef, ...]]:
    """The models that an entry's reference was found to mean, and those of them that it does not leave out.

    Raises:
        ReportgenError: why there are none, of a manifest with the place.
    """
    try:
        matches = _found(entry.ref, expanded)
        return matches, _left(entry, matches)
    except ReportgenError as exc:
        if entry.place is None:
            raise
        raise ConfigError(f"{entry.place}: {exc}", code=exc.code, remedy=exc.remedy) from exc


def _found(text: str, expanded: Expanded) -> tuple[ModelRef, ...]:
    """The models that a reference was found to mean.

    Raises:
        ReportgenError: why there are none.
    """
    if isinstance(expanded, ReportgenError):
        raise expanded
    if isinstance(expanded, Lost):
        raise RegistryError(f"the process that looked up {text!r} {expanded.reason}", remedy="write SOURCE:NAME")
    return expanded


def _left(entry: ModelEntry, models: tuple[ModelRef, ...]) -> tuple[ModelRef, ...]:
    """What an entry leaves of the models that its wildcard matches.

    Raises:
        UnknownModel: nothing.
    """
    if not ModelRef.parse(entry.ref).has_wildcard:
        return models
    left_out = [ModelRef.parse(pattern) for pattern in entry.exclude]
    rest = tuple(ref for ref in models if not any(ref.fits(pattern) for pattern in left_out))
    if not rest:
        raise UnknownModel(
            f"exclude leaves out all {len(models)} models that {entry.ref!r} matches",
            remedy="take a pattern out of exclude, or the whole entry",
        )
    return rest


def expand(text: str) -> tuple[ModelRef, ...] | ReportgenError:
    """The models that a reference means, each with its source; for a worker, where sources must be asked for names."""
    from reportgen.registry.catalog import Catalog

    catalog = Catalog()
    try:
        refs = catalog.expand(text)
        return tuple(ref if ref.source else catalog.spec(ref).ref for ref in refs)
    except ReportgenError as exc:
        return exc
