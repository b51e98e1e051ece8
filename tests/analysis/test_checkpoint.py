"""Tests of `reportgen.analysis.checkpoint`: torch itself says what is right."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from reportgen.analysis.checkpoint import custom_modules, load, state_dict
from reportgen.analysis.places import Tree
from reportgen.config import ProbeOptions
from reportgen.probe import registered
from reportgen.registry.base import ModelRef, ModelSpec
from reportgen.registry.catalog import Catalog
from reportgen.report.checkpoint import Mismatch, Verdict
from reportgen.report.schema import ModelReport

LISTED = re.compile(r'(Missing|Unexpected) key\(s\) in state_dict: (".*?")\. ')
MISMATCH = re.compile(r"size mismatch for (.+?): copying a param with shape torch\.Size\(\[(.*?)\]\) .*\[(.*?)\]\)")


def torch_says(old: nn.Module, new: nn.Module) -> Verdict:
    """The verdict of torch, read from the error that it raises."""
    try:
        new.load_state_dict(old.state_dict())
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


def record(make: Callable[[], nn.Module]) -> ModelReport:
    """What the record of a model says of it; nothing is run."""
    return registered(ModelSpec(ModelRef("test", "model"), make), ProbeOptions())


def tree(make: Callable[[], nn.Module]) -> Tree:
    """The same, by paths."""
    return Tree.of(record(make))


class Tied(nn.Module):
    """A table and a head of one tensor, a shared block under two names, and a buffer that is not saved."""

    def __init__(self, *, tied: bool = True, shared: bool = True, norm: bool = True) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 4)
        self.first = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4) if norm else nn.LayerNorm(4), nn.ReLU())
        self.second = self.first if shared else nn.Sequential(nn.Linear(4, 4))
        self.register_module("absent", None)
        self.register_buffer("mask", torch.ones(3), persistent=not tied)
        self.register_buffer("scale", torch.ones(()) if tied else torch.ones(1))
        self.head = nn.Linear(4, 7, bias=False)
        if tied:
            self.head.weight = self.table.weight


def with_absent() -> nn.Module:
    """A model whose empty place is filled."""
    model = Tied()
    model.absent = nn.Linear(2, 2)
    return model


def pruned() -> nn.Module:
    """``weight`` is no parameter any more: there are ``weight_orig`` and a mask."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    prune.random_unstructured(model[0], "weight", 0.5)
    return model


def group_normed() -> nn.Module:
    """The model with another norm at the same path."""
    return convolutions(norm=nn.GroupNorm)


def renamed_convolution() -> nn.Module:
    """The model with its convolution under another name."""
    return convolutions(name="conv")


def convolutions(*, norm: type[nn.Module] = nn.BatchNorm2d, name: str = "0") -> nn.Module:
    """A convolution and a norm."""
    model = nn.Sequential()
    model.add_module(name, nn.Conv2d(3, 4, 3))
    model.add_module("1", norm(4) if norm is not nn.GroupNorm else norm(2, 4))
    return model


PAIRS = {
    "the same": (Tied, Tied),
    "untied": (Tied, lambda: Tied(tied=False)),
    "tied anew": (lambda: Tied(tied=False), Tied),
    "no longer shared": (Tied, lambda: Tied(shared=False)),
    "shared anew": (lambda: Tied(shared=False), Tied),
    "what stands in an empty place is ignored": (with_absent, Tied),
    "an empty place filled": (Tied, with_absent),
    "a norm of another kind at the same path": (lambda: Tied(norm=False), Tied),
    "a batch norm less": (Tied, lambda: Tied(norm=False)),
    "group norm to batch norm": (group_normed, convolutions),
    "no norm to batch norm": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3)), convolutions),
    "renamed": (convolutions, renamed_convolution),
    "pruned": (convolutions, pruned),
    "pruning undone": (pruned, convolutions),
    "wrapped": (convolutions, lambda: nn.DataParallel(convolutions())),
    "compiled": (lambda: torch.compile(convolutions()), convolutions),
    "nothing": (nn.Identity, convolutions),
    "to nothing": (convolutions, nn.Identity),
    "a module where a tensor was": (lambda: nn.Linear(2, 2), lambda: nn.ModuleDict({"weight": nn.Linear(2, 2)})),
    "instance norm": (lambda: convolutions(norm=nn.InstanceNorm2d), convolutions),
    "recurrent": (lambda: nn.LSTM(3, 4), lambda: nn.LSTM(3, 5, num_layers=2)),
    "half": (lambda: convolutions().half(), convolutions),
}


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")  # torch.compile imports what torch deprecates
@pytest.mark.parametrize("pair", PAIRS)
def test_it_says_what_torch_says(pair):
    """Missing, unexpected and mismatched keys are torch's own, in its order."""
    old, new = PAIRS[pair]
    assert torch_says(old(), new()) == load(state_dict(tree(old)), tree(new))


ZOO = [
    ("resnet50", "resnext50_32x4d"),
    ("resnet18", "resnet50"),
    ("vit_b_16", "vit_l_16"),
    ("convnext_tiny", "convnext_small"),
    ("densenet121", "densenet161"),
    ("googlenet", "inception_v3"),
    ("mobilenet_v2", "mobilenet_v3_small"),
    ("swin_t", "swin_v2_t"),
]


@pytest.mark.filterwarnings("ignore:for .*copying from a non-meta parameter:UserWarning")  # batch norms' new counters
@pytest.mark.parametrize(("old", "new"), ZOO)
def test_it_says_what_torch_says_of_torchvision(old, new):
    """Models of torchvision meet each other's checkpoints, both ways."""
    builders = [Catalog().spec(ModelRef("torchvision", name)).build for name in (old, new)]
    with torch.device("meta"):
        models = [build() for build in builders]
    first, second = map(tree, builders)
    assert (torch_says(*models), torch_says(*reversed(models))) == (
        load(state_dict(first), second),
        load(state_dict(second), first),
    )


def test_the_keys_are_those_of_the_state_dict():
    """Every key, in order: a shared block's second names and a tied weight's, but no transient buffer."""
    assert list(Tied().state_dict()) == list(state_dict(tree(Tied)).shapes)


def test_a_renamed_state_dict_is_a_plain_dict():
    """Without metadata a batch norm makes up its counter; what is renamed takes the place of what had the name."""
    names = {"0.weight": "conv.weight", "0.bias": "conv.bias"}
    plain = {names.get(key, key): tensor for key, tensor in group_normed().state_dict().items()}
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "1.running_mean", "1.running_var"\. '):
        renamed_convolution().load_state_dict(plain)
    given = state_dict(tree(group_normed)).renamed(names)
    assert Verdict(("1.running_mean", "1.running_var"), (), ()) == load(given, tree(renamed_convolution))


def test_modules_that_load_in_their_own_way_are_named():
    """A hook, or a method of its own, and the verdict is not certain."""

    class Own(nn.Linear):
        def _load_from_state_dict(self, *arguments):
            super()._load_from_state_dict(*arguments)

    def make() -> nn.Module:
        model = nn.Sequential(nn.Linear(2, 2), Own(2, 2), nn.Linear(2, 2))
        model[2].register_load_state_dict_pre_hook(lambda *_: None)
        return model

    assert ("1", "2") == custom_modules(record(make))
