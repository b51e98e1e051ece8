"""The keywords by which Python programs say how reports look, and what a person adds to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from reportgen.branding import Brand, read_description, read_logo


class Appearance(TypedDict, total=False):
    """How reports look and what a person adds to them, as `build`, `render` and `render_saved` take it.

    What is left out, or None, is as a manifest says, else plain. Files are read, and refused, before any work.
    """

    templates: str | Path | None  # a folder whose files replace reportgen's templates of the same name
    css: str | Path | None  # a style sheet that comes after reportgen's own, in HTML and PDF
    pdf_variant: str | None  # "pdf/ua-1" (accessible), "pdf/a-3a" (archived) or "plain"
    markdown_flavor: str | None  # "github", "hub" or "plain"
    title: str | None  # the heading, in place of the model's name
    author: str | None  # who publishes the report
    logo: str | Path | None  # a PNG, JPEG, WebP or SVG file
    description: str | Path | None  # a file of Markdown, shown at the start


def style_of(appearance: Appearance) -> dict[str, Any]:
    """The fields of `Style` that are given.

    Raises:
        TypeError: a keyword that is none.
    """
    unknown = sorted(appearance.keys() - Appearance.__annotations__.keys())
    if unknown:
        raise TypeError(f"there is no keyword {unknown[0]!r}; see reportgen.appearance.Appearance")
    given = {
        "templates": _path(appearance.get("templates")),
        "css": _path(appearance.get("css")),
        "pdf_variant": appearance.get("pdf_variant"),
        "markdown_flavor": appearance.get("markdown_flavor"),
    }
    return {key: value for key, value in given.items() if value is not None}


def brand_of(appearance: Appearance) -> Brand:
    """What a person adds, its files read.

    Raises:
        ConfigError: a file that cannot be used.
    """
    logo, description = _path(appearance.get("logo")), _path(appearance.get("description"))
    return Brand(
        title=appearance.get("title"),
        author=appearance.get("author"),
        logo=None if logo is None else read_logo(logo),
        about=None if description is None else read_description(description),
    )


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)
