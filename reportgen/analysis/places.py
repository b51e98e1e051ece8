"""The tree of modules by paths, and what hangs on it: the view of a model that alignment and checkpoints share.

Here a module stands under every one of its paths, as it does in a state dict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reportgen.report.difference import Tensor

if TYPE_CHECKING:
    from reportgen.report.base import Shape
    from reportgen.report.schema import BufferFacts, ModelReport, ParameterFacts
    from reportgen.report.state import ModuleSlot


@dataclass(slots=True, eq=False)
class Place:
    """A path of a module: the tensors directly on it (parameters, then buffers) and the places below it."""

    path: str
    name: str  # the last part of the path
    class_name: str
    index: int  # in a walk, parents first
    parameters: int | None  # unique elements in the subtree
    parent: Place | None = None
    tensors: list[Tensor] = field(default_factory=list)
    children: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tree:
    """A model by paths: ``places`` in the order of a walk, the model itself first; none where nothing was built."""

    report: ModelReport
    ledger: tuple[Tensor, ...]  # parameters, then buffers
    places: Mapping[str, Place]
    saved: Mapping[str, Tensor]  # what ``state_dict()`` has, in its order
    empty: frozenset[str]  # paths registered as modules that hold none: keys below them are neither read nor missed

    @classmethod
    def of(cls, report: ModelReport) -> Tree:
        """The tree of a record."""
        found: dict[str, Place] = {}
        for path, class_name, parameters in _rows(report):
            _add(found, path, class_name, parameters)
        ledger = tensors(report)
        for tensor in ledger:
            path = tensor.name.rpartition(".")[0]
            place = found.get(path) or _add(found, path, "", None)  # a record that knows no second paths
            place.tensors.append(tensor)
        saved = {
            tensor.name: tensor
            for place in found.values()
            for tensor in place.tensors
            if tensor.persistent is not False
        }
        return cls(report, ledger, found, saved, frozenset(slot.path for slot in _slots(report) if slot.module is None))

    @property
    def walk(self) -> tuple[Place, ...]:
        """The places, parents first."""
        return tuple(self.places.values())


def tensors(report: ModelReport) -> tuple[Tensor, ...]:
    """Every registered name: the ledger of parameters, then that of buffers."""
    return (
        *(
            Tensor("parameter", *_shared(row), trainable=row.trainable, gradient=row.gradient)
            for row in report.parameters
        ),
        *(Tensor("buffer", *_shared(row), persistent=row.persistent) for row in report.buffers),
    )


def _shared(row: ParameterFacts | BufferFacts) -> tuple[str, Shape | None, str, int | None, int | None, str | None]:
    """What parameters and buffers both have."""
    return row.name, row.shape, row.dtype, row.numel, row.bytes, row.tied_to


def _rows(report: ModelReport) -> Iterator[tuple[str, str, int | None]]:
    """Modules and the further paths of shared ones, as a walk meets them."""
    slots = iter([slot for slot in _slots(report) if slot.module is not None])
    slot = next(slots, None)
    for index in range(len(report.modules) + 1):
        while slot is not None and slot.before == index:
            shared = report.modules[slot.module or 0]
            yield slot.path, shared.class_name, shared.parameters
            slot = next(slots, None)
        if index < len(report.modules):
            module = report.modules[index]
            yield module.path, module.class_name, module.parameters


def _slots(report: ModelReport) -> Sequence[ModuleSlot]:
    return report.state.slots if report.state is not None else ()


def _add(found: dict[str, Place], path: str, class_name: str, parameters: int | None) -> Place:
    above, _, name = path.rpartition(".")
    while above and above not in found:
        above, _, more = above.rpartition(".")
        name = f"{more}.{name}"
    parent = found.get(above) if path else None
    place = found[path] = Place(path, name, class_name, len(found), parameters, parent)
    if parent is not None:
        parent.children.append(place)
    return place
