"""Pages as one self-contained HTML file: no network, no inline attribute that runs, readable without script."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from reportgen.render import charts, prose, templating
from reportgen.render.ledger import GAP, fit, needs
from reportgen.render.text import anchor, breakable, broken, escaped, html, safe_href, visible, whole
from reportgen.view import numbers
from reportgen.view.chart import Chart
from reportgen.view.index import BAR
from reportgen.view.page import Cell, Page, Row, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reportgen.view.index import Index, IndexRow
    from reportgen.view.page import Block, Figure

SCREEN, DENSE = 128, 148  # characters across a table on a wide screen, in the usual and in small print
_PADDING = 3  # characters between two columns
_FOLD = 3  # characters of the button that folds a tree's row
# Characters that columns have at least, if they need them, the first and others: no dtype is broken for a long name.
_LEAST_NAME, _LEAST = 28, 14
_FITS = 0.75  # of the characters that a column has room for are never broken: a narrow screen has less room
_FACES = (  # family, weight, file
    ("Report Sans", 400, "IBMPlexSans-Regular.woff2"),
    ("Report Sans", 600, "IBMPlexSans-SemiBold.woff2"),
    ("Report Mono", 400, "IBMPlexMono-Regular.woff2"),
)
_AT_A_GLANCE = 60  # rows
_EXACT = re.compile(r"(\d{1,3}(?:,\d{3})*)(?: [A-Za-z]+)?")
_STATES = {numbers.UNKNOWN: "unknown", numbers.NOT_APPLICABLE: "none", numbers.FAILED: "failed"}
_IMAGE = re.compile(r"data:image/[a-z0-9.+-]+;base64,[A-Za-z0-9+/]+={0,2}")


class HtmlRenderer:
    """Renders a page as HTML.

    Files in the folder ``templates`` replace reportgen's own; the style sheet ``css`` is added to them, last of all.
    """

    suffix = "html"

    def __init__(self, templates: Path | None = None, *, css: Path | None = None) -> None:
        self._environment = environment(templates)
        self._css = "" if css is None else css.read_text(encoding="utf-8")

    def render(self, page: Page) -> bytes:
        """The whole file, UTF-8. Raises TemplateError where a template is missing or broken."""
        page = visible(page)
        tables = [block for section in page.sections for block in section.blocks if isinstance(block, Table)]
        widths = {id(table): screen_widths(table) for table in tables}
        style = self._styles("css/columns.css.j2", tables=tables, table_widths=widths, controls=page.controls)
        return self._document("html/report.html.j2", "js/report.js", style, page=page, table_widths=widths)

    def render_index(self, index: Index) -> bytes:
        """The index of a run, in the same manner."""
        index = visible(index)
        widths = index_widths(index)
        style = self._styles("css/index.css.j2", page=index, widths=widths, steps=BAR)
        return self._document("html/index.html.j2", "js/index.js", style, page=index, widths=widths)

    def render_fragment(self, page: Page) -> str:
        """The page as a part of someone else's, a notebook's: no script, no fonts, and a style for itself alone."""
        return templating.render(self._environment, "html/fragment.html.j2", page=visible(page))

    def _document(self, template: str, script_file: str, style: str, **context: Any) -> bytes:
        """The template with its style and its script, and what the browser may trust of both."""
        script = lean(templating.sources(self._environment, script_file))
        text = templating.render(
            self._environment,
            template,
            **context,
            style=Markup(style),  # noqa: S704 - our own file; a "</style" in a user's only breaks their own page
            script=Markup(script),  # noqa: S704 - as above
            style_hash=_csp_hash(style),
            script_hash=_csp_hash(script),
        )
        return text.encode()

    def _styles(self, own: str, **context: Any) -> str:
        """The style sheet: what all pages have, what this one has of its own, and the user's."""
        return "".join(
            (
                _faces(),
                templating.sources(self._environment, "css/screen.css"),
                templating.render(self._environment, own, **context),
                templating.sources(self._environment, "css/user.css"),
                self._css,
            )
        )


@functools.cache
def _faces() -> str:
    """The fonts, in the file itself: the same letters as in the PDF, cut down to those of western languages."""
    folder = templating.own_templates() / "fonts" / "screen"
    return "".join(
        f"@font-face {{ font-family: '{family}'; font-weight: {weight}; "
        f"src: url(data:font/woff2;base64,{base64.b64encode((folder / file).read_bytes()).decode()}); }}\n"
        for family, weight, file in _FACES
    )


@functools.cache
def environment(templates: Path | None = None) -> jinja2.Environment:
    """The environment of all templates that write HTML, with its filters; made once for each folder of overrides."""
    env = templating.environment(templates)
    env.globals.update(zip=zip)
    env.filters.update(
        anchor=anchor,
        breakable=breakable,
        cells=cells,
        href=safe_href,
        image=image,
        index_row=index_row,
        is_tree=is_tree,
        link=link,
        opening=opening,
        partial=partial,
        plain=plain,
        preformatted=html,
        print_size=print_size,
        prose=prose.html,
        screen_widths=_table_widths,
        state=state,
        svg=svg,
    )
    return env


def cells(row: Row, widths: Sequence[int]) -> Markup:
    """The cells of a row, in columns of these widths; the first is its head. HTML lets one leave out their end tags."""
    rooms = (widths[0] - 2 * row.depth, *widths[1:])
    parts = (
        f"<{'td' if number else 'th'}{attributes(cell)}>{_linked(cell, room)}"
        for number, (cell, room) in enumerate(zip(row.cells, rooms, strict=True))
    )
    return Markup("".join(parts))  # noqa: S704 - escaped there


def index_row(row: IndexRow, widths: Sequence[int]) -> Markup:
    """A row of an index: its model, with the reason where it failed, its figures with their bars, its reports."""
    first, *others = row.cells
    why = f'<small title="{escaped(row.reason)}">{escaped(row.reason)}</small>' if row.reason else ""
    opening = '<tr class="why"' if row.reason else "<tr"  # a line ends inside a tag, where it is no text
    parts = [
        f"{opening}\n><th{attributes(first)}>{_linked(first, widths[0])}{why}",
        *(
            f"<td{attributes(cell, f'b{bar}' if bar else '')}>{_linked(cell, width)}"
            for cell, bar, width in zip(others, row.bars[1:], widths[1:], strict=False)
        ),
        f"<td>{' '.join(_linked(cell, len(cell.text) * 2) for cell in row.reports)}",
    ]
    return Markup("".join(parts))  # noqa: S704 - escaped there


def link(cell: Cell) -> Markup:
    """The cell's text, with places to break; a link where its target is harmless."""
    return Markup(_linked(cell, 0))  # noqa: S704 - escaped there


def _linked(cell: Cell, width: int) -> str:
    """The cell's text, with places to break where it may not fit ``width``; a link where its target is harmless.

    Of a cell that has one for each baseline, all texts, of which the style sheet shows one.
    """
    if cell.versions:
        return "".join(f'<span class="v{i}">{whole(text)}</span>' for i, text in enumerate(cell.versions, start=1))
    text = whole(cell.text) if len(cell.text) <= _FITS * width else broken(cell.text)
    href = safe_href(cell.href)
    return f'<a href="{escaped(href)}">{text}</a>' if href else text


def state(item: Cell | Figure) -> str:
    """The class of a cell or key figure: unknown, none and failed are no figures, and look like neither each other."""
    text = item.text if isinstance(item, Cell) else item.value
    return _STATES.get(text, item.tone) if item.tone != "plain" else ""


def attributes(cell: Cell, more: str = "") -> str:
    """The attributes of a cell: how it is set, what it sorts by where its text does not say, and its longer form.

    ``more`` is a class on top of that.
    """
    css_class = f"{state(cell)} {more}".strip()
    text = f' class="{css_class}"' if css_class else ""
    if cell.sort is not None and cell.text.replace(",", "") != str(cell.sort):
        text += f' data-sort="{cell.sort}"'
    return f'{text} title="{escaped(cell.hint)}"' if cell.hint else text


def image(url: str | None) -> str | None:
    """``url`` where it is an image that carries its own data, else None."""
    return url if url and _IMAGE.fullmatch(url) else None


def is_tree(table: Table) -> bool:
    """Whether the rows are indented: then their order has a meaning, and sorting would lose it."""
    return any(row.depth for row in table.rows)


def opening(table: Table) -> int:
    """The depth from which rows of a tree are folded at first: as deep as the eye takes in, and one level at least."""
    deep = Counter(row.depth for row in table.rows)
    shown = list(accumulate(deep[depth] for depth in range(max(deep) + 1)))
    return max(1, bisect_right(shown, _AT_A_GLANCE) - 1)


def plain(figure: Figure) -> str:
    """What is copied of a key figure: the exact number without its separators and unit, where it is one."""
    text = figure.exact or figure.value
    number = _EXACT.fullmatch(text)
    return number[1].replace(",", "") if number else text


def partial(block: Block) -> str:
    """The template for one kind of block."""
    name = "chart" if isinstance(block, Chart) else type(block).__name__.lower()
    return f"partials/{name}.html.j2"


def svg(chart: Chart) -> Markup:
    """The chart's SVG, to go into the page."""
    return Markup(charts.svg(chart))  # noqa: S704 - escaped there


def screen_widths(table: Table) -> list[int]:
    """Characters for each column with what is around it: its share of the width of a screen."""
    wanted = needs(table)
    if is_tree(table):
        wanted[0] += _FOLD
    floors = [_LEAST_NAME] + [_LEAST] * (len(wanted) - 1)
    least = [
        need if column.kind == "number" else min(need, floor)
        for need, floor, column in zip(wanted, floors, table.columns, strict=False)
    ]
    taken = sum(least) + _PADDING * len(least)
    spare = (SCREEN if taken <= SCREEN else DENSE) - taken
    more = fit(
        table.columns,
        [need - width for need, width in zip(wanted, least, strict=True)],
        max(spare, 0) + GAP * (len(least) - 1),  # here the padding is the gap
    )
    return [width + extra + _PADDING for width, extra in zip(least, more, strict=True)]


@jinja2.pass_context
def _table_widths(context: jinja2.runtime.Context, table: Table) -> Sequence[int]:
    """`screen_widths`, which the style sheet and the table itself ask for: long tables are looked through once."""
    widths: Mapping[int, Sequence[int]] = context["table_widths"]
    return widths[id(table)]


def index_widths(index: Index) -> list[int]:
    """Characters for each column of an index, and for the links of each row."""
    table = Table("models", index.columns, tuple(Row(row.cells) for row in index.rows))
    links = max((sum(len(cell.text) + 1 for cell in row.reports) for row in index.rows), default=0)
    return [*screen_widths(table), max(links, len("reports")) + _PADDING]


def print_size(widths: Sequence[int]) -> str:
    """The class of a table with columns of these widths: usual print, small, or so wide that it scrolls by itself."""
    return "wide" if sum(widths) > DENSE else "dense" if sum(widths) > SCREEN else "usual"


def lean(script: str) -> str:
    """A script without indentation and lines of comment; no text in it may run over several lines."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _csp_hash(text: str) -> Markup:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Markup(f"'sha256-{digest}'")  # noqa: S704 - base64 needs no escaping
