"""Tests of sharded checkpoints, as transformers writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reportgen.errors import CheckpointError
from reportgen.report.checkpoint import StoredFile, StoredTensor, Weights
from reportgen.weights import read

NAME = "model.safetensors.index.json"


def indexed(folder: Path, weight_map: object) -> Path:
    """An index in the folder, beside two shards: one with ``a``, one with ``b`` and ``c``."""
    save_file({"a": torch.zeros(2)}, folder / "m-1.safetensors")
    save_file({"b": torch.zeros(3), "c": torch.zeros(1)}, folder / "m-2.safetensors")
    path = folder / NAME
    path.write_text(json.dumps({"metadata": {"total_size": 24}, "weight_map": weight_map}))
    return path


WHOLE = {"a": "m-1.safetensors", "b": "m-2.safetensors", "c": "m-2.safetensors"}


def test_all_shards_together(tmp_path):
    """The tensors of every file, in the order of the files' names."""
    path = indexed(tmp_path, WHOLE)
    expected = Weights(
        name=NAME,
        format="safetensors",
        files=tuple(
            StoredFile(name, (tmp_path / name).stat().st_size) for name in ("m-1.safetensors", "m-2.safetensors")
        ),
        tensors=(
            StoredTensor("a", (2,), "float32", 8),
            StoredTensor("b", (3,), "float32", 12),
            StoredTensor("c", (1,), "float32", 4),
        ),
    )
    assert expected == read(path)


def test_what_index_and_files_disagree_on(tmp_path):
    """Files that are not there, keys that their file has not, and keys that the index places elsewhere or nowhere."""
    weights = read(indexed(tmp_path, {"a": "m-2.safetensors", "b": "m-2.safetensors", "x": "m-3.safetensors"}))
    assert (("m-3.safetensors",), ("a",), ("c",)) == (weights.absent, weights.unkept, weights.unlisted)


@pytest.mark.parametrize(
    ("weight_map", "what"),
    [
        ({"a": "../m.safetensors"}, "leads out of its folder: '../m.safetensors'"),
        ({"a": "/etc/m.safetensors"}, "leads out of its folder"),
        ({"a": "x\\m.safetensors"}, "leads out of its folder"),
        ({"a": ""}, "leads out of its folder"),
        ({}, "names no file"),
        ({"a": 1}, "is no index of a sharded checkpoint"),
        (None, "is no index of a sharded checkpoint"),
    ],
)
def test_refuses(tmp_path, weight_map, what):
    """An index that is none, or that leads to files of others."""
    with pytest.raises(CheckpointError) as caught:
        read(indexed(tmp_path, weight_map))
    assert f"{NAME} {what}" in str(caught.value)


def test_files_of_no_known_kind(tmp_path):
    """A suffix that says nothing, a file that is not there, and a key into a file that has tensors alone."""
    (tmp_path / "m.txt").write_text("")
    for name, key, what in (
        ("m.txt", None, "m.txt is no file of weights, by its suffix"),
        ("x.safetensors", None, "x.safetensors cannot be read: No such file or directory"),
        ("m-1.safetensors", "ema", "m-1.safetensors has no ema: a safetensors file has tensors alone"),
    ):
        indexed(tmp_path, WHOLE)
        with pytest.raises(CheckpointError) as caught:
            read(tmp_path / name, key)
        assert what == str(caught.value)


def test_shards_of_torch(tmp_path):
    """As ``pytorch_model.bin.index.json`` names them; versions of modules come from every file."""
    for name, module in (("p-1.bin", torch.nn.Linear(2, 1)), ("p-2.bin", torch.nn.BatchNorm1d(1))):
        state = module.state_dict(prefix=f"{name[2]}.")
        torch.save(state, tmp_path / name)
    path = tmp_path / "pytorch_model.bin.index.json"
    keys = {"1.weight": "p-1.bin", "1.bias": "p-1.bin"} | dict.fromkeys(
        ("2.weight", "2.bias", "2.running_mean", "2.running_var", "2.num_batches_tracked"), "p-2.bin"
    )
    path.write_text(json.dumps({"weight_map": keys}))
    weights = read(path)
    assert ("pytorch", list(keys), {"1": 1, "2": 2}, (), ()) == (
        weights.format,
        [row.name for row in weights.tensors],
        weights.versions,
        weights.unkept,
        weights.unlisted,
    )
