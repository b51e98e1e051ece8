"""Files: names that are safe on every file system, and contents that are whole or absent."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import BinaryIO

from reportgen.branding import Brand
from reportgen.config import RENDERERS, RenderOptions, Style
from reportgen.errors import ReportgenError, WriteError
from reportgen.render import charts, markdown
from reportgen.render.base import Renderer
from reportgen.report import codec
from reportgen.report.difference import Difference
from reportgen.report.schema import ModelReport
from reportgen.view.build import build
from reportgen.view.page import Attachment, Page
from reportgen.view.short import build_checkpoint

MAX_SLUG = 80
_HASH = 8  # hexadecimal digits
# Windows refuses the first ones as file names, with any suffix; the others are a run's own, and a release's.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|index|failures)(\..*)?|models\.svg|sha256sums", re.IGNORECASE)


def slugs(labels: Mapping[str, str]) -> dict[str, str]:
    """A folder name for each key of ``labels``, made of its label: ``torchvision-vgg11`` of ``torchvision:vgg11``.

    Names are ASCII, at most 80 characters, and safe on every file system. Labels that would share a name, on a file
    system that knows no upper case either, all carry a hash of their key, so that no name depends on the order.
    """
    hashed: set[str] = set()
    while True:
        names = {key: _slug(label, key if key in hashed else None) for key, label in labels.items()}
        count = Counter(name.casefold() for name in names.values())
        shared = {key for key, name in names.items() if count[name.casefold()] > 1} - hashed
        if not shared:
            return names
        hashed |= shared


def _slug(label: str, key: str | None) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-._") or "model"
    if _RESERVED.fullmatch(name):
        name = f"model-{name}"
    if key is None and len(name) <= MAX_SLUG:
        return name
    digest = hashlib.sha256((key or label).encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    return f"{name[: MAX_SLUG - _HASH - 1].rstrip('-._')}-{digest}"


def write_file(path: Path, data: bytes) -> None:
    """Writes ``data`` to ``path`` and makes its folder; where that fails, what was there before is still there, whole.

    Raises:
        WriteError: the folder or the file cannot be written.
    """
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, which becomes ``path`` when all is written; until then what was there is still there.

    Raises:
        WriteError: the folder or the file cannot be written.
    """
    temporary = path.with_name(f".reportgen-{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                yield file
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as exc:
        raise WriteError(
            f"cannot write {path}: {exc.strerror or exc}",
            remedy=f"make room and give yourself the right to write in {path.parent}, or choose another folder with -o",
        ) from exc


def sweep(folder: Path) -> None:
    """Removes what a process that was killed while writing left in ``folder``, as far as it may be removed."""
    for debris in folder.glob(".reportgen-*.tmp"):
        with suppress(OSError):
            debris.unlink()


def check_writable(folder: Path) -> None:
    """Makes sure, before any work, that files can be written in ``folder``.

    Raises:
        WriteError: they cannot.
    """
    probe = folder / ".reportgen-writable"
    write_file(probe, b"")
    probe.unlink()


@cache
def renderer(file_format: str, style: Style) -> Renderer:
    """The renderer of that format (there is none for ``json``), made once; other packages' ones are entry points.

    Raises:
        TemplateError: the folder of templates is none.
        RendererUnavailable: what it needs does not load.
    """
    match file_format:
        case "md":
            return markdown.MarkdownRenderer(style.templates, flavor=style.markdown_flavor)
        case "html":
            from reportgen.render.html import HtmlRenderer

            return HtmlRenderer(style.templates, css=style.css)
        case "pdf":
            from reportgen.render.pdf import PdfRenderer

            return PdfRenderer(style.templates, css=style.css, variant=style.pdf_variant)
        case _:
            from reportgen.render.installed import InstalledRenderer

            providers = entry_points(group=RENDERERS, name=file_format)
            return InstalledRenderer(file_format, providers, style.templates, css=style.css)


_LABELS = {"md": "Markdown", "html": "HTML", "pdf": "PDF", "json": "JSON"}


def render(report: ModelReport, file_format: str, options: RenderOptions) -> bytes:
    """The report in one format, as a file of its own: nothing in it leads to other files.

    Raises:
        RenderError: it cannot be made.
    """
    if file_format == "json":
        return codec.to_json(report).encode()
    page = _for_format(_page(report, options), report, file_format)
    return renderer(file_format, options.style).render(page)


def _page(report: ModelReport, options: RenderOptions) -> Page:
    return branded(build(report, select=options.select, title=options.brand.title), options.brand)


def branded(page: Page, brand: Brand) -> Page:
    """The page with what a person adds to it; its title is its own business."""
    return replace(page, author=brand.author, logo=brand.logo, about=brand.about)


def _for_format(page: Page, report: ModelReport, file_format: str) -> Page:
    """The page as it is in one format: a PDF, which travels alone, takes the record along."""
    if file_format != "pdf":
        return page
    record = Attachment("report.json", "The record that this report was made from", codec.to_json(report).encode())
    return replace(page, attachment=record)


def write_report(report: ModelReport, folder: Path, options: RenderOptions) -> tuple[str, ...]:
    """Writes ``report.json``, ``report.md``… into ``folder``, as asked for, and the charts beside ``report.md``.

    One format that cannot be made or written keeps none of the others back: gives one line on each that failed.
    """
    problems = []
    page = None
    for file_format in options.formats:
        try:
            if file_format == "json":
                write_file(folder / "report.json", codec.to_json(report).encode())
            else:
                page = page or _page(report, options)
                shown = _for_format(page, report, file_format)
                shown = replace(shown, links=links(file_format, "report", options.formats))
                write_page(shown, folder / "report", file_format, options.style)
        except ReportgenError as exc:
            problems.append(f"report.{file_format}: {exc}" + (f"; {exc.remedy}" if exc.remedy else ""))
    return tuple(problems)


def links(own: str, stem: str, formats: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Labels and names of the files ``stem`` in the other formats."""
    return tuple((_LABELS.get(other, other), f"{stem}.{other}") for other in formats if other != own)


def write_page(page: Page, path: Path, file_format: str, style: Style) -> None:
    """Writes a page to ``path`` with the format as its suffix; the charts of Markdown come beside it, and first.

    Raises:
        RenderError, WriteError: it cannot be made, or written.
    """
    data = renderer(file_format, style).render(page)
    if file_format == "md":  # its pictures come first: what is there is whole
        for chart in markdown.pictures(page, style.markdown_flavor):
            write_file(path.with_name(markdown.chart_name(chart)), charts.svg(chart, margin=charts.MARGIN).encode())
    write_file(path.with_name(f"{path.name}.{file_format}"), data)


def render_checkpoint(report: ModelReport, file_format: str) -> bytes:
    """What a record says of its checkpoint, as ``md`` fit for a comment, ``html`` or ``text``; ``json`` is the record.

    Raises:
        RenderError: it cannot be made.
    """
    page = build_checkpoint(report)
    match file_format:
        case "json":
            return codec.to_json(report).encode()
        case "md":
            return markdown.comment(page)
        case "text":
            from reportgen.render import terminal

            return terminal.plain(page).encode()
        case _:
            return renderer(file_format, Style()).render(page)


def render_diff(page: Page, difference: Difference, file_format: str, style: Style) -> bytes:
    """A difference as a file of its own: ``md`` fit for a comment, ``html``, ``pdf``, ``json`` or plain ``text``.

    Raises:
        RenderError: it cannot be made.
    """
    match file_format:
        case "json":
            return codec.to_json(difference).encode()
        case "md":
            return markdown.comment(page, style.templates)
        case "text":
            from reportgen.render import terminal

            return terminal.plain(page).encode()
        case "pdf":
            record = Attachment(
                "diff.json", "The difference that this document tells", codec.to_json(difference).encode()
            )
            return renderer(file_format, style).render(replace(page, attachment=record))
        case _:
            return renderer(file_format, style).render(page)
