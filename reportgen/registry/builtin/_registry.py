"""The registry that the models of this package enter, and the dummy inputs that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.registry.registered import Registry
from reportgen.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

builtin = Registry("builtin", package_version=__version__)
register = builtin.register


def image(*, size: int, channels: int = 3) -> Callable[..., tuple[str, ...]]:
    """One square image ``x``; a reference may set ``batch`` and ``image_size``."""

    def inputs(*, batch: int = 1, image_size: int = size) -> tuple[str, ...]:
        return (f"x={batch}x{channels}x{image_size}x{image_size}",)

    return inputs


def tokens(*, vocabulary: int, sequence: int) -> Callable[..., tuple[str, ...]]:
    """One sequence of token ids; a reference may set ``batch``, ``sequence`` and ``vocabulary``."""

    def inputs(*, batch: int = 1, sequence: int = sequence, vocabulary: int = vocabulary) -> tuple[str, ...]:
        return (f"input_ids={batch}x{sequence}:int64:0-{vocabulary - 1}",)

    return inputs
