"""The index of a run: ``index.json`` and ``index.csv`` for programs, ``index.html`` and ``index.md`` for people.

Where something failed there are ``failures.html`` and ``failures.md`` as well. All of it is made from the entries.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import msgspec

from reportgen.analysis.summary import Summary
from reportgen.config import RenderOptions
from reportgen.errors import ConfigError, WriteError
from reportgen.render.html import HtmlRenderer
from reportgen.render.text import spreadsheet
from reportgen.rendering import write_page
from reportgen.view.entries import IndexEntry
from reportgen.view.failures import build_failures
from reportgen.view.index import build_index
from reportgen.view.listing import build_listing
from reportgen.write import slugs, write_file

_FORMAT = "reportgen/index"
_CHART = "models.svg"  # beside index.md
FILES = ("index.json", "index.csv", "index.html", "index.md", _CHART, "failures.html", "failures.md")


def write_index(entries: Sequence[IndexEntry], folder: Path, options: RenderOptions) -> None:
    """Writes the index, and the pages on failures; those of a run before are removed where nothing failed.

    Raises:
        WriteError: a file cannot be written, or removed.
    """
    models = [_members(entry) for entry in entries]
    document = {"format": _FORMAT, "format_version": 1, "models": models}
    write_file(folder / "index.json", json.dumps(document, indent=2).encode() + b"\n")
    write_file(folder / "index.csv", _csv(models).encode())
    style, brand = options.style, options.brand
    index = replace(build_index(entries), author=brand.author, logo=brand.logo)
    write_file(folder / "index.html", HtmlRenderer(style.templates, css=style.css).render_index(index))
    _remove(folder / _CHART)  # a run of fewer models may have none
    pages = {
        "index.md": build_listing(entries, "md"),
        "failures.html": build_failures(entries, "html"),
        "failures.md": build_failures(entries, "md"),
    }
    for name, page in pages.items():
        if page is None:
            _remove(folder / name)
        else:
            stem, _, suffix = name.rpartition(".")
            write_page(replace(page, author=brand.author, logo=brand.logo), folder / stem, suffix, style)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        raise WriteError(f"cannot remove {path}: {exc.strerror or exc}", remedy="remove it yourself") from exc


def read_index(folder: Path) -> tuple[IndexEntry, ...]:
    """The entries of a folder's ``index.json``.

    Raises:
        ConfigError: there is none, or none that can be read.
    """
    try:
        document = json.loads((folder / "index.json").read_bytes())
        models = {_FORMAT: document["models"]}[document["format"]]
        return tuple(map(_entry, models))
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise ConfigError(
            f"{folder} has no index.json that can be read: {exc}",
            code="merge-no-index",
            remedy="name folders that reportgen build has finished",
        ) from exc


def _entry(model: Mapping[str, Any]) -> IndexEntry:
    """An entry from its members. Raises ValueError where its slug is none: it could lead out of the folder."""
    entry = replace(msgspec.convert(model, IndexEntry), summary=msgspec.convert(model, Summary))
    if slugs({"": entry.slug})[""] != entry.slug:
        raise ValueError(f"{entry.slug!r} is no folder of reportgen's")
    return entry


def _members(entry: IndexEntry) -> dict[str, Any]:
    """The entry as it stands in ``index.json``: one flat object, the figures of its summary last."""
    members = asdict(entry)
    summary: dict[str, Any] = members.pop("summary")
    return members | summary


def _csv(models: Sequence[Mapping[str, Any]]) -> str:
    """The same as a table (RFC 4180): a row a model, a column a member, an empty field where nothing is known.

    Texts are quoted and figures are not. A text that a spreadsheet would take for a formula begins with an apostrophe
    that is not part of it.
    """
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(_COLUMNS)
    writer.writerows([_field(model[column]) for column in _COLUMNS] for model in models)
    return lines.getvalue()


_COLUMNS = [
    *(item.name for item in fields(IndexEntry) if item.name != "summary"),
    *(item.name for item in fields(Summary)),
]


def _field(value: str | int | Sequence[str] | None) -> str | int:
    """A figure as it is, or a text that is safe in a spreadsheet; several texts in one, with commas."""
    if isinstance(value, int):
        return value
    return spreadsheet(value if isinstance(value, str) else ", ".join(value or ()))
