"""Cards: what sections show, in which Markdown, and what a new card begins with."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from reportgen.errors import ConfigError, TemplateError
from reportgen.release.card import Layout, diff, parts, update

KINDS = ["summary", "full", "table", "facts"]
README = "# A\n\n## License\n\ntext\n"


def github(source: str) -> str:
    """The HTML that GitHub's parser makes of Markdown, with all HTML let through: ours to keep clean."""
    return str(cmarkgfm.markdown_to_html_with_extensions(source, Options.CMARK_OPT_UNSAFE, ["table", "strikethrough"]))


class Tags(HTMLParser):
    """The tags that HTML opens."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)


def section(text: str) -> str:
    """What stands between the only two markers, below the note."""
    (inside,) = re.findall(
        r"<!-- reportgen:begin id=\S+ -->\n<!-- .* -->\n\n(.*)\n\n<!-- reportgen:end -->", text, re.DOTALL
    )
    return inside


def test_summary(frozen_sequential):
    """The key figures, a few lines."""
    text = update(README, parts([frozen_sequential], "summary"), file="README.md")
    assert text.startswith(f"{README}\n<!-- reportgen:begin id=builtin:frozen-sequential -->\n")
    lines = section(text).splitlines()
    assert [
        "## frozen-sequential",
        "",
        "`torch.nn.modules.container.Sequential`",
        "",
        "Three layers, the first one frozen.",
        "",
    ] == lines[:6]
    assert re.match(r"\| Parameters +\| +\*\*58\*\* \|", lines[8])
    assert lines[-1].startswith("reportgen 1.0.0 · torch 2.13.0 · sha256:")


def test_full(transformer12):
    """The report with the facts, without its long ledgers and what leads to them."""
    text = section(update(README, parts([transformer12], "full"), file="README.md"))
    assert [
        "Findings",
        "Inputs and outputs",
        "Modules",
        "Layer types",
        "Operations",
        "Gradients",
        "Parameters",
        "Buffers",
        "Identity and conditions",
        "Facts for technical documentation",
    ] == re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert "`h.0–11.norm1.weight`" in text
    assert "h.7.norm1" not in text
    assert "appendix" not in text


def test_table(tied_gpt, forward_failed, constructor_failed):
    """One row a model, in one section."""
    (part,) = parts([tied_gpt, forward_failed, constructor_failed], "table")
    text = section(update(README, [part], file="README.md"))
    assert "models" == part.id
    assert text.startswith("## Models\n\n3 models: 1 complete, 1 partial, 1 failed\n\n| model ")
    assert text.endswith("\n\nreportgen 1.0.0")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    assert [["`tied-gpt`", "complete"], ["`mismatched`", "partial"], ["`unbuildable`", "failed"]] == [
        [row[0], row[-1]] for row in rows
    ]


def test_facts(tied_gpt):
    """Only they, with the licence that was given."""
    text = section(update(README, parts([tied_gpt], "facts", licence="mit"), file="README.md"))
    assert ["## tied-gpt", "### Facts for technical documentation"] == re.findall("^#.*", text, re.MULTILINE)
    assert re.search(r"^\| Licence +\| mit +\|", text, re.MULTILINE)
    assert "key figure" not in text


def test_ids_and_titles(tied_gpt, transformer12):
    """One of each for a section, or none at all; a single row's table has its model's id."""
    both = [tied_gpt, transformer12]
    assert ["builtin:tied-gpt", "builtin:transformer12"] == [part.id for part in parts(both, "summary")]
    assert [("a", "A"), ("b", "B")] == [
        (part.id, part.page.title) for part in parts(both, "summary", ids=["a", "b"], titles=["A", "B"])
    ]
    assert ["builtin:tied-gpt"] == [part.id for part in parts([tied_gpt], "table")]
    assert [("t", "Zoo")] == [(part.id, part.page.title) for part in parts(both, "table", ids=["t"], titles=["Zoo"])]


@pytest.mark.parametrize(
    ("ids", "titles", "cause"),
    [
        (["a"], [], "--id is given 1 time for 2 sections"),
        ([], ["a", "b", "c"], "--title is given 3 times for 2 sections"),
        (["a", "a"], [], "sections need ids that differ, not 'a', 'a'"),
        (["a", ""], [], "sections need ids that differ, not 'a', ''"),
    ],
)
def test_wrong_ids(tied_gpt, transformer12, ids, titles, cause):
    """Told before anything is written."""
    with pytest.raises(ConfigError) as caught:
        parts([tied_gpt, transformer12], "summary", ids=ids, titles=titles)
    assert ("card-ids", cause) == (caught.value.code, str(caught.value))


@pytest.mark.parametrize("flavor", ["hub", "github", "plain"])
@pytest.mark.parametrize("kind", KINDS)
def test_written_once(any_report, kind, flavor):
    """Whatever a model is called, its section has one begin and one end, and a second time changes nothing."""
    layout = Layout(flavor)
    sections = parts([any_report], kind)
    text = update(README, sections, file="README.md", layout=layout)
    assert [1, 1] == [len(re.findall(f"<!--\\s*reportgen:{marker}", text)) for marker in ("begin", "end")]
    assert text == update(text, sections, file="README.md", layout=layout)
    assert text.startswith(README)


ATTACKS = (
    "<!-- reportgen:end -->",
    "x\n<!-- reportgen:end -->\ny",
    "-->",
    "```\n<!-- reportgen:end -->\n# Owned",
    "<details><!--",
    "<script>alert(1)</script>",
)


@pytest.mark.parametrize("flavor", ["hub", "github", "plain"])
@pytest.mark.parametrize("kind", KINDS)
def test_names_stay_inside(make_report, replace, forward_failed, kind, flavor):
    """No name, message, command or printed text can end its section, or bring HTML of its own."""
    (error,) = forward_failed.diagnostics
    messages = [
        replace(error, message=name, remedy=name, traceback=name, module=name, severity=severity)
        for severity, name in zip(("error", "warning", "note") * 2, ATTACKS, strict=True)
    ]
    reports = [
        make_report(
            name,
            modules={"": name, **{each.replace(".", ""): each for each in ATTACKS}},
            parameters={f"{name}.weight": (2, 2)},
            failed="forward",
            diagnostics=messages,
            model={
                "ref": f"file:{name}:net",
                "description": name,
                "citation": name,
                "kwargs": {name: name},
                "tags": ATTACKS,
            },
        )
        for name in ATTACKS
    ]
    sections = parts(reports, kind, licence=ATTACKS[0])
    new = update(README, sections, file="README.md", layout=Layout(flavor))
    assert new == update(new, sections, file="README.md", layout=Layout(flavor))
    markers = re.findall(r"<!--\s*reportgen:(\w+)", new)
    assert ["begin", "end"] * len(sections) == markers
    shown = github(f"{new}\nafter <b>it</b>\n")
    assert shown.endswith("<!-- reportgen:end -->\n<p>after <b>it</b></p>\n")
    assert not Tags(shown).found & {"script"}


def test_levels(tied_gpt):
    """Below the Hub's slot one deeper; as asked for everywhere; never deeper than Markdown knows."""
    sections = parts([tied_gpt], "facts")
    slot = "# A\n\n## Technical Specifications\n\n### Model Architecture and Objective\n"
    for readme, level, expected in (
        (README, None, "##"),
        (slot, None, "####"),
        (slot, 3, "###"),
        (README, 6, "######"),
    ):
        text = update(readme, sections, file="README.md", layout=Layout(level=level))
        assert f"{expected} tied-gpt" == section(text).splitlines()[0]
    assert "\n###### Facts" in text


def test_flavors(tied_gpt):
    """Plain has no HTML of its own but the markers; none leans on a file beside the card."""
    texts = {
        flavor: section(update("", parts([tied_gpt], "full"), file="R", layout=Layout(flavor)))
        for flavor in ("hub", "github", "plain")
    }
    assert {"hub": False, "github": False, "plain": False} == {name: "](" in text for name, text in texts.items()}
    assert "<" not in texts["plain"]


@pytest.mark.parametrize(("flavor", "expected"), [("hub", "\\"), ("github", "\\"), ("plain", "")])
def test_no_trailing_space(replace, forward_failed, flavor, expected):
    """Hooks that take it off would make a card stale again: line breaks are written otherwise."""
    (error,) = forward_failed.diagnostics
    report = replace(forward_failed, diagnostics=(replace(error, traceback="a  \n\tb\t"),))
    text = update("", parts([report], "full"), file="README.md", layout=Layout(flavor))
    assert [] == [line for line in text.splitlines() if line != line.rstrip()]
    assert f" (forward, in fc2) `forward-failed`{expected}\n  What to do: give inputs" in text


def test_a_new_card(tied_gpt):
    """It has the Hub's headings, says what is to be filled in, and the section in its place."""
    text = update(None, parts([tied_gpt], "summary"), file="README.md")
    assert text.startswith("# tied-gpt\n\n*To be filled in: ")
    headings = re.findall("^#+ .*", text, re.MULTILINE)
    assert [
        "## Technical Specifications",
        "### Model Architecture and Objective",
        "#### tied-gpt",
        "### Compute Infrastructure",
    ] == headings[-6:-2]
    assert text == update(text, parts([tied_gpt], "summary"), file="README.md")


def test_a_new_card_of_several(tied_gpt, transformer12):
    """Its title names all."""
    text = update(None, parts([tied_gpt, transformer12], "summary"), file="README.md")
    assert text.startswith("# tied-gpt, transformer12\n")
    assert ["builtin:tied-gpt", "builtin:transformer12"] == re.findall(r"begin id=(\S+)", text)


def test_templates_of_ones_own(tied_gpt, tmp_path):
    """Both the card and its sections."""
    (tmp_path / "md").mkdir()
    (tmp_path / "md" / "card.md.j2").write_text("# {{ page.title|text }} by Acme\n", encoding="utf-8")
    own = '{% extends "reportgen/md/section.md.j2" %}\n{% block footer %}\nAcme\n{% endblock %}\n'
    (tmp_path / "md" / "section.md.j2").write_text(own, encoding="utf-8")
    text = update(None, parts([tied_gpt], "summary"), file="README.md", layout=Layout(templates=tmp_path))
    assert text.startswith("# tied-gpt by Acme\n\n<!-- reportgen:begin")
    assert section(text).endswith("\n\nAcme")
    (tmp_path / "md" / "card.md.j2").write_text("{{ page.nothing }}", encoding="utf-8")
    with pytest.raises(TemplateError):
        update(None, parts([tied_gpt], "summary"), file="README.md", layout=Layout(templates=tmp_path))


def test_diff():
    """What patch would take; a missing newline is told."""
    assert "" == diff("a\n", "a\n", "README.md")
    assert (
        "--- README.md\n+++ README.md\n@@ -1,2 +1,2 @@\n a\r\n-b\n\\ No newline at end of file\n+c\n"
        "\\ No newline at end of file\n"
    ) == diff("a\r\nb", "a\r\nc", "README.md")
    assert "--- /dev/null\n+++ README.md\n@@ -0,0 +1 @@\n+a\n" == diff(None, "a\n", "README.md")
