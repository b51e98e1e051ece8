"""What works on this machine, and what to do where something does not."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

from reportgen.config import Style, installed_formats
from reportgen.errors import DeviceUnavailable, RendererUnavailable, ReportgenError
from reportgen.version import __version__

if TYPE_CHECKING:
    from reportgen.registry.catalog import Catalog

_RENDERED = ("md", "html", "pdf")
_DEVICES = ("meta", "cpu", "cuda", "mps", "xpu")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; without the ``required`` ones nothing can be built."""

    name: str
    ok: bool
    finding: str
    remedy: str | None = None
    required: bool = False


def examine() -> tuple[Check, ...]:
    """Looks at versions, devices, formats and sources. Imports torch."""
    return (
        Check("reportgen", True, f"{__version__}, Python {platform.python_version()}, {platform.platform()}"),
        _check("torch", _torch, required=True),
        *(_check(f"device {name}", partial(_device, name)) for name in _DEVICES),
        _check("templates", _templates, required=True),
        *(_check(f"format {name}", partial(_format, name)) for name in (*_RENDERED, *installed_formats())),
        _check("Graphviz dot", _graphviz),
        *_sources(),
    )


def _check(name: str, look: Callable[[], str], *, required: bool = False) -> Check:
    try:
        return Check(name, True, look(), required=required)
    except DeviceUnavailable:
        return Check(name, False, "not on this machine")
    except ReportgenError as exc:
        return Check(name, False, str(exc), exc.remedy, required)
    except Exception as exc:  # noqa: BLE001 - a broken installation may raise anything
        return Check(name, False, f"{type(exc).__name__}: {exc}", "install reportgen again", required)


def _torch() -> str:
    from reportgen.probe import instantiate  # noqa: F401 - it imports torch, which is what is tried

    return metadata.version("torch")


def _device(name: str) -> str:
    from reportgen.probe.instantiate import resolve_device

    resolve_device(name)
    return "ready"


def _templates() -> str:
    from reportgen.render.templating import own_templates

    return str(own_templates())


def _format(name: str) -> str:
    from reportgen.rendering import renderer

    renderer(name, Style())
    return f"WeasyPrint {metadata.version('weasyprint')}, Pango loads" if name == "pdf" else "ready"


def _graphviz() -> str:
    from reportgen.render.charts import graphviz

    version = graphviz.version()
    if version is None:
        raise RendererUnavailable("not installed: block diagrams are not drawn", remedy=graphviz.REMEDY)
    return f"{version}, for block diagrams"


def _sources() -> Iterator[Check]:
    from reportgen.registry.catalog import Catalog

    catalog = Catalog()
    return (_check(f"source {scheme}:", partial(_source, catalog, scheme)) for scheme in catalog.schemes)


def _source(catalog: Catalog, scheme: str) -> str:
    count = len(list(catalog.source(scheme).names()))
    return f"lists {count} models" if count else "ready"
