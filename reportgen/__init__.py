"""The report on a PyTorch model that goes with a release: what it is made of and what it costs, exactly.

    import reportgen

    report = reportgen.probe("torchvision:resnet50")
    open("report.html", "wb").write(reportgen.render(report, "html"))

Importing this package imports no torch; the names below are loaded when they are first used.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reportgen.version import __version__

if TYPE_CHECKING:
    from reportgen.api import build, load, merge, probe, render, render_saved
    from reportgen.built import Build
    from reportgen.checkpoints import with_checkpoint
    from reportgen.differences import diff
    from reportgen.errors import ReportgenError
    from reportgen.registry import Registry, describe
    from reportgen.registry.base import InputSpec
    from reportgen.registry.operators import flop_formula
    from reportgen.release.formats import export
    from reportgen.report.schema import ModelReport
    from reportgen.side_by_side import compare

__all__ = [
    "Build",
    "InputSpec",
    "ModelReport",
    "Registry",
    "ReportgenError",
    "__version__",
    "build",
    "compare",
    "describe",
    "diff",
    "export",
    "flop_formula",
    "load",
    "merge",
    "probe",
    "render",
    "render_saved",
    "with_checkpoint",
]

_HOMES = {
    "Build": "reportgen.built",
    "InputSpec": "reportgen.registry.base",
    "ModelReport": "reportgen.report.schema",
    "Registry": "reportgen.registry",
    "ReportgenError": "reportgen.errors",
    "build": "reportgen.api",
    "compare": "reportgen.side_by_side",
    "describe": "reportgen.registry",
    "diff": "reportgen.differences",
    "export": "reportgen.release.formats",
    "flop_formula": "reportgen.registry.operators",
    "load": "reportgen.api",
    "merge": "reportgen.api",
    "render_saved": "reportgen.api",
    "with_checkpoint": "reportgen.checkpoints",
}
_CALLABLE = ("probe", "render")  # packages of the same name as the function that they exist for


def __getattr__(name: str) -> Any:
    if name in _CALLABLE:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _CallablePackage(ModuleType):
    """``reportgen.probe`` is a package, and calling it calls `reportgen.api.probe`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from reportgen import api

        return getattr(api, self.__name__.rpartition(".")[2])(*args, **kwargs)


class _Package(ModuleType):
    """This package: the import system sets each submodule as its attribute, which is when a callable one becomes so."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _CALLABLE and isinstance(value, ModuleType):
            value.__class__ = _CallablePackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
