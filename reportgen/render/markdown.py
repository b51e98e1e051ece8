"""Pages as GitHub-flavoured Markdown that also reads well as plain text.

Foreign text is made harmless in three places only: `text` for prose, `code` for names, `fence` for preformatted lines.
The one escape that every Markdown renderer understands is the numeric entity, so that is what `text` and `code` use;
names of plain characters stand in a code span, where no renderer looks for anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from reportgen.render import templating
from reportgen.render.text import safe_href, text_cells, visible
from reportgen.view import numbers
from reportgen.view.page import Chart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reportgen.view.page import Align, Block, Cell, Figures, Kind, Page, Table, Tone

MAX_ROWS = 2_000  # of one table; beyond that, few viewers show the file at all
MAX_PADDING = 60  # cells longer than this do not widen the whole column
INDENT = "\N{NO-BREAK SPACE}" * 3

_PLAIN_NAME = re.compile(r"[\w.,:/+=()×–-]+(?: [\w.,:/+=()×–-]+)*", re.ASCII)
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_ACTIVE = re.compile(
    r"""[\\`*{}\[\]\#!|~&@$^]            # marks of Markdown, HTML, mentions and mathematics
    |[<>](?![0-9])                       # a tag or a quote, where it is no comparison with a figure
    |(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])  # an underscore within a word is one everywhere
    |:(?=//|[\w+-]+:)                    # links, emoji
    |(?<=\bwww)\.                        # links again
    |\A[-+=>]                            # a list, a heading or a quote, at the start of a line
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LIST_NUMBER = re.compile(r"\A(\d+)([.)])(?=\s|\Z)")
_SEVERITIES: dict[Tone, str] = {"bad": "Error", "warn": "Warning", "plain": "Note", "good": "Good", "muted": "Note"}


class MarkdownRenderer:
    """Renders a page as Markdown; ``md/report.md.j2`` may be replaced by one in the folder ``templates``."""

    suffix = "md"

    def __init__(self, templates: Path | None = None, *, flavor: str = "github") -> None:
        self._flavor = flavor
        self._environment = templating.environment(templates)
        self._environment.filters.update(
            chart=chart_name,
            code=code,
            fact=_fact,
            fence=fence,
            figures=_figures,
            kind=_kind,
            rows=_row_count,
            severity=_SEVERITIES.__getitem__,
            table=_table,
            text=text,
            url=_url,
        )

    def render(self, page: Page) -> bytes:
        """The whole file, UTF-8. Raises TemplateError where the template is missing or broken."""
        return templating.render(self._environment, "md/report.md.j2", page=visible(page)).encode()


def text(value: str) -> str:
    """Prose on one line, every mark that a Markdown renderer might act on as a numeric entity."""
    line = _ACTIVE.sub(lambda match: _entity(match[0]), " ".join(value.split()))
    return _LIST_NUMBER.sub(lambda match: match[1] + _entity(match[2]), line)


def code(value: str) -> str:
    """A name in fixed width: in a code span where it is plain, else as HTML with all punctuation as entities."""
    if _PLAIN_NAME.fullmatch(value):
        return f"`{value}`"
    return f"<code>{_PUNCTUATION.sub(lambda match: _entity(match[0]), value)}</code>"


def _entity(mark: str) -> str:
    return f"&#{ord(mark)};"


def fence(value: str, language: str = "") -> str:
    """Preformatted text between fences longer than any run of backticks in it."""
    longest = max(map(len, re.findall("`+", value)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{value}\n{marks}"


def chart_name(chart: Chart) -> str:
    """The name of the chart's file beside ``report.md``."""
    return f"{chart.id}.svg"


def _url(path: str) -> str:
    return quote(path, safe="/:#?=&%~")


def _kind(block: Block) -> str:
    return "chart" if isinstance(block, Chart) else type(block).__name__.lower()


def _row_count(table: Table) -> str:
    return numbers.plural(len(table.rows), "row")


def _fact(cell: Cell) -> str:
    """A fact's value: set as code where it is one word, as prose else."""
    return _cell(cell, "text" if " " in cell.text or safe_href(cell.href) else "code")


def _figures(figures: Figures) -> str:
    rows = [
        [text(item.label), f"**{text(item.value)}**", text(item.exact or ""), text(item.note or "")]
        for item in figures.items
    ]
    return _pipes(["key figure", "", "exact", ""], ["left", "right", "right", "left"], rows)


def _table(table: Table) -> str:
    rows = [
        [
            INDENT * (row.depth if index == 0 else 0) + _cell(cell, column.kind)
            for index, (cell, column) in enumerate(zip(row.cells, table.columns, strict=True))
        ]
        for row in table.rows[:MAX_ROWS]
    ]
    lines = _pipes([text(column.label) for column in table.columns], [column.align for column in table.columns], rows)
    left_out = len(table.rows) - len(rows)
    return f"{lines}\n\n{numbers.plural(left_out, 'row')} more, see report.json." if left_out else lines


def _cell(cell: Cell, kind: Kind) -> str:
    """A cell's text, as code in columns of names and code (but what says that there is none), linked to other files."""
    shown = code(cell.text) if kind in {"name", "code"} and cell.tone != "muted" else text(cell.text)
    href = safe_href(cell.href)
    if not href or href.startswith("#"):
        return shown
    return f"<{href}>" if cell.text == href == _url(href) and ":" in href else f"[{shown}]({_url(href)})"


def _pipes(header: Sequence[str], aligns: Sequence[Align], rows: Sequence[Sequence[str]]) -> str:
    """A pipe table, padded so that its columns line up as plain text too."""
    widths = [
        max(3, *(width for width in map(text_cells, column) if width <= MAX_PADDING))
        for column in zip(header, *rows, strict=True)
    ]
    rule = [
        f"{'-' * (width - 1)}:" if align == "right" else "-" * width
        for width, align in zip(widths, aligns, strict=True)
    ]
    return "\n".join(f"| {' | '.join(map(_pad, cells, widths, aligns))} |" for cells in (header, rule, *rows))


def _pad(shown: str, width: int, align: Align) -> str:
    space = " " * (width - text_cells(shown))
    return space + shown if align == "right" else shown + space
