"""The block diagram: how it is laid out, what is written in it, and what is there without Graphviz."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from reportgen.render.charts import graphviz
from reportgen.render.charts.canvas import PALETTE, WIDTH
from reportgen.render.charts.diagram import ABSENT, BOX, HEIGHT, WORDS
from reportgen.view.chart import Arrow, Box, Diagram, Frame

if TYPE_CHECKING:
    from tests.render.charts.conftest import Drawing

Draw = Callable[..., "Drawing"]
DOT = pytest.mark.skipif(graphviz.version() is None, reason="Graphviz is not installed")


def _diagram(names: list[str]) -> Diagram:
    """A chain of boxes between an input and an output."""
    boxes = [Box(name, "Linear", f"net.{name}: Linear", 0) for name in names]
    ends = [Box("x", "1×4", "x: 1×4", None, end=True), Box("output", "1×2", "output: 1×2", None, end=True)]
    arrows = tuple(Arrow(i, i + 1, f"1×{i}") for i in range(len(names) + 1))
    return Diagram("blocks", "What feeds what", "A chain.", (ends[0], *boxes, ends[1]), arrows)


@pytest.fixture
def without_dot(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which Graphviz is not installed."""
    monkeypatch.setenv("PATH", "")
    graphviz.layouts.cache_clear()
    yield
    graphviz.layouts.cache_clear()


@DOT
def test_a_short_chain_lies_on_its_side(draw: Draw) -> None:
    """Boxes stand in one row, each with its name and class in the middle; arrows carry shapes."""
    drawing = draw(_diagram(["a", "b"]))
    boxes = [box for box in drawing.boxes() if box[3] == BOX]
    assert 1 == len({y for _, y, _, _ in boxes})
    assert [WORDS[0]] * 4 == [width for _, _, width, _ in boxes]
    assert ["1×0", "1×1", "1×2", "x", "1×4", "a", "Linear", "b", "Linear", "output", "1×2"] == drawing.texts
    assert ["x: 1×4", "net.a: Linear", "net.b: Linear", "output: 1×2"] == [tip for tip in drawing.tooltips if tip]
    fills = [rect.attrib["fill"] for rect in drawing.all("rect")]
    assert ["none", PALETTE[0][0], PALETTE[0][0], "none"] == fills


@DOT
@pytest.mark.parametrize("number", [1, 8, 24])
def test_every_diagram_fits_its_page(draw: Draw, number: int) -> None:
    """Chains of any length, of names as long as boxes may be, stay within the chart and a page of paper."""
    root = draw(_diagram([f"{'encoder.layer.' * 3}{i}" for i in range(number)])).root
    _, _, width, height = (float(size) for size in root.attrib["viewBox"].split())
    assert width == WIDTH
    assert min(height, HEIGHT + 10) == height


@DOT
def test_frames_are_drawn_around_repeated_blocks(draw: Draw) -> None:
    """A dashed line with the run's name on it, under everything else."""
    boxes = (Box("a", "Linear", "h.0–3.a", 1, frame=0), Box("output", "", "output", None, end=True))
    drawing = draw(Diagram("d", "D", "D.", boxes, (Arrow(0, 1, ""),), (Frame("h.0–3 ×4"),)))
    assert "4 3" == drawing.all("rect")[0].attrib["stroke-dasharray"]
    assert ["h.0–3 ×4", "a", "Linear", "output"] == drawing.texts


@DOT
def test_no_line_goes_through_words(draw: Draw) -> None:
    """The name of a frame, and what an arrow carries, each stand on the ground, above all frames and arrows."""
    boxes = (Box("a", "Linear", "h.0–3.a", 1, frame=0), Box("output", "", "output", None, end=True))
    drawing = draw(Diagram("d", "D", "D.", boxes, (Arrow(0, 1, "1×2"),), (Frame("h.0–3 ×4"),)))
    drawn = [(element.tag.rpartition("}")[2], element.get("class")) for element in drawing.root.iter()]
    start = drawn.index(("rect", "line"))
    frame, arrow = [("rect", "line")], [("path", "arrow"), ("path", "muted")]
    assert [*frame, *arrow, *2 * [("rect", "plate"), ("text", "muted")]] == drawn[start : start + 7]


@DOT
def test_the_same_bytes_every_time(draw: Draw) -> None:
    """Asked anew, Graphviz gives the same."""
    chart = _diagram(["a", "b", "c", "d", "e", "f"])
    first = draw(chart)
    graphviz.layouts.cache_clear()
    assert first.boxes() == draw(chart).boxes()


@pytest.mark.usefixtures("without_dot")
def test_without_graphviz_it_says_so(draw: Draw) -> None:
    """Two lines: what is missing, and how to get it; the words for those who do not see it are there anyhow."""
    drawing = draw(_diagram(["a", "b"]))
    assert list(ABSENT) == drawing.texts
    assert "A chain." == drawing.root.findtext("{http://www.w3.org/2000/svg}desc")
