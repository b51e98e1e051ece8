"""What every renderer offers: entry-point group ``reportgen.renderers``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from reportgen.view.page import Page


class Renderer(Protocol):
    """Lays a page out in one format. The same page always gives the same bytes."""

    suffix: str  # of the file, without the dot: "html"

    def render(self, page: Page) -> bytes:
        """The whole file.

        Raises:
            TemplateError: a template is missing or broken.
            RendererUnavailable: a library the format needs is missing.
        """
