"""A look into drawn charts, and one chart of each kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import pytest

from reportgen.render.charts import svg
from reportgen.view.chart import (
    Arrow,
    Band,
    Bars,
    Box,
    Chart,
    Diagram,
    Frame,
    Icicle,
    Part,
    Share,
    Shares,
    Tile,
    Timeline,
)

SVG = "{http://www.w3.org/2000/svg}"
GROUNDS = {"ground", "plate"}


@dataclass(frozen=True)
class Drawing:
    """A chart's SVG, read back."""

    root: ET.Element

    @property
    def texts(self) -> list[str | None]:
        """The words that are drawn."""
        return [text.text for text in self.all("text")]

    @property
    def tooltips(self) -> list[str | None]:
        """What hovering over the shapes says."""
        return [group.findtext(f"{SVG}title") for group in self.all("g")]

    def all(self, tag: str) -> list[ET.Element]:
        """Every element of that name; of rectangles not the ground, nor those of words that hide lines."""
        return [element for element in self.root.iter(f"{SVG}{tag}") if element.get("class") not in GROUNDS]

    def boxes(self) -> list[tuple[float, ...]]:
        """x, y, width and height of every rectangle."""
        return [tuple(float(rect.attrib[key]) for key in ("x", "y", "width", "height")) for rect in self.all("rect")]


@pytest.fixture(scope="session")
def draw() -> Callable[[Chart], Drawing]:
    """A chart as its SVG is read by a viewer."""
    return lambda chart: Drawing(ET.fromstring(svg(chart)))  # noqa: S314 - our own text


@pytest.fixture(scope="session")
def charts() -> Callable[[str], list[Chart]]:
    """One chart of each kind, in which every text is the given one."""

    def make(text: str) -> list[Chart]:
        words = (text, text, text)
        tiles = (Tile(text, 0, 0.0, 0.5, text, 0), Tile(text, 0, 0.5, 0.5, text, None))
        share = Share(0.5, text, text)
        return [
            Icicle(*words, tiles, 1),
            Bars(*words, (text,), tiles),
            Shares(*words, (text, text), (Part(text, (share, share), 0), Part(text, (share, share), None))),
            Timeline(*words, (0.5, 1.0), (Band(text, 0, 1, 0), Band(text, 1, 1, None)), ((0.0, text),), 1, text),
            Diagram(
                *words,
                (Box(text, text, text, 0, frame=0), Box(text, text, text, None, end=True)),
                (Arrow(1, 0, text),),
                (Frame(text),),
            ),
        ]

    return make
