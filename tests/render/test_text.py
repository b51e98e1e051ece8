"""The filter before every format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from reportgen.render.text import anchor, breakable, display, escaped, html, isolate, safe_href, text_cells, visible
from reportgen.view.page import Cell, Code, Notice, Row

ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("layer1.0.conv1", "layer1.0.conv1"),
        ("é 重み 25\u202f557 1\xa0M", "é 重み 25\u202f557 1\xa0M"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u200db\ufeff", r"a\u200db\ufeff"),
        ("\ud800", r"\ud800"),
        ("nul\x00 del\x7f", r"nul\x00 del\x7f"),
        ("a\tb\r\nc", r"a\tb\r\nc"),
        ("hangul filler \u3164", r"hangul filler \u3164"),
        ("tag \U000e0041", r"tag \U000e0041"),
    ],
)
def test_display(text: str, shown: str) -> None:
    """What cannot be seen is written out, and everything else, spaces in numbers included, stays as it is."""
    assert display(text) == shown


def test_display_multiline() -> None:
    """Line breaks and tabs stay where several lines are meant, and nothing else does."""
    assert display("a\r\n\tb\x00\rc", multiline=True) == "a\n\tb\\x00\\rc"


@given(ANY_TEXT)
def test_display_is_printable(text: str) -> None:
    """Whatever comes in, only visible characters and spaces come out, and doing it twice changes nothing."""
    shown = display(text)
    assert shown == "".join(char for char in shown if char.isprintable() or char.isspace())
    assert display(shown) == shown
    shown.encode()


def test_visible_reaches_every_text() -> None:
    """Every text in a page is filtered, by what its field is for: names in one line, details in several."""
    dirty = (
        Row((Cell("a\nb", href="#a\u202e", hint="\x00"),), anchor="\ud800"),
        Notice("bad", "a\nb", "c\nd", detail="e\nf\x00"),
        Code("a\n\u202eb"),
    )
    assert visible(dirty) == (
        Row((Cell(r"a\nb", href=r"#a\u202e", hint=r"\x00"),), anchor=r"\ud800"),
        Notice("bad", r"a\nb", "c\nd", detail="e\nf\\x00"),
        Code("a\n\\u202eb"),
    )


def test_visible_copies_nothing_clean() -> None:
    """A clean page is handed back as it is: ledgers may have ten thousand rows."""
    row = Row((Cell("a", sort=1),), anchor="a")
    assert visible(row) is row


@pytest.mark.parametrize("href", ["report.html", "../a/report.md?x=1#y:z", "http://a.org/b", "HTTPS://a.org", "a/b:c"])
def test_safe_href_keeps(href: str) -> None:
    """Relative paths and web addresses are let through."""
    assert safe_href(href) == href


@pytest.mark.parametrize(
    "href",
    [
        *("javascript:x", "JavaScript:x", " javascript:x", "java\nscript:x", "java\tscript:x", "\x01javascript:x"),
        *("data:text/html,x", "vbscript:x", "file:///etc/passwd", "file:x", "about:blank", "x-y+z.1:q"),
        *("//evil.org/x", "/etc/passwd", r"\\server\share", r"\evil", "", None),
    ],
)
def test_safe_href_refuses(href: str | None) -> None:
    """Anything that could run, or leave the report's folder for the machine or another host unasked, is refused."""
    assert safe_href(href) is None


def test_links_and_anchors_agree() -> None:
    """A link within the page and the id it leads to are changed alike, so that odd names are reached too."""
    name = "a b%41/重"
    assert anchor(name) == "a~20~b~25~41~2f~~91cd~"
    assert safe_href(f"#{name}") == f"#{anchor(name)}"


@given(st.tuples(ANY_TEXT, ANY_TEXT))
def test_anchors_stay_apart(names: tuple[str, str]) -> None:
    """Two names share an id only if they are the same."""
    assert (anchor(names[0]) == anchor(names[1])) == (names[0] == names[1])


@given(ANY_TEXT)
def test_escaped_as_markupsafe_does(text: str) -> None:
    """The plain string that cells are joined from is what templates would have made of the text."""
    assert str(escape(text)) == escaped(text)


def test_breakable() -> None:
    """Names may wrap in their seams, long words anywhere, numbers and their units never; the text is escaped."""
    assert breakable("layer1.0.conv_1 <b> 85.4 %") == "layer1.0.<wbr>conv_<wbr>1 &lt;b&gt; 85.4\xa0%"
    assert breakable("T5LayerSelfAttention, 2 MiB of GPUs") == "T5Layer<wbr>Self<wbr>Attention, 2\xa0MiB of GPUs"
    assert breakable("2 × 4.09 G") == "2\xa0×\xa04.09\xa0G"
    assert breakable("x" * 90) == "x" * 40 + "<wbr>" + "x" * 40 + "<wbr>" + "x" * 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("layer1.0", "layer1.0"),
        ("重み: 27", "重み: 27"),
        ("שכבות.1–3 ×3: 27 %", "[שכבות].1–3 ×3: 27 %"),
        ("קשב, שלום עולם and 2 more", "[קשב], [שלום עולם] and 2 more"),
        ("שכבה_12 12", "[שכבה_12] 12"),
        ("norm.شبكة.0", "norm.[شبكة].0"),
    ],
)
def test_isolate(text: str, expected: str) -> None:
    """Words from right to left are kept apart, with the digits in them, and the figures beside them stay outside."""
    assert isolate(text, "[", "]") == expected


def test_html_keeps_words_apart() -> None:
    """In HTML the marks are an element, around the places to wrap, too; what is not a name's is escaped."""
    assert html("<שכבות> 27") == "&lt;<bdi>שכבות</bdi>&gt; 27"
    assert breakable("לא_בשימוש.weight 27") == "<bdi>לא_<wbr>בשימוש</bdi>.<wbr>weight 27"


def test_text_cells() -> None:
    """Wide characters take two columns of a monospaced font, combining marks none."""
    assert [text_cells(text) for text in ("abc", "重み", "e\u0301", "×")] == [3, 4, 1, 1]
