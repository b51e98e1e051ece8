"""Records as pages and files: which renderer makes each format, and what is written of a report, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from reportgen.branding import Brand
from reportgen.config import FORMATS, RENDERERS, RenderOptions, Style
from reportgen.errors import RendererUnavailable, ReportgenError
from reportgen.render import charts, markdown
from reportgen.render.base import Renderer
from reportgen.report import codec
from reportgen.report.difference import Difference
from reportgen.report.schema import ModelReport
from reportgen.view.build import build
from reportgen.view.page import Attachment, Page
from reportgen.view.short import build_checkpoint
from reportgen.write import write_file

_LABELS = {"md": "Markdown", "html": "HTML", "pdf": "PDF", "json": "JSON"}


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


def render_options(
    formats: tuple[str, ...] | None, select: Iterable[str], style: Style, brand: Brand
) -> tuple[RenderOptions, tuple[str, ...]]:
    """Options of formats that can be made here, made sure of before any work, and remarks on what was left out.

    ``formats`` None are all that can be made here.

    Raises:
        TemplateError: a template of the style's is broken.
        RendererUnavailable: one of ``formats`` cannot be made here.
    """
    from reportgen.render.templating import remarks

    at_hand, notes = [], []
    for name in FORMATS if formats is None else formats:
        try:
            if name != "json":
                renderer(name, style)
        except RendererUnavailable as exc:
            if formats is not None:
                raise
            notes.append(f"no {name} reports: {exc}; {exc.remedy}")
        else:
            at_hand.append(name)
    return RenderOptions(tuple(at_hand), tuple(select), style, brand), (*notes, *remarks(style.templates))


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
    return _alone(build_checkpoint(report), report, file_format, Style())


def render_diff(page: Page, difference: Difference, file_format: str, style: Style) -> bytes:
    """A difference as a file of its own: ``md`` fit for a comment, ``html``, ``pdf``, ``json`` or plain ``text``.

    Raises:
        RenderError: it cannot be made.
    """
    if file_format == "pdf":
        data = codec.to_json(difference).encode()
        page = replace(page, attachment=Attachment("diff.json", "The difference that this document tells", data))
    return _alone(page, difference, file_format, style)


def _alone(page: Page, record: ModelReport | Difference, file_format: str, style: Style) -> bytes:
    match file_format:
        case "json":
            return codec.to_json(record).encode()
        case "md":
            return markdown.comment(page, style.templates)
        case "text":
            from reportgen.render import terminal

            return terminal.plain(page).encode()
        case _:
            return renderer(file_format, style).render(page)
