"""Imports the model libraries behind the sources, late and with a plain word where one is missing or broken.

torchvision's wheel is built against one build of torch; beside another its compiled operators do not load, and then its
import fails, and with it that of timm and transformers, which import it. Where the real ones do not load, stand-ins are
declared in this process, and the report says so.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING

import torch

from reportgen.errors import SourceUnavailable
from reportgen.registry import stand_ins

if TYPE_CHECKING:
    from types import ModuleType

STAND_INS = (
    "The compiled operators of torchvision do not load beside this PyTorch; slower ones in plain torch, which give the"
    " same results, stand in for nms and roi_align."
)
_stand_ins: list[torch.library.Library] = []  # held for the life of the process: the schemas go with the library


def stand_in_notes() -> tuple[str, ...]:
    """What a report must say of how torchvision was loaded, once it is; nothing where its own operators are there."""
    return (STAND_INS,) if _stand_ins else ()


@cache
def load(name: str) -> ModuleType:
    """The library's module of that name: ``timm``, ``torchvision.models``.

    Raises:
        SourceUnavailable: its package is missing, or does not load; so too where a broken torchvision is the cause.
    """
    package = name.partition(".")[0]
    if package != "torchvision":
        _load_torchvision_if_installed()
    try:
        return _import_with_stand_ins(name)
    except ModuleNotFoundError as exc:
        if exc.name == package:
            raise SourceUnavailable(f"{package} is not installed", remedy=f"pip install {package}") from exc
        if exc.name == "torchvision":
            raise SourceUnavailable(f"{package} needs torchvision", remedy="pip install torchvision") from exc
        raise _unavailable(package, exc) from exc
    except (ImportError, RuntimeError) as exc:
        raise _unavailable(package, exc) from exc


def _load_torchvision_if_installed() -> None:
    """A library that imports a broken torchvision says anything but that; so torchvision comes first, and alone."""
    try:
        load("torchvision")
    except SourceUnavailable as exc:
        if not isinstance(exc.__cause__, ModuleNotFoundError) or exc.__cause__.name != "torchvision":
            raise


def _import_with_stand_ins(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except RuntimeError as exc:
        if "torchvision::nms does not exist" not in str(exc):
            raise
    _stand_ins.append(stand_ins.declare())
    module = importlib.import_module(name)
    stand_ins.connect()
    return module


def _unavailable(package: str, exc: Exception) -> SourceUnavailable:
    fitting = "the torchvision that belongs to the installed torch"
    return SourceUnavailable(
        f"{package} does not load: {type(exc).__name__}: {' '.join(str(exc).split())}",
        remedy=f"install {fitting if package == 'torchvision' else f'a {package} that fits the installed torch'}",
    )
