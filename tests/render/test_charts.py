"""The icicle: where its tiles lie, what is written on them, and that any viewer can draw it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from reportgen.render.charts import INK, NEUTRAL, PALETTE, WIDTH, svg
from reportgen.view.page import Icicle, Page, Tile

SVG = "{http://www.w3.org/2000/svg}"


def _icicle(*tiles: Tile, depth: int = 2) -> Icicle:
    return Icicle("chart", "Parameters", "What it shows.", tiles, depth)


def _root(icicle: Icicle) -> ET.Element:
    return ET.fromstring(svg(icicle))  # noqa: S314 - our own text


def _texts(icicle: Icicle) -> list[str | None]:
    return [text.text for text in _root(icicle).iter(f"{SVG}text")]


def test_tiles_lie_where_their_shares_are() -> None:
    """Rectangles start and end at their shares of the width, less the gap, one row a level."""
    chart = _icicle(Tile("net", 0, 0, 1, "4", 0), Tile("a", 1, 0, 0.25, "1", 1), Tile("b", 1, 0.25, 0.75, "3", 2))
    found = [
        tuple(float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        for rect in _root(chart).iter(f"{SVG}rect")
    ]
    assert found == [(0, 0, WIDTH - 2, 42), (0, 44, WIDTH / 4 - 2, 42), (WIDTH / 4, 44, WIDTH * 3 / 4 - 2, 42)]


def test_colours_by_branch() -> None:
    """A branch keeps its colour, its tiles in a row take turns between two shades, and the model itself has none."""
    tiles = (Tile("net", 0, 0, 1, "", 0), Tile("a", 1, 0, 0.5, "", 3), Tile("b", 1, 0.5, 0.5, "", 3))
    fills = [rect.attrib["fill"] for rect in _root(_icicle(*tiles)).iter(f"{SVG}rect")]
    assert fills == [NEUTRAL[0], *PALETTE[3]]


def test_labels_only_where_they_fit() -> None:
    """A label stands whole or not at all: its figure goes first, then the label itself."""
    label, value = "encoder", "12.5 M, 50.0 %"
    shares = [(7 * 7.2 + 12 + 2) / WIDTH, (14 * 6.3 + 12 + 2) / WIDTH]  # 0.6 em a character, padding and gap
    assert _texts(_icicle(Tile(label, 0, 0, shares[0] - 0.001, value, 0))) == []
    assert _texts(_icicle(Tile(label, 0, 0, shares[0] + 0.001, value, 0))) == [label]
    assert _texts(_icicle(Tile(label, 0, 0, shares[1] + 0.001, value, 0))) == [label, value]


def test_wide_characters_need_more_room() -> None:
    """East Asian characters take twice the width, so a label of them needs a wider tile."""
    tile = (5 * 7.2 + 12 + 2) / WIDTH + 0.001
    assert _texts(_icicle(Tile("abcde", 0, 0, tile, "x" * 99, 0))) == ["abcde"]
    assert _texts(_icicle(Tile("重み重み重", 0, 0, tile, "x" * 99, 0))) == []


def test_slivers_are_drawn_together() -> None:
    """Tiles too narrow to see become one box for each run of one colour, which says how many it stands for."""
    thin = 0.001
    tiles = [Tile(f"p{i}", 1, i * thin, thin, "1", 0 if i < 4 else 1) for i in range(6)]
    groups = list(_root(_icicle(*tiles)).iter(f"{SVG}g"))
    assert [group.findtext(f"{SVG}title") for group in groups] == ["4 modules, p0 to p3", "2 modules, p4 to p5"]
    assert [float(group.find(f"{SVG}rect").attrib["x"]) for group in groups] == [0, round(4 * thin * WIDTH, 2)]  # type: ignore[union-attr]


def test_words_for_those_who_do_not_see_it() -> None:
    """The chart has a title and a description, and names itself by them."""
    root = _root(_icicle(Tile("net", 0, 0, 1, "4", 0)))
    assert (root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")) == ("Parameters", "What it shows.")
    assert root.attrib["aria-labelledby"].split() == [
        root.find(f"{SVG}{tag}").attrib["id"]  # type: ignore[union-attr]
        for tag in ("title", "desc")
    ]


def test_only_what_every_viewer_draws(hostile_page: Page) -> None:
    """Whatever the names, the file is well-formed, and has no style, script, link or named colour in it."""
    chart = next(block for section in hostile_page.sections for block in section.blocks if isinstance(block, Icicle))
    root = _root(chart)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {"svg", "title", "desc", "g", "rect", "text"}
    assert {key for element in root.iter() for key in element.attrib} == {
        *("viewBox", "width", "height", "role", "aria-labelledby", "font-family", "id"),
        *("x", "y", "rx", "fill", "font-size", "font-weight"),
    }
    fills = {element.attrib["fill"] for element in root.iter() if "fill" in element.attrib}
    assert {fill for fill in fills if re.fullmatch("#[0-9a-f]{6}", fill)} == fills


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("fill", [fill for shades in (*PALETTE, NEUTRAL) for fill in shades])
def test_ink_is_legible_on_every_tile(fill: str) -> None:
    """Labels have the contrast that WCAG asks of text, 4.5, on every colour of the palette."""
    assert min((_luminance(fill) + 0.05) / (_luminance(INK) + 0.05), 4.5) == 4.5
