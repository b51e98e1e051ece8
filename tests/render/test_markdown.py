"""Markdown: what it looks like, and that nothing in it comes alive."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import cmarkgfm
import markdown
import mistune
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reportgen.errors import TemplateError
from reportgen.render.markdown import FLAVORS, MarkdownRenderer, card_section, chart_name, pictures
from reportgen.render.marks import Marks, Plain, Rich, fence
from reportgen.render.text import display
from reportgen.view.build import build
from reportgen.view.chart import Arrow, Box, Chart, Diagram, Icicle, Tile
from reportgen.view.page import (
    Cell,
    Code,
    Column,
    Facts,
    Figure,
    Figures,
    Notice,
    Notices,
    Page,
    Prose,
    Row,
    Section,
    Table,
)

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport


def _github(source: str) -> str:
    """With GitHub's own parser, but with all HTML let through: ours to keep clean."""
    return str(cmarkgfm.markdown_to_html_with_extensions(source, Options.CMARK_OPT_UNSAFE, ["table", "strikethrough"]))


def _commonmark(source: str) -> str:
    return str(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(source))


def _python(source: str) -> str:
    return markdown.markdown(source, extensions=["tables", "fenced_code"])


def _mistune(source: str) -> str:
    return str(mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])(source))


RENDERERS = [
    pytest.param(_github, id="cmark-gfm"),
    pytest.param(_commonmark, id="markdown-it"),
    pytest.param(_python, id="python-markdown"),
    pytest.param(_mistune, id="mistune"),
]
MARKS = [pytest.param(Rich(), id="rich"), pytest.param(Plain(), id="plain")]


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
        self.attributes |= {(name, value) for name, value in attrs if name not in {"align", "style", "class", "alt"}}
        if tag in {"td", "pre", "p", "li"}:
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


def _body(page: Page, flavor: str = "github") -> str:
    """What stands under the heading of the only section."""
    source = MarkdownRenderer(flavor=flavor).render(page).decode()
    return source.partition("## Part\n\n")[2].partition("\n---\n")[0].rstrip("\n")


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
| Parameters | **25.6\N{NO-BREAK SPACE}M** | 25,557,032 | all trainable |
| Buffers    |      **0** |            |               |

## Gradients

After one step.

All are there.

---

reportgen 1.0.0
""" == MarkdownRenderer().render(page).decode()


BRANDED = Page(
    title="Our net",
    subtitle="models.Net",
    status="partial",
    description=None,
    summary=Figures((Figure("Parameters", "25.6 M", "25,557,032", "all trainable"),)),
    sections=(
        Section("modules", "Modules", (Icicle("parameters", "By module", "fc has all.", (), 0),)),
        Section(
            "ledger",
            "Names",
            (
                Table(
                    "l", (Column("n", "name", "name"), Column("x", "note")), (Row((Cell("a|b"), Cell("*"))),), long=True
                ),
            ),
        ),
    ),
    footer="reportgen 1.0.0",
    links=(("JSON", "report.json"),),
    author="R&D",
    about="# Use\n\nFor *tests* `only`, see [it](https://x.org).",
)


def test_a_part_of_a_model_card() -> None:
    """On the Hub the title stands below the card's own, and nothing leans on files that are not there."""
    assert """\
## Our net

`models.Net` · **partial**

By R&#38;D

| key figure |            |      exact |               |
| ---------- | ---------: | ---------: | ------------- |
| Parameters | **25.6\N{NO-BREAK SPACE}M** | 25,557,032 | all trainable |

### About

#### Use

For *tests* `only`, see [it](https://x.org).

### Modules

By module: fc has all.

### Names

<details>
<summary>1 row</summary>

| name                  | note  |
| --------------------- | ----- |
| <code>a&#124;b</code> | &#42; |

</details>

---

reportgen 1.0.0
""" == MarkdownRenderer(flavor="hub").render(BRANDED).decode()


def test_for_a_terminal() -> None:
    """Plain Markdown has no HTML, no entity and no picture; tables are preformatted, nothing folds."""
    assert """\
# Our net

`models.Net` · **partial**

By `R&D`

```text
key figure               exact
----------  ------  ----------  -------------
Parameters  25.6 M  25,557,032  all trainable
```

## About

### Use

For *tests* `only`, see it <https://x.org>.

## Modules

By module: fc has all.

## Names

```text
name  note
----  ----
a|b   *
```

---

reportgen 1.0.0
""" == MarkdownRenderer(flavor="plain").render(BRANDED).decode()


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
    nbsp = "\N{NO-BREAK SPACE}"  # the first as an entity: viewers trim cells
    assert f"""\
**By module**

| module                    |  share | note                 |
| ------------------------- | -----: | -------------------- |
| `(model)`                 |  100{nbsp}% | all                  |
| &nbsp;{nbsp * 2}`layers.0–11 ×12` | <0.1{nbsp}% | a&#124;b             |
| &nbsp;{nbsp * 5}unknown        |      – | [other](x/report.md) |

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

**By module**

![58 parameters: 0 (69.0 %).](parameters.svg)""" == _body(_page(facts, Code("reportgen build net", "sh"), chart))
    assert "parameters.svg" == chart_name(chart)


def _diagram(boxes: int) -> Diagram:
    arrows = tuple(Arrow(index, index + 1, "2×5") for index in range(boxes - 1))
    return Diagram("blocks", "What feeds what", "a to b.", (Box("a", "A|", "a", 0),) * boxes, arrows)


def test_small_diagrams_are_drawn_by_viewers() -> None:
    """A diagram of few boxes is a Mermaid block, a larger one a picture; without files beside, both are words."""
    small, large = _page(_diagram(2)), _page(_diagram(16))
    assert """\
**What feeds what**

a to b.

```mermaid
flowchart TB
  n0["a<br/>A#124;"]
  n1["a<br/>A#124;"]
  n0 -->|"2×5"| n1
```""" == _body(small)
    assert "**What feeds what**\n\n![a to b.](blocks.svg)" == _body(large)
    assert [(), ("blocks",)] == [tuple(chart.id for chart in pictures(page, "github")) for page in (small, large)]
    for page in (small, large):
        assert "What feeds what: a to b." == _body(page, "hub") == _body(page, "plain")
        assert () == pictures(page, "hub") == pictures(page, "plain")


def test_a_section_of_a_card_leans_on_no_file() -> None:
    """GitHub draws small diagrams; all else is words, whatever the flavour."""
    small, large = _page(_diagram(2)), _page(_diagram(16))
    drawn = {flavor: "```mermaid" in card_section(small, flavor=flavor) for flavor in ("github", "hub", "plain")}
    assert {"github": True, "hub": False, "plain": False} == drawn
    assert "What feeds what: a to b." in card_section(large, flavor="github")
    assert card_section(large, flavor="hub", top=5).startswith("##### net\n")
    assert "\n###### Part\n" in card_section(large, flavor="hub", top=5)


def _ledger(rows: int, name: str = "p{}") -> Table:
    cells = tuple(Row((Cell(name.format(index)),)) for index in range(rows))
    return Table("ledger", (Column("name", "name", "name"),), cells, long=True)


def test_long_tables_are_folded_away() -> None:
    """A ledger opens on demand."""
    lines = _body(_page(_ledger(503))).splitlines()
    assert ["<details>", "<summary>503 rows</summary>", "", "| name   |", "| ------ |", "| `p0`   |"] == lines[:6]
    assert ["| `p502` |", "", "</details>"] == lines[-3:]


@pytest.mark.parametrize("flavor", FLAVORS)
@pytest.mark.parametrize("name", ["n" * 60 + "{}", "n" * 290 + "{}"])
def test_what_no_viewer_would_show_is_left_to_other_formats(flavor: str, name: str) -> None:
    """Whatever the names, all tables together keep to a size; small ones are whole, and what is left out is said."""
    ledgers = _ledger(10_000, f"one.{name}"), _ledger(20, "two.{}"), _ledger(5_000, f"three.{name}")
    body = _body(replace(_page(*ledgers), links=(("JSON", "report.json"),)), flavor)
    shown = [body.count(mark) for mark in ("one.", "two.", "three.")]
    left_out = [int(number.replace(",", "")) for number in re.findall(r"([\d,]+) rows more, see", body)]
    assert [10_000 - shown[0], 5_000 - shown[2]] == left_out
    assert 20 == shown[1]
    assert 0.95 <= len(body.encode()) / FLAVORS[flavor].size <= 1.01


def test_where_the_rest_is() -> None:
    """Other formats are linked to where they lie beside the file, and named elsewhere; without any, that is said."""
    links = (("HTML", "report.html"), ("JSON", "report.json"))
    page = _page(_ledger(9_999, "n" * 100 + "{}"))
    assert "rows more, see [HTML](report.html) or [JSON](report.json).\n" in _body(replace(page, links=links))
    assert "rows more, see report.html or report.json." in _body(replace(page, links=links), "plain")
    assert "rows more are left out here.\n" in _body(page)


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
        ("שכבות.1–3 ×3: 27 %", "&#8296;שכבות&#8297;.1–3 ×3: 27 %"),
        ("", ""),
    ],
)
def test_prose(value: str, expected: str) -> None:
    """Words stay as they are; what a renderer might act on becomes an entity."""
    assert expected == Rich().text(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("layer1.0.conv1.weight", "`layer1.0.conv1.weight`"),
        ("64×3×7×7", "`64×3×7×7`"),
        ("h.0–11 ×12", "`h.0–11 ×12`"),
        ("a|b", "<code>a&#124;b</code>"),
        ("a`b", "<code>a&#96;b</code>"),
        ("日本語.weight", "<code>日本語&#46;weight</code>"),
        ("שכבות.0", "&#8296;<code>שכבות&#46;0</code>&#8297;"),
        (" a", "<code> a</code>"),
    ],
)
def test_names(value: str, expected: str) -> None:
    """Plain names are code spans; all others are HTML without one live mark."""
    assert expected == Rich().code(value)


def test_fences_are_longer_than_what_they_hold() -> None:
    """No run of backticks inside ends the block."""
    assert ("```py\nx\n```", "`````\n````\n`````") == (fence("x", "py"), fence("````"))


@pytest.mark.parametrize("render", RENDERERS)
@pytest.mark.parametrize("marks", MARKS)
@given(name=st.text(max_size=40))
@example("<script>alert(1)</script>")
@example("1. x")
@example(">0")
@example("a < b <= c <d")
@example("`a``b```c` \\`")
@example("**x** __y__ ~~z~~ `w` $v$ [u](t) ![s](r) <q> &amp; |p| x@y.org www.x.org http://x")
def test_any_text_arrives_as_it_was(render: Callable[[str], str], marks: Marks, name: str) -> None:
    """In prose, in a cell and in a name, no text makes a tag, and every text is read as what it was."""
    shown = " ".join(display(name).split()) or "nothing"
    table = marks.table(["a", "b"], ["left", "left"], [[marks.cell(shown), marks.cell(shown, code=True)]])
    prose = f"So: {marks.text(shown)}\n\n{marks.text(shown)}\n\n- x {marks.code(shown)}\n"
    reader = _Reader(render(f"{table}\n\n{prose}"))
    allowed = {"table", "thead", "tbody", "tr", "th", "td", "code", "p", "pre", "ul", "li"}
    assert set() == set(reader.tags) - allowed
    read = [" ".join(re.sub("[\u2068\u2069]", "", text).split()) for text in reader.texts]
    if isinstance(marks, Plain):  # a preformatted table is one text
        assert read.pop(0).endswith(f"{shown} {shown}")
        read[:0] = [shown, shown]
    assert [shown, shown, f"So: {shown}", shown, f"x {shown}"] == read


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
@pytest.mark.parametrize("flavor", FLAVORS)
def test_a_report_full_of_attacks_is_harmless(
    hostile: ModelReport, hostile_names: tuple[str, ...], render: Callable[[str], str], flavor: str
) -> None:
    """The page of a model whose every name is an attack has the tags of our layout, our pictures and no link."""
    page = build(hostile)
    reader = _Reader(render(MarkdownRenderer(flavor=flavor).render(page).decode()))
    layout = set("h1 h2 h3 p ul li table thead tbody tr th td code pre strong em br hr img".split())
    assert set() == set(reader.tags) - layout
    charts = [block.id for section in page.sections for block in section.blocks if isinstance(block, Chart)]
    assert {("src", f"{name}.svg") for name in charts if flavor == "github"} == reader.attributes
    names = {" ".join(display(name).split()) for name in hostile_names}
    if flavor == "plain":
        text = " ".join(reader.texts)
        assert set() == {name for name in names if name not in text}
    else:
        assert set() == names - {" ".join(cell.split()) for cell in reader.texts}


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
