"""Several records side by side as a record of its own, ``compare.json``: format ``reportgen/comparison``.

Every row has a value for each model, in the order of `Comparison.models`; None is "not known" of a figure, and "has
none" of a stage, a layer type or a module. Shares, differences and marks are made from it, and are not in it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from reportgen.report.base import Count, Record
from reportgen.report.schema import InputFacts, Sizes, Status

COMPARISON_FORMAT: Literal["reportgen/comparison"] = "reportgen/comparison"
COMPARISON_VERSION: Literal[1] = 1

Bound = Literal["exact", "lower", "upper", "approximate"]
Condition = Literal["inputs", "mode", "dtype", "loss", "device", "freeze"]


class Compared(Record, frozen=True):
    """One of the models: which it is, and under which conditions its figures hold."""

    ref: str
    name: str
    class_name: str | None = msgspec.field(name="class")
    status: Status
    reason: str | None  # why not complete
    fingerprint: str | None
    mode: str
    dtype: str | None  # that it was cast to
    device: str
    loss: str
    inputs: tuple[InputFacts, ...]
    freeze: tuple[str, ...]
    flops: Bound | None  # what its FLOPs and MACs are; None: not known
    environment: dict[str, str]


class Quantity(Record, frozen=True):
    """One total of every model, by its place in ``totals``: ``parameters.unique``."""

    name: str
    values: tuple[int | None, ...]


class Amounts(Record, frozen=True):
    """What a group of modules holds and does itself, apart from the modules in them: elements, MACs, bytes."""

    modules: Count
    parameters: Count | None  # each tensor once, under its first name
    macs: Count | None  # of the forward pass
    saved_bytes: Count | None  # kept for backward


class Stage(Record, frozen=True):
    """What is done where features are so many times narrower than the image that went in.

    ``reduction`` is the ratio of the sides, to the nearest power of two: 4 where an image of 224 × 224 has become
    56 × 56. None: there are no places any more, or none that are known, after pooling for one.
    """

    reduction: Count | None
    amounts: tuple[Amounts | None, ...]


class LayerKind(Record, frozen=True):
    """All modules of one class."""

    class_name: str = msgspec.field(name="class")
    amounts: tuple[Amounts | None, ...]


class Branch(Record, frozen=True):
    """A module, or a run of ``count`` equal ones of which ``path`` is the first; figures are those of one of them.

    A run inside a run counts for itself: there are ``count`` in each of those around it.
    """

    path: str
    class_name: str = msgspec.field(name="class")
    count: Count
    parameters: Count | None  # unique elements in the subtree
    counted: Count  # of these, the elements whose first name is there: every tensor counts in one place
    macs: Count | None  # of the forward pass
    outputs: tuple[Sizes, ...] | None
    reduction: Count | None = None  # as of `Stage`


class Line(Record, frozen=True):
    """Modules that stand at the same place, one of each model that has one; ``depth`` counts from the models."""

    depth: Count
    branches: tuple[Branch | None, ...]


class Comparison(Record, frozen=True, kw_only=True):
    """Models side by side."""

    format: Literal["reportgen/comparison"] = COMPARISON_FORMAT
    format_version: Literal[1] = COMPARISON_VERSION
    models: tuple[Compared, ...]
    baseline: Count  # the model that the others are told against, by its place
    differing: tuple[Condition, ...]  # conditions that are not the same for all: figures are of different things
    totals: tuple[Quantity, ...]
    stages: tuple[Stage, ...]  # the widest first; none where not every model takes an image
    layers: tuple[LayerKind, ...]  # that hold or do something in any model, the largest first
    tree: tuple[Line, ...]  # the upper levels of all models, lined up

    def to_dict(self) -> dict[str, Any]:
        """The record as plain dicts, lists, strings and numbers: exactly what ``compare.json`` holds."""
        from reportgen.report import codec

        return codec.to_dict(self)

    def to_json(self) -> str:
        """The text of ``compare.json``: the same comparison always gives the same text."""
        from reportgen.report import codec

        return codec.to_json(self)
