"""Folding of repeated blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.fold import Node, fold, unfold

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]
Tree = dict[str, Any]

NAMES = st.sampled_from(["0", "1", "2", "3", "9", "10", "layer1", "layer2", "a", "b", "01", "02", "", "é", "x y"])
TREES = st.recursive(
    st.just({}), lambda children: st.dictionaries(NAMES.filter(bool), children, max_size=5), max_leaves=25
)


def outline(nodes: Sequence[Node]) -> list[Any]:
    """Names, counts and children of nodes; just the name where there is no more to say."""
    lines: list[Any] = []
    for node in nodes:
        name = f"{node.name}-{node.nth(node.count - 1)}" if node.count > 1 else node.name
        lines.append((name, outline(node.children)) if node.children else name)
    return lines


def paths(tree: Tree, parent: str = "") -> Iterator[str]:
    """Every path of a tree of names, parents first."""
    for name, children in tree.items():
        path = f"{parent}.{name}" if parent else name
        yield path
        yield from paths(children, path)


@given(tree=TREES, classes=st.lists(st.sampled_from(["A", "B"]), min_size=1, max_size=9))
def test_unfolding_gives_the_modules_back(make_report: MakeReport, tree: Tree, classes: list[str]) -> None:
    """Whatever was folded, unfolding gives every module exactly as it was, in order."""
    listed = ["", *paths(tree)]
    report = make_report(modules={path: classes[index % len(classes)] for index, path in enumerate(listed)})
    assert report.modules == unfold(fold(report))


@given(listed=st.lists(st.lists(NAMES, max_size=3).map(".".join), unique=True, max_size=12))
def test_unfolding_survives_any_list_of_paths(make_report: MakeReport, listed: list[str]) -> None:
    """Parents that are missing or come late, and odd names, lose no module."""
    report = make_report(modules=dict.fromkeys(listed, "A"))
    assert report.modules == unfold(fold(report))


def test_equal_blocks_fold_into_one(transformer12: ModelReport) -> None:
    """Twelve equal blocks are one node with the children of one block."""
    block = ["norm1", ("attn", ["qkv", "proj"]), "norm2", ("mlp", ["0", "1", "2", "3"])]
    assert [("", ["wte", "wpe", ("h", [("0-11", block)]), "norm", "head"])] == outline(fold(transformer12))


def test_a_folded_node_carries_the_first_blocks_tensors(transformer12: ModelReport) -> None:
    """The tensors of the first block stand for those of all."""
    attention = fold(transformer12)[0].children[2].children[0].children[1]
    assert (["h.0.attn.qkv.weight"], ["h.0.attn.mask"]) == (
        [row.name for row in attention.children[0].parameters],
        [row.name for row in attention.buffers],
    )


@pytest.mark.parametrize(
    "difference",
    [
        {"parameters": {"2.weight": (3, 5)}},
        {"parameters": {"2.weight": {"shape": (3, 4), "dtype": "bfloat16"}}},
        {"parameters": {"2.weight": {"shape": (3, 4), "trainable": False}}},
        {"parameters": {"2.weight": {"shape": (3, 4), "reason": "unused"}}},
        {"parameters": {"2.weight": {"shape": (3, 4), "layout": "sparse_coo"}}},
        {"parameters": {"2.scale": (3,)}},
        {"parameters": {"tied": {"shape": (3, 4), "tied_to": "2.weight"}}},
        {"modules": {"2": "ReLU"}},
        {"modules": {"2": {"class_name": "Linear", "calls": 2}}},
        {"modules": {"2": {"class_name": "Linear", "outputs": ((1, 1),)}}},
        {"modules": {"2.child": "ReLU"}},
        {"buffers": {"2.mask": (3,)}},
        {"flops": {"2": 1}},
    ],
)
def test_what_differs_is_shown(make_report: MakeReport, difference: dict[str, dict[str, Any]]) -> None:
    """A block that differs in any fact ends the run, and the equal ones after it start another."""
    facts: dict[str, dict[str, Any]] = {
        "modules": {"": "Sequential", **{str(index): "Linear" for index in range(5)}},
        "parameters": {f"{index}.weight": (3, 4) for index in range(5)},
    }
    for kind, members in difference.items():
        facts[kind] = dict(sorted((facts.get(kind, {}) | members).items()))
    children = fold(make_report(**facts))[0].children
    assert [("0", 2), ("2", 1), ("3", 2)] == [(node.name, node.count) for node in children]


def test_blocks_that_share_the_first_ones_weights_fold_behind_it(make_report: MakeReport) -> None:
    """Where layers 1 to 5 are tied to layer 0 in the same way, the first stands alone and the others fold."""
    report = make_report(
        modules={"": "models.Shared", **{f"layer{index}": "Linear" for index in range(6)}},
        parameters={
            "layer0.weight": (3, 4),
            **{f"layer{index}.weight": {"shape": (3, 4), "tied_to": "layer0.weight"} for index in range(1, 6)},
        },
    )
    assert [("", ["layer0", "layer1-layer5"])] == outline(fold(report))


def test_ties_within_a_block_do_not_hinder_folding(make_report: MakeReport) -> None:
    """A tie from one part of a block to another is the same tie in every block."""
    blocks = range(3)
    report = make_report(
        modules={"": "models.Net"}
        | {path: "models.Part" for index in blocks for path in (f"{index}", f"{index}.a", f"{index}.b")},
        parameters={
            name: given
            for index in blocks
            for name, given in {
                f"{index}.a.weight": {"shape": (3,)},
                f"{index}.b.weight": {"shape": (3,), "tied_to": f"{index}.a.weight"},
            }.items()
        },
    )
    assert [("", [("0-2", ["a", "b"])])] == outline(fold(report))


def _wired(*inner: tuple[int, ...]) -> dict[str, Any]:
    """A chain of blocks of two parts each; ``inner``: what feeds the second part of each block."""
    modules: dict[str, Any] = {"": "models.Net"}
    for block, sources in enumerate(inner):
        above = (3 * block - 2,) if block else (-1,)
        modules[f"{block}"] = {"class_name": "models.Block", "sources": above}
        modules[f"{block}.a"] = {"class_name": "Linear", "sources": (-1,)}
        modules[f"{block}.b"] = {"class_name": "Linear", "sources": sources}
    return modules


def test_a_chain_of_equal_blocks_folds(make_report: MakeReport) -> None:
    """Each block is fed by another, and in each the first part feeds the second: they are equal all the same."""
    report = make_report(modules=_wired((2, -1), (5, -1), (8, -1)))
    assert [("", [("0-2", ["a", "b"])])] == outline(fold(report))
    assert tuple(module.path for module in report.modules) == tuple(module.path for module in unfold(fold(report)))


def test_blocks_wired_otherwise_inside_do_not_fold(make_report: MakeReport) -> None:
    """A block whose second part does not take the first one's output is another block."""
    parts = ["a", "b"]
    assert [("", [("0", parts), ("1", parts), ("2", parts)])] == outline(
        fold(make_report(modules=_wired((2,), (-1,), (8,))))
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["0", "1", "2"], ["0-2"]),
        (["0", "2", "3"], ["0", "2-3"]),
        (["9", "10", "11"], ["9-11"]),
        (["1", "0"], ["1", "0"]),
        (["block_0", "block_1"], ["block_0-block_1"]),
        (["a1", "b2"], ["a1", "b2"]),
        (["a", "b"], ["a", "b"]),
        (["01", "02"], ["01-02"]),
        (["09", "10"], ["09", "10"]),
        (["\u0661", "\u0662"], ["\u0661", "\u0662"]),
    ],
)
def test_only_consecutive_numbers_fold(make_report: MakeReport, names: list[str], expected: list[str]) -> None:
    """Equal siblings fold where one stem counts up by one, in order, in plain digits."""
    report = make_report(modules={"": "Sequential", **dict.fromkeys(names, "ReLU")})
    assert expected == outline(fold(report)[0].children)


def test_runs_fold_at_every_level(make_report: MakeReport) -> None:
    """Equal stages of equal blocks fold twice."""
    stages = {f"{stage}": "Sequential" for stage in range(2)}
    blocks = {f"{stage}.{block}": "ReLU" for stage in range(2) for block in range(3)}
    modules = {path: (stages | blocks)[path] for path in sorted(stages | blocks)}
    assert [("", [("0-1", ["0-2"])])] == outline(fold(make_report(modules={"": "models.Net", **modules})))


def test_a_second_path_of_a_module_belongs_to_the_module_above(make_report: MakeReport) -> None:
    """A shared module is listed once; the names it has elsewhere are its second owner's."""
    report = make_report(
        modules={"": "models.Net", "a": "Sequential", "a.shared": "Linear", "b": "Sequential"},
        parameters={
            "a.shared.weight": (2, 2),
            "b.shared.weight": {"shape": (2, 2), "tied_to": "a.shared.weight"},
        },
    )
    second = fold(report)[0].children[1]
    assert ("b", ["b.shared.weight"]) == (second.name, [row.name for row in second.parameters])


def test_nothing_was_built(constructor_failed: ModelReport) -> None:
    """Where nothing was instantiated there is no tree."""
    assert () == fold(constructor_failed)
