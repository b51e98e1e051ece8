"""How many times narrower than the image that went in the features are that a module gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt, log2, prod
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node
from reportgen.analysis.work import is_image

if TYPE_CHECKING:
    from reportgen.report.schema import InputFacts, Sizes

_EXTRA = range(9)  # tokens that stand for no place: the class, registers


@dataclass(frozen=True, slots=True)
class Image:
    """What went in: so many images, so high and wide."""

    batch: int
    height: int
    width: int

    @classmethod
    def of(cls, inputs: Sequence[InputFacts]) -> Image | None:
        """The image among the inputs, (batch, channels, height, width); None where there is none, or several sizes."""
        sizes = {(row.shape[0], *row.shape[2:]) for row in inputs if is_image(row)}
        return cls(*sizes.pop()) if len(sizes) == 1 else None

    def reduction(self, chain: Sequence[Node]) -> int | None:
        """The reduction of what the last node of a chain gives, to the nearest power of two; None if it has no places.

        What says nothing of it, a list of blocks or a module inside of an attention, has that of its holder.
        """
        for node in reversed(chain):
            shape = node.module.outputs[0] if node.module.outputs else ()
            if shape and is_pooled(shape):
                return None
            if (found := self._of_shape(shape)) is not None:
                return found
        return None

    def _of_shape(self, shape: Sizes) -> int | None:
        """By height and width, (batch, channels, height, width), or else by how many places there are.

        They are counted where channels come last: (batch, height, width, channels), (batch, tokens, channels), (batch
        times windows, tokens, channels). None where neither fits.
        """
        sizes = [size for size in shape if size]
        if len(sizes) != len(shape) or len(sizes) not in (3, 4):
            return None
        if len(sizes) == 4 and sizes[0] == self.batch:
            ratios = {_nearest_power(self.height / sizes[2]), _nearest_power(self.width / sizes[3])}
            if len(ratios) == 1 and None not in ratios:
                return ratios.pop()
        return self._of_number(prod(sizes[:-1]))

    def _of_number(self, places: int) -> int | None:
        """The whole reduction of both sides that leaves so many places, or a few less than there are tokens."""
        pixels = self.height * self.width
        for extra in _EXTRA if places % self.batch == 0 else ():
            number = places // self.batch - extra
            side = isqrt(pixels // number) if number > 1 else 0
            if side and number * side * side == pixels and self.height % side == self.width % side == 0:
                return _nearest_power(side)
        return None


def is_pooled(shape: Sizes) -> bool:
    """Whether features have no places any more: (batch, channels), or one place for all."""
    return len(shape) == 2 or (len(shape) == 4 and tuple(shape[2:]) == (1, 1))


def _nearest_power(ratio: float) -> int | None:
    """The power of two nearest to a ratio; None below one."""
    return 2 ** round(log2(ratio)) if ratio >= 1 else None
