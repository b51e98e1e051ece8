"""Which part of a model feeds which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from reportgen.analysis.flow import INPUT, OUTPUT, flow
from reportgen.analysis.fold import fold

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]
Wire = Callable[..., "ModelReport"]


@pytest.fixture
def wire(make_report: MakeReport) -> Wire:
    """A model of modules by path, each with the paths that feed it; "given" is what its holder took.

    A value ``(class, sources, ends)`` also names the class, and the parts that its results came from.
    """

    def make(modules: Mapping[str, Any], **more: Any) -> ModelReport:
        places = {path: index for index, path in enumerate(modules)} | {"given": -1}

        def indexes(paths: str | None) -> tuple[int, ...] | None:
            return None if paths is None else tuple(places[path] for path in paths.split())

        def facts(given: Any) -> dict[str, Any]:
            class_name, sources, ends = given if isinstance(given, tuple) else ("models.Part", given, None)
            return {"class_name": class_name, "sources": indexes(sources), "ends": indexes(ends)}

        return make_report(modules={path: facts(given) for path, given in modules.items()}, **more)

    return make


@pytest.fixture
def arrows() -> Callable[..., list[str]]:
    """The arrows of a model's flow as ``a > b``, ends as ``in`` and ``out``."""

    def read(report: ModelReport, most: int = 24) -> list[str]:
        found = flow(report, fold(report), most)
        if found is None:
            return []
        names = {INPUT: "in", OUTPUT: "out"}
        names |= {
            index: ".".join(node.name for node in chain if node.name) for index, chain in enumerate(found.vertices)
        }
        return [f"{names[source]} > {names[target]}" for source, target in found.arrows]

    return read


Arrows = Callable[..., list[str]]


def test_a_chain(wire: Wire, arrows: Arrows) -> None:
    """Each layer feeds the next; what feeds no other is what the model gives."""
    report = wire({"": "given", "a": "given", "b": "a", "c": "b"})
    assert ["in > a", "a > b", "b > c", "c > out"] == arrows(report)


def test_an_opened_module_hands_on_what_it_took_and_gave(wire: Wire, arrows: Arrows) -> None:
    """What the block took goes to the parts that read it; what it gave comes from its ends."""
    modules = {"": "given", "stem": "given", "block": ("Block", "stem", "given block.b")}
    modules |= {"block.a": "given", "block.b": "block.a", "head": "block"}
    assert [
        "in > stem",
        "stem > block.a",
        "block.a > block.b",
        "stem > head",
        "block.b > head",
        "head > out",
    ] == arrows(wire(modules))


def test_without_ends_a_block_gives_what_no_part_of_it_reads(wire: Wire, arrows: Arrows) -> None:
    """Two branches that nothing in the block joins are joined by what comes next."""
    modules = {"": "given", "block": "given", "block.a": "given", "block.b": "given", "head": "block"}
    assert ["in > block.a", "in > block.b", "block.a > head", "block.b > head", "head > out"] == arrows(wire(modules))


def test_a_list_that_is_never_called_is_opened(wire: Wire, arrows: Arrows) -> None:
    """Layers in a list are fed by what feeds the list, and feed what it feeds."""
    modules = {
        "": "given",
        "stem": "given",
        "list": ("ModuleList", "stem", None),
        "list.x": "given",
        "list.y": "list.x",
    }
    assert ["in > stem", "stem > list.x", "list.x > list.y", "list.y > head", "head > out"] == arrows(
        wire(modules | {"head": "list"})
    )


def test_a_run_is_one_vertex_or_framed(wire: Wire, arrows: Arrows) -> None:
    """Three equal blocks in a chain are one vertex; opened, one of them stands for all."""
    modules: dict[str, Any] = {"": "given", "h": ("ModuleList", "given", None)}
    for index in range(3):
        modules[f"h.{index}"] = ("Block", f"h.{index - 1}" if index else "given", f"h.{index}.b")
        modules |= {f"h.{index}.a": "given", f"h.{index}.b": f"h.{index}.a"}
    report = wire(modules | {"head": "h"})
    assert ["in > h.0", "h.0 > head", "head > out"] == arrows(report, most=2)
    assert ["in > h.0.a", "h.0.a > h.0.b", "h.0.b > head", "head > out"] == arrows(report)
    found = flow(report, fold(report))
    assert found is not None
    assert [("h.0", 3)] == [(chain[-1].module.path, chain[-1].count) for chain in found.frames]


def test_dropout_is_passed_through(wire: Wire, arrows: Arrows) -> None:
    """An arrow leads through what hands on what it gets, unless several calls would mingle in it."""
    dropout = ("torch.nn.modules.dropout.Dropout", "a", None)
    assert ["in > a", "a > b", "b > out"] == arrows(wire({"": "given", "a": "given", "drop": dropout, "b": "drop"}))


def test_what_holds_something_itself_stays_whole(wire: Wire, arrows: Arrows) -> None:
    """The parts of attention do not show its own weights."""
    modules = {"": "given", "attn": "given", "attn.q": "given", "attn.k": "given", "head": "attn"}
    report = wire(modules, parameters={"attn.in_proj": (90,), "attn.q.w": (10,)})
    assert ["in > attn", "attn > head", "head > out"] == arrows(report)


def test_what_takes_several_things_stays_whole(wire: Wire, arrows: Arrows) -> None:
    """Of a decoder's parts it is not known which took the encoder's states, and which the tokens."""
    modules = {"": "given", "encoder": "given", "decoder": "given encoder", "decoder.a": "given", "decoder.b": "given"}
    assert ["in > encoder", "in > decoder", "encoder > decoder", "decoder > out"] == arrows(wire(modules))


def test_equal_parts_are_opened_together(wire: Wire, arrows: Arrows) -> None:
    """Where opening both stages would be too much, neither is; a level with too many parts has no flow."""
    modules = {"": "given"}
    for stage, source in (("s", "given"), ("t", "s")):
        modules |= {stage: source, f"{stage}.a": "given", f"{stage}.b": f"{stage}.a"}
    report = wire(modules)
    assert ["in > s", "s > t", "t > out"] == arrows(report, most=3)
    assert ["in > s.a", "s.a > s.b", "s.b > t.a", "t.a > t.b", "t.b > out"] == arrows(report, most=4)
    assert [] == arrows(report, most=1)


def test_a_tangle_stays_closed(wire: Wire, arrows: Arrows) -> None:
    """Of a block in which every part works on all before it, only so many arrows are drawn as one can follow."""
    parts = [f"block.{letter}" for letter in "abcdefg"]
    dense = {part: " ".join(["given", *parts[:index]]) for index, part in enumerate(parts)}
    modules = {"": "given", "stem": "given", "block": ("Block", "stem", parts[-1]), **dense, "head": "block"}
    assert ["in > stem", "stem > block", "block > head", "head > out"] == arrows(wire(modules))


def test_modules_that_never_ran_are_left_out(wire: Wire, arrows: Arrows) -> None:
    """An auxiliary head that was not called is no vertex."""
    assert ["in > a", "a > b", "b > out"] == arrows(wire({"": "given", "a": "given", "aux": None, "b": "a"}))


def test_shared_modules_may_lie_on_a_circle(wire: Wire, arrows: Arrows) -> None:
    """A module that is called twice takes what it gave to others; following it comes to an end."""
    modules = {"": ("Net", "given", "b"), "act": "a b", "a": "given", "b": "act"}
    assert ["a > act", "b > act", "in > a", "act > b", "b > out"] == arrows(wire(modules))


def test_where_nothing_is_known(
    frozen_sequential: ModelReport, forward_failed: ModelReport, constructor_failed: ModelReport
) -> None:
    """Records without sources have no flow."""
    reports = (frozen_sequential, forward_failed, constructor_failed)
    assert [None] * 3 == [flow(report, fold(report)) for report in reports]
