"""Small models that tests of differences compare, and how they become records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from reportgen.config import ProbeOptions
from reportgen.probe import registered
from reportgen.registry.base import ModelRef, ModelSpec
from reportgen.registry.catalog import Catalog
from reportgen.report.schema import ModelReport

Make = Callable[[], nn.Module]


class Block(nn.Module):
    """A norm, two projections and a small perceptron: four layers with parameters, ten tensors."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.q = nn.Linear(width, width)
        self.k = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        """Runs all of them."""
        y = self.norm(x)
        return x + self.mlp(self.q(y) * self.k(y))


class Net(nn.Module):
    """An embedding, a list of blocks under a name of choice, and a head: 10 tensors a block and three more."""

    def __init__(self, depth: int = 3, width: int = 8, stage: str = "layers", classes: int = 10) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, width)
        self.add_module(stage, nn.ModuleList(Block(width) for _ in range(depth)))
        self.head = nn.Linear(width, classes)
        self.stage = stage

    def forward(self, ids):
        """Runs the blocks in order."""
        x = self.embed(ids)
        for block in self.get_submodule(self.stage):
            x = block(x)
        return self.head(x)


class Lora(nn.Module):
    """A frozen layer and a product of two thin ones beside it."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base.requires_grad_(requires_grad=False)
        self.down = nn.Linear(base.in_features, 2, bias=False)
        self.up = nn.Linear(2, base.out_features, bias=False)


@pytest.fixture(scope="session")
def net() -> type[Net]:
    """The class of the small model: ``net(depth=3, width=8, stage="layers", classes=10)``."""
    return Net


@pytest.fixture(scope="session")
def record() -> Callable[[Make | str], ModelReport]:
    """The record of what a factory makes, or of a reference, without a forward pass."""

    def make(model: Make | str) -> ModelReport:
        if isinstance(model, str):
            return registered(Catalog().spec(ModelRef.parse(model)), ProbeOptions())
        return registered(ModelSpec(ModelRef("test", "model"), model), ProbeOptions())

    return make


@pytest.fixture(scope="session")
def variants(net: type[Net]) -> dict[str, Make]:
    """Other forms of the small model, each as a factory."""

    def changed(change: Callable[[Any], Any]) -> Make:
        def make() -> nn.Module:
            model = net()
            other = change(model)
            return model if other is None else other

        return make

    def adapted(model: nn.Module) -> None:
        for block in model.layers:
            block.q = Lora(block.q)

    def normed_head(model: nn.Module) -> None:
        model.head = nn.Sequential(nn.LayerNorm(8), model.head)

    return {
        "frozen": changed(lambda model: model.layers[1].requires_grad_(requires_grad=False) and None),
        "bfloat16": changed(lambda model: model.bfloat16()),
        "parallel": changed(nn.DataParallel),
        "compiled": changed(torch.compile),
        "adapted": changed(adapted),
        "pruned": changed(lambda model: prune.random_unstructured(model.layers[1].q, "weight", 0.5) and None),
        "deeper": lambda: net(depth=5),
        "renamed": lambda: net(stage="blocks"),
        "head": changed(normed_head),
        "tied": changed(lambda model: setattr(model.head, "weight", model.embed.weight)),
    }
