"""How wide texts are in the reports' own proportional font, before anything is laid out."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from reportgen.render import templating
from reportgen.render.text import text_cells

CELL = 0.6  # em: a character of the monospaced font, which widths are counted in
SANS = {400: "IBMPlexSans-Regular.ttf", 600: "IBMPlexSans-SemiBold.ttf"}


def sans_cells(text: str, weight: int = 400) -> float:
    """The width of ``text``, in characters of a monospaced font of the same size."""
    widths = _widths(weight)
    return sum(widths.get(char) or min(text_cells(char), 1) / CELL for char in text)  # others take an em at most


@functools.cache
def _widths(weight: int) -> Mapping[str, float]:
    from fontTools.ttLib import TTFont

    with TTFont(templating.own_templates() / "fonts" / SANS[weight], lazy=True) as font:
        cell, advances = CELL * font["head"].unitsPerEm, font["hmtx"]
        return {chr(point): advances[glyph][0] / cell for point, glyph in font.getBestCmap().items()}
