"""Text and shapes written straight into the content of a page, in the document's own fonts.

With `reportgen.render.painting.pages` and `running`, all that touches what is private in WeasyPrint. What is relied on
here: ``Stream.add_font`` makes a font part of the document, which keeps its glyphs that are in ``to_unicode``.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Literal

from fontTools.ttLib import TTFont
from weasyprint.draw.text import draw_emojis, draw_first_line
from weasyprint.matrix import Matrix
from weasyprint.text.ffi import ffi, gobject, pango
from weasyprint.text.fonts import get_font_description
from weasyprint.text.line_break import create_layout, line_size

from reportgen.render.text import isolate

Side = Literal["start", "middle", "end"]
DIGITS = 4  # hexadecimal, of a glyph's number
_BEFORE = {"start": 0.0, "middle": 0.5, "end": 1.0}  # the part of a text that stands before its place


class Font:
    """A font of the document at one size, in CSS pixels; `ascent` and `descent` of its text are too."""

    def __init__(self, stream: Any, style: Any) -> None:
        context = ffi.gc(pango.pango_font_map_create_context(style.font_config.font_map), gobject.g_object_unref)
        pango_font = pango.pango_font_map_load_font(style.font_config.font_map, context, get_font_description(style))
        self.style, self.size = style, float(style["font_size"])
        self._font, _ = stream.add_font(ffi.gc(pango_font, gobject.g_object_unref))
        self._codes, self._widths = _glyphs(self._font.file_content, self._font.index)
        self.ascent, self.descent = (part / 1000 * self.size for part in (self._font.ascent, -self._font.descent))
        self.start = f"/{self._font.hash} {self.size:.4f} Tf"
        self._texts: dict[str, str | None] = {}  # the numbers of its glyphs, by text: most stand in many rows

    def glyphs(self, text: str) -> str | None:
        """The numbers of its glyphs for a text, in hexadecimal; None where it lacks one."""
        if text not in self._texts:
            numbers = text.translate(self._codes)
            self._texts[text] = numbers if len(numbers) == DIGITS * len(text) else None
        return self._texts[text]

    def width(self, text: str) -> float:
        """How wide a text is that has a glyph for each of its characters."""
        widths = self._widths
        return sum(widths[char] for char in text) * self.size

    def embed(self) -> None:
        """Makes the glyphs that were used part of the document, with the text that they stand for."""
        for character in sorted(set().union(*(text for text, numbers in self._texts.items() if numbers is not None))):
            number = int(self._codes[ord(character)], 16)
            self._font.to_unicode.setdefault(number, character)
            self._font.widths.setdefault(number, round(1000 * self._widths[character]))


@functools.lru_cache(maxsize=8)
def _glyphs(file: bytes, index: int) -> tuple[Mapping[int, str], Mapping[str, float]]:
    """The numbers of a font's glyphs, as four hexadecimal digits, by code point; and their widths in em."""
    font = TTFont(io.BytesIO(file), fontNumber=index, lazy=True)
    advances, em, glyphs = font["hmtx"], font["head"].unitsPerEm, font.getBestCmap()
    codes = {point: f"{font.getGlyphID(glyph):0{DIGITS}x}" for point, glyph in glyphs.items()}
    return codes, {chr(point): advances[glyph][0] / em for point, glyph in glyphs.items()}


class Pen:
    """Writes into a page's content, whose y goes downwards; `close` it at the end."""

    def __init__(self, stream: Any, style: Any) -> None:
        self._stream, self._style = stream, style
        self._out: list[str] = []
        self._fonts: dict[tuple[object, ...], Font] = {}
        self._font: Font | None = None  # the one in use; None outside of texts

    def font(
        self, *, weight: int | None = None, size: float | None = None, family: tuple[str, ...] | None = None
    ) -> Font:
        """The font of the style, changed where something is given: ``size`` in CSS pixels."""
        key = (weight, size, family)
        if key not in self._fonts:
            changed = {"font_weight": weight, "font_size": size, "font_family": family}
            style = self._style.copy()
            style.update({name: value for name, value in changed.items() if value is not None})
            self._fonts[key] = Font(self._stream, style)
        return self._fonts[key]

    def draw(self, *operators: str) -> None:
        """Operators of a content stream that are not for text."""
        self.end()
        self._out += operators

    def note(self, operator: str) -> None:
        """An operator that may stand within texts: one of colour, or of marked content."""
        self._out.append(operator)

    @contextmanager
    def artifact(self, *, marked: bool) -> Iterator[None]:
        """What is drawn inside is not read out, in a document that is ``marked`` for reading."""
        self.draw(*["/Artifact BMC"] * marked)
        yield
        self.draw(*["EMC"] * marked)

    def begin(self, font: Font) -> None:
        """Goes on with text in that font."""
        if font is not self._font:
            self._out.append(font.start if self._font else f"BT {font.start}")
            self._font = font

    def end(self) -> None:
        """Leaves the text, if it is in one."""
        if self._font:
            self._out.append("ET")
            self._font = None

    def text(self, font: Font, words: str, x: float, y: float, side: Side = "start") -> None:
        """One line of text, of which ``x`` is the start, the middle or the end, and ``y`` the baseline."""
        if not words:
            return
        glyphs = font.glyphs(words)
        if glyphs is None:
            self._foreign(font, words, x, y, side)
            return
        self.begin(font)
        if side != "start":
            x -= _BEFORE[side] * font.width(words)
        self._out.append(f"1 0 0 -1 {x:.2f} {y:.2f} Tm<{glyphs}>Tj")

    def _foreign(self, font: Font, text: str, x: float, y: float, side: Side) -> None:
        """A line with characters that the font lacks: set by Pango, in the fonts that have them."""
        self.end()
        self._flush()
        text = isolate(text)
        layout = create_layout(text, font.style, None, None, 0)
        x -= _BEFORE[side] * line_size(layout.get_first_line()[0], font.style)[0]
        self._stream.begin_text()
        box = SimpleNamespace(style=font.style, text=text, pango_layout=layout)
        emojis = draw_first_line(self._stream, box, "clip", "none", Matrix(d=-1, e=x, f=y))
        self._stream.end_text()
        draw_emojis(self._stream, font.style, x, y, emojis)
        layout.deactivate()

    def close(self) -> None:
        """Writes what is left, and embeds the fonts."""
        self.end()
        self._flush()
        for font in self._fonts.values():
            font.embed()

    def _flush(self) -> None:
        self._stream.stream.append("\n".join(self._out))
        self._out = []
