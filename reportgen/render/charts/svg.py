"""Shapes written as SVG: with presentation attributes and six-digit colours alone, which every viewer draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from markupsafe import escape

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
    Step,
    Text,
    is_stroke,
)
from reportgen.render.text import anchor, display, isolate, safe_href

if TYPE_CHECKING:
    from reportgen.view.chart import Chart

FONTS = "Report Mono, Report Signs, Report Han, ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"


def document(chart: Chart, drawing: Drawing, margin: float) -> str:
    """One ``<svg>`` element with the drawing on its ground, and a margin around; ``alt`` is its ``<desc>``."""
    name = anchor(chart.id)
    x, width, height = _n(-margin), _n(WIDTH + 2 * margin), _n(drawing.height + 2 * margin)
    size = f'viewBox="{x} {x} {width} {height}" width="{width}" height="{height}"'
    role = "group" if any(isinstance(shape, Marks) for shape in drawing.shapes) else "img"  # links are no picture's
    labels = f'role="{role}" aria-labelledby="chart-{name}-title chart-{name}-desc"'
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {labels} font-family="{FONTS}">',
        f'<title id="chart-{name}-title">{xml(chart.title)}</title>',
        f'<desc id="chart-{name}-desc">{xml(chart.alt)}</desc>',
        f'<rect class="ground" x="{x}" y="{x}" width="{width}" height="{height}" fill="{GROUND}"/>',
        *_elements(drawing.shapes),
        "</svg>",
    )
    return "\n".join(parts) + "\n"


def blank(height: float) -> str:
    """An empty picture of that height, in the place of one that is painted."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{_n(height)}"/>'


def xml(text: str) -> str:
    """``text`` as it may stand in an element or an attribute; invisible in it are only marks that keep its order."""
    return str(escape(isolate(display(text))))


def _n(number: float) -> str:
    """A number of units, to a hundredth of one or finer, which nobody sees."""
    return f"{number:g}" if number else "0"


def _elements(shapes: Iterable[Shape]) -> Iterator[str]:
    for shape in shapes:
        match shape:
            case Group():
                place = f' transform="translate({_n(shape.at[0])} {_n(shape.at[1])}) scale({shape.scale:.4f})"'
                yield "<g>" if (shape.at, shape.scale) == ((0, 0), 1) else f"<g{place}>"
                if shape.title is not None:
                    yield f"<title>{xml(shape.title)}</title>"
                yield from _elements(shape.shapes)
                yield "</g>"
            case Rect():
                x, y, width, height = map(_n, shape.place)
                paint = _paint(shape.colour, shape.kind)
                if shape.dashes:
                    paint += f' stroke-dasharray="{" ".join(map(_n, shape.dashes))}"'
                yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{_n(shape.radius)}" {paint}/>'
            case Path():
                way = "".join(command + " ".join(map(_n, numbers)) for command, numbers in shape.steps)
                yield f'<path d="{way}" {_paint(shape.colour, shape.kind)}/>'
            case Dot():
                place = f'cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}"'
                yield f'<circle {place} fill="{INK}" stroke="{GROUND}" stroke-width="1.5"/>'
            case Marks():
                yield f'<g class="dots" fill="{shape.colour}" fill-opacity="0.55" stroke="{shape.colour}">'
                yield from _marks(shape)
                yield "</g>"
            case Text():
                font = f'font-size="{_n(shape.size)}" font-weight="{shape.weight}"'
                side = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
                place = f'x="{_n(shape.x)}" y="{_n(shape.y)}"'
                yield f"<text {place} {font}{side} {_paint(shape.colour, shape.kind)}>{xml(shape.words)}</text>"


def _marks(marks: Marks) -> Iterator[str]:
    """The marks, in few words: there may be thousands. The tab key passes by, for tables have the same links."""
    for x, y, title, target in marks.points:
        drawn = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_n(marks.radius)}"/>'
        if marks.form:
            way = "".join(f"{command}{' '.join(map(_n, at))}" for command, at in _moved(marks.form, x, y))
            drawn = f'<path d="{way}"/>'
        href = safe_href(target)
        told = f"<title>{xml(title)}</title>{drawn}"
        yield f'<a href="{xml(href)}" tabindex="-1">{told}</a>' if href else f"<g>{told}</g>"


def _moved(steps: Sequence[Step], x: float, y: float) -> Iterator[Step]:
    for command, at in steps:
        yield command, tuple(round(value + (y if index % 2 else x), 1) for index, value in enumerate(at))


def _paint(colour: str, kind: Kind | None) -> str:
    name = f'class="{kind}" ' if kind else ""
    return f'{name}fill="none" stroke="{colour}" stroke-width="1"' if is_stroke(kind) else f'{name}fill="{colour}"'
