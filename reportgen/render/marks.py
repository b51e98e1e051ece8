"""How foreign text goes into Markdown without coming alive in it: `Rich` for viewers, `Plain` for eyes alone.

`Rich` writes every mark that a viewer might act on as a numeric entity, the one escape that all of them understand;
names of plain characters stand in a code span, where no viewer looks for anything. `Plain` knows no entity: there
words with such marks, and all names, stand in code spans, and tables are preformatted.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from reportgen.render.text import isolate, joined, text_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportgen.view.page import Align

MAX_PADDING = 60  # cells longer than this do not widen the whole column

_PLAIN_NAME = re.compile(r"[\w.,:/+=()×–-]+(?: [\w.,:/+=()×–-]+)*", re.ASCII)
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_ACTIVE = re.compile(
    r"""[\\`*{}\[\]\#!|~&@$^]            # marks of Markdown, HTML, mentions and mathematics
    |[<>](?![0-9])                       # a tag or a quote, where it is no comparison with a figure
    |(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])  # an underscore within a word is one everywhere
    |:(?=//|[\w+-]+:)                    # links, emoji
    |(?<=\bwww)\.                        # links again
    |\A[-+=>]                            # a list, a heading or a quote, at the start of a line
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ISOLATES = ("&#8296;", "&#8297;")  # as characters, GitHub warns of them
_LIST_NUMBER = re.compile(r"\A(\d+)([.)])(?=\s|\Z)")


class Marks(Protocol):
    """One way to write text, names, links and tables; what it gives is harmless, on one line but for tables."""

    def text(self, value: str) -> str:
        """Prose, the white space in it as single spaces."""

    def code(self, value: str) -> str:
        """A name in fixed width."""

    def link(self, shown: str, href: str) -> str:
        """``shown``, which is Markdown, leading to a target that `safe_href` let through."""

    def strong(self, value: str) -> str:
        """The text of a table's cell that stands out."""

    def cell(self, value: str, *, code: bool = False, href: str | None = None, depth: int = 0) -> str:
        """The text of a table's cell; ``depth`` indents it."""

    def table(self, header: Sequence[str], aligns: Sequence[Align], rows: Sequence[Sequence[str]]) -> str:
        """A table of cells, in lines that end without white space."""


class Rich:
    """For viewers of Markdown: GitHub, GitLab, the Hub."""

    def text(self, value: str) -> str:
        """Prose; a mark that a viewer might act on is a numeric entity."""
        return _prose(value)

    def code(self, value: str) -> str:
        """A code span where the name is plain, else HTML with all punctuation as entities.

        What keeps a name that is written from right to left apart stands outside: names are copied.
        """
        if _PLAIN_NAME.fullmatch(value):
            return f"`{value}`"
        shown = f"<code>{_PUNCTUATION.sub(lambda match: _entity(match[0]), value)}</code>"
        return shown if isolate(value) == value else shown.join(_ISOLATES)

    def link(self, shown: str, href: str) -> str:
        """A link, in short where it shows its own target."""
        own = _ACTIVE.sub(lambda match: _entity(match[0]), href)
        return f"<{href}>" if shown == own and href == url(href) and ":" in href else f"[{shown}]({url(href)})"

    def strong(self, value: str) -> str:
        """Bold text."""
        return f"**{joined(self.text(value))}**"

    def cell(self, value: str, *, code: bool = False, href: str | None = None, depth: int = 0) -> str:
        """Text or code, linked to another place than this page; figures do not wrap.

        The first space of an indentation is an entity: many viewers trim a cell even of no-break spaces.
        """
        shown = self.code(value) if code else joined(self.text(value))
        linked = self.link(shown, href) if href and not href.startswith("#") else shown
        return "&nbsp;" * (depth > 0) + "\N{NO-BREAK SPACE}" * (3 * depth - 1) + linked

    def table(self, header: Sequence[str], aligns: Sequence[Align], rows: Sequence[Sequence[str]]) -> str:
        """A pipe table, padded so that its columns line up as plain text too."""
        widths = _widths(header, rows)
        rule = [
            f"{'-' * (width - 1)}:" if align == "right" else "-" * width
            for width, align in zip(widths, aligns, strict=True)
        ]
        return "\n".join(f"| {' | '.join(map(_pad, cells, widths, aligns))} |" for cells in (header, rule, *rows))


@lru_cache(maxsize=16_384)  # ledgers say the same thing again and again
def _prose(value: str) -> str:
    line = _ACTIVE.sub(lambda match: _entity(match[0]), " ".join(value.split()))
    return isolate(_LIST_NUMBER.sub(lambda match: match[1] + _entity(match[2]), line), *_ISOLATES)


class Plain:
    """For eyes alone, in a terminal or a letter; harmless all the same where it meets a viewer."""

    def text(self, value: str) -> str:
        """Prose; words that a viewer might act on stand in code spans."""
        words = value.split()
        shown = [self.code(word) if _ACTIVE_WORD.search(word) else word for word in words]
        if words and _OPENER.fullmatch(words[0]):
            shown[0] = self.code(words[0])
        return " ".join(shown)

    def code(self, value: str) -> str:
        """A code span, between more backticks than there are in it; nothing where there is nothing."""
        marks = "`" * (_longest_run(value) + 1)
        inner = f" {value} " if value[:1] in " `" or value[-1:] in " `" else value
        return f"{marks}{inner}{marks}" if value.strip() else ""

    def link(self, shown: str, href: str) -> str:
        """What leads to the web is followed by its address; no other link leads anywhere from here."""
        if ":" not in href:
            return shown
        address = f"<{url(href)}>"
        return address if shown.strip("`") == href else f"{shown} {address}"

    def strong(self, value: str) -> str:
        """The text as it is."""
        return value

    def cell(self, value: str, *, code: bool = False, href: str | None = None, depth: int = 0) -> str:
        """The text as it is: what is preformatted needs no escape, and shows no code or link apart."""
        del code, href
        return "  " * depth + " ".join(value.split())

    def table(self, header: Sequence[str], aligns: Sequence[Align], rows: Sequence[Sequence[str]]) -> str:
        """A preformatted table under a rule."""
        widths = _widths(header, rows)
        rule = ["-" * width for width in widths]
        lines = ("  ".join(map(_pad, cells, widths, aligns)).rstrip() for cells in (header, rule, *rows))
        return fence("\n".join(lines), "text")


_ACTIVE_WORD = re.compile(
    r"[\\`*\[\]{}|~&@$^#]|<(?!\d|\Z)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|://|:[\w+-]+:|\bwww\.", re.IGNORECASE
)
_OPENER = re.compile(r"[-+=]+|>.*|\d+[.)]")  # what would make the line a list item, a heading or a quote


def fence(value: str, language: str = "") -> str:
    """Preformatted text between fences longer than any run of backticks in it."""
    marks = "`" * max(3, _longest_run(value) + 1)
    return f"{marks}{language}\n{value}\n{marks}"


def url(path: str) -> str:
    """An address in which nothing ends a Markdown link."""
    return quote(path, safe="/:#?=&%~")


def _longest_run(value: str) -> int:
    return max(map(len, re.findall("`+", value)), default=0)


def _entity(mark: str) -> str:
    return f"&#{ord(mark)};"


def _widths(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [
        max(3, *(width for width in map(text_cells, column) if width <= MAX_PADDING))
        for column in zip(header, *rows, strict=True)
    ]


def _pad(shown: str, width: int, align: Align) -> str:
    space = " " * (width - text_cells(shown))
    return space + shown if align == "right" else shown + space
