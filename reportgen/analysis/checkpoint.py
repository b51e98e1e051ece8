"""What ``load_state_dict`` would say: `torch.nn.Module._load_from_state_dict`, followed key by key on records.

Torch walks the model it loads into, parents first. Each module misses what it has and the state dict has not, its
parameters first; it refuses other shapes; and it finds unexpected what lies below its prefix and is neither its own nor
below a module of its own. Batch norms make up ``num_batches_tracked`` where the checkpoint's metadata knows their path
with a version below 2, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.analysis.places import Tree
from reportgen.report.checkpoint import Mismatch, Verdict

if TYPE_CHECKING:
    from reportgen.report.base import Shape
    from reportgen.report.schema import ModelReport

_FILLED_BELOW = 2  # the version of torch's batch norm that has the buffer


@dataclass(frozen=True, slots=True)
class StateDict:
    """Keys with their shapes, in order; and the version of each module by its path, where the metadata is kept."""

    shapes: Mapping[str, Shape | None]
    versions: Mapping[str, int]

    def renamed(self, names: Mapping[str, str]) -> StateDict:
        """The same tensors under other keys, as a plain dict has them: without metadata; what is renamed wins."""
        kept = {key: shape for key, shape in self.shapes.items() if key not in names}
        return StateDict(kept | {names[key]: self.shapes[key] for key in self.shapes if key in names}, {})


def state_dict(model: Tree) -> StateDict:
    """What ``state_dict()`` of the recorded model gives."""
    state = model.report.state
    known = {row.class_name: row.version for row in state.versions} if state is not None else {}
    return StateDict(
        {key: tensor.shape for key, tensor in model.saved.items()},
        {path: known.get(place.class_name, 1) for path, place in model.places.items()},
    )


def custom_modules(report: ModelReport) -> tuple[str, ...]:
    """The paths of modules that save or load in a way of their own, of which a verdict is not certain."""
    return tuple(report.modules[index].path for index in report.state.custom) if report.state is not None else ()


def load(checkpoint: StateDict, model: Tree) -> Verdict:
    """The verdict of ``model.load_state_dict(checkpoint)``, in torch's order."""
    missing: list[str] = []
    mismatched: list[Mismatch] = []
    for key, tensor in model.saved.items():
        if key not in checkpoint.shapes:
            missing.append(key)
        elif not _fits(checkpoint.shapes[key], tensor.shape):
            mismatched.append(Mismatch(key, checkpoint.shapes[key], tensor.shape))
    made_up = _made_up(missing, checkpoint, model)
    lacking = tuple(key for key in missing if key not in made_up)
    return Verdict(lacking, _unexpected(checkpoint, model), tuple(mismatched))


def _made_up(missing: list[str], checkpoint: StateDict, model: Tree) -> set[str]:
    """The missing keys whose modules make them up, because the checkpoint has no version of them, or an early one."""
    state = model.report.state
    fills = {row.class_name: row.fills for row in state.versions if row.fills} if state is not None else {}
    found: set[str] = set()
    if not fills:
        return found
    for key in missing:
        path, _, name = key.rpartition(".")
        if name in fills.get(model.places[path].class_name, ()) and checkpoint.versions.get(path, 0) < _FILLED_BELOW:
            found.add(key)
    return found


def _fits(given: Shape | None, wanted: Shape | None) -> bool:
    """Shapes of which one is not known yet (a lazy layer's) fit; torch 0.3 saved scalars as vectors of one element."""
    return given is None or wanted is None or given == wanted or (given == (1,) and not wanted)


def _unexpected(checkpoint: StateDict, model: Tree) -> tuple[str, ...]:
    found: dict[int, list[str]] = {}  # by the module that finds them
    for key in checkpoint.shapes:
        if key not in model.saved and (finder := _finder(key, model)) is not None:
            found.setdefault(finder, []).append(key)
    return tuple(key for index in sorted(found) for key in found[index])


def _finder(key: str, model: Tree) -> int | None:
    """The module that finds a key unexpected, the last one on its way; None where that ends in an empty place."""
    path, below = "", key
    while "." in below:
        head, _, below = below.partition(".")
        inner = f"{path}.{head}" if path else head
        if inner in model.empty:
            return None
        if inner not in model.places:
            break
        path = inner
    return model.places[path].index if path in model.places else 0
