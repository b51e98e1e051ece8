"""The parts of a model and their colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.analysis.fold import fold
from reportgen.view.parts import branches, colours, top

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]


def test_wrappers_are_passed(make_report: MakeReport) -> None:
    """A module of which one part holds everything is a wrapper; one that holds something itself is none."""
    modules = {"": "Wrapper", "model": "Net", "model.a": "Linear", "model.b": "Linear", "model.act": "ReLU"}
    parameters = {"model.a.w": (4,), "model.b.w": (4,)}
    (root,) = fold(make_report(modules=modules, parameters=parameters))
    assert ["", "model"] == [node.name for node in top(root)]
    assert ["a", "b"] == [chain[-1].name for chain in branches(root)]
    (owner,) = fold(make_report(modules=modules, parameters={**parameters, "scale": (1,)}))
    assert [""] == [node.name for node in top(owner)]


def test_a_branch_has_one_colour_in_all_of_it(transformer12: ModelReport) -> None:
    """Embeddings, blocks and norm are branches 0 to 3; the tied head holds nothing, and has none."""
    found = colours(fold(transformer12))
    paths = ["wte", "wpe", "h.0", "h.11.mlp.0", "norm", "head", ""]
    assert [0, 1, 2, 2, 3, None, None] == [found.of(path) for path in paths]


def test_branches_inside_of_repeated_blocks(make_report: MakeReport) -> None:
    """Where a model is nothing but equal blocks, their parts are the branches, of one colour in every block."""
    blocks = range(3)
    report = make_report(
        modules={"": "Sequential"} | {f"{i}{part}": "Linear" for i in blocks for part in ("", ".a", ".b")},
        parameters={f"{i}.{part}.w": (4,) for i in blocks for part in "ab"},
    )
    found = colours(fold(report))
    assert [0, 1, 0, 1, None] == [found.of(path) for path in ("0.a", "0.b", "2.a", "2.b", "2")]
