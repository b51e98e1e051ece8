"""Pages as PDF, by WeasyPrint: with its own fonts, nothing fetched, and the same bytes on every run.

WeasyPrint needs Pango's libraries; it is imported here alone, and only when a PDF is asked for.
"""

from __future__ import annotations

import base64
import functools
import gc
import re
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from reportgen.errors import RenderError, RendererUnavailable
from reportgen.render import charts, prose, templating
from reportgen.render.charts.svg import blank
from reportgen.render.html import image, partial, state
from reportgen.render.ledger import shorten, shown, wrap
from reportgen.render.paper import Plan, balanced, plan
from reportgen.render.text import anchor, breakable, html, joined, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from reportgen.render.charts.canvas import Drawing
    from reportgen.view.chart import Chart
    from reportgen.view.page import Block, Cell, Page, Section

# Under names of our own, so that no other version that the machine may have is taken instead.
FONTS = (
    ("Report Sans", 400, "IBMPlexSans-Regular.ttf"),
    ("Report Sans", 600, "IBMPlexSans-SemiBold.ttf"),
    ("Report Mono", 400, "IBMPlexMono-Regular.ttf"),
    ("Report Mono", 600, "IBMPlexMono-SemiBold.ttf"),
)
MORE_FONTS = (  # for what those lack: read only where a page needs them, for they are large
    ("Report Signs", 400, "DejaVuSans.ttf"),  # Hebrew, Arabic, mathematics
    ("Report Han", 400, "DroidSansFallback.ttf"),  # Chinese, Japanese, Korean
)
CODE = 92  # characters on a line of code
LONG_WORD = 40  # characters: more may not fit a line
ADVANCE = 0.6  # em a character of code
PLAIN = "plain"  # the variant that claims nothing, and has no tags
ON_PAPER = frozenset(f"partials/{kind}.html.j2" for kind in ("chart", "code", "facts", "figures", "table"))  # set anew
_MARGIN_BOX = re.compile(r"@(top|bottom|left|right)-")  # of a page, in a style sheet
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # of the attachment: the same bytes whenever it is made


class PdfRenderer:
    """Renders a page as PDF; templates and the style sheet may be replaced by those in the folder ``templates``.

    Args:
        templates: a folder of templates that win over reportgen's own.
        css: an added style sheet, which comes last.
        variant: what the file claims to be: ``pdf/ua-1`` (accessible), ``pdf/a-3a`` (archived), or ``plain``, which
            claims nothing and has no tags.

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
        paper = plan(visible(page))
        try:
            with _collector_paused():
                return self._painted(paper) or self._laid_out(paper, self._heads() + self._styles()).write_pdf(
                    **self._options(page)
                )
        except self._weasyprint.urls.FatalURLFetchingError as exc:
            raise RenderError(
                str(exc), remedy="put it into the template itself, as a data: URL: a report is made of nothing else"
            ) from exc

    def _painted(self, paper: Plan) -> bytes | None:
        """The file with tables and charts painted; None where a version, template or style is not as that needs."""
        from reportgen.render.painting import pages

        if not pages.is_known():
            return None
        slots = {
            key: pages.Slot(setting.ledger, part, paper.anchor, paper.destination)
            for setting in paper.settings.values()
            for (key, _), part in zip(setting.blocks(), setting.parts, strict=True)
        }
        drawings = {key: charts.draw(chart) for key, chart in paper.charts.items()}
        with suppress(pages.Unfit):
            css = self._styles()
            heads = _MARGIN_BOX.search(css) is None
            document = self._laid_out(paper, css if heads else self._heads() + css, drawings)
            return pages.write(document, slots, drawings, heads=heads, **self._options(paper.page))
        return None

    def _laid_out(self, paper: Plan, css: str, drawings: Mapping[str, Drawing] | None = None) -> Any:
        """WeasyPrint's document; with ``drawings``, tables and charts are empty places, as large as they will be."""
        variables = {"page": paper.page, "plan": paper, "painted": drawings is not None, "drawings": drawings or {}}
        text = templating.render(self._environment, "html/print.html.j2", **variables)
        fonts, style, fetcher = _typesetting(self._weasyprint, css, more=not _covered().issuperset(paper.letters(text)))
        html = self._weasyprint.HTML(string=text, url_fetcher=fetcher)
        return html.render(stylesheets=[style], font_config=fonts, **self._variant_options())

    def _styles(self) -> str:
        """The style sheets, those that someone added last."""
        return templating.sources(self._environment, "css/print.css", "css/user.css") + self._css

    def _heads(self) -> str:
        """The style sheet of heads and feet that are not painted; it comes before all others, which may change them."""
        return templating.sources(self._environment, "css/print-heads.css")

    def _variant_options(self) -> dict[str, Any]:
        return {} if self._variant == PLAIN else {"pdf_variant": self._variant}

    def _options(self, page: Page) -> dict[str, Any]:
        """What WeasyPrint is asked for: the variant, and the record inside, as what the document was made from."""
        if page.attachment is None:
            return self._variant_options()
        attachment = self._weasyprint.Attachment(
            file_obj=BytesIO(page.attachment.data),
            name=page.attachment.name,
            description=page.attachment.description,
            created=EPOCH,
            modified=EPOCH,
            relationship="Source",
        )
        return {**self._variant_options(), "attachments": [attachment]}


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No garbage collection inside: it would go through all boxes again and again, for a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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
def _typesetting(weasyprint: Any, css: str, *, more: bool) -> tuple[Any, Any, Any]:
    """Fonts, style sheet and fetcher for all documents of this process: reading fonts takes as long as ten pages.

    With ``more``, the fonts for other scripts are there as well.
    """

    class NoFetcher(weasyprint.urls.URLFetcher):  # type: ignore[misc]  # WeasyPrint is untyped
        """Reads ``data:`` URLs, and stops the document at any other."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith("data:"):
                raise weasyprint.urls.FatalURLFetchingError(f"the template asks for {url[:200]}")
            return super().fetch(url, headers)

    fetcher = NoFetcher(allowed_protocols=("data",), allow_redirects=False)
    fonts = weasyprint.text.fonts.FontConfiguration()
    faces = "".join(_font_face(*font) for font in (*FONTS, *(MORE_FONTS if more else ())))
    return fonts, weasyprint.CSS(string=css + faces, font_config=fonts, url_fetcher=fetcher), fetcher


@functools.cache
def _covered() -> frozenset[str]:
    """The characters that all of the usual fonts have, and those that are not drawn."""
    from fontTools.ttLib import TTFont

    points = []
    for _, _, file in FONTS:
        with TTFont(templating.own_templates() / "fonts" / file, lazy=True) as font:
            points.append(set(font.getBestCmap()))
    return frozenset(map(chr, set.intersection(*points))) | frozenset("\n\t\r")


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
        balanced=balanced,
        breakable=_breakable,
        image=image,
        joined=joined,
        indent=lambda depth: 6 + 9 * min(depth, 12),  # points
        link=_link,
        partial=_partial,
        preformatted=lambda text: Markup("\n").join(part for line in text.split("\n") for part in _code_lines(line)),
        prose=functools.partial(prose.html, web_only=True),
        state=state,
        picture=_picture,
    )
    return env


def _code_lines(line: str) -> Iterator[Markup]:
    """A line of code in lines that fit; indented without spaces, of which several in a row read out as a mistake."""
    for part in wrap(line, CODE):
        words = part.lstrip(" ")
        indent = f"{ADVANCE * (len(part) - len(words)):g}em"
        yield (
            Markup('<span style="padding-left: {}"></span>{}').format(indent, words) if part != words else escape(part)
        )


@jinja2.pass_context
def _picture(context: jinja2.runtime.Context, chart: Chart) -> str:
    """A chart as an image of its own: within the page, each of its elements would be parsed and styled as HTML is."""
    drawing = context["drawings"].get(anchor(chart.id))
    text = charts.svg(chart) if drawing is None else blank(drawing.height)
    return f"data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()}"


def _breakable(text: str) -> Markup:
    """A text in which very long words may wrap; of shorter ones each place would be an empty element in the PDF."""
    text = shorten(text)
    return breakable(text) if any(len(word) > LONG_WORD for word in text.split()) else html(text)


@jinja2.pass_context
def _link(context: jinja2.runtime.Context, cell: Cell) -> Markup:
    """The cell's text; a link where it leads to the web or to a place in this document."""
    text = breakable(shorten(shown(cell)))
    href = context["plan"].destination(cell)
    return Markup('<a href="{}">{}</a>').format(href, text) if href else text


@jinja2.pass_context
def _partial(context: jinja2.runtime.Context, block: Block, section: Section) -> str:
    """The template for one kind of block, on paper."""
    setting = context["plan"].setting(section, block)
    if setting and context["painted"]:
        return "partials/print_painted.html.j2"
    if setting and not setting.look.spread:
        return "partials/print_ledger.html.j2"
    name = partial(block)
    return name.replace("/", "/print_") if name in ON_PAPER else name
