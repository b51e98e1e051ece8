"""The block diagram, as data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reportgen.analysis.fold import fold
from reportgen.report.schema import InputFacts, OutputFacts
from reportgen.view.chart import Arrow, Box, Diagram, Frame
from reportgen.view.diagram import diagram

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]


def _part(sources: tuple[int, ...], size: int, **more: Any) -> dict[str, Any]:
    return {"class_name": "Linear", "sources": sources, "outputs": ((2, size),), **more}


def test_a_model_of_repeated_blocks(make_report: MakeReport) -> None:
    """A stem, three equal blocks of two layers each, and a head; the blocks are one, in a frame."""
    modules: dict[str, Any] = {"": _part((-1,), 5, class_name="models.Net", ends=(11,)), "stem": _part((-1,), 8)}
    for index in range(3):
        at = 2 + 3 * index
        before = (1,) if index == 0 else (at - 3,)
        modules[f"{index}"] = _part(before, 8, class_name="models.Block", ends=(at + 2,))
        modules |= {f"{index}.a": _part((-1,), 16), f"{index}.b": _part((at + 1,), 8)}
    modules["head"] = _part((8,), 5)
    weights = {f"{path}.w": (4,) for path, facts in modules.items() if facts["class_name"] == "Linear"}
    report = make_report(modules=modules, parameters=weights)
    assert Diagram(
        id="blocks",
        title="Data flow",
        alt="From x (1×4) to output (1×2) by 5 arrows through 4 parts: stem, 0–2.a, 0–2.b, head. Of 0–2 one of 3 equal "
        "blocks is shown.",
        boxes=(
            Box("stem", "Linear", "stem: torch.nn.modules.linear.Linear", 0),
            Box("a", "Linear", "0–2.a: torch.nn.modules.linear.Linear", 1, frame=0),
            Box("b", "Linear", "0–2.b: torch.nn.modules.linear.Linear", 1, frame=0),
            Box("head", "Linear", "head: torch.nn.modules.linear.Linear", 2),
            Box("x", "1×4", "x: 1×4", None, end=True),
            Box("output", "1×2", "output: 1×2", None, end=True),
        ),
        arrows=(
            Arrow(4, 0, "1×4"),
            Arrow(0, 1, "2×8"),
            Arrow(1, 2, "2×16"),
            Arrow(2, 3, "2×8"),
            Arrow(3, 5, "2×5"),
        ),
        frames=(Frame("0–2 ×3"),),
    ) == diagram(report, fold(report))


def test_several_inputs_and_outputs(make_report: MakeReport) -> None:
    """Two are named by their number with both shapes; of more tensors than two their number is told."""
    modules = {"": _part((-1,), 5, ends=(3,)), "a": _part((-1,), 8), "b": _part((1,), 8)}
    modules["c"] = _part((2,), 5, outputs=((1,), (2,), (3,)))
    report = make_report(
        modules=modules,
        inputs=tuple(InputFacts(name=name, shape=(2, 3), dtype="int64", origin="source") for name in ("ids", "mask")),
        outputs=tuple(OutputFacts(path=path, shape=(1,), dtype="float32", in_loss=True) for path in ("x", "y", "z")),
    )
    chart = diagram(report, fold(report))
    assert chart is not None
    assert [("2 inputs", "2×3, 2×3"), ("3 outputs", "3 tensors")] == [(b.label, b.detail) for b in chart.boxes[-2:]]
    assert "3 tensors" == chart.arrows[-1].label


def test_no_diagram_of_little(make_report: MakeReport, frozen_sequential: ModelReport) -> None:
    """Two layers need no picture, and where it is not known what feeds what there is none."""
    two = make_report(modules={"": _part((-1,), 5), "a": _part((-1,), 8), "b": _part((1,), 5)})
    assert [None] * 2 == [diagram(report, fold(report)) for report in (two, frozen_sequential)]
