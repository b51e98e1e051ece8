"""What stands between a model's own texts and every format: nothing invisible, nothing that runs.

Names, messages and tracebacks come from foreign code. `visible` makes a page of them safe to print anywhere; each
renderer then only escapes for its own syntax.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import re
import unicodedata
from typing import Any, TypeVar, cast

from markupsafe import Markup

from reportgen.view.page import Code, Notice, Page, Prose, Row, Section

T = TypeVar("T")

# Drawn as nothing though Unicode calls them letters or marks (the other ignorable ones are "Cf" or "Cn").
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# Texts that may run over several lines; everywhere else a line break in a name is shown, not followed.
_MULTILINE = frozenset(
    {(Code, "text"), (Prose, "text"), (Notice, "text"), (Notice, "remedy"), (Notice, "detail"), (Section, "intro")}
    | {(Page, "description"), (Page, "about")}
)
_BEYOND_LATIN = re.compile("[^\x00-\u02ff]")  # where marks and wide characters begin
_SCHEME = re.compile(r"[^/?#]*:")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_.-]")
# What a spreadsheet takes for a formula, in the full width of East Asian keyboards too; and, so that the apostrophe can
# be taken off again, what looks like one that is marked already.
_FORMULA = re.compile(r"['\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_SPACE = re.compile(r"(\s+)")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})
_SEAM = re.compile(r"(?<=[._/])(?=[^._/\d\s])|(?<=[^\d\s][._/])(?=\d)|(?<=[a-z]{2})(?=[A-Z][a-z])")
# Spaces within a figure: before its unit, around ``×``, and after the arrow to what it has become.
_JOINT = re.compile(
    r"(?<=\d) (?=(?:%|[kKMGTPE]?i?B|[kMGTPEZ]|[kMGTPEZ]?(?:FLOP|MAC)s?|[mµ]?s)(?!\w)|× \d)|(?<=\d ×|\w →) (?=\d)"
)
# Words written from right to left, with the digits in them. Paths of such names go on from left to right all the same.
_RTL = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_RTL_WORDS = re.compile(f"[{_RTL}](?:[{_RTL}0-9_]|(?:<wbr>|[ -])(?=[{_RTL}]))*")


def display(text: str, *, multiline: bool = False) -> str:
    r"""The text with every control, bidi, zero-width, surrogate and unassigned character as a visible ``\u202e``.

    With ``multiline``, line breaks and tabs stay (``\r\n`` becomes ``\n``). Doing it twice changes nothing more.
    """
    if multiline:
        return "\n".join("\t".join(map(display, line.split("\t"))) for line in text.replace("\r\n", "\n").split("\n"))
    if text.isprintable() and (text.isascii() or not _INVISIBLE.search(text)):
        return text
    return "".join(char if _is_visible(char) else char.encode("unicode_escape").decode("ascii") for char in text)


def one_line(text: str) -> str:
    """The text as `display` shows it, with every run of white space as one space: for a line in a terminal or a log."""
    return display(" ".join(text.split()))


def _is_visible(char: str) -> bool:
    # str.isprintable refuses every space but U+0020; no-break and thin spaces are wanted in numbers.
    return (char.isprintable() or unicodedata.category(char) == "Zs") and not _INVISIBLE.match(char)


def visible(value: T) -> T:
    """``value`` (a page, or any part of one) with every text in it passed through `display`."""
    return cast("T", _visible(value))


def _visible(value: Any, *, multiline: bool = False) -> Any:
    """The very same object where nothing changed: ledgers of clean names, which most are, are not copied."""
    if isinstance(value, str):
        return display(value, multiline=multiline)
    if isinstance(value, (tuple, list)):
        parts = [_visible(part) for part in value]
        return value if all(map(operator.is_, parts, value)) else tuple(parts)
    cls: Any = type(value)
    if (cls is Row and _is_clean(value)) or not hasattr(cls, "__dataclass_fields__"):
        return value
    changed = {}
    for name in _fields(cls):
        old = getattr(value, name)
        new = _visible(old, multiline=(cls, name) in _MULTILINE)
        if new is not old:
            changed[name] = new
    return dataclasses.replace(value, **changed) if changed else value


def _is_clean(row: Row) -> bool:
    """Whether nothing in a row needs an escape: most do not, and a look at each of their texts takes time."""
    texts = [cell.text + (cell.hint or "") + (cell.href or "") for cell in row.cells]
    text = "".join(texts) + (row.anchor or "")
    return text.isprintable() and (text.isascii() or not _INVISIBLE.search(text))


@functools.cache
def _fields(cls: type) -> tuple[str, ...]:
    return tuple(item.name for item in dataclasses.fields(cls))


def spreadsheet(text: str) -> str:
    """`display`, for CSV: what spreadsheets take for a formula begins with an apostrophe that is not part of it."""
    shown = display(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def safe_href(href: str | None) -> str | None:
    """``href`` where following it is harmless: ``#anchor``, a relative path, ``http:`` or ``https:``; else None."""
    if not href or display(href) != href or href[0].isspace() or "\\" in href or href.startswith("/"):
        return None
    if href.startswith("#"):
        return f"#{anchor(href[1:])}"
    scheme = _SCHEME.match(href)
    return href if scheme is None or scheme[0].lower() in {"http:", "https:"} else None


def anchor(text: str) -> str:
    """``text`` as an ``id`` that survives every URL decoder: letters, digits, ``_``, ``-``, ``.``; injective."""
    return _NOT_IN_ID.sub(lambda match: f"~{ord(match[0]):x}~", text)


def isolate(text: str, before: str = "\u2068", after: str = "\u2069") -> str:
    """``text`` with each run of words that are written from right to left between two marks.

    Without, such a word takes the figures beside it along: ``word: 27, 3 %`` is shown as ``27, 3 :word %``. The marks
    are Unicode's own by default, or their equals in the markup at hand.
    """
    return text if text.isascii() else _RTL_WORDS.sub(lambda words: f"{before}{words[0]}{after}", text)


def escaped(text: str) -> str:
    """What `markupsafe.escape` gives, as a plain string: a ledger's cells are joined by the ten thousand."""
    return text.translate(_ENTITIES)


def whole(text: str) -> str:
    """HTML of ``text``, whatever it is."""
    return isolate(escaped(text), "<bdi>", "</bdi>")


def joined(text: str) -> str:
    """``text`` in which figures stay whole, and with their units: ``3.4 %``, ``12 × 4.09 G``."""
    return _JOINT.sub("\N{NO-BREAK SPACE}", text) if " " in text else text


def broken(text: str, *, every: int = 40) -> str:
    """HTML of ``text`` that may wrap in the seams of names (``a.b_c/d``, ``LayerNorm``), in very long words anywhere.

    Figures stay `joined`.
    """
    text = joined(text)
    if len(text) <= every:
        return isolate(_SEAM.sub("<wbr>", escaped(text)), "<bdi>", "</bdi>")  # an entity has no seam in it
    words = (
        "<wbr>".join(escaped(part[i : i + every]) for part in _SEAM.split(word) for i in range(0, len(part), every))
        for word in _SPACE.split(text)
    )
    return isolate("".join(words), "<bdi>", "</bdi>")


def html(text: str) -> Markup:
    """`whole`, for templates."""
    return Markup(whole(text))  # noqa: S704 - escaped there


def breakable(text: str) -> Markup:
    """`broken`, for templates."""
    return Markup(broken(text))  # noqa: S704 - escaped there


def text_cells(text: str) -> int:
    """How many columns of a monospaced font ``text`` takes: two for East Asian wide characters, none for marks."""
    if text.isascii() or not _BEYOND_LATIN.search(text):
        return len(text)
    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text)
