"""Where the boxes and arrows of a diagram lie, by Graphviz' ``dot``, which is asked as a process of its own.

It is given sizes and numbers only: names stay here, so that none is ever read as its language, and fonts of the machine
do not matter.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Direction = Literal["TB", "LR"]
Point = tuple[float, float]
Place = tuple[float, float, float, float]  # x, y, width, height

REMEDY = "apt install graphviz, brew install graphviz, or https://graphviz.org/download"

_SECONDS = 10.0
_INCH = 72.0  # dot's sizes are in inches, its answers in points


@dataclass(frozen=True, slots=True)
class Graph:
    """What is to be laid out, in points: sizes of boxes, and widths of the words on arrows and frames.

    Boxes and frames also say which frame they stand in, by index.
    """

    boxes: tuple[tuple[float, float, int | None], ...]  # width, height, frame
    arrows: tuple[tuple[int, int, float], ...]  # source, target, width of the words
    frames: tuple[tuple[float, int | None], ...]  # width of the words, frame
    direction: Direction


@dataclass(frozen=True, slots=True)
class Curve:
    """A Bézier curve, the tip of the arrow at its end, the centre of the words on it, and how wide these are."""

    points: tuple[Point, ...]
    tip: Point
    words: Point | None
    width: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything lies, y downwards."""

    width: float
    height: float
    boxes: tuple[Place, ...]
    arrows: tuple[Curve, ...]
    frames: tuple[Place, ...]


def version() -> str | None:
    """The version of the ``dot`` on the path, ``2.43.0``; None where there is none that answers."""
    dot = shutil.which("dot")
    if dot is None:
        return None
    try:
        done = subprocess.run([dot, "-V"], capture_output=True, text=True, timeout=_SECONDS, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\d+(\.\d+)+", done.stderr)
    return found[0] if found else None


@functools.lru_cache(maxsize=256)
def layouts(*graphs: Graph) -> tuple[Layout, ...]:
    """The layout of each; none where ``dot`` is not installed, fails, or takes longer than ten seconds.

    One ``dot`` lays them all out: to start it takes as long as its work.
    """
    dot = shutil.which("dot")
    if dot is None:
        return ()
    source = "\n".join(map(_source, graphs))
    try:
        done = subprocess.run(  # noqa: S603 - the program found on the path, and no shell
            [dot, "-Tjson0"], input=source, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
        return tuple(map(_read, graphs, _answers(done.stdout, len(graphs))))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return ()


def _answers(text: str, count: int) -> list[Any]:
    """That many JSON values, one after another. Raises ValueError where there are fewer."""
    found: list[Any] = []
    for _ in range(count):
        value, end = json.JSONDecoder().raw_decode(text.lstrip())
        found.append(value)
        text = text.lstrip()[end:]
    return found


def _source(graph: Graph) -> str:
    lines = [
        "digraph {",
        f"graph [rankdir={graph.direction} nodesep=0.3 ranksep=0.3 margin=0]",
        'node [shape=box fixedsize=true label=""]',
        "edge [arrowsize=0.6]",
        *_frames(graph, None),
        *(f"n{arrow[0]} -> n{arrow[1]} [id=e{number}{_words(arrow[2])}]" for number, arrow in enumerate(graph.arrows)),
        "}",
    ]
    return "\n".join(lines)


def _frames(graph: Graph, outer: int | None) -> Iterator[str]:
    """The boxes of a frame, and the frames in it."""
    for number, (width, height, frame) in enumerate(graph.boxes):
        if frame == outer:
            yield f"n{number} [width={width / _INCH:.4f} height={height / _INCH:.4f}]"
    for number, (words, frame) in enumerate(graph.frames):
        if frame == outer:
            yield f"subgraph cluster_{number} {{ margin=14 labeljust=l{_words(words)}"
            yield from _frames(graph, number)
            yield "}"


def _words(width: float) -> str:
    """A label of that width with nothing in it."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="14"'
    table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}><TR><TD></TD></TR></TABLE>'
    return f" label=<{table}>" if width else ""


def _read(graph: Graph, answer: Any) -> Layout:
    _, _, width, height = _numbers(answer["bb"])
    objects = {entry["name"]: entry for entry in answer["objects"]}
    edges = {entry["id"]: entry for entry in answer.get("edges", ())}

    def point(text: str) -> Point:
        x, y = _numbers(text)
        return x, height - y

    def box(number: int) -> Place:
        (x, y), (wide, high, _) = point(objects[f"n{number}"]["pos"]), graph.boxes[number]
        return x - wide / 2, y - high / 2, wide, high

    def arrow(number: int) -> Curve:
        edge = edges[f"e{number}"]
        tip, *points = edge["pos"].removeprefix("e,").split()
        words = point(edge["lp"]) if "lp" in edge else None
        return Curve(tuple(map(point, points)), point(tip), words, graph.arrows[number][2])

    def frame(number: int) -> Place:
        left, bottom, right, top = _numbers(objects[f"cluster_{number}"]["bb"])
        return left, height - top, right - left, top - bottom

    return Layout(
        width,
        height,
        tuple(map(box, range(len(graph.boxes)))),
        tuple(map(arrow, range(len(graph.arrows)))),
        tuple(map(frame, range(len(graph.frames)))),
    )


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(map(float, text.split(",")))
