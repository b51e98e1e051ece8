"""Tests of `reportgen.analysis.align` and `reportgen.analysis.pairs`: what is taken to be what, and how surely."""

from __future__ import annotations

from itertools import pairwise

import pytest
from torch import nn

from reportgen.analysis.align import align
from reportgen.analysis.pairs import pair_tensors
from reportgen.analysis.places import Tree
from reportgen.report.difference import Match


def walk(report):
    """The places of a record."""
    return Tree.of(report).walk


@pytest.fixture
def aligned(record):
    """Old paths with the new ones and how surely: ``{"layers": ("blocks", "likely")}``; without the root."""

    def run(old, new):
        alignment = align(walk(record(old)), walk(record(new)))
        return {
            alignment.old[index].path: (alignment.new[partner].path, alignment.matches[index].sure)
            for index, partner in alignment.partners.items()
            if index
        }

    return run


def linear(*widths):
    """A sequence of linear layers with ReLU between them."""
    layers = [nn.Linear(*pair) for pair in pairwise(widths)]
    return nn.Sequential(*[part for layer in layers for part in (layer, nn.ReLU())][:-1])


def test_the_same_names_are_certain(aligned):
    """Other widths, but the same names and classes."""
    expected = {"0": ("0", "certain"), "1": ("1", "certain"), "2": ("2", "certain")}
    assert expected == aligned(lambda: linear(2, 3, 4), lambda: linear(2, 5, 4))


def test_an_inserted_layer_renumbers_the_others(aligned):
    """What comes after a layer put in goes by order: it keeps more tensors than the numbers would."""
    expected = {"0": ("0", "likely"), "1": ("2", "likely"), "2": ("3", "likely")}

    def with_norm() -> nn.Module:
        return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 4))

    assert expected == aligned(lambda: linear(2, 3, 4), with_norm)


def test_equal_layers_keep_their_numbers(aligned):
    """Of equal layers nobody can tell which was put in: the numbers stay, and the last ones are new."""
    old, new = (lambda n=n: nn.ModuleList(nn.Linear(2, 2) for _ in range(n)) for n in (2, 3))
    assert {"0": ("0", "certain"), "1": ("1", "certain")} == aligned(old, new)


def test_a_renamed_stage(net, aligned):
    """All of it is the same, and it stands where the other stood."""
    found = aligned(net, lambda: net(stage="blocks"))
    assert ("blocks", "likely") == found["layers"]
    assert ("blocks.2.mlp.0", "likely") == found["layers.2.mlp.0"]


def test_a_renamed_and_resized_head_is_a_guess(aligned):
    """Of the same class, in the same place, and nothing else."""

    def head(name: str, classes: int) -> nn.Module:
        return nn.ModuleDict({"body": nn.Embedding(5, 4), name: nn.Linear(4, classes)})

    assert {"body": ("body", "certain"), "head": ("classifier", "guess")} == aligned(
        lambda: head("head", 3), lambda: head("classifier", 2)
    )


def test_what_moved_elsewhere(net, aligned):
    """A block that is nowhere else, of ten tensors, is likely the same; a lone layer of another name may not be."""
    old = lambda: nn.ModuleDict({"a": nn.ModuleDict({"x": net()}), "b": nn.ModuleDict({"y": nn.Linear(3, 2)})})  # noqa: E731
    new = lambda: nn.ModuleDict({"a": nn.ModuleDict({"z": nn.Linear(3, 2)}), "b": nn.ModuleDict({"w": net()})})  # noqa: E731
    found = aligned(old, new)
    assert [("b.w", "likely"), ("a.z", "guess")] == [found["a.x"], found["b.y"]]


@pytest.mark.parametrize("wrapped", [nn.DataParallel, lambda model: nn.DataParallel(nn.DataParallel(model))])
def test_a_wrapper_is_seen_through(net, record, wrapped):
    """The model is inside, with certainty, both ways."""
    plain, inside = walk(record(net)), walk(record(lambda: wrapped(net())))
    there, back = align(plain, inside), align(inside, plain)
    assert there.partners == back.origins
    assert Match("certain", ("name", "wrapper", "structure")) == there.matches[0]
    assert {place.index for place in plain} == set(there.partners)


def test_a_weight_that_was_parametrized(record):
    """Under another name in a part of the module that held it, and of the same shape."""

    def normed() -> nn.Module:
        return nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))

    pairs = pair_tensors(align(walk(record(lambda: nn.Linear(3, 2))), walk(record(normed))))
    assert {
        "bias": ("bias", Match("certain", ("name", "shape"))),
        "weight": ("parametrizations.weight.original1", Match("likely", ("shape", "unique"))),
    } == {pair.old.name: (pair.new.name, pair.match) for pair in pairs}
