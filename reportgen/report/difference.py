"""The difference of two records as a record of its own, ``diff.json``: format ``reportgen/diff``, with its own version.

It holds every figure of both sides, every tensor and module that is not the same on both, and what a checkpoint of one
meets in the other. With the ledger of one side it gives that of the other (`reportgen.analysis.diff.apply`).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from reportgen.report.base import Count, Record, Shape
from reportgen.report.checkpoint import Checkpoint
from reportgen.report.schema import GradientFacts, InputFacts, Status

DIFF_FORMAT: Literal["reportgen/diff"] = "reportgen/diff"
DIFF_VERSION: Literal[1] = 1

Sureness = Literal["certain", "likely", "guess"]
Evidence = Literal["name", "class", "structure", "shapes", "form", "shape", "order", "unique", "wrapper"]
TensorKind = Literal["parameter", "buffer"]
TensorWhat = Literal[
    "added",
    "removed",
    "renamed",
    "carried",
    "reshaped",
    "retyped",
    "retied",
    "frozen",
    "unfrozen",
    "gradient-lost",
    "gradient-gained",
    "gradient-changed",
    "became-buffer",
    "became-parameter",
    "became-persistent",
    "became-transient",
    "reordered",
]
ModuleWhat = Literal["added", "removed", "renamed", "carried", "moved", "wrapped", "unwrapped", "replaced", "reordered"]


class Side(Record, frozen=True):
    """One of the two models: which it is, and under which conditions its figures hold."""

    ref: str
    name: str
    class_name: str | None = msgspec.field(name="class")
    status: Status
    fingerprint: str | None
    mode: str
    device: str
    inputs: tuple[InputFacts, ...]
    flops_exact: bool
    freeze: tuple[str, ...]


class Figure(Record, frozen=True):
    """One total of both sides, by its place in ``totals``: ``parameters.unique``. None: not known."""

    name: str
    old: int | None
    new: int | None


class Tensor(Record, frozen=True, gc=False):
    """One registered name, of a parameter or a buffer, as the record has it; what the other kind has not is None."""

    kind: TensorKind
    name: str
    shape: Shape | None
    dtype: str
    numel: Count | None
    bytes: Count | None
    tied_to: str | None
    trainable: bool | None = None
    gradient: GradientFacts | None = None
    persistent: bool | None = None


class Module(Record, frozen=True, gc=False):
    """One module of the tree under one of its paths; ``parameters`` are the unique elements in its subtree."""

    path: str
    class_name: str = msgspec.field(name="class")
    parameters: Count | None


class Run(Record, frozen=True):
    """So many modules of one class side by side, numbered upwards from ``first``, the path of the first one."""

    first: str
    count: Count
    class_name: str = msgspec.field(name="class")


class Repeat(Record, frozen=True):
    """Two runs that correspond, of which one is longer."""

    old: Run
    new: Run


class Match(Record, frozen=True, gc=False):
    """Why two things are taken to be the same one, and how sure that is.

    name: the same name in corresponding modules · class: the same class · structure: the same classes, tensor names and
    shapes all the way down · shapes: the same tensor names and shapes all the way down · form: the same classes and
    tensor names all the way down · shape: the same shape · order: the same order among what else corresponds · unique:
    nothing else on either side fits · wrapper: it is inside a module that the other side has not.

    certain: nothing else can be meant · likely: it fits in all but the name · guess: something else may be meant.
    """

    sure: Sureness
    evidence: tuple[Evidence, ...]


class TensorChange(Record, frozen=True, gc=False):
    """A tensor that is not the same on both sides, or is on one alone; indexes are places in the ledger of its kind.

    carried: its name differs, but only because a module above it has another · retied: it shares its memory with
    another tensor than before, or with none any more · reordered: it is the same, at another place among the others.
    """

    what: tuple[TensorWhat, ...]
    old: Tensor | None
    new: Tensor | None
    old_index: Count | None
    new_index: Count | None
    match: Match | None


class ModuleChange(Record, frozen=True, gc=False):
    """A module that is not the same on both sides, or is on one alone; indexes are places in a walk, parents first.

    carried: its path differs, but only because a module above it has another · replaced: its class differs · wrapped:
    it is now inside a module that stands where it stood.
    """

    what: tuple[ModuleWhat, ...]
    old: Module | None
    new: Module | None
    old_index: Count | None
    new_index: Count | None
    match: Match | None


class Difference(Record, frozen=True, kw_only=True):
    """All that differs between two records."""

    format: Literal["reportgen/diff"] = DIFF_FORMAT
    format_version: Literal[1] = DIFF_VERSION
    old: Side
    new: Side
    totals: tuple[Figure, ...]  # of both sides, also where they agree
    repeats: tuple[Repeat, ...]  # runs of blocks that are longer or shorter now; the blocks are among `modules` too
    modules: tuple[ModuleChange, ...]
    tensors: tuple[TensorChange, ...]
    checkpoint: Checkpoint  # an old checkpoint in the new model
    rollback: Checkpoint  # a new checkpoint in the old model

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs: no tensor, no module, no figure."""
        return not (self.tensors or self.modules or any(figure.old != figure.new for figure in self.totals))

    def to_dict(self) -> dict[str, Any]:
        """The record as plain dicts, lists, strings and numbers: exactly what ``diff.json`` holds."""
        from reportgen.report import codec

        return codec.to_dict(self)

    def to_json(self) -> str:
        """The text of ``diff.json``: the same difference always gives the same text."""
        from reportgen.report import codec

        return codec.to_json(self)
