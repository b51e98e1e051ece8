"""Jinja, set up once for every format: where templates lie, what is escaped, and how their errors read."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import jinja2

import reportgen
from reportgen.errors import TemplateError

SENTINEL = ".reportgen-templates"


def environment(overrides: Path | None = None) -> jinja2.Environment:
    """A fresh environment over reportgen's templates: ``html/…``, ``md/…``, ``partials/…``.

    A template of the same name in the folder ``overrides`` wins over reportgen's own. Everything is escaped as HTML but
    the ``*.md.j2`` templates, which escape by their own filters; an undefined name is an error.

    Raises:
        TemplateError: ``overrides`` is no folder, or reportgen's own templates are not installed.
    """
    folders = [own_templates()]
    if overrides is not None:
        if not overrides.is_dir():
            raise TemplateError(
                f"the templates folder {overrides} does not exist", remedy="name an existing folder, or leave it out"
            )
        folders.insert(0, overrides)
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=_autoescape,  # noqa: S701 - on for all but Markdown
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def _autoescape(name: str | None) -> bool:
    # select_autoescape looks at the last suffix only, and would leave *.html.j2 unescaped.
    return name is None or not name.endswith(".md.j2")


def own_templates() -> Path:
    """The folder of reportgen's own templates: inside the installed package, or beside it in a clone.

    Raises:
        TemplateError: neither place holds them.
    """
    package = Path(reportgen.__file__).resolve().parent
    places = (package / "templates", package.parent / "templates")
    for place in places:
        if (place / SENTINEL).is_file():
            return place
    raise TemplateError(
        f"reportgen's templates are neither in {places[0]} nor in {places[1]}", remedy="install reportgen again"
    )


def render(env: jinja2.Environment, name: str, /, **context: Any) -> str:
    """The text of template ``name`` with ``context``.

    Raises:
        TemplateError: the template, or one it includes, is missing or broken; says the file and the line.
    """
    try:
        return env.get_template(name).render(context)
    except jinja2.TemplateNotFound as exc:
        places = " or ".join(_folders(env))
        raise TemplateError(f"no template {exc.name} in {places}", remedy=_remedy(env, None)) from exc
    except jinja2.TemplateSyntaxError as exc:
        file = exc.filename or exc.name
        raise TemplateError(f"{file}, line {exc.lineno}: {exc.message}", remedy=_remedy(env, file)) from exc
    except Exception as exc:  # a user's template may raise anything; what is no template's is passed on
        frames = [frame for frame in traceback.extract_tb(exc.__traceback__) if frame.filename.endswith(".j2")]
        if not frames:
            raise
        file, line = frames[-1].filename, frames[-1].lineno
        raise TemplateError(f"{file}, line {line}: {exc}", remedy=_remedy(env, file)) from exc


def sources(env: jinja2.Environment, *names: str) -> str:
    """The texts of files beside the templates (style sheets, scripts), one after another; ``overrides`` win here too.

    Raises:
        TemplateError: there is none of that name.
    """
    if env.loader is None:
        raise TypeError("an environment made by environment() has a loader")
    try:
        return "".join(env.loader.get_source(env, name)[0] for name in names)
    except jinja2.TemplateNotFound as exc:
        raise TemplateError(f"no file {exc.name} in {' or '.join(_folders(env))}", remedy=_remedy(env, None)) from exc


def _folders(env: jinja2.Environment) -> list[str]:
    return list(env.loader.searchpath) if isinstance(env.loader, jinja2.FileSystemLoader) else []


def _remedy(env: jinja2.Environment, file: str | None) -> str:
    folders = _folders(env)
    if len(folders) > 1 and (file is None or file.startswith(folders[0])):
        return f"correct it in {folders[0]}, or remove it there to use reportgen's own"
    return "install reportgen again"
