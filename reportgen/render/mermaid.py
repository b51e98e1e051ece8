"""The block diagram as text that Markdown viewers draw: Mermaid's flowcharts, as GitHub and GitLab know them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reportgen.render.text import display, isolate

if TYPE_CHECKING:
    from reportgen.view.chart import Box, Diagram

MOST = 15  # boxes; larger ones are drawn too small to read
_LONGEST = 60  # characters of a name
# What Mermaid 11 acts on even where it is written in entities: a line break, mathematics, an icon.
_COMMAND = re.compile(r"(?<=\\)(?=n)|(?<=\$)(?=\$)|(?<=:)(?=fa-)")
_PUNCTUATION = re.compile(r"[^\w .,:×–…+-]|(?<=\w)[.](?=\w)")  # a dot between letters may become a link


def is_small(diagram: Diagram) -> bool:
    """Whether viewers draw it large enough to read."""
    return len(diagram.boxes) <= MOST


def mermaid(diagram: Diagram) -> str:
    """The lines of a ``mermaid`` code block, from top to bottom. Names are in quotes, their punctuation as entities."""
    return "\n".join(("flowchart TB", *_inside(diagram, None), *_arrows(diagram)))


def _inside(diagram: Diagram, outer: int | None) -> Iterator[str]:
    """The boxes of a frame, and the frames in it."""
    for number, box in enumerate(diagram.boxes):
        if box.frame == outer:
            yield f"  n{number}{_box(box)}"
    for number, frame in enumerate(diagram.frames):
        if frame.frame == outer:
            yield f'  subgraph f{number}["{_text(frame.label)}"]'
            yield from _inside(diagram, number)
            yield "  end"


def _box(box: Box) -> str:
    words = f'"{_text(box.label)}<br/>{_text(box.detail)}"' if box.detail else f'"{_text(box.label)}"'
    return f"([{words}])" if box.end else f"[{words}]"


def _arrows(diagram: Diagram) -> Iterator[str]:
    for arrow in diagram.arrows:
        words = f'|"{_text(arrow.label)}"|' if arrow.label else ""
        yield f"  n{arrow.source} -->{words} n{arrow.target}"


def _text(words: str) -> str:
    """``words`` in quotes: nothing in them is markup, however it is read."""
    shown = display(words)
    if len(shown) > _LONGEST:
        shown = f"{shown[: _LONGEST // 2]}…{shown[-_LONGEST // 2 :]}"
    shown = isolate(_COMMAND.sub("\N{WORD JOINER}", shown))
    return _PUNCTUATION.sub(lambda mark: f"#{ord(mark[0])};", shown)
