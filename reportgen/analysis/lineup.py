"""The upper levels of several models lined up: at each place of the tree, one module of every model that has one there.

Level by level, the parts of one model after the other are laid along those that are there already, in order, such that
as much as possible stands beside its like: features of one resolution, the same class, the same name, a like share of
the model. Nothing crosses over, and what has no counterpart has a line of its own. Where most of the work is done in
one part, ``features`` or ``encoder``, its parts take its place: else a model would stand beside another's stem.

This says what is comparable, not what is the same: for that, see `reportgen.analysis.align`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reportgen.analysis.fold import Node
from reportgen.analysis.resolution import Image, is_pooled

_LEVELS = 2  # below these, only where all parts of a line are of one class
_DEEPEST = 3
_BODY = 0.65  # of the work, or of the parameters where nothing worked: a part with so much is taken apart
_UNLIKE = 1.5  # two parts that are less alike than this are not put beside each other
_LISTS = {"ModuleList", "ModuleDict"}  # which do nothing themselves
_HOLDERS = {"Sequential", *_LISTS}  # classes that say nothing of what they hold
_MOST = 400  # parts of one module that are lined up; the time is the square of that

Chain = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A module of one model, or a run of equal ones, as what it is lined up by."""

    chain: Chain
    share: float  # of the model's work, or of its parameters
    reduction: int | None
    pooled: bool

    @property
    def node(self) -> Node:
        """The module itself."""
        return self.chain[-1]

    @property
    def class_name(self) -> str:
        """Its class by its last name: two libraries have the same by different paths."""
        return self.node.module.class_name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Lineup:
    """One line: the part of each model, and how deep it lies, the models themselves at 0."""

    depth: int
    parts: tuple[Part | None, ...]


def line_up(models: Sequence[Sequence[Node]], images: Sequence[Image | None]) -> Iterator[Lineup]:
    """The lines of all models, each given as it is folded, with the image that went in; parents first.

    A model of which nothing was built has nothing in any line.
    """
    sizes = [_Sizes.of(nodes[0]) if nodes else _Sizes(1, 1) for nodes in models]
    roots = tuple(
        _part((nodes[0],), size, image) if nodes else None
        for nodes, size, image in zip(models, sizes, images, strict=True)
    )
    lines = [Lineup(0, roots)]
    while lines:
        line = lines.pop()
        yield line
        if _goes_on(line):
            inner = [
                list(_parts(part, size, image)) if part else []
                for part, size, image in zip(line.parts, sizes, images, strict=True)
            ]
            lines += [Lineup(line.depth + 1, parts) for parts in reversed(_merged(inner))]


def _goes_on(line: Lineup) -> bool:
    """Whether the parts of a line are taken apart: a lone one has nothing to stand beside."""
    classes = [part.class_name for part in line.parts if part is not None]
    most = _DEEPEST if len(set(classes)) == 1 and classes[0] not in _HOLDERS else _LEVELS
    return len(classes) > 1 and line.depth < most


@dataclass(frozen=True, slots=True)
class _Sizes:
    """What shares of a model are shares of."""

    flops: int
    elements: int

    @classmethod
    def of(cls, root: Node) -> _Sizes:
        return cls(root.module.flops_forward or 0, root.elements)

    def share(self, node: Node) -> float:
        """Of one module of a run."""
        if self.flops and node.module.flops_forward is not None:
            return node.module.flops_forward / self.flops
        return node.elements / self.elements if self.elements else 0.0


def _part(chain: Chain, sizes: _Sizes, image: Image | None) -> Part:
    node, outputs = chain[-1], chain[-1].module.outputs
    return Part(
        chain,
        share=node.count * sizes.share(node),
        reduction=image.reduction(chain) if image else None,
        pooled=is_pooled(outputs[0]) if outputs else False,
    )


def _parts(part: Part, sizes: _Sizes, image: Image | None) -> Iterator[Part]:
    """The parts that hold or do something; of one that is most of it, and of a list, its own parts instead."""
    inner = [_part((*part.chain, node), sizes, image) for node in part.node.children if _matters(node)]
    whole = sizes.share(part.node)
    for each in inner:
        is_body = each.share > _BODY * whole or each.class_name in _LISTS
        if is_body and each.node.count == 1 and each.node.children:
            yield from _parts(each, sizes, image)
        else:
            yield each


def _matters(node: Node) -> bool:
    return bool(node.elements or node.module.flops_forward)


def _merged(columns: Sequence[Sequence[Part]]) -> list[tuple[Part | None, ...]]:
    """The parts of each model in lines, in order."""
    lines: list[tuple[Part | None, ...]] = []
    for number, parts in enumerate(columns):
        merged = []
        for line, part in _beside(lines, parts[:_MOST]):
            merged.append((*(line or (None,) * number), part))
        lines = merged
    return lines


def _beside(
    lines: Sequence[tuple[Part | None, ...]], parts: Sequence[Part]
) -> Iterator[tuple[tuple[Part | None, ...] | None, Part | None]]:
    """Lines and parts, each once and in order, together where that makes for most likeness in all."""
    best = [[0.0] * (len(parts) + 1) for _ in range(len(lines) + 1)]  # of the rest, from the end
    alike = [[_of_line(line, part) for part in parts] for line in lines]
    for i in reversed(range(len(lines))):
        for j in reversed(range(len(parts))):
            together = alike[i][j] + best[i + 1][j + 1] if alike[i][j] >= _UNLIKE else 0.0
            best[i][j] = max(together, best[i + 1][j], best[i][j + 1])
    i = j = 0
    while i < len(lines) or j < len(parts):
        if i == len(lines):
            yield None, parts[j]
            j += 1
        elif j == len(parts) or best[i][j] == best[i + 1][j]:
            yield lines[i], None
            i += 1
        elif best[i][j] == best[i][j + 1]:
            yield None, parts[j]
            j += 1
        else:
            yield lines[i], parts[j]
            i, j = i + 1, j + 1


def _of_line(line: tuple[Part | None, ...], part: Part) -> float:
    return max(_likeness(other, part) for other in line if other is not None)


def _likeness(one: Part, other: Part) -> float:
    """How much alike two parts are; 0 where they work on features of another size."""
    if one.pooled != other.pooled or (one.reduction and other.reduction and one.reduction != other.reduction):
        return 0.0
    same_size = one.pooled or (one.reduction is not None and one.reduction == other.reduction)
    return (
        1.5 * same_size
        + 2.0 * (one.class_name == other.class_name not in _HOLDERS)
        + 2.0 * (one.node.name == other.node.name)
        + 0.5 * (bool(one.node.children) == bool(other.node.children))
        + 1.0
        - abs(one.share - other.share)
    )
