"""A manifest as it is once read: which models a run reports on, how each is measured, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from reportgen.analysis.budget import Rule
from reportgen.branding import Brand
from reportgen.config import ProbeOptions, Style, WeightsFile
from reportgen.registry.base import ModelRef


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One line of what to build: a reference, wildcards allowed, how its models are measured, and what is said of them.

    ``exclude`` are patterns of names that a wildcard leaves out. ``name``, ``description``, ``tags`` and ``group``, the
    name of those that are to be compared, go into the record; ``brand`` onto the pages made of it. ``fail_on`` are
    rules that its models must not break. ``checkpoint`` is held against the one model that there then is. ``place`` is
    where it stands in a manifest, for errors: ``reportgen.toml:7: [[model]] 2 (timm:vit*) › ref``.
    """

    ref: str
    probe: ProbeOptions = ProbeOptions()
    name: str | None = None
    description: str | None = None
    brand: Brand = Brand()
    exclude: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    group: str | None = None
    fail_on: tuple[Rule, ...] = ()
    checkpoint: WeightsFile | None = None
    place: str | None = field(default=None, compare=False)

    def alone(self, ref: ModelRef) -> ModelEntry:
        """What it says of one of its models: however that was come upon, it is reported on in the same way."""
        return replace(self, ref=str(ref), exclude=(), place=None)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What to build. ``formats`` None is every format that can be made here; ``brand`` is for pages of no one model.

    ``baseline`` is the file with what the models were: `reportgen.report.baseline`.
    """

    models: tuple[ModelEntry, ...]
    formats: tuple[str, ...] | None = None
    select: tuple[str, ...] = ()
    baseline: Path | None = None
    style: Style = Style()
    brand: Brand = Brand()
