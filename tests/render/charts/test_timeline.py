"""The course of a quantity: its steps, the strip of parts under it, and its peak."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.render.charts.canvas import PALETTE, WIDTH
from reportgen.render.charts.timeline import LEFT, PLOT, STRIP, TOP
from reportgen.view.chart import Band, Timeline

if TYPE_CHECKING:
    from tests.render.charts.conftest import Drawing

Draw = Callable[..., "Drawing"]


def _timeline(peak: int = 1, label: str = "4.0 KiB in b") -> Timeline:
    return Timeline(
        "activations",
        "Memory",
        "Most in b.",
        steps=(0.5, 1.0, 0.25, 0.25),
        bands=(Band("stem", 0, 1, 0), Band("body", 1, 3, 0)),
        ticks=((0.0, "0 B"), (0.5, "2.0 KiB")),
        peak=peak,
        peak_label=label,
    )


def test_the_area_is_as_high_as_the_steps(draw: Draw) -> None:
    """Each step is as wide as another, its top at its share of the height; neighbours of one colour take turns."""
    drawing = draw(_timeline())
    step, bottom, quarter = (WIDTH - LEFT) / 4, TOP + PLOT, f"{TOP + PLOT * 3 / 4:g}"
    last = f"V{quarter}H{LEFT + 3 * step:g}V{quarter}H{WIDTH:g}"
    assert [path.attrib["d"] for path in drawing.all("path") if "class" not in path.attrib] == [
        f"M{LEFT:g} {bottom}V{bottom - PLOT / 2:g}H{LEFT + step:g}V{bottom}Z",
        f"M{LEFT + step:g} {bottom}V{TOP:g}H{LEFT + 2 * step:g}{last}V{bottom}Z",
    ]
    assert [path.attrib["fill"] for path in drawing.all("path") if "class" not in path.attrib] == [*PALETTE[0]]


def test_parts_stand_under_their_stretch(draw: Draw) -> None:
    """The strip has one tile for each part, with its name."""
    drawing = draw(_timeline())
    step = (WIDTH - LEFT) / 4
    assert drawing.boxes() == [
        (LEFT, TOP + PLOT + 6, step - 1, STRIP),
        (LEFT + step, TOP + PLOT + 6, 3 * step - 1, STRIP),
    ]
    assert drawing.texts == ["0 B", "2.0 KiB", "stem", "body", "4.0 KiB in b"]


def test_the_peak_is_marked(draw: Draw) -> None:
    """A dot stands on the middle of the highest step, and its words above it."""
    drawing = draw(_timeline())
    (dot,) = drawing.all("circle")
    assert (float(dot.attrib["cx"]), float(dot.attrib["cy"])) == (LEFT + 1.5 * (WIDTH - LEFT) / 4, TOP)
    words = drawing.all("text")[-1]
    assert (words.attrib["x"], words.attrib["text-anchor"]) == (dot.attrib["cx"], "middle")


def test_words_on_a_peak_at_the_edge_stay_inside(draw: Draw) -> None:
    """Near the left edge they begin there, near the right one they end there; a name too long loses its middle."""
    first, last = (draw(_timeline(peak, "4.0 KiB in some.rather.long.path")).all("text")[-1] for peak in (0, 3))
    assert ("x", f"{LEFT:g}", None) == ("x", first.attrib["x"], first.get("text-anchor"))
    assert (f"{WIDTH:g}", "end") == (last.attrib["x"], last.attrib["text-anchor"])
    assert len(str(draw(_timeline(1, "4.0 KiB in " + "x" * 300)).texts[-1])) == int((WIDTH - LEFT) / 7.2)
