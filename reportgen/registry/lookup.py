"""Names in the order people expect, and what to say about one that does not exist."""

from __future__ import annotations

import os
from difflib import get_close_matches
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from natsort import natsorted

from reportgen.errors import UnknownModel

if TYPE_CHECKING:
    from collections.abc import Iterable


HOME = "REPORTGEN_HOME"  # the variable that says where relative paths start, where that is not the current folder


def home() -> Path:
    """The folder at which relative paths in references start: the user's, also in a worker that has left it."""
    return Path(os.environ.get(HOME) or Path.cwd())


@cache
def version(package: str) -> str:
    """The version of an installed package. Raises `importlib.metadata.PackageNotFoundError` where it is not."""
    return metadata.version(package)


def natural(names: Iterable[str]) -> list[str]:
    """Each name once, numbers in them compared as numbers: ``vgg9`` before ``vgg11``."""
    return natsorted(sorted(set(names)))  # sorted first: natsort finds "a1" and "a01" equal


def unknown_model(place: str, name: str, known: Iterable[str], remedy: str | None = None) -> UnknownModel:
    """The error for a ``name`` that ``place`` does not have.

    Its remedy names up to five close ones of ``known``; where none is close, it is ``remedy``.
    """
    close = get_close_matches(name, natural(known), n=5)
    if close:
        remedy = f"did you mean {', '.join(close)}?"
    return UnknownModel(f"{place} has no {name!r}", remedy=remedy or "see the names with: reportgen list")
