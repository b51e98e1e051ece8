"""Tests of `reportgen.analysis.diff`: pairs whose differences are known by hand."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn

from reportgen.analysis.budget import quantities
from reportgen.analysis.diff import diff
from reportgen.report.difference import Figure, Module

QUIET = pytest.mark.filterwarnings(
    "ignore:.*torch.jit.*:DeprecationWarning"
)  # torch.compile imports what is deprecated


def words(changes):
    """How often what happened, to tensors or modules."""
    return Counter(change.what for change in changes)


def names(changes, *what):
    """The old and the new names of those to which just that happened."""
    found = [change for change in changes if change.what == what]
    return [(change.old and _name(change.old), change.new and _name(change.new)) for change in found]


def _name(row):
    return row.path if isinstance(row, Module) else row.name


def figure(difference, name):
    """One total of both sides."""
    return next((figure.old, figure.new) for figure in difference.totals if figure.name == name)


# -- pairs of libraries ----------------------------------------------------------------------------------------------


def test_resnet50_and_resnext50(record):
    """In each of 16 blocks three convolutions, and two norms with bias, mean and variance, are of other widths."""
    found = diff(record("torchvision:resnet50"), record("torchvision:resnext50_32x4d"))
    reshaped = {change.old.name: (change.old.shape, change.new.shape) for change in found.tensors}
    assert {("reshaped",): 16 * (3 + 2 * 4)} == words(found.tensors)
    assert () == found.modules
    assert ((64, 64, 1, 1), (128, 64, 1, 1)) == reshaped["layer1.0.conv1.weight"]
    assert ((64, 64, 3, 3), (128, 4, 3, 3)) == reshaped["layer1.0.conv2.weight"]
    assert ((512,), (1024,)) == reshaped["layer4.2.bn2.running_var"]
    assert (25_557_032, 25_028_904) == figure(found, "parameters.unique")
    assert [change.old.name for change in found.tensors if change.old.kind == "parameter"][:2] == [
        "layer1.0.conv1.weight",
        "layer1.0.bn1.weight",
    ]
    assert 176 == len(found.checkpoint.verdict.mismatched)


def test_vit_b_and_vit_l(record):
    """Twelve blocks of twelve modules and twelve tensors more, and everything wider but the classes' bias."""
    found = diff(record("torchvision:vit_b_16"), record("torchvision:vit_l_16"))
    assert {("added",): 12 * 12} == words(found.modules)
    assert {("added",): 12 * 12, ("reshaped",): 151} == words(found.tensors)
    assert "heads.head.bias" not in {change.old.name for change in found.tensors if change.old is not None}
    assert (None, "encoder.layers.encoder_layer_12") == names(found.modules, "added")[0]
    assert (86_567_656, 304_326_632) == figure(found, "parameters.unique")
    verdict = found.checkpoint.verdict
    assert (12 * 12, 0, 151) == (len(verdict.missing), len(verdict.unexpected), len(verdict.mismatched))


def test_convnext_tiny_and_small(record):
    """The third stage has 27 blocks instead of nine; a block has ten modules and nine tensors. Nothing else differs."""
    found = diff(record("torchvision:convnext_tiny"), record("torchvision:convnext_small"))
    blocks = [path for _, path in names(found.modules, "added") if path.count(".") == 2]
    assert {("added",): 18 * 10} == words(found.modules)
    assert {("added",): 18 * 9} == words(found.tensors)
    assert [f"features.5.{index}" for index in range(9, 27)] == blocks
    assert (28_589_128, 50_223_688) == figure(found, "parameters.unique")


def test_bert_and_roberta(record):
    """The same tensors under the same names but for the vocabulary, in classes of other names, positions last."""
    found = diff(record("transformers:bert"), record("transformers:roberta"))
    assert {("replaced",): 4 + 6 * 12, ("reordered",): 1} == words(found.modules)
    assert [("embeddings.word_embeddings.weight",) * 2] == names(found.tensors, "reshaped")
    assert [("embeddings.position_embeddings.weight",) * 2] == names(found.tensors, "reordered")
    vocabulary = next(change for change in found.tensors if change.what == ("reshaped",))
    assert ((30_522, 768), (50_265, 768)) == (vocabulary.old.shape, vocabulary.new.shape)
    assert (("embeddings.word_embeddings.weight",), ()) == (
        tuple(row.key for row in found.checkpoint.verdict.mismatched),
        found.checkpoint.verdict.missing,
    )


# -- one model in other forms ----------------------------------------------------------------------------------------


def test_frozen(net, record, variants):
    """The ten tensors of the block, and the two figures that count them."""
    found = diff(record(net), record(variants["frozen"]))
    block = 2 * 8 + 2 * (8 * 8 + 8) + (8 * 16 + 16) + (16 * 8 + 8)
    assert {("frozen",): 10} == words(found.tensors)
    assert (0, block) == figure(found, "parameters.frozen")
    assert () == found.modules
    assert found.checkpoint.verdict.loads


def test_bfloat16(net, record, variants):
    """Every tensor is of the other type, half as large; the checkpoint loads all the same."""
    found = diff(record(net), record(variants["bfloat16"]))
    before, after = figure(found, "parameters.bytes")
    assert {("retyped",): 33} == words(found.tensors)
    assert before == 2 * after
    assert found.checkpoint.verdict.loads


@QUIET
@pytest.mark.parametrize(("form", "prefix"), [("parallel", "module"), ("compiled", "_orig_mod")])
def test_wrapped(net, record, variants, form, prefix):
    """One module more; all others carry its prefix; the key map makes the checkpoint fit."""
    found = diff(record(net), record(variants[form]))
    assert {("carried",): 33} == words(found.tensors)
    assert {("added",): 1, ("wrapped",): 1, ("carried",): len(record(net).modules) - 1} == words(found.modules)
    assert {name: f"{prefix}.{name}" for name in net().state_dict()} == found.checkpoint.renames
    assert (33, 33) == (len(found.checkpoint.verdict.missing), len(found.checkpoint.verdict.unexpected))
    assert found.checkpoint.renamed.loads


def test_adapted(net, record, variants):
    """Each projection is frozen inside an adapter, which has two layers more."""
    found = diff(record(net), record(variants["adapted"]))
    assert {("carried", "frozen"): 6, ("added",): 6} == words(found.tensors)
    assert [(f"layers.{index}.q", f"layers.{index}.q.base") for index in range(3)] == names(found.modules, "wrapped")
    assert tuple(f"layers.{index}.q.{part}.weight" for index in range(3) for part in ("down", "up")) == (
        found.checkpoint.renamed.missing
    )
    assert () == found.checkpoint.renamed.unexpected


def test_pruned(net, record, variants):
    """The weight goes by another name, and has a mask beside it."""
    found = diff(record(net), record(variants["pruned"]))
    assert [("layers.1.q.weight", "layers.1.q.weight_orig")] == names(found.tensors, "renamed")
    assert [(None, "layers.1.q.weight_mask")] == names(found.tensors, "added")
    assert {"layers.1.q.weight": "layers.1.q.weight_orig"} == found.checkpoint.renames
    assert ("layers.1.q.weight_mask",) == found.checkpoint.renamed.missing


def test_renamed_stage(net, record, variants):
    """One module has another name; thirty tensors carry it."""
    found = diff(record(net), record(variants["renamed"]))
    assert [("layers", "blocks")] == names(found.modules, "renamed")
    assert {("carried",): 30} == words(found.tensors)
    assert found.checkpoint.renamed.loads


def test_deeper(net, record, variants):
    """Two blocks more, of eight modules each."""
    found = diff(record(net), record(variants["deeper"]))
    assert {("added",): 16} == words(found.modules)
    assert {("added",): 20} == words(found.tensors)


def test_tied(net, record, variants):
    """The head is the embedding now: one tensor less, and the same keys."""
    found = diff(record(net), record(variants["tied"]))
    (change,) = found.tensors
    assert (("retied",), None, "embed.weight") == (change.what, change.old.tied_to, change.new.tied_to)
    assert Figure("parameters.tensors", 33, 32) in found.totals
    assert found.checkpoint.verdict.loads


def test_a_tie_keeps_through_a_rename(record):
    """A tied tensor whose first name is another now is tied to the same tensor as before."""

    def tied(name: str) -> nn.Module:
        model = nn.ModuleDict({name: nn.Embedding(3, 4), "head": nn.Linear(4, 3, bias=False)})
        model["head"].weight = model[name].weight
        return model

    found = diff(record(lambda: tied("embed")), record(lambda: tied("table")))
    assert [(("carried",), "table.weight")] == [(change.what, change.new.name) for change in found.tensors]


def test_what_became_a_buffer(record):
    """A parameter that is a buffer now has the same key; buffers that are saved no more have none."""

    class Scale(nn.Module):
        def __init__(self, *, fixed: bool) -> None:
            super().__init__()
            self.register_buffer("mask", torch.ones(2), persistent=not fixed)
            if fixed:
                self.register_buffer("scale", torch.ones(3))
            else:
                self.scale = nn.Parameter(torch.ones(3))

    found = diff(record(lambda: Scale(fixed=False)), record(lambda: Scale(fixed=True)))
    assert {"scale": ("became-buffer",), "mask": ("became-transient",)} == {
        change.new.name: change.what for change in found.tensors
    }
    assert ((), ("mask",)) == (found.checkpoint.verdict.missing, found.checkpoint.verdict.unexpected)


def test_a_gradient_newly_missing(make_report):
    """A tensor that the loss no longer reaches; a frozen one is told as frozen; without a backward nothing is."""
    before = dict.fromkeys(("0.weight", "1.weight", "3.weight"), (2, 2))
    before["2.weight"] = {"shape": (2, 2), "reason": "unused"}
    after = {
        "0.weight": {"shape": (2, 2), "reason": "detached"},
        "1.weight": {"shape": (2, 2), "trainable": False},
        "2.weight": {"shape": (2, 2), "reason": "detached"},
        "3.weight": {"shape": (2, 2), "reason": "not_run"},
    }
    modules = {"": "Sequential"} | {name.partition(".")[0]: "Linear" for name in after}
    after = {name: after[name] for name in before}  # in the same order
    found = diff(make_report(modules=modules, parameters=before), make_report(modules=modules, parameters=after))
    assert {
        "0.weight": ("gradient-lost",),
        "1.weight": ("frozen",),
        "2.weight": ("gradient-changed",),
        "3.weight": ("gradient-changed",),
    } == {change.new.name: change.what for change in found.tensors}
    lost = quantities(found)["tensors.gradient-lost"]
    assert lost.new is None  # of the last one nobody knows
