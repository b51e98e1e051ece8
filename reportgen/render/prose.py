"""What a person wrote in Markdown (``--description FILE``), made harmless; no other text ever passes through Markdown.

A model's own texts never come here: Markdown lets raw HTML through, so what comes out is cleaned to a short list of
tags, without any class, style or id; Markdown that goes out again is written anew from that.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import groupby
from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from reportgen.render.marks import fence
from reportgen.render.text import display, safe_href

if TYPE_CHECKING:
    from reportgen.render.marks import Marks

TOP = 3  # the level of the highest heading: a page has its title on level 1, its sections on 2
_TAGS = frozenset(
    "a b blockquote br code dd del dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre s strong sub sup"
    " table tbody td th thead tr ul".split()
)
_ATTRIBUTES = {"a": {"href"}, "img": {"alt", "src"}, "ol": {"start"}}
_VOID = frozenset({"br", "hr", "img"})
_AROUND = {"em": "*", "i": "*", "strong": "**", "b": "**", "del": "~~", "s": "~~"}
_INLINE = frozenset("a b br code del em i img kbd s strong sub sup".split())
_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
_WEB = re.compile(r"https?:", re.IGNORECASE)
_HEADING = re.compile(r"<(/?)h([1-6])>")
_NO_PICTURE = re.compile(r'<img(?: alt="([^"]*)")?>')  # the cleaner writes no other, and escapes ">" in attributes
_WORDLESS = re.compile(r'<img(?=(?: src="[^"]*")?>)')
_NO_LINK = re.compile(r"<a>(.*?)</a>", re.DOTALL)


class _CommonMark(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 - what may lead where, the cleaner decides
        return True


_COMMONMARK = _CommonMark("commonmark", {"html": True}).enable(["table", "strikethrough"])


def html(text: str, *, web_only: bool = False) -> Markup:
    """Markdown as HTML with nothing in it that runs or is fetched, its headings from level 3 on, none skipped.

    Links lead to the web, to places in the page and to relative paths; with ``web_only``, to the web alone: a PDF is
    moved away from the files beside it. Pictures are ``data:`` URLs; of any other its words are left.
    """
    clean = nh3.clean(
        _COMMONMARK.render(display(text, multiline=True)),
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=functools.partial(_attribute, web_only=web_only),
        url_schemes={"http", "https", "data"},
        link_rel=None,
    )
    clean = _NO_LINK.sub(r"\1", _WORDLESS.sub('<img alt=""', _NO_PICTURE.sub(r"\1", clean)))
    return Markup(_demoted(clean).strip())  # noqa: S704 - just cleaned


def _attribute(tag: str, name: str, value: str, *, web_only: bool) -> str | None:
    if name == "src":
        return value if _IMAGE.fullmatch(value) else None
    if name == "href":
        href = safe_href(value)
        return href if href and (_WEB.match(href) or not web_only) else None
    if name == "start":
        return value if value.isdecimal() else None
    return value if name in _ATTRIBUTES.get(tag, ()) else None


def _demoted(clean: str) -> str:
    """Headings moved below those of the page: the outline they make stays, and leaves no level out."""
    outline: list[int] = []  # levels as written, of the headings that the next one may stand under
    unclosed: list[int] = []  # levels as shown

    def shown(match: re.Match[str]) -> str:
        if match[1]:
            return f"</h{unclosed.pop()}>"
        level = int(match[2])
        while outline and outline[-1] >= level:
            outline.pop()
        outline.append(level)
        unclosed.append(min(TOP - 1 + len(outline), 6))
        return f"<h{unclosed[-1]}>"

    return _HEADING.sub(shown, clean)


def markdown(text: str, marks: Marks, *, top: int = TOP) -> str:
    """The same as Markdown: no HTML in it but what ``marks`` write, headings from level ``top`` on, no pictures."""
    reader = _Reader()
    reader.feed(html(text))
    reader.close()
    return "\n\n".join(_blocks(reader.root, marks, top))


@dataclass(slots=True)
class _Element:
    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[_Element | str] = field(default_factory=list)

    def elements(self, *tags: str) -> list[_Element]:
        """The elements of those tags below this one, in order."""
        below = [child for child in self.children if isinstance(child, _Element)]
        return [found for child in below for found in ([child] if child.tag in tags else child.elements(*tags))]

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class _Reader(HTMLParser):
    """Makes a tree of HTML that the cleaner wrote: every element closed, none but known ones."""

    def __init__(self) -> None:
        super().__init__()
        self.root = _Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = _Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the cleaner closes what is open, in order
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def _blocks(parent: _Element, marks: Marks, top: int) -> Iterator[str]:
    """The blocks in an element, each without an empty line around it; text between blocks is a paragraph."""
    for inline, children in groupby(parent.children, key=_is_inline):
        group = list(children)
        if inline:
            yield from filter(None, [_inline(_Element("p", children=group), marks)])
        else:
            yield from (block for child in group if isinstance(child, _Element) for block in _block(child, marks, top))


def _is_inline(child: _Element | str) -> bool:
    return isinstance(child, str) or child.tag in _INLINE


def _block(element: _Element, marks: Marks, top: int) -> Iterator[str]:
    match element.tag:
        case "p" | "dd":
            yield _inline(element, marks)
        case "dt":
            yield f"**{_inline(element, marks)}**"
        case "h3" | "h4" | "h5" | "h6":
            level = min(int(element.tag[1]) - TOP + top, 6)
            yield f"{'#' * level} {_inline(element, marks, breaks=False)}"
        case "pre":
            yield fence(element.text.rstrip("\n"))
        case "hr":
            yield "---"
        case "table":
            yield _table(element, marks)
        case "ul" | "ol":
            yield "\n".join(_items(element, marks, top))
        case "blockquote":
            inner = "\n\n".join(_blocks(element, marks, top))
            yield "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))
        case _:
            yield from _blocks(element, marks, top)


def _items(items: _Element, marks: Marks, top: int) -> Iterator[str]:
    number = int(items.attributes.get("start") or 1)
    for item in items.elements("li"):
        bullet = "- " if items.tag == "ul" else f"{number}. "
        inner = "\n".join(_blocks(item, marks, top)) if _is_tight(item) else "\n\n".join(_blocks(item, marks, top))
        yield bullet + inner.replace("\n", "\n" + " " * max(len(bullet), 4)).replace("\n    \n", "\n\n")
        number += 1


def _is_tight(item: _Element) -> bool:
    return not any(isinstance(child, _Element) and child.tag in {"p", "pre", "table"} for child in item.children)


def _table(table: _Element, marks: Marks) -> str:
    rows = [[_inline(cell, marks, breaks=False) for cell in row.elements("th", "td")] for row in table.elements("tr")]
    width = max(map(len, rows), default=0)
    if not width:
        return ""
    header, *body = [[*row, *[""] * (width - len(row))] for row in rows]
    return marks.table(header, ["left"] * width, body)


def _inline(element: _Element, marks: Marks, *, breaks: bool = True) -> str:
    """What is in an element, on one line but for line breaks that were asked for."""
    line = ""
    for child in element.children:
        part = _span(child, marks, breaks=breaks)
        if line.endswith("`") and part.startswith("`"):
            line += " "  # two code spans, not one
        line += part.lstrip() if line.endswith("\n") else part
    return line.strip()


def _span(part: _Element | str, marks: Marks, *, breaks: bool) -> str:
    if isinstance(part, str):
        start, end = (" " if edge.isspace() else "" for edge in (part[:1], part[-1:]))
        return f"{start}{marks.text(part)}{end}" if part.strip() else start
    shown = _inline(part, marks, breaks=breaks)
    match part.tag:
        case "code" | "kbd":
            shown = marks.code(" ".join(part.text.split()))
        case "a" if shown:
            shown = marks.link(shown, part.attributes.get("href") or "")
        case "img":
            shown = marks.text(part.attributes.get("alt") or "")
        case "br":
            shown = "  \n" if breaks else " "
        case tag if shown and tag in _AROUND:
            shown = f"{_AROUND[tag]}{shown}{_AROUND[tag]}"
    return shown
