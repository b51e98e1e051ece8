"""What a file of weights is to a recorded model: `load_state_dict` on the names and shapes of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING

from reportgen.analysis import checkpoint
from reportgen.analysis.checkpoint import StateDict
from reportgen.analysis.keymap import prefix_rules
from reportgen.analysis.likenames import likely_renames
from reportgen.analysis.places import Tree
from reportgen.report.checkpoint import Checkpoint, CheckpointFacts, Retyped, StoredDtype, StoredTensor, Weights

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport


def check(weights: Weights, report: ModelReport) -> CheckpointFacts:
    """The facts on a file beside a model that was built."""
    model = Tree.of(report)
    stored = {tensor.name: tensor for tensor in weights.tensors}
    loading = _loading(weights, model)
    return CheckpointFacts(
        name=weights.name,
        format=weights.format,
        key=weights.key,
        files=weights.files,
        absent=weights.absent,
        unkept=weights.unkept,
        unlisted=weights.unlisted,
        keys=len(weights.tensors),
        dtypes=_dtypes(weights),
        retyped=tuple(_retyped(stored, model, loading.renames)),
        tied=dict(_tied(loading.verdict.missing, stored, model)),
        loading=loading,
    )


def _loading(weights: Weights, model: Tree) -> Checkpoint:
    shapes = {tensor.name: tensor.shape for tensor in weights.tensors}
    saved, custom = StateDict(shapes, weights.versions), checkpoint.custom_modules(model.report)
    verdict = checkpoint.load(saved, model)
    wanted = {name: tensor.shape for name, tensor in model.saved.items() if name not in shapes}
    loose = {name: shape for name, shape in shapes.items() if name not in model.saved and shape is not None}
    found = likely_renames(loose, wanted)
    renames = {key: found[key] for key in shapes if key in found}
    return Checkpoint(
        verdict=verdict,
        exact=not custom and model.report.state is not None,
        custom=custom,
        renames=renames,
        prefixes=prefix_rules(renames, shapes),
        renamed=checkpoint.load(saved.renamed(renames), model) if renames else verdict,
    )


def _dtypes(weights: Weights) -> tuple[StoredDtype, ...]:
    groups: dict[str, list[StoredTensor]] = {}
    for tensor in weights.tensors:
        if tensor.dtype is not None and tensor.same_as is None:
            groups.setdefault(tensor.dtype, []).append(tensor)
    return tuple(
        StoredDtype(dtype, len(rows), sum(prod(row.shape or ()) for row in rows), sum(row.bytes or 0 for row in rows))
        for dtype, rows in groups.items()
    )


def _retyped(stored: Mapping[str, StoredTensor], model: Tree, renames: Mapping[str, str]) -> Iterator[Retyped]:
    """Keys of the model, also where the file has them under the other names of ``renames``."""
    others = {name: key for key, name in renames.items()}
    for name, tensor in model.saved.items():
        found = stored.get(others.get(name, name))
        if found is not None and found.dtype is not None and found.dtype != tensor.dtype:
            yield Retyped(name, found.dtype, tensor.dtype)


def _tied(missing: tuple[str, ...], stored: Mapping[str, StoredTensor], model: Tree) -> Iterator[tuple[str, str]]:
    """Missing keys, each with another name of its tensor that the file has, and in its shape."""
    names: dict[str, list[str]] = {}
    for tensor in model.saved.values():
        names.setdefault(tensor.tied_to or tensor.name, []).append(tensor.name)
    for key in missing:
        tensor = model.saved[key]
        others = names[tensor.tied_to or key]
        kept = next((name for name in others if name in stored and stored[name].shape == tensor.shape), None)
        if kept is not None:
            yield key, kept
