"""Checkpoints: what a file of weights holds, and what ``load_state_dict`` says of a state dict in a model."""

from __future__ import annotations

from typing import Literal

import msgspec

from reportgen.report.base import Count, Record, Shape

WeightsFormat = Literal["safetensors", "pytorch"]


class Mismatch(Record, frozen=True, gc=False):
    """A key that both have, in two shapes."""

    key: str
    checkpoint: Shape | None
    model: Shape | None


class Verdict(Record, frozen=True):
    """What ``load_state_dict`` says, in its order; nothing means that it loads."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[Mismatch, ...]

    @property
    def loads(self) -> bool:
        """Whether ``strict=True`` lets it pass."""
        return not (self.missing or self.unexpected or self.mismatched)


class Checkpoint(Record, frozen=True):
    """What becomes of a state dict, ``torch.save(model.state_dict())``, in a model.

    ``renames`` leads from keys of the checkpoint to keys of the model where a tensor of the same shape has another name
    there, with certainty or likely; guesses are left out. ``renamed`` is the verdict on the state dict with those keys.
    ``prefixes`` is the same map in a dozen rules at most, the longest prefix that fits going first; None where it takes
    more.
    """

    verdict: Verdict
    exact: bool  # False: modules save or load in a way of their own, or a record does not know; ``custom`` names them
    custom: tuple[str, ...]
    renames: dict[str, str]
    prefixes: dict[str, str] | None
    renamed: Verdict


class StoredTensor(Record, frozen=True):
    """One key of a state dict in a file. What is no tensor there has no shape, dtype and bytes."""

    name: str
    shape: Shape | None
    dtype: str | None
    bytes: Count | None
    same_as: str | None = None  # the first key of the same memory, where the file keeps it once for several


class StoredFile(Record, frozen=True):
    """A file of weights, by its name alone, and its bytes on disk."""

    name: str
    bytes: Count


class Weights(Record, frozen=True, kw_only=True):
    """What a file of weights, or an index of several, holds, by what it says itself: no value was read.

    key: where in a training checkpoint the tensors are, ``state_dict``; None: nowhere deeper · absent: files that the
    index names and that are not there · unkept: keys that the index says a file has, which is there and has not ·
    unlisted: keys that a file has and the index does not name · versions: of modules by their paths, where the state
    dict kept them.
    """

    name: str
    format: WeightsFormat
    files: tuple[StoredFile, ...]
    tensors: tuple[StoredTensor, ...]
    key: str | None = None
    absent: tuple[str, ...] = ()
    unkept: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    versions: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all its files, also those that are not there."""
        return (*(file.name for file in self.files), *self.absent)


class StoredDtype(Record, frozen=True):
    """How much of a file is of one dtype; what several keys share counts once, under the first."""

    dtype: str
    tensors: Count
    elements: Count
    bytes: Count


class Retyped(Record, frozen=True):
    """A key of the model that the file has in another dtype, maybe under another name; ``load_state_dict`` casts it."""

    key: str
    checkpoint: str
    model: str


class CheckpointFacts(Record, frozen=True, kw_only=True):
    """A file of weights beside the model, and what ``load_state_dict`` would say of it there.

    ``key``, ``absent``, ``unkept`` and ``unlisted`` are those of `Weights`. ``tied`` leads from keys that the file
    lacks to others that it has, which are names of the same tensor in the model: safetensors keeps a tensor once.
    """

    name: str
    format: WeightsFormat
    key: str | None
    files: tuple[StoredFile, ...]
    absent: tuple[str, ...]
    unkept: tuple[str, ...]
    unlisted: tuple[str, ...]
    keys: Count
    dtypes: tuple[StoredDtype, ...]  # in the order in which the file has them
    retyped: tuple[Retyped, ...]
    tied: dict[str, str]
    loading: Checkpoint

    @property
    def fits(self) -> bool:
        """Whether the model gets every tensor from the file, and the file has nothing else."""
        verdict = self.loading.verdict
        whole = not (self.absent or self.unkept)
        return whole and not (verdict.unexpected or verdict.mismatched) and {*verdict.missing} == {*self.tied}
