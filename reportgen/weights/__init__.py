"""Files of weights: what they say that they hold. No value is read from one, and nothing in one is ever run.

Importing this package imports no torch.
"""

from __future__ import annotations

from pathlib import Path

from reportgen.errors import CheckpointError
from reportgen.report.checkpoint import StoredFile, StoredTensor, Weights
from reportgen.weights import safetensors
from reportgen.weights.shards import read_index

_PICKLED = (".pt", ".pth", ".bin", ".ckpt", ".tar")
_KNOWN = "give a .safetensors, .pt, .pth, .bin or .ckpt file, or the .index.json of a sharded one"


def read(path: Path, key: str | None = None) -> Weights:
    """What a ``.safetensors`` or ``.pt`` file holds, or all the files of a ``.index.json``.

    ``key`` leads to the tensors in a training checkpoint that holds more: ``state_dict``, ``ema.model``. Files of
    torch are for a process of their own: reading them imports torch, and one that is damaged may end it.

    Raises:
        CheckpointError: it cannot be read, is damaged, needs code to be run, or holds no tensors, or several lots.
    """
    try:
        if path.name.endswith(".index.json"):
            return read_index(path, lambda shard: _read(shard, None))
        return _read(path, key)
    except OSError as exc:
        raise CheckpointError(f"{path.name} cannot be read: {exc.strerror or exc}", remedy=_KNOWN) from exc


def _read(path: Path, key: str | None) -> Weights:
    file = StoredFile(path.name, path.stat().st_size)
    if path.suffix == ".safetensors":
        if key is not None:
            raise CheckpointError(
                f"{path.name} has no {key}: a safetensors file has tensors alone",
                code="checkpoint-key",
                remedy="leave the key out",
            )
        tensors: tuple[StoredTensor, ...] = safetensors.read(path)
        return Weights(name=path.name, format="safetensors", files=(file,), tensors=tensors)
    if path.suffix not in _PICKLED:
        raise CheckpointError(f"{path.name} is no file of weights, by its suffix", remedy=_KNOWN)
    from reportgen.probe import unpickled

    held = unpickled.read(path, key)
    return Weights(
        name=path.name, format="pytorch", files=(file,), tensors=held.tensors, key=held.key, versions=held.versions
    )
