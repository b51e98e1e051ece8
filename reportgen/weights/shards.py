"""Sharded checkpoints: ``model.safetensors.index.json`` and its like say which file has which key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from reportgen.errors import CheckpointError
from reportgen.report.checkpoint import Weights

_REMEDY = "give the .index.json that save_pretrained wrote"


class _Index(msgspec.Struct):
    """What is read of an index; its ``metadata`` is not."""

    weight_map: dict[str, str]


def read_index(path: Path, read: Callable[[Path], Weights]) -> Weights:
    """All files that the index names, together; those that are not there are ``absent``.

    Raises:
        CheckpointError: the index is none, leads out of its folder, or a file cannot be read.
        OSError: likewise.
    """
    try:
        placed = msgspec.json.decode(path.read_bytes(), type=_Index).weight_map
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise CheckpointError(f"{path.name} is no index of a sharded checkpoint: {exc}", remedy=_REMEDY) from exc
    shards = sorted(set(placed.values()))
    for shard in shards:
        if not shard or Path(shard).name != shard or "\\" in shard or "\0" in shard:
            raise CheckpointError(f"{path.name} leads out of its folder: {shard!r}", remedy=_REMEDY)
    if not shards:
        raise CheckpointError(f"{path.name} names no file", remedy=_REMEDY)
    there = {shard: read(path.parent / shard) for shard in shards if (path.parent / shard).is_file()}
    held = {(tensor.name, shard) for shard, weights in there.items() for tensor in weights.tensors}
    return Weights(
        name=path.name,
        format="safetensors" if shards[0].endswith(".safetensors") else "pytorch",
        files=tuple(file for weights in there.values() for file in weights.files),
        tensors=tuple({tensor.name: tensor for weights in there.values() for tensor in weights.tensors}.values()),
        absent=tuple(shard for shard in shards if shard not in there),
        unkept=tuple(key for key, shard in placed.items() if shard in there and (key, shard) not in held),
        unlisted=tuple(
            tensor.name
            for shard, weights in there.items()
            for tensor in weights.tensors
            if placed.get(tensor.name) != shard
        ),
        versions={module: version for weights in there.values() for module, version in weights.versions.items()},
    )
