"""What a checkpoint of torch holds: ``torch.load(weights_only=True)``, which runs nothing that the file brings along.

The file is mapped into memory and not read: big ones cost what their pickled names do.
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from reportgen.errors import CheckpointError
from reportgen.report.checkpoint import StoredTensor

_DEEPEST = 3  # mappings, one in the other, in which tensors are looked for
_NEEDS = re.compile(r"(?:[Uu]nsupported (?:global: )?GLOBAL|Unsupported class|Trying to instantiate class) (\S+)")
# torch's advice around the reason, to load without weights_only, is not passed on.
_REASON = re.compile(r"WeightsUnpickler error:\s*((?!Check the documentation)\S[^\n]*)")
_LINE = re.compile(r"\A\s*((?!Weights only load failed)\S[^\n]*)")
_PICKLED = "save tensors alone, torch.save(model.state_dict(), …), or safetensors.torch.save_file, where you trust it"


@dataclass(frozen=True, slots=True)
class Held:
    """The state dict of a checkpoint: where in it, its tensors, and the versions of modules by their paths."""

    key: str | None
    tensors: tuple[StoredTensor, ...]
    versions: dict[str, int]


def read(path: Path, key: str | None) -> Held:
    """The one mapping of names to tensors in the file, or that at ``key``, a dotted path.

    Raises:
        CheckpointError: the file needs code to be run, is damaged, or holds no such mapping, or several.
        OSError: it cannot be read.
    """
    place, state = _chosen(path.name, _load(path), key)
    return Held(place or None, tuple(_tensors(state)), _versions(state))


def _load(path: Path) -> Any:
    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it looks like TorchScript, which the error says too
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except OSError:
        raise
    except Exception as exc:
        raise _refusal(path.name, exc) from exc


def _refusal(name: str, error: Exception) -> CheckpointError:
    text = str(error)
    if "TorchScript" in text:
        cause = f"{name} is a TorchScript archive, a program and no checkpoint"
        return CheckpointError(cause, code="checkpoint-needs-code", remedy="save the state dict of the module in it")
    if isinstance(error, pickle.UnpicklingError) and (needs := _NEEDS.search(text)):
        cause = f"{name} can only be read by running code, {needs[1].rstrip('.,')}; nothing of it was run"
        return CheckpointError(cause, code="checkpoint-needs-code", remedy=_PICKLED)
    told = _REASON.search(text) or _LINE.search(text)
    reason = told[1] if told else type(error).__name__
    return CheckpointError(
        f"{name} is no sound checkpoint of torch: {reason}", remedy="download it again, or save it anew"
    )


# -- where the tensors are -------------------------------------------------------------------------------------------


def _chosen(name: str, content: Any, key: str | None) -> tuple[str, Mapping[str, Any]]:
    """A state dict of the content, and its place there."""
    if key is not None:
        state = content
        for part in key.split("."):
            state = state.get(part) if isinstance(state, Mapping) else None
        if not isinstance(state, Mapping) or not all(isinstance(item, str) for item in state):
            remedy = _elsewhere([place for place, _ in _lots(content)])
            raise CheckpointError(f"{name} has no state dict at {key}", code="checkpoint-key", remedy=remedy)
        return key, state
    lots = list(_lots(content))
    if not lots and isinstance(content, Mapping) and any(isinstance(value, torch.Tensor) for value in content.values()):
        return "", {str(item): value for item, value in content.items()}  # what is no tensor is an unexpected key
    if not lots:
        told = f"{name} holds no mapping of names to tensors, but {type(content).__name__}"
        raise CheckpointError(told, remedy="give a file with a state dict: torch.save(model.state_dict(), …)")
    if len(lots) > 1:
        places = ", ".join(place for place, _ in lots)
        raise CheckpointError(
            f"{name} holds {len(lots)} state dicts: {places}",
            code="checkpoint-key",
            remedy="say which with --checkpoint-key, or checkpoint_key in a manifest",
        )
    return lots[0]


def _elsewhere(places: list[str]) -> str:
    """Where state dicts are, for one who looked in the wrong place."""
    if places == [""]:
        return "leave the key out: the file is a state dict as a whole"
    return f"it has {', '.join(places) or 'no mapping of names to tensors'}"


def _lots(content: Any, place: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Mappings whose values are all tensors, the outermost; those of ``get_extra_state`` may be anything."""
    if not isinstance(content, Mapping) or depth > _DEEPEST or not all(isinstance(item, str) for item in content):
        return
    values = [value for item, value in content.items() if not item.endswith("_extra_state")]
    if values and all(isinstance(value, torch.Tensor) for value in values):
        yield place, content
        return
    for item, value in content.items():
        yield from _lots(value, f"{place}.{item}" if place else item, depth + 1)


def _tensors(state: Mapping[str, Any]) -> Iterator[StoredTensor]:
    first: dict[tuple[Any, ...], str] = {}  # the key of each piece of memory
    for name, value in state.items():
        if not isinstance(value, torch.Tensor):
            yield StoredTensor(name, None, None, None)
            continue
        shape, dtype = tuple(value.shape), str(value.dtype).removeprefix("torch.")
        same_as = None
        if value.layout is torch.strided and value.numel():
            memory = value.data_ptr(), value.dtype, shape, value.stride()
            same_as = first.setdefault(memory, name)
        yield StoredTensor(
            name, shape, dtype, value.numel() * value.element_size(), None if same_as == name else same_as
        )


def _versions(state: Mapping[str, Any]) -> dict[str, int]:
    """What ``state_dict()`` notes of its modules, on the mapping itself."""
    noted = getattr(state, "_metadata", None)
    if not isinstance(noted, Mapping):
        return {}
    return {
        path: told["version"]
        for path, told in noted.items()
        if isinstance(path, str) and isinstance(told, Mapping) and isinstance(told.get("version"), int)
    }
