"""What all charts have in common: any viewer draws them, in any light, whatever the names in them are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from reportgen.render.charts import svg
from reportgen.render.charts.canvas import INK, NEUTRAL, PALETTE, shortened, text_width
from reportgen.render.charts.svg import xml

if TYPE_CHECKING:
    from reportgen.view.chart import Chart
    from tests.render.charts.conftest import Drawing

Charts = Callable[[str], "list[Chart]"]
Draw = Callable[..., "Drawing"]
SVG = "{http://www.w3.org/2000/svg}"


def test_words_for_those_who_do_not_see_it(draw: Draw, charts: Charts) -> None:
    """A chart has a title and a description, and names itself by them."""
    for chart in charts("words"):
        root = draw(chart).root
        assert (root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")) == ("words", "words")
        assert root.attrib["aria-labelledby"].split() == [
            root.find(f"{SVG}{tag}").attrib["id"]  # type: ignore[union-attr]
            for tag in ("title", "desc")
        ]


def test_only_what_every_viewer_draws(draw: Draw, charts: Charts, hostile_names: tuple[str, ...]) -> None:
    """Whatever the names, files are well-formed, and have no style, script, link or named colour in them."""
    elements = [element for name in hostile_names for chart in charts(name) for element in draw(chart).root.iter()]
    tags = {"svg", "title", "desc", "g", "rect", "text", "line", "path", "circle"}
    assert set() == {element.tag.removeprefix(SVG) for element in elements} - tags
    assert set() == {key for element in elements for key in element.attrib} - {
        *("viewBox", "width", "height", "role", "aria-labelledby", "font-family", "id", "class"),
        *("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "d", "rx", "transform"),
        *("fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-weight", "text-anchor"),
    }
    colours = {element.attrib[key] for element in elements for key in ("fill", "stroke") if key in element.attrib}
    assert {colour for colour in colours if not re.fullmatch("none|#[0-9a-f]{6}", colour)} == set()


def test_classes_for_dark_pages(draw: Draw, charts: Charts) -> None:
    """What lies outside coloured tiles has a class that a page can colour, and a colour where no page does."""
    painted = {"ground": "fill", "plate": "fill", "ink": "fill", "muted": "fill", "line": "stroke", "arrow": "stroke"}
    elements = [
        element for chart in charts("words") for element in draw(chart).root.iter() if "class" in element.attrib
    ]
    assert set() == {element.attrib["class"] for element in elements} - set(painted)
    assert [] == [element for element in elements if painted[element.attrib["class"]] not in element.attrib]


def test_a_file_of_its_own_has_a_margin(draw: Draw, charts: Charts) -> None:
    """The ground reaches as far as the picture, beyond what is drawn on all sides."""
    for chart in charts("words"):
        _, _, width, height = map(float, draw(chart).root.attrib["viewBox"].split())
        root = ET.fromstring(svg(chart, margin=12))  # noqa: S314 - our own text
        assert [-12, -12, width + 24, height + 24] == list(map(float, root.attrib["viewBox"].split()))
        ground = root.find(f"{SVG}rect[@class='ground']")
        assert ground is not None
        assert root.attrib["viewBox"].split() == [ground.attrib[key] for key in ("x", "y", "width", "height")]


def test_the_same_bytes_every_time(charts: Charts) -> None:
    """Equal data make equal files."""
    assert [svg(chart) for chart in charts("net")] == [svg(chart) for chart in charts("net")]


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("encoder", 7, "encoder"),
        ("encoder", 6, None),  # too little to know it by
        ("layers.0.attention", 11, "layer…ntion"),
        ("layers.0.attention", 10, "layer…tion"),
        ("重み" * 10, 11, "重み重…重み"),  # two cells each: a sixth character would be one too many
        ("a\u202eb" + "c" * 20, 12, r"a\u202…ccccc"),
    ],
)
def test_names_are_cut_in_the_middle(text: str, cells: int, expected: str | None) -> None:
    """A name that does not fit keeps its beginning and its end; of too little, nothing is shown."""
    assert shortened(text, cells * 7.2 + 0.01) == expected


def test_wide_characters_need_more_room() -> None:
    """East Asian characters take twice the width."""
    assert (5 * 7.2, 10 * 7.2) == (text_width("abcde"), text_width("重み重み重"))


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("fill", [fill for shades in (*PALETTE, NEUTRAL) for fill in shades])
def test_ink_is_legible_on_every_tile(fill: str) -> None:
    """Labels have the contrast that WCAG asks of text, 4.5, on every colour of the palette."""
    assert min((_luminance(fill) + 0.05) / (_luminance(INK) + 0.05), 4.5) == 4.5


def test_figures_stay_beside_words_from_right_to_left() -> None:
    """Such words are kept apart by marks that are not seen."""
    assert "\u2068אבג\u2069.1–3 ×3: &lt;27 %" == xml("אבג.1–3 ×3: <27 %")
