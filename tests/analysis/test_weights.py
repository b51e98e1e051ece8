"""Tests of `reportgen.analysis.weights`: what torch says when it loads the very file is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import nn

from reportgen.analysis.weights import check
from reportgen.config import ProbeOptions
from reportgen.probe import registered
from reportgen.registry.base import ModelRef, ModelSpec
from reportgen.registry.catalog import Catalog
from reportgen.report.checkpoint import CheckpointFacts, Mismatch, Retyped, StoredDtype, Verdict
from reportgen.weights import read

LISTED = re.compile(r'(Missing|Unexpected) key\(s\) in state_dict: (".*?")\. ')
MISMATCH = re.compile(r"size mismatch for (.+?): copying a param with shape torch\.Size\(\[(.*?)\]\) .*\[(.*?)\]\)")


def torch_says(path: Path, model: nn.Module, key: str | None = None) -> Verdict:
    """The verdict of ``load_state_dict`` on what is really in the file, read from the error that it raises."""
    state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    try:
        model.load_state_dict(state if key is None else state[key])
    except RuntimeError as exc:
        text = str(exc)
    else:
        return Verdict((), (), ())
    found = {kind: tuple(re.findall('"(.*?)"', keys)) for kind, keys in LISTED.findall(text)}
    shapes = [
        (key, *(tuple(map(int, filter(None, dims.split(", ")))) for dims in row))
        for key, *row in MISMATCH.findall(text)
    ]
    return Verdict(found.get("Missing", ()), found.get("Unexpected", ()), tuple(Mismatch(*row) for row in shapes))


def facts(path: Path, model: nn.Module, key: str | None = None) -> CheckpointFacts:
    """The file beside the record of the model."""
    report = registered(ModelSpec(ModelRef("test", "model"), lambda: model), ProbeOptions())
    return check(read(path, key), report)


class Net(nn.Module):
    """An embedding tied to a head, a norm, and a body of a width of choice."""

    def __init__(self, width: int = 4, extra: bool = False, tied: bool = True) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, width)
        self.body = nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width))
        self.more = nn.Linear(width, 2) if extra else nn.Identity()
        self.head = nn.Linear(width, 7, bias=False)
        if tied:
            self.head.weight = self.embed.weight


def wrapped(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """As `DataParallel` saves it."""
    return {f"module.{key}": value for key, value in state.items()}


STATES = {
    "its own": Net().state_dict(),
    "another width": Net(5).state_dict(),
    "more layers": Net(extra=True).state_dict(),
    "plain": dict(Net().state_dict()),
    "wrapped": wrapped(Net().state_dict()),
    "half": {key: value.half() for key, value in Net().state_dict().items()},
    "without a norm": {key: value for key, value in Net().state_dict().items() if "body.1" not in key},
    "nothing of it": {"x": torch.zeros(2)},
}


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
@pytest.mark.parametrize("extra", [False, True])
def test_as_torch_says(tmp_path, name, suffix, extra):
    """Missing, unexpected and mismatched keys, in torch's order, of files of both kinds."""
    state, path = STATES[name], tmp_path / f"m.{suffix}"
    if suffix == "pt":
        torch.save(state, path)
    else:
        save_file({key: value.clone() for key, value in state.items()}, path)
    found = facts(path, Net(extra=extra)).loading.verdict
    expected = torch_says(path, Net(extra=extra))
    assert (expected.missing, expected.mismatched) == (found.missing, found.mismatched)
    assert sorted(expected.unexpected) == sorted(found.unexpected)
    assert suffix == "safetensors" or expected.unexpected == found.unexpected  # the library has an order of its own


def test_the_key_map_loads(tmp_path):
    """The renamed state dict goes into the model, strictly."""
    torch.save(STATES["wrapped"], tmp_path / "m.pt")
    loading = facts(tmp_path / "m.pt", Net()).loading
    assert ({"module.": ""}, Verdict((), (), ())) == (loading.prefixes, loading.renamed)
    state = {loading.renames[key]: value for key, value in STATES["wrapped"].items()}
    Net().load_state_dict(state)


def test_tied_names_are_stored_once(tmp_path):
    """As ``save_model`` leaves them out, strict loading misses them, and ``load_model`` does not: the file fits."""
    save_model(Net(), tmp_path / "m.safetensors")
    found = facts(tmp_path / "m.safetensors", Net())
    missing = torch_says(tmp_path / "m.safetensors", Net()).missing
    assert (missing, True) == (found.loading.verdict.missing, found.fits)
    ((lacking, kept),) = found.tied.items()
    assert ((lacking,), {"embed.weight", "head.weight"}) == (missing, {lacking, kept})
    load_model(Net(), tmp_path / "m.safetensors", strict=True)
    assert not facts(tmp_path / "m.safetensors", Net(tied=False)).fits


def test_dtypes_and_bytes(tmp_path):
    """What the file holds by dtype, shared memory once; and what of it the model has in another dtype."""
    model, half = Net(), STATES["half"]
    torch.save(half | {"head.weight": half["embed.weight"]}, tmp_path / "m.pt")
    found = facts(tmp_path / "m.pt", model)
    elements = 7 * 4 + 4 * 4 + 4 + 4 * 4 + 1  # embedding, linear, four vectors of the norm, and its counter
    assert (9, (StoredDtype("float16", 8, elements, 2 * elements),)) == (found.keys, found.dtypes)
    floats = [key for key, value in model.state_dict().items() if value.dtype == torch.float32]
    expected = {Retyped(key, "float16", "float32") for key in floats}
    assert expected | {Retyped("body.1.num_batches_tracked", "float16", "int64")} == set(found.retyped)


def test_resnet18_and_a_sharded_bert(tmp_path):
    """Real models: a file of torchvision's, and what ``save_pretrained`` splits of a small BERT."""
    resnet = Catalog().spec(ModelRef.parse("torchvision:resnet18")).build()
    torch.save({"state_dict": resnet.state_dict(), "epoch": 1}, tmp_path / "r.pth")
    found = facts(tmp_path / "r.pth", resnet)
    assert (True, "state_dict", 122, 11_699_132, 46_796_608) == (
        found.fits,
        found.key,
        found.keys,
        sum(row.elements for row in found.dtypes),
        sum(row.bytes for row in found.dtypes),
    )
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=500
    )
    bert = BertForMaskedLM(config)
    bert.save_pretrained(tmp_path / "bert", max_shard_size="40KB")
    found = facts(tmp_path / "bert" / "model.safetensors.index.json", bert)
    files = sorted(file.name for file in (tmp_path / "bert").glob("*.safetensors"))
    assert (True, files) == (found.fits, [file.name for file in found.files])
    assert set(found.tied.values()) <= set(bert.state_dict())
    (tmp_path / "bert" / files[0]).unlink()
    found = facts(tmp_path / "bert" / "model.safetensors.index.json", bert)
    left = {key for file in files[1:] for key in load_file(tmp_path / "bert" / file)}
    assert (False, (files[0],)) == (found.fits, found.absent)
    assert [key for key in bert.state_dict() if key not in left] == list(found.loading.verdict.missing)
