"""The block diagram: what feeds what, with the shapes of what is handed on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reportgen.analysis.flow import INPUT, OUTPUT, Chain, Flow, flow
from reportgen.analysis.fold import Node
from reportgen.view import names, numbers
from reportgen.view.chart import Arrow, Box, Diagram, Frame
from reportgen.view.parts import Colours, colours

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport, Sizes

_FEWEST = 3  # boxes, without the model's ends: two are no diagram
_NAMED = 6  # boxes, in words
_SHAPES = 2  # on an arrow; more tensors are counted


def diagram(report: ModelReport, nodes: Sequence[Node]) -> Diagram | None:
    """The diagram; None where it is not known what feeds what, and for models too small or too flat for one."""
    found = flow(report, nodes)
    if found is None or len(found.vertices) < _FEWEST:
        return None
    frames = {id(chain[-1]): number for number, chain in enumerate(found.frames)}
    hues = colours(nodes)
    boxes = [_box(chain, frames, hues) for chain in found.vertices]
    ends = {INPUT: len(boxes), OUTPUT: len(boxes) + 1}
    boxes.append(_end("input", [(row.name, row.shape) for row in report.probe.inputs]))
    boxes.append(_end("output", [(row.path, row.shape) for row in report.probe.outputs or ()]))
    return Diagram(
        id="blocks",
        title="Data flow",
        alt=_alt(found, *boxes[-2:]),
        boxes=tuple(boxes),
        arrows=tuple(
            Arrow(ends.get(source, source), ends.get(target, target), _handed(report, found, source))
            for source, target in found.arrows
        ),
        frames=tuple(Frame(*_placed(chain, frames)) for chain in found.frames),
    )


def _box(chain: Chain, frames: dict[int, int], hues: Colours) -> Box:
    module = chain[-1].module
    label, frame = _placed(chain, frames)
    hint = f"{names.path(chain)}: {module.class_name}"
    return Box(label, names.simple(module.class_name), hint, hues.of(module.path), frame=frame)


def _placed(chain: Chain, frames: dict[int, int]) -> tuple[str, int | None]:
    """What the last of a chain is called within the innermost frame above it, ``layers.0–31 ×32``, and that frame."""
    above = next((length for length in range(len(chain) - 1, 0, -1) if id(chain[length - 1]) in frames), 0)
    label, count = names.path(chain[above:]), chain[-1].count
    return f"{label} ×{count:,}" if count > 1 else label, frames[id(chain[above - 1])] if above else None


def _end(noun: str, tensors: Sequence[tuple[str, Sizes]]) -> Box:
    """What goes into the model, or comes out."""
    shapes = _shapes([shape for _, shape in tensors])
    called = [name or noun for name, _ in tensors]
    label = called[0] if len(called) == 1 else numbers.plural(len(called), noun)
    return Box(label, shapes, f"{', '.join(called)}: {shapes}", None, end=True)


def _handed(report: ModelReport, found: Flow, source: int) -> str:
    """The shapes of what a vertex gives, or the model takes."""
    if source == INPUT:
        return _shapes([row.shape for row in report.probe.inputs])
    return _shapes(found.vertices[source][-1].module.outputs or ())


def _shapes(tensors: Sequence[Sizes]) -> str:
    if len(tensors) > _SHAPES:
        return numbers.plural(len(tensors), "tensor")
    return ", ".join(map(numbers.shape, tensors))


def _alt(found: Flow, first: Box, last: Box) -> str:
    """What goes in and what comes out, and some of the boxes between, in the model's order."""
    runs = [
        f" Of {names.brief(names.path(chain))} one of {chain[-1].count:,} equal blocks is shown."
        for chain in found.frames
    ]
    parts = [names.brief(names.path(chain)) for chain in found.vertices]
    shown = ", ".join(parts[:_NAMED]) + (f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else "")
    return (
        f"From {names.brief(first.label)} ({first.detail}) to {names.brief(last.label)} ({last.detail}) by"
        f" {numbers.plural(len(found.arrows), 'arrow')} through {len(parts)} parts: {shown}.{''.join(runs)}"
    )
