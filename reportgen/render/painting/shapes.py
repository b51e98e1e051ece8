"""Charts painted with a pen: their shapes as operators of a PDF's content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from reportgen.render.charts.canvas import (
    GROUND,
    INK,
    WIDTH,
    Dot,
    Drawing,
    Group,
    Kind,
    Marks,
    Path,
    Rect,
    Shape,
    is_stroke,
)
from reportgen.render.painting.pen import Pen

_BEND = 0.5523  # of a radius: how far a quarter of a circle's control points lie from its ends
_CORNERS = {"M": "m", "L": "l", "C": "c", "Z": "h"}


def paint(drawing: Drawing, stream: Any, width: float, height: float, style: Any) -> None:
    """Paints a drawing at the origin of WeasyPrint's stream, so wide and high, in the fonts of a style."""
    stream.transform(a=width / WIDTH, d=height / drawing.height)
    pen = Pen(stream, style)
    pen.draw("1 w")
    _paint(pen, drawing.shapes)
    pen.close()


def _paint(pen: Pen, shapes: Iterable[Shape]) -> None:
    for shape in shapes:
        match shape:
            case Group():
                moved = (shape.at, shape.scale) != ((0, 0), 1)
                if moved:
                    pen.draw(f"q {shape.scale:.4f} 0 0 {shape.scale:.4f} {shape.at[0]:.2f} {shape.at[1]:.2f} cm")
                _paint(pen, shape.shapes)
                if moved:
                    pen.draw("Q")
            case Rect():
                dashes = f"[{' '.join(map(str, shape.dashes))}] 0 d" if shape.dashes else ""
                reset = "[] 0 d" if shape.dashes else ""
                pen.draw(dashes, _colour(shape.colour, shape.kind), *_rounded(shape), _end(shape.kind), reset)
            case Path():
                pen.draw(_colour(shape.colour, shape.kind), *_way(shape), _end(shape.kind))
            case Dot():
                x, y, radius = shape
                disc = Rect((x - radius, y - radius, 2 * radius, 2 * radius), radius, INK)
                pen.draw(_colour(INK), _colour(GROUND, "line"), "1.5 w", *_rounded(disc), "b", "1 w")
            case Marks():
                pen.draw(_colour(shape.colour), _colour(GROUND, "line"))
                for x, y, *_ in shape.points:
                    radius = shape.radius
                    disc = Rect((x - radius, y - radius, 2 * radius, 2 * radius), radius, shape.colour)
                    pen.draw(*_rounded(disc), "b")
            case _:
                pen.note(_colour(shape.colour))
                pen.text(pen.font(weight=shape.weight, size=shape.size), shape.words, shape.x, shape.y, shape.anchor)


def _colour(colour: str, kind: Kind | None = None) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return f"{red:.3g} {green:.3g} {blue:.3g} {'RG' if is_stroke(kind) else 'rg'}"


def _end(kind: Kind | None) -> str:
    return "S" if is_stroke(kind) else "f"


def _rounded(rect: Rect) -> Iterator[str]:
    """A rectangle with round corners, clockwise from its upper left."""
    x, y, width, height = rect.place
    radius = min(rect.radius, width / 2, height / 2)
    if radius < 0.1:
        yield f"{x:.2f} {y:.2f} {width:.2f} {height:.2f} re"
        return
    right, bottom, gap = x + width, y + height, radius * (1 - _BEND)
    yield f"{x + radius:.2f} {y:.2f} m {right - radius:.2f} {y:.2f} l"
    yield f"{right - gap:.2f} {y:.2f} {right:.2f} {y + gap:.2f} {right:.2f} {y + radius:.2f} c"
    yield f"{right:.2f} {bottom - radius:.2f} l"
    yield f"{right:.2f} {bottom - gap:.2f} {right - gap:.2f} {bottom:.2f} {right - radius:.2f} {bottom:.2f} c"
    yield f"{x + radius:.2f} {bottom:.2f} l"
    yield f"{x + gap:.2f} {bottom:.2f} {x:.2f} {bottom - gap:.2f} {x:.2f} {bottom - radius:.2f} c"
    yield f"{x:.2f} {y + radius:.2f} l"
    yield f"{x:.2f} {y + gap:.2f} {x + gap:.2f} {y:.2f} {x + radius:.2f} {y:.2f} c h"


def _way(path: Path) -> Iterator[str]:
    """A path's steps; those that go along one axis take the other place from where they start."""
    x = y = 0.0
    for command, numbers in path.steps:
        if command in {"H", "V"}:
            x, y = (numbers[0], y) if command == "H" else (x, numbers[0])
            yield f"{x:.2f} {y:.2f} l"
        else:
            x, y = numbers[-2:] or (x, y)
            yield " ".join([*(f"{number:.2f}" for number in numbers), _CORNERS[command]])
