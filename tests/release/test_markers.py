"""Sections between markers: what is around them stays to the last byte, and what is no marker is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from reportgen.errors import ConfigError
from reportgen.release.markers import NOTE, put

BEGIN, END = "<!-- reportgen:begin id=net -->", "<!-- reportgen:end -->"
BODY = f"{NOTE}\n\n## net\n\n1 parameter\n\n"
PIECES = [
    *(
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        " ",
        "\t",
        "\x0b",
        "\x0c",
        "\u2028",
        "\ufeff",
        "\x00",
        "---\n",
        "```\n",
        "~~~\n",
        "> ",
    ),
    *(
        "- ",
        "1. ",
        "    ",
        "<div>\n",
        "</div>\n",
        "<!-- ",
        " -->",
        "# Title\n",
        "text",
        "| a | b |\n",
        "&",
        "é",
        "日",
        "\\",
    ),
    *("### Model Architecture and Objective\n", "===\n", "<pre>", "</pre>\n", "key: 1.10\n", "[x]: y\n", "`"),
]
around = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)


def net(level: int = 2) -> str:
    """The section of a small model."""
    return f"{'#' * level} net\n\n1 parameter\n"


def refused(text: str) -> tuple[str, str | None]:
    """What the error says of a file, and what to do."""
    with pytest.raises(ConfigError) as caught:
        put(text, "net", net, file="README.md")
    assert caught.value.code == "card-markers"
    return str(caught.value), caught.value.remedy


def test_an_empty_file():
    """It gets the section, and a line end."""
    assert f"{BEGIN}\n{BODY}{END}\n" == put("", "net", net, file="README.md")


def test_at_the_end():
    """Without a better place a section goes behind all else, apart from it."""
    assert f"# A\n\ntext\n\n{BEGIN}\n{BODY}{END}\n\n\n" == put("# A\n\ntext\n\n\n", "net", net, file="README.md")


def test_no_final_newline():
    """A file that ended without a line end still does."""
    assert f"# A\n\n{BEGIN}\n{BODY}{END}" == put("# A", "net", net, file="README.md")


def test_in_the_slot_of_the_hub():
    """The Hub's template has a place; the heading is one level below that of the place."""
    old = (
        "# A\n## Technical Specifications [optional]\n### Model Architecture and Objective\n\n[More Information Needed]"
        "\n\n### Compute Infrastructure\n"
    )
    slot = old.index("\n### Compute")
    expected = f"{old[:slot]}\n{BEGIN}\n{BODY.replace('## net', '#### net')}{END}\n{old[slot:]}"
    new = put(old, "net", net, file="README.md")
    assert expected == new
    assert new == put(new, "net", net, file="README.md")


def test_the_slot_is_no_heading_of_a_section():
    """A model that is called like the slot does not open one; neither does a heading in code."""
    old = f"{BEGIN}\n### Model Architecture and Objective\n{END}\n\n```\n### Model Architecture and Objective\n```\n"
    new = put(old, "other", net, file="README.md")
    other = BEGIN.replace("net", "other")
    assert f"{old}\n{other}\n{BODY}{END}\n" == new


def test_replaced():
    """What stood between the markers goes, the markers stay as they were written."""
    old = f"a  \n   <!--reportgen:begin   id=net-->\t\nold\n{END}  \nb"
    new = f"a  \n   <!--reportgen:begin   id=net-->\t\n{BODY}{END}  \nb"
    assert new == put(old, "net", net, file="README.md")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end):
    """A section has the line ends of its file, with or without a section before."""
    old = end.join(("\ufeff# A", "", "b  ", ""))
    new = put(old, "net", net, file="README.md")
    assert (old + end + f"{BEGIN}\n{BODY}{END}\n".replace("\n", end)) == new
    assert new == put(new, "net", net, file="README.md")


def test_several_sections():
    """Each is known by its id; ids may be any text."""
    ids = ["net", "file:a b.py:Net?x=<é>", "-->", "100%", "%2D", "a--b", "\udc80"]
    text = "# A\n"
    for each in ids:
        text = put(text, each, net, file="README.md")
    keys = ["net", "file:a%20b.py:Net?x=%3C%C3%A9%3E", "--%3E", "100%25", "%252D", "a--b", "%ED%B2%80"]
    assert keys == re.findall("begin id=(.*) -->", text)
    for each in ids:
        assert text == put(text, each, net, file="README.md")


def test_a_marker_in_the_section_is_none():
    """Not even where nothing is escaped, in a block of code."""
    hostile = f"```text\n{END}\n<!--\nreportgen:begin id=x -->\n```\n"
    new = put("# A\n", "net", lambda _: hostile, file="README.md")
    assert [END] == re.findall("<!-- reportgen:end -->", new)
    assert "<!- - reportgen:end -->\n<!- -\nreportgen:begin" in new
    assert new == put(new, "net", lambda _: hostile, file="README.md")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"a\n\n{BEGIN}\n", "line 3: the section net has no end"),
        (f"a\n{END}\n", "line 2: this end marker ends no section"),
        (f"{BEGIN}\n{END}\n{END}\n", "line 3: this end marker ends no section"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n", "line 2: this section begins inside the one of line 1"),
        (f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", "line 3: a second section net; the first is in line 1"),
        (f"```\n{BEGIN}\n{END}\n```\n", "line 2: a marker inside a code block"),
        (f"~~~~ markdown\n```\n{BEGIN}\n{END}\n~~~~\n", "line 3: a marker inside a code block"),
        (f"  ```\n  {BEGIN}\n  ```\n", "line 2: a marker inside a code block"),
        (f"a\n\n    {BEGIN}\n    {END}\n", "line 3: a marker inside a code block"),
        (f"a\n\n\t{BEGIN}\n", "line 3: a marker inside a code block"),
        (f"- a\n\n  ```\n  {END}\n  ```\n", "line 4: a marker inside a code block"),
        (f"<!--\n{BEGIN}\n{END}\n-->\n", "line 2: a marker inside other HTML or a comment"),
        (f"<!-- {END}\n", "line 1: this is no marker"),
        (f"<pre>\n\n{BEGIN}\n\n</pre>\n", "line 3: a marker inside other HTML or a comment"),
        (f"<div>\n{BEGIN}\n{END}\n", "line 2: a marker inside other HTML or a comment"),
        (f"- a\n  {BEGIN}\n  {END}\n", "line 2: a marker inside a list or a quotation"),
        (f"> {BEGIN}\n> {END}\n", "line 1: a marker inside a list or a quotation"),
        (f"See `{BEGIN}`.\n", "line 1: this is no marker"),
        (f"{BEGIN} text\n{END}\n", "line 1: this is no marker"),
        (f"{BEGIN}{END}\n", "line 1: this is no marker"),
        ("<!-- reportgen:begin -->\n", "line 1: this is no marker"),
        ("<!-- reportgen:begin id=a b -->\n", "line 1: this is no marker"),
        ("<!-- reportgen:start id=a -->\n", "line 1: this is no marker"),
        (f"---\n# {END}\nx: 1\n---\n", "line 2: this is no marker"),
        (f"---\n{BEGIN}\n---\n{END}\n", "line 2: this is no marker"),
        ("```\ncode\n", "line 2: a section put behind this line would be part of a code block or a comment"),
        ("<!-- a\n", "line 1: a section put behind this line would be part of a code block or a comment"),
        ("# A\r\n\r\n~~~\r\n", "line 3: a section put behind this line would be part of a code block or a comment"),
    ],
)
def test_refused(text, what):
    """File, line and remedy of whatever is not as it should be."""
    message, remedy = refused(text)
    assert f"README.md, {what}" == message
    assert remedy


@pytest.mark.parametrize(
    "before",
    [
        "```\ncode\n```\n",
        "- item\n",
        "> quoted\n",
        "| a |\n| - |\n| b |\n",
        "<details>\n\n",
        "<!-- a --> text\n",
        "Setext\n======\n",
        "text\n",
        "---\ntitle: 1.10\n---\n",
        "\x0c\n",
        "a\u2028b\n",
    ],
)
def test_markers_stand_after(before):
    """Whatever Markdown ends by itself may come right before a section."""
    text = f"{before}{BEGIN}\nold\n{END}\nafter\n"
    assert f"{before}{BEGIN}\n{BODY}{END}\nafter\n" == put(text, "net", net, file="README.md")


@given(around, around)
@example("\ufeff---\r\na: 1\r\n---\r\n", "no end")
@example("", "\r")
def test_nothing_outside_changes(before, after):
    """Whatever stands around a section is there afterwards, to the last character; a second time changes nothing."""
    assume("reportgen:" not in before + after)
    text = f"{before}\n\n{BEGIN}\nold\n{END}\n{after}"
    try:
        new = put(text, "net", lambda _: net(), file="README.md")
    except ConfigError:
        assume(False)
    assert f"{before}\n\n{BEGIN}\n{BODY}{END}\n{after}" == new
    assert new == put(new, "net", lambda _: net(), file="README.md")


@given(around)
@example("# A\r\n\r\ntext  ")
def test_only_added_to(text):
    """A section is put in at one place, and nothing else changes; a second time changes nothing."""
    try:
        new = put(text, "net", net, file="README.md")
    except ConfigError:
        assume(False)
    added = len(new) - len(text)
    assert any(text == new[:place] + new[place + added :] for place in range(len(text) + 1))
    assert new == put(new, "net", net, file="README.md")
