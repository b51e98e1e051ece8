"""Sections of a Markdown file that reportgen keeps: what stands between two markers, and not one character more.

    <!-- reportgen:begin id=torchvision:resnet50 -->
    <!-- reportgen:end -->

A marker is a line of its own, where Markdown takes it for a comment: none is looked for in code, and what looks like
one there, or anywhere else than it may stand, is refused rather than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote, unquote_to_bytes

from markdown_it import MarkdownIt
from markdown_it.token import Token

from reportgen.errors import ConfigError
from reportgen.release import front_matter

NOTE = "<!-- Made by reportgen card, which writes anew all that stands here. -->"
_TOP = 2  # the level of a section's heading, but in the slot
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")  # str.splitlines would part at form feeds, too
_MENTION = re.compile(r"<!--(?=\s*reportgen:)")
_MARKER = re.compile(r"<!--\s*reportgen:(?:begin\s+id=([^\s<>]+)|end)\s*-->")
# The Hub's template for model cards has this heading, under "Technical Specifications".
_SLOT = re.compile(r"\W*model architecture and objective\W*(\[optional\])?\W*", re.IGNORECASE)
_COMMONMARK = MarkdownIt("commonmark")


@dataclass(frozen=True, slots=True)
class _Section:
    """The lines of its two markers, from 0."""

    key: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a model's architecture is to be described: from below a heading up to the next one, and its level."""

    first: int
    end: int
    level: int


@dataclass(frozen=True, slots=True)
class _Document:
    """A file in lines, each with its own end, its sections in order, and the slot, if it has one."""

    lines: Sequence[str]
    sections: tuple[_Section, ...]
    slot: _Slot | None

    def level(self, line: int) -> int:
        """The level of the heading of a section at that line."""
        slot = self.slot
        return min(slot.level + 1, 6) if slot and slot.first <= line <= slot.end else _TOP

    def place(self) -> int:
        """The line before which a new section is put: behind what stands in the slot, or at the end."""
        line = self.slot.end if self.slot else len(self.lines)
        while line and not self.lines[line - 1].strip(" \t\r\n\ufeff"):
            line -= 1
        return line


def lines_of(text: str) -> list[str]:
    """The lines of a text as Markdown parts them, each with its own end."""
    return _LINE.findall(text)


def check(text: str, *, file: str) -> None:
    """Makes sure, before any work, that the markers in a text are as they should be. Errors as of `put`."""
    _read(text, file)


def put(text: str, section_id: str, write: Callable[[int], str], *, file: str) -> str:
    r"""The text with the section of that id replaced, or put where it belongs; all else is as it was.

    Args:
        text: a Markdown file; its line ends, ``\n``, ``\r\n`` or ``\r``, are the section's, too.
        section_id: any text; what a marker cannot hold is written as in an address, ``%20``.
        write: gives the section's Markdown, its heading on the level that it is called with.
        file: what errors call the file.

    Raises:
        ConfigError: a marker lacks its other half, is there twice, stands in a section or where it is none; or there is
            no place for a section, because the file ends in a code block, say.
    """
    document, key = _read(text, file), _key(section_id.encode("utf-8", "surrogatepass"))
    known = next((section for section in document.sections if section.key == key), None)
    if known is None:
        return _insert(document, key, write, file)
    before, after = document.lines[: known.begin + 1], document.lines[known.end :]
    return "".join((*before, _body(write(document.level(known.begin)), _ending(before[-1:])), *after))


def _insert(document: _Document, key: str, write: Callable[[int], str], file: str) -> str:
    place, end = document.place(), _ending(document.lines)
    before, after = document.lines[:place], document.lines[place:]
    section = f"<!-- reportgen:begin id={key} -->{end}{_body(write(document.level(place)), end)}<!-- reportgen:end -->"
    closed = not before or before[-1].endswith(("\r", "\n"))
    parts = ("" if closed else end, end if before else "", section, end if closed else "")
    apart = end if after and after[0].strip() else ""
    text = "".join((*before, *parts, apart, *after))
    try:
        found = [section.key for section in _read(text, file).sections]
    except ConfigError:
        found = []
    if key not in found:
        raise ConfigError(
            f"{file}, line {max(place, 1)}: a section put behind this line would be part of a code block or a comment",
            code="card-markers",
            remedy="close what is open there, or put the two markers where the section is to be",
        )
    return text


def _body(markdown: str, end: str) -> str:
    r"""What stands between the markers, with their line ends; nothing in it is taken for a marker.

    Names are escaped, but for those in code blocks: there ``<!-- reportgen:`` becomes ``<!- - reportgen:``.
    """
    return _MENTION.sub("<!- -", f"{NOTE}\n\n{markdown.strip()}\n\n").replace("\n", end)


def _key(section_id: bytes) -> str:
    return quote(section_id, safe="!#$&'()*+,/:;=?@[]^{|}\\")


def _ending(lines: Sequence[str]) -> str:
    ends = (line[len(line.rstrip("\r\n")) :] for line in lines)
    return next(filter(None, ends), "\n")


def _read(text: str, file: str) -> _Document:
    opening = front_matter.length(text)
    tokens = _COMMONMARK.parse("\n" * len(lines_of(text[:opening])) + text[opening:].removeprefix("\ufeff"))
    lines = lines_of(text)
    sections = _sections(lines, tokens, file)
    return _Document(lines, sections, _slot(tokens, sections, len(lines)))


def _sections(lines: Sequence[str], tokens: Sequence[Token], file: str) -> tuple[_Section, ...]:
    """Every section. Raises ConfigError at the first marker that is not as it should be."""
    comments = {token.map[0] for token in tokens if _is_line(token) and token.map}
    begun: tuple[str, int] | None = None
    sections: dict[str, _Section] = {}
    for number, line in enumerate(lines):
        if not _MENTION.search(line):
            continue
        marker = _MARKER.fullmatch(line.strip(" \t\r\n\ufeff"))
        if marker is None or number not in comments:
            raise _refusal(file, number, *_misplaced(tokens, number))
        if marker[1] is None:
            if begun is None:
                raise _refusal(file, number, "this end marker ends no section", "remove it, or write its begin marker")
            sections[begun[0]] = _Section(*begun, number)
            begun = None
            continue
        key = _key(unquote_to_bytes(marker[1]))
        if begun is not None:
            what = f"this section begins inside the one of line {begun[1] + 1}"
            raise _refusal(file, number, what, "end that one before it, with <!-- reportgen:end -->")
        if key in sections:
            what = f"a second section {key}; the first is in line {sections[key].begin + 1}"
            raise _refusal(file, number, what, "remove one of them, or give it another id")
        begun = key, number
    if begun is not None:
        what = f"the section {begun[0]} has no end"
        raise _refusal(file, begun[1], what, "write <!-- reportgen:end --> on a line of its own where it ends")
    return tuple(sections.values())


def _is_line(token: Token) -> bool:
    """Whether this is HTML on one line, and in nothing else."""
    first, end = token.map or (0, 0)
    return token.type == "html_block" and token.level == 0 and end - first == 1


def _misplaced(tokens: Sequence[Token], line: int) -> tuple[str, str]:
    """Why something that looks like a marker is none, and what to do."""
    around = {
        token.type for token in tokens if token.map and token.map[0] <= line < token.map[1] and not _is_line(token)
    }
    if around & {"fence", "code_block"}:
        return "a marker inside a code block", "move it out, or write it with &lt; if it is an example"
    if around & {"blockquote_open", "list_item_open"}:
        return "a marker inside a list or a quotation", "move it out, to the start of a line"
    if "html_block" in around:
        return "a marker inside other HTML or a comment", "end that before, with an empty line before the marker"
    return (
        "this is no marker",
        "write <!-- reportgen:begin id=NAME --> or <!-- reportgen:end -->, alone on a line; an example with &lt;",
    )


def _refusal(file: str, line: int, what: str, remedy: str) -> ConfigError:
    return ConfigError(f"{file}, line {line + 1}: {what}", code="card-markers", remedy=remedy)


def _slot(tokens: Sequence[Token], sections: Sequence[_Section], count: int) -> _Slot | None:
    """The first slot in the file's own headings: those of sections are not its structure."""
    headings = [
        (token.map[0], int(token.tag[1:]), inline.content)
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
        if not any(section.begin < token.map[0] < section.end for section in sections)
    ]
    for line, level, title in headings:
        if _SLOT.fullmatch(title):
            end = next((other for other, its, _ in headings if other > line and its <= level), count)
            return _Slot(line + 1, end, level)
    return None
