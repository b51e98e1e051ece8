"""Renderers of other packages, held to what a `Renderer` promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.errors import RenderError, RendererUnavailable, ReportgenError
from reportgen.render.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint
    from pathlib import Path

    from reportgen.render.base import Renderer, RendererFactory
    from reportgen.view.page import Page


class InstalledRenderer:
    """The renderer that another package's entry point names; its mistakes become errors of ours.

    Raises:
        RendererUnavailable: no package offers it, or several do; it does not load, or is no `Renderer`.
    """

    def __init__(
        self, name: str, providers: Iterable[EntryPoint], templates: Path | None = None, *, css: Path | None = None
    ) -> None:
        self.suffix = name
        self._renderer = _make(name, {provider.value: provider for provider in providers}, templates, css)

    def render(self, page: Page) -> bytes:
        """The whole file, of a page in which nothing is invisible.

        Raises:
            RenderError: the renderer failed, or gave something else than bytes.
        """
        try:
            data: object = self._renderer.render(visible(page))
        except ReportgenError:
            raise
        except Exception as exc:
            cause = f"{type(exc).__name__}: {exc}"
            raise RenderError(f"the renderer for {self.suffix} failed: {cause}", remedy="tell its authors") from exc
        if not isinstance(data, bytes):
            raise RenderError(
                f"the renderer for {self.suffix} gave {type(data).__name__} and not bytes", remedy="tell its authors"
            )
        return data


def _make(name: str, providers: dict[str, EntryPoint], templates: Path | None, css: Path | None) -> Renderer:
    if len(providers) != 1:
        claims = f"{' and '.join(sorted(providers))} claim it" if providers else "no installed package offers it"
        raise _unavailable(name, claims, "install one package that does, and no more")
    value, provider = providers.popitem()
    try:
        factory: RendererFactory = provider.load()
        renderer = factory(templates, css=css)
    except ReportgenError:
        raise
    except Exception as exc:
        raise _unavailable(name, f"{type(exc).__name__}: {exc}", f"install what {value} needs") from exc
    if getattr(renderer, "suffix", None) != name or not callable(getattr(renderer, "render", None)):
        raise _unavailable(name, f"{value} makes no renderer with the suffix {name!r}", "tell its authors")
    return renderer


def _unavailable(name: str, cause: str, remedy: str) -> RendererUnavailable:
    return RendererUnavailable(f"the format {name} cannot be made: {cause}", remedy=remedy)
