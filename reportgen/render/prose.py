"""What a person wrote in Markdown (``--description FILE``), made harmless; no other text ever passes through Markdown.

A model's own texts never come here: Markdown lets raw HTML through, so what comes out is cleaned to a short list of
tags, without any class, style or id.
"""

from __future__ import annotations

import functools
import re

import markdown
import nh3
from markupsafe import Markup

from reportgen.render.text import display, safe_href

TOP = 3  # the level of the highest heading: a page has its title on level 1, its sections on 2
_TAGS = frozenset(
    "a b blockquote br code dd del dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre s strong sub sup"
    " table tbody td th thead tr ul".split()
)
_ATTRIBUTES = {"a": {"href"}, "img": {"alt", "src"}, "ol": {"start"}}
_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
_WEB = re.compile(r"https?:", re.IGNORECASE)
_HEADING = re.compile(r"<(/?)h([1-6])>")
_NO_PICTURE = re.compile(r'<img(?: alt="([^"]*)")?>')  # the cleaner writes no other, and escapes ">" in attributes
_NO_LINK = re.compile(r"<a>(.*?)</a>", re.DOTALL)


def html(text: str, *, web_only: bool = False) -> Markup:
    """Markdown as HTML with nothing in it that runs or is fetched, its headings from level 3 on, none skipped.

    Links lead to the web, to places in the page and to relative paths; with ``web_only``, to the web alone: a PDF is
    moved away from the files beside it. Pictures are ``data:`` URLs; of any other its words are left.
    """
    raw = markdown.markdown(display(text, multiline=True), extensions=["fenced_code", "sane_lists", "tables"])
    clean = nh3.clean(
        raw,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=functools.partial(_attribute, web_only=web_only),
        url_schemes={"http", "https", "data"},
        link_rel=None,
    )
    clean = _NO_LINK.sub(r"\1", _NO_PICTURE.sub(r"\1", clean))
    return Markup(_demoted(clean))  # noqa: S704 - just cleaned


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
