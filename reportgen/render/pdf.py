"""Pages as PDF, by WeasyPrint: with its own fonts, nothing fetched, and the same bytes on every run.

WeasyPrint needs Pango's libraries; it is imported here alone, and only when a PDF is asked for.
"""

from __future__ import annotations

import base64
import functools
import re
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from reportgen.errors import RenderError, RendererUnavailable
from reportgen.render import prose, templating
from reportgen.render.html import partial, state, svg
from reportgen.render.ledger import (
    column_widths,
    fit,
    gap_within,
    head_lines,
    ledger_lines,
    needs,
    shares,
    shorten,
    wrap,
)
from reportgen.render.text import anchor, breakable, safe_href, visible
from reportgen.view.page import Facts, Table

if TYPE_CHECKING:
    from pathlib import Path

    from reportgen.view.page import Block, Cell, Page, Section

# Under names of our own, so that no other version that the machine may have is taken instead.
FONTS = (
    ("Report Sans", 400, "IBMPlexSans-Regular.ttf"),
    ("Report Sans", 600, "IBMPlexSans-SemiBold.ttf"),
    ("Report Mono", 400, "IBMPlexMono-Regular.ttf"),
    ("Report Mono", 600, "IBMPlexMono-SemiBold.ttf"),
)
# Characters on a line of print.css: of ledgers, upright, in small print and on their side, of other tables, of code.
PORTRAIT, SMALL, LANDSCAPE, TABLE, CODE = 118, 136, 178, 104, 92
PADDING = 3  # characters, of a table's column
LINES = 24  # of a ledger in one cell, even for its stripes: WeasyPrint's time grows with the square of a text's length
READABLE = 32  # characters: where names would wrap earlier, an appendix turns its pages
PLAIN_ROWS = 40  # a table of more rows, or too wide for its font, is set as a ledger: at a fifth of the time
_WEB = re.compile(r"https?:", re.IGNORECASE)


class PdfRenderer:
    """Renders a page as PDF; templates and the style sheet may be replaced by those in the folder ``templates``.

    Raises:
        RendererUnavailable: WeasyPrint, or the Pango libraries under it, do not load.
        TemplateError: ``templates`` is no folder.
    """

    suffix = "pdf"

    def __init__(self, templates: Path | None = None, *, css: Path | None = None, variant: str = "pdf/ua-1") -> None:
        self._weasyprint = _import_weasyprint()
        self._environment = environment(templates)
        self._css = "" if css is None else css.read_text(encoding="utf-8")
        self._variant = variant

    def render(self, page: Page) -> bytes:
        """The whole file: the main part on upright A4, then the appendices, on their side where they need it.

        Raises:
            TemplateError: a template is missing or broken.
            RenderError: a template or style sheet asks for something outside of itself.
        """
        page = visible(page)
        text = templating.render(
            self._environment,
            "html/print.html.j2",
            page=page,
            sections=sorted(page.sections, key=lambda section: section.appendix),
            targets=_targets(page),
        )
        css = templating.sources(self._environment, "css/print.css", "css/user.css") + self._css
        try:
            fonts, style, fetcher = _typesetting(self._weasyprint, css)
            html = self._weasyprint.HTML(string=text, url_fetcher=fetcher)
            return bytes(html.write_pdf(stylesheets=[style], font_config=fonts, pdf_tags=True))
        except self._weasyprint.urls.FatalURLFetchingError as exc:
            raise RenderError(
                str(exc), remedy="put it into the template itself, as a data: URL: a report is made of nothing else"
            ) from exc


def _import_weasyprint() -> Any:
    try:
        with redirect_stdout(StringIO()):  # where it prints an essay if a library is missing
            import weasyprint.urls
    except ModuleNotFoundError as exc:
        raise RendererUnavailable(f"WeasyPrint does not load: {exc}", remedy="pip install 'weasyprint>=70'") from exc
    except (ImportError, OSError) as exc:  # OSError: the package is there, the libraries it opens are not
        cause = (str(exc) or type(exc).__name__).splitlines()[0]
        raise RendererUnavailable(f"WeasyPrint does not load: {cause}", remedy=_install_pango()) from exc
    return weasyprint


def _install_pango() -> str:
    if sys.platform == "darwin":
        return "brew install pango"
    if sys.platform == "win32":
        return "install MSYS2, in its shell: pacman -S mingw-w64-x86_64-pango"
    return "apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 (dnf, pacman, apk: pango)"


@functools.cache
def _typesetting(weasyprint: Any, css: str) -> tuple[Any, Any, Any]:
    """Fonts, style sheet and fetcher for all documents of this process: reading fonts takes as long as ten pages."""

    class NoFetcher(weasyprint.urls.URLFetcher):  # type: ignore[misc]  # WeasyPrint is untyped
        """Reads ``data:`` URLs, and stops the document at any other."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith("data:"):
                raise weasyprint.urls.FatalURLFetchingError(f"the template asks for {url[:200]}")
            return super().fetch(url, headers)

    fetcher = NoFetcher(allowed_protocols=("data",), allow_redirects=False)
    fonts = weasyprint.text.fonts.FontConfiguration()
    faces = "".join(_font_face(*font) for font in FONTS)
    return fonts, weasyprint.CSS(string=css + faces, font_config=fonts, url_fetcher=fetcher), fetcher


def _font_face(family: str, weight: int, file: str) -> str:
    data = base64.b64encode((templating.own_templates() / "fonts" / file).read_bytes()).decode()
    source = f"url(data:font/ttf;base64,{data})"
    return f"@font-face {{ font-family: '{family}'; font-weight: {weight}; src: {source}; }}\n"


@functools.cache
def environment(templates: Path | None = None) -> jinja2.Environment:
    """The environment of the templates for paper, with their filters; made once for each folder of overrides."""
    env = templating.environment(templates)
    env.filters.update(
        anchor=anchor,
        breakable=lambda text: breakable(shorten(text)),
        indent=lambda depth: 6 + 9 * min(depth, 12),  # points
        ledger=_ledger,
        link=_link,
        partial=_partial,
        preformatted=lambda text: "\n".join(part for line in text.split("\n") for part in wrap(line, CODE)),
        shares=lambda table: shares(column_widths(table, TABLE), PADDING),
        prose=functools.partial(prose.html, web_only=True),
        state=state,
        svg=svg,
    )
    env.tests.update(landscape=_is_landscape)
    return env


def _partial(block: Block) -> str:
    if isinstance(block, Table):
        return f"partials/print_{'ledger' if _is_ledger(block) else 'table'}.html.j2"
    return partial(block)


def _is_ledger(table: Table) -> bool:
    return table.long or len(table.rows) > PLAIN_ROWS or sum(needs(table)) + PADDING * len(table.columns) > TABLE


def _is_landscape(section: Section) -> bool:
    """Whether the section is an appendix with a ledger whose names would wrap too early on an upright page."""
    return section.appendix and any(
        _wraps_early(block) for block in section.blocks if isinstance(block, Table) and _is_ledger(block)
    )


def _wraps_early(table: Table) -> bool:
    wanted = needs(table)
    widths = fit(table.columns, wanted, PORTRAIT)
    return any(width < min(need, READABLE) for width, need in zip(widths, wanted, strict=True))


def _targets(page: Page) -> frozenset[str]:
    """The anchors that are linked to and exist: WeasyPrint complains of others, and each costs a box in a ledger."""
    wanted: set[str] = set()
    there: set[str] = set()
    for section in page.sections:
        there.add(section.id)
        for block in section.blocks:
            if isinstance(block, Table):
                there.update(row.anchor for row in block.rows if row.anchor)
                cells = [] if _is_ledger(block) else [cell for row in block.rows for cell in row.cells]
            else:
                cells = [cell for _, cell in block.items] if isinstance(block, Facts) else []
            wanted.update(cell.href[1:] for cell in cells if cell.href and cell.href.startswith("#"))
    return frozenset(wanted & there)


@jinja2.pass_context
def _link(context: jinja2.runtime.Context, cell: Cell) -> Markup:
    """The cell's text; a link where it leads to the web or to a place in this document: other files move away."""
    text = breakable(shorten(cell.text))
    href = safe_href(cell.href) or ""
    if _WEB.match(href) or (href.startswith("#") and str(cell.href)[1:] in context["targets"]):
        return Markup('<a href="{}">{}</a>').format(href, text)
    return text


@dataclass(frozen=True, slots=True)
class _Ledger:
    """A long table as preformatted text: its head, its lines in parts of `LINES`, and whether it needs small print."""

    small: bool
    head: str
    parts: list[Markup]


@jinja2.pass_context
def _ledger(context: jinja2.runtime.Context, table: Table, *, landscape: bool) -> _Ledger:
    wanted = needs(table)
    small = not landscape and fit(table.columns, wanted, PORTRAIT) != wanted
    total = LANDSCAPE if landscape else SMALL if small else PORTRAIT
    widths = fit(table.columns, wanted, total)
    gap = gap_within(widths, total)
    lines = [
        Markup('<span id="{}">{}</span>').format(anchor(line.anchor), line.text)
        if line.anchor is not None and line.anchor in context["targets"]
        else escape(line.text)
        for line in ledger_lines(table, widths, gap)
    ]
    parts = [Markup("\n").join(lines[i : i + LINES]) for i in range(0, len(lines), LINES)]
    return _Ledger(small, "\n".join(head_lines(table, widths, gap)), parts)
