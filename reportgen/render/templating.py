"""Jinja, set up once for every format: where templates lie, what is escaped, and how their errors read."""

from __future__ import annotations

import difflib
import re
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta

import reportgen
from reportgen.errors import TemplateError

SENTINEL = ".reportgen-templates"
_OWN = "reportgen/"  # before the name of a template: reportgen's own, whatever replaces it
_SUFFIXES = {".j2", ".css", ".js"}


def environment(overrides: Path | None = None) -> jinja2.Environment:
    """A fresh environment over reportgen's templates: ``html/…``, ``md/…``, ``partials/…``.

    A template of the same name in the folder ``overrides`` wins over reportgen's own, which it can still extend or
    include as ``reportgen/html/…``. Everything is escaped as HTML but
    the ``*.md.j2`` templates, which escape by their own filters; an undefined name is an error.

    Raises:
        TemplateError: ``overrides`` is no folder, or a template in it breaks the rules of Jinja; or reportgen's own
            templates are not installed.
    """
    folders = [own_templates()]
    if overrides is not None:
        if not overrides.is_dir():
            raise TemplateError(
                f"the templates folder {overrides} does not exist", remedy="name an existing folder, or leave it out"
            )
        folders.insert(0, overrides)
    env = jinja2.Environment(
        loader=_Loader(folders),
        autoescape=_autoescape,  # noqa: S701 - on for all but Markdown
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=overrides is not None,  # someone may be writing them
    )
    if overrides is not None:
        _parse(env, _files(overrides))
    return env


class _Loader(jinja2.FileSystemLoader):
    """Reads text files in UTF-8, and says which one is none."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        if template.startswith(_OWN):
            own = jinja2.FileSystemLoader(self.searchpath[-1])
            return own.get_source(environment, template.removeprefix(_OWN))
        try:
            return super().get_source(environment, template)
        except jinja2.TemplateNotFound:
            raise
        except (OSError, UnicodeDecodeError) as exc:
            places = [Path(folder, template) for folder in self.searchpath]
            path = next(place for place in places if place.is_file())
            cause = "it is no text in UTF-8" if isinstance(exc, UnicodeDecodeError) else exc.strerror
            raise TemplateError(f"cannot read {path}: {cause}", remedy=_remedy(environment, str(path))) from exc


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
    except TemplateError:
        raise
    except jinja2.TemplateNotFound as exc:
        raise _not_found(env, exc) from exc
    except jinja2.TemplateSyntaxError as exc:
        raise _syntax_error(env, exc) from exc
    except Exception as exc:  # a user's template may raise anything; what is no template's is passed on
        place = _place(exc)
        if place is None:
            raise
        raise TemplateError(f"{place}: {exc}", remedy=_remedy(env, place)) from exc


def remarks(overrides: Path | None) -> tuple[str, ...]:
    """What is odd in a folder of overrides, if nothing in it is wrong: files that neither replace one nor are used."""
    if overrides is None:
        return ()
    own, files = _files(own_templates()), _files(overrides)
    used = _parse(environment(overrides), files)
    found = []
    for name in files:
        if name not in own and name not in used:
            close = difflib.get_close_matches(name, own, n=1, cutoff=0.7)
            hint = f"; did you mean {close[0]}?" if close else ""
            found.append(f"{overrides / name} replaces no template of reportgen's, and none uses it{hint}")
    if not {*files} & {*own}:
        found.append(
            f"no file in {overrides} replaces a template of reportgen's: name it like one, say html/report.html.j2"
        )
    return tuple(found)


def _files(folder: Path) -> list[str]:
    """The templates, style sheets and scripts in a folder, as templates name each other."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in _SUFFIXES)
    return sorted(name for name in names if not name.startswith("."))


def _parse(env: jinja2.Environment, names: Iterable[str]) -> set[str]:
    """The templates that these use. Raises TemplateError where one breaks the rules of Jinja."""
    used: set[str] = set()
    for name in names:
        source, file, _ = env.loader.get_source(env, name)  # type: ignore[union-attr]  # environment gave it one
        if name.endswith(".j2"):
            try:
                tree = env.parse(source, name, file)
            except jinja2.TemplateSyntaxError as exc:
                raise _syntax_error(env, exc) from exc
            used.update(filter(None, jinja2.meta.find_referenced_templates(tree)))
    return used


def _syntax_error(env: jinja2.Environment, exc: jinja2.TemplateSyntaxError) -> TemplateError:
    file = exc.filename or exc.name or ""
    unknown = re.match(r"No (?:filter|test) named '([^']+)'", exc.message or "")
    close = difflib.get_close_matches(unknown[1], [*env.filters, *env.tests], n=1) if unknown else []
    remedy = f"did you mean {close[0]}?" if close else _remedy(env, file)
    return TemplateError(f"{file}, line {exc.lineno}: {exc.message}", remedy=remedy)


def _not_found(env: jinja2.Environment, exc: jinja2.TemplateNotFound) -> TemplateError:
    """Names the template that asked for it, if one did, and the one that may have been meant."""
    place = _place(exc)
    folders = _folders(env)
    known = [name for folder in folders for name in _files(Path(folder))]
    close = difflib.get_close_matches(str(exc.name), known, n=1)
    return TemplateError(
        f"{place + ': ' if place else ''}no template {exc.name} in {' or '.join(folders)}",
        remedy=f"did you mean {close[0]}?" if close else _remedy(env, place),
    )


def _place(exc: Exception) -> str | None:
    """The file and line of a template that an error came from."""
    frames = [frame for frame in traceback.extract_tb(exc.__traceback__) if frame.filename.endswith(".j2")]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else None


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
        raise _not_found(env, exc) from exc


def _folders(env: jinja2.Environment) -> list[str]:
    return list(env.loader.searchpath) if isinstance(env.loader, jinja2.FileSystemLoader) else []


def _remedy(env: jinja2.Environment, file: str | None) -> str:
    folders = _folders(env)
    if len(folders) > 1 and (file is None or file.startswith(folders[0])):
        return f"correct it in {folders[0]}, or remove it there to use reportgen's own"
    return "install reportgen again"
