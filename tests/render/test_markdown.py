"""Markdown: what it looks like, and that nothing in it comes alive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import markdown
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reportgen.errors import TemplateError
from reportgen.render.markdown import MAX_ROWS, MarkdownRenderer, chart_name, code, fence, text
from reportgen.render.text import display
from reportgen.view.build import build
from reportgen.view.page import (
    Cell,
    Code,
    Column,
    Facts,
    Figure,
    Figures,
    Icicle,
    Notice,
    Notices,
    Page,
    Prose,
    Row,
    Section,
    Table,
    Tile,
)

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport


def _github(source: str) -> str:
    """As GitHub would lay it out, but with all HTML let through: ours to keep clean."""
    return str(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(source))


def _python(source: str) -> str:
    return markdown.markdown(source, extensions=["tables", "fenced_code"])


RENDERERS = [pytest.param(_github, id="markdown-it"), pytest.param(_python, id="python-markdown")]


class _Reader(HTMLParser):
    """Collects tags with their attributes, and the text of each table cell and code block."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[tuple[str, str | None]] = set()
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {(name, value) for name, value in attrs if name not in {"style", "class", "alt"}}
        if tag in {"td", "pre", "p"}:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data


def _page(*blocks: Table | Code | Facts | Notices | Prose | Icicle | Figures, title: str = "net") -> Page:
    return Page(
        title=title,
        subtitle="models.Net",
        status="complete",
        description=None,
        summary=Figures((Figure("Parameters", "25.6 M", "25,557,032"),)),
        sections=(Section("part", "Part", blocks),),
        footer="reportgen 1.0.0",
    )


def _body(page: Page) -> str:
    """What stands under the heading of the only section."""
    return MarkdownRenderer().render(page).decode().partition("## Part\n\n")[2].partition("\n---\n")[0].rstrip("\n")


def test_a_whole_page() -> None:
    """Headings, key figures and the footer, with lines that end where they should."""
    page = Page(
        title="resnet_50",
        subtitle="torchvision.models.resnet.ResNet",
        status="complete",
        description="A residual network.",
        summary=Figures((Figure("Parameters", "25.6 M", "25,557,032", "all trainable"), Figure("Buffers", "0"))),
        sections=(Section("gradients", "Gradients", (Prose("All are there."),), intro="After one step."),),
        footer="reportgen 1.0.0",
        links=(("HTML", "report.html"), ("PDF", "report.pdf")),
    )
    assert """\
# resnet_50

`torchvision.models.resnet.ResNet`

A residual network.

[HTML](report.html) · [PDF](report.pdf)

| key figure |            |      exact |               |
| ---------- | ---------: | ---------: | ------------- |
| Parameters | **25.6 M** | 25,557,032 | all trainable |
| Buffers    |      **0** |            |               |

## Gradients

After one step.

All are there.

---

reportgen 1.0.0
""" == MarkdownRenderer().render(page).decode()


def test_a_table() -> None:
    """Columns line up as plain text; names are code, trees are indented, captions and notes stand around it."""
    table = Table(
        "tree",
        (Column("module", "module", "name"), Column("share", "share", "number"), Column("note", "note")),
        (
            Row((Cell("(model)"), Cell("100 %"), Cell("all", tone="good"))),
            Row((Cell("layers.0–11 ×12", href="#m-layers"), Cell("<0.1 %"), Cell("a|b")), depth=1),
            Row((Cell("unknown", tone="muted"), Cell("–"), Cell("other", href="x/report.md")), depth=2),
        ),
        caption="By module",
        note="×n marks repeats.",
    )
    nbsp = "\N{NO-BREAK SPACE}"
    assert f"""\
**By module**

| module               |  share | note                 |
| -------------------- | -----: | -------------------- |
| `(model)`            |  100 % | all                  |
| {nbsp * 3}`layers.0–11 ×12` | <0.1 % | a&#124;b             |
| {nbsp * 6}unknown        |      – | [other](x/report.md) |

*×n marks repeats.*""" == _body(_page(table))


def test_notices() -> None:
    """What is so, where, why it matters, what to do, and the traceback as it was."""
    notices = Notices(
        (
            Notice(
                "bad", "It broke", "Twice.", "mend it", code="forward-failed", where="forward, in fc", detail="  a\n`b`"
            ),
            Notice("plain", "Just so"),
        )
    )
    assert """\
- Error: **It broke** (forward, in fc) `forward-failed`  
  Twice.  
  What to do: mend it

```text
  a
`b`
```

- Note: **Just so**""" == _body(_page(notices))  # noqa: W291 - two spaces at the end of a line are a line break


def test_facts_code_prose_and_charts() -> None:
    """Facts are a list, commands are fenced, a chart is a picture beside the file with its words as the alternative."""
    facts = Facts(
        (
            ("Class", Cell("models.Net")),
            ("Device", Cell("cpu, where meta was asked for")),
            ("Published", Cell("https://arxiv.org/abs/1512.03385", href="https://arxiv.org/abs/1512.03385")),
            ("Cited", Cell("He et al.", href="https://example.org/a b(c)")),
        )
    )
    chart = Icicle("parameters", "By module", "58 parameters: 0 (69.0 %).", (Tile("net", 0, 0, 1, "58", 0),), 1)
    assert """\
- Class: `models.Net`
- Device: cpu, where meta was asked for
- Published: <https://arxiv.org/abs/1512.03385>
- Cited: [He et al.](https://example.org/a%20b%28c%29)

```sh
reportgen build net
```

![58 parameters: 0 (69.0 %).](parameters.svg)""" == _body(_page(facts, Code("reportgen build net", "sh"), chart))
    assert "parameters.svg" == chart_name(chart)


def test_long_tables_are_folded_away_and_cut() -> None:
    """A ledger opens on demand; what no viewer would show is left to report.json, and that is said."""
    rows = tuple(Row((Cell(f"p{index}"),)) for index in range(MAX_ROWS + 3))
    body = _body(_page(Table("ledger", (Column("name", "name", "name"),), rows, long=True)))
    lines = body.splitlines()
    assert ["<details>", "<summary>2,003 rows</summary>", "", "| name    |", "| ------- |", "| `p0`    |"] == lines[:6]
    assert ["| `p1999` |", "", "3 rows more, see report.json.", "", "</details>"] == lines[-5:]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain words, 92.0 % (about)", "plain words, 92.0 % (about)"),
        ("find_unused_parameters=True", "find_unused_parameters=True"),
        ("_private __init__", "&#95;private &#95;&#95;init&#95;&#95;"),
        ("a < b", "a &#60; b"),
        ("<0.1 %", "<0.1 %"),
        (">99.9 %", "&#62;99.9 %"),
        ("# heading", "&#35; heading"),
        ("- item", "&#45; item"),
        ("12. item", "12&#46; item"),
        ("0.weight", "0.weight"),
        ("see https://x.org or www.x.org", "see https&#58;//x.org or www&#46;x.org"),
        ("torchvision:resnet50 :smile:", "torchvision:resnet50 &#58;smile:"),
        ("two\nlines", "two lines"),
        ("", ""),
    ],
)
def test_prose(value: str, expected: str) -> None:
    """Words stay as they are; what a renderer might act on becomes an entity."""
    assert expected == text(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("layer1.0.conv1.weight", "`layer1.0.conv1.weight`"),
        ("64×3×7×7", "`64×3×7×7`"),
        ("h.0–11 ×12", "`h.0–11 ×12`"),
        ("a|b", "<code>a&#124;b</code>"),
        ("a`b", "<code>a&#96;b</code>"),
        ("日本語.weight", "<code>日本語&#46;weight</code>"),
        (" a", "<code> a</code>"),
    ],
)
def test_names(value: str, expected: str) -> None:
    """Plain names are code spans; all others are HTML without one live mark."""
    assert expected == code(value)


def test_fences_are_longer_than_what_they_hold() -> None:
    """No run of backticks inside ends the block."""
    assert ("```py\nx\n```", "`````\n````\n`````") == (fence("x", "py"), fence("````"))


@pytest.mark.parametrize("render", RENDERERS)
@given(name=st.text(max_size=40))
@example("<script>alert(1)</script>")
@example("1. x")
@example("**x** __y__ ~~z~~ `w` $v$ [u](t) ![s](r) <q> &amp; |p|")
def test_any_text_arrives_as_it_was(render: Callable[[str], str], name: str) -> None:
    """In prose, in a cell and in a name cell, no text makes a tag, and every text is read as what it was."""
    shown = " ".join(display(name).split())
    source = f"| a | b |\n| --- | --- |\n| {text(shown)} | {code(shown)} |\n\nSo: {text(shown)}\n"
    reader = _Reader(render(source))
    allowed = {"table", "thead", "tbody", "tr", "th", "td", "code", "p"}
    assert set() == set(reader.tags) - allowed
    assert [shown, shown, f"So: {shown}".rstrip()] == [" ".join(cell.split()) for cell in reader.texts]


@pytest.mark.parametrize("render", RENDERERS)
@given(detail=st.text(max_size=60))
@example("```\n</code><script>alert(1)</script>\n````")
def test_any_traceback_stays_a_traceback(render: Callable[[str], str], detail: str) -> None:
    """Preformatted text ends where it ends, and nowhere before."""
    shown = display(detail, multiline=True).replace("\t", " ")
    reader = _Reader(render(f"{fence(shown, 'text')}\n\nafter\n"))
    assert Counter({"pre": 1, "code": 1, "p": 1}) == reader.tags
    assert shown.split() == reader.texts[0].split()


@pytest.mark.parametrize("render", RENDERERS)
def test_a_report_full_of_attacks_is_harmless(
    hostile: ModelReport, hostile_names: tuple[str, ...], render: Callable[[str], str]
) -> None:
    """The page of a model whose every name is an attack has the tags of our own layout, our pictures and no link."""
    reader = _Reader(render(MarkdownRenderer().render(build(hostile)).decode()))
    layout = set("h1 h2 p ul li table thead tbody tr th td code pre strong em br hr img".split())
    assert set() == set(reader.tags) - layout
    assert {("src", "make-up.svg"), ("src", "parameters.svg")} == reader.attributes
    assert 2 == reader.tags["img"]
    cells = {" ".join(cell.split()) for cell in reader.texts}
    assert [] == [name for name in hostile_names if " ".join(display(name).split()) not in cells]


def test_the_same_page_gives_the_same_bytes(any_report: ModelReport) -> None:
    """Nothing of the moment gets in."""
    assert MarkdownRenderer().render(build(any_report)) == MarkdownRenderer().render(build(any_report))


def test_templates_can_be_replaced(tmp_path: Path) -> None:
    """A user's template wins; a broken one is named with its line."""
    template = tmp_path / "md" / "report.md.j2"
    template.parent.mkdir()
    template.write_text("{{ page.title|text }}!", encoding="utf-8")
    assert b"net!" == MarkdownRenderer(tmp_path).render(_page())
    template.write_text("one\n{{ page.nothing }}", encoding="utf-8")
    with pytest.raises(TemplateError, match=r"report\.md\.j2, line 2"):
        MarkdownRenderer(tmp_path).render(_page())
