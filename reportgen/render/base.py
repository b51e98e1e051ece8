"""What every renderer offers; those of other packages are entry points of group ``reportgen.renderers``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from reportgen.view.page import Page


class Renderer(Protocol):
    """Lays a page out in one format. The same page always gives the same bytes."""

    suffix: str  # of the file, without the dot, and the format's name: "html"

    def render(self, page: Page) -> bytes:
        """The whole file.

        Raises:
            TemplateError: a template is missing or broken.
            RendererUnavailable: a library the format needs is missing.
        """


class RendererFactory(Protocol):
    """What an entry point names: a renderer's class, or a function. It is called once, before any work."""

    def __call__(self, templates: Path | None, *, css: Path | None) -> Renderer:
        """The renderer.

        Args:
            templates: a folder in which the user has templates that replace others of the same name.
            css: a style sheet that the user adds, in UTF-8; it asks for no other file.
        """
