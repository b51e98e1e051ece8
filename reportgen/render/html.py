"""Pages as one self-contained HTML file: no network, no inline attribute that runs, readable without script."""

from __future__ import annotations

import base64
import functools
import hashlib
from typing import TYPE_CHECKING, get_args

from markupsafe import Markup

from reportgen.render import charts, prose, templating
from reportgen.render.ledger import column_widths, shares
from reportgen.render.text import anchor, breakable, safe_href, visible
from reportgen.view.page import Chart, Kind, Page, Table, Tone

if TYPE_CHECKING:
    from pathlib import Path

    import jinja2

    from reportgen.view.page import Block, Cell, Column

_CLASS = {
    (kind, tone): Markup(f' class="{kind}"' if tone == "plain" else f' class="{kind} {tone}"')  # noqa: S704 - our words
    for kind in get_args(Kind)
    for tone in get_args(Tone)
}
SCREEN_COLUMNS = 120  # characters across a long table on a wide screen


class HtmlRenderer:
    """Renders a page as HTML; files in the folder ``templates`` replace reportgen's own."""

    suffix = "html"

    def __init__(self, templates: Path | None = None, *, css: Path | None = None) -> None:
        self._environment = environment(templates)
        self._css = "" if css is None else css.read_text(encoding="utf-8")

    def render(self, page: Page) -> bytes:
        """The whole file, UTF-8. Raises TemplateError where a template is missing or broken."""
        page = visible(page)
        style = (
            _column_rules(page) + templating.sources(self._environment, "css/screen.css", "css/user.css") + self._css
        )
        script = templating.sources(self._environment, "js/report.js")
        text = templating.render(
            self._environment,
            "html/report.html.j2",
            page=page,
            style=Markup(style),  # noqa: S704 - our own file; a "</style" in a user's only breaks their own page
            script=Markup(script),  # noqa: S704 - as above
            style_hash=_csp_hash(style),
            script_hash=_csp_hash(script),
        )
        return text.encode()


@functools.cache
def environment(templates: Path | None = None) -> jinja2.Environment:
    """The environment of all templates that write HTML, with its filters; made once for each folder of overrides."""
    env = templating.environment(templates)
    env.globals.update(zip=zip)
    env.filters.update(
        attributes=attributes,
        anchor=anchor,
        breakable=breakable,
        href=safe_href,
        is_tree=is_tree,
        link=link,
        partial=partial,
        preformatted=str,
        prose=prose.html,
        svg=svg,
    )
    return env


def link(cell: Cell, own_anchor: str | None = None) -> Markup:
    """The cell's text; a link where its target is harmless, else to its own row where that has an anchor."""
    text = breakable(cell.text)
    href = safe_href(cell.href) or (own_anchor and f"#{anchor(own_anchor)}")
    return Markup('<a href="{}">{}</a>').format(href, text) if href else text


def attributes(cell: Cell, column: Column) -> Markup:
    """The attributes of a table's cell: how it is set, what it sorts by, and its longer form as a tooltip."""
    text = _CLASS[column.kind, cell.tone]
    if cell.sort is not None:
        text += Markup(' data-sort="{}"').format(cell.sort)
    if cell.hint:
        text += Markup(' title="{}"').format(cell.hint)
    return text


def is_tree(table: Table) -> bool:
    """Whether the rows are indented: then their order has a meaning, and sorting would lose it."""
    return any(row.depth for row in table.rows)


def partial(block: Block) -> str:
    """The template for one kind of block."""
    name = "chart" if isinstance(block, Chart) else type(block).__name__.lower()
    return f"partials/{name}.html.j2"


def svg(chart: Chart) -> Markup:
    """The chart's SVG, to go into the page."""
    return Markup(charts.svg(chart))  # noqa: S704 - escaped there


def _column_rules(page: Page) -> str:
    """CSS for the columns of long tables: their sections of a hundred rows only line up at fixed widths.

    Rules and not style attributes: those the content security policy forbids.
    """
    rules = []
    for section in page.sections:
        for table in section.blocks:
            if isinstance(table, Table) and table.long:
                for number, share in enumerate(shares(column_widths(table, SCREEN_COLUMNS), padding=5), 1):
                    rules.append(f'[id="table-{anchor(table.id)}"] col:nth-child({number}) {{ width: {share}%; }}\n')
    return "".join(rules)


def _csp_hash(text: str) -> Markup:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Markup(f"'sha256-{digest}'")  # noqa: S704 - base64 needs no escaping
