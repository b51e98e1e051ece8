"""Work against the size of the input: how many tokens or pixels a forward pass had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from reportgen.report.schema import InputFacts

Unit = Literal["token", "pixel"]

_CHANNELS = range(1, 5)  # grey or colour, with transparency or without
_SMALLEST_SIDE = 8  # what has fewer pixels is hardly an image


@dataclass(frozen=True, slots=True)
class InputSize:
    """So many tokens or pixels, over the whole batch."""

    unit: Unit
    number: int


def input_size(inputs: Sequence[InputFacts]) -> InputSize | None:
    """How much the forward pass read; None where no input is text or image, or where several differ in size.

    Tokens are the elements of a (batch, length) tensor of integers; pixels the places of a floating
    (batch, channels, height, width) one with at most four channels.
    """
    sizes = [size for size in map(_size, inputs) if size is not None]
    return sizes[0] if sizes and all(size == sizes[0] for size in sizes) else None


def _size(row: InputFacts) -> InputSize | None:
    shape = row.shape
    if row.dtype in {"int64", "int32"} and len(shape) == 2:
        return InputSize("token", prod(shape))
    return InputSize("pixel", shape[0] * shape[2] * shape[3]) if is_image(row) else None


def is_image(row: InputFacts) -> bool:
    """Whether an input is floating, (batch, channels, height, width), with at most four channels."""
    shape = row.shape
    floating = row.dtype in {"float16", "bfloat16", "float32", "float64"}
    return floating and len(shape) == 4 and shape[1] in _CHANNELS and min(shape[2:]) >= _SMALLEST_SIDE
