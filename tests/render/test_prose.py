"""A person's Markdown: what it becomes, and what it cannot do."""

from __future__ import annotations

import pytest

from reportgen.render import prose
from reportgen.render.marks import Plain, Rich

PIXEL = "data:image/png;base64,iVBORw0KGgo="


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two *small* words.", "<p>Two <em>small</em> words.</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("```python\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
        ("[paper](https://x.org/a?b=1&c=2)", '<p><a href="https://x.org/a?b=1&amp;c=2">paper</a></p>'),
        ("[part](#findings) [file](report.json)", '<p><a href="#findings">part</a> <a href="report.json">file</a></p>'),
        (f"![a dot]({PIXEL})", f'<p><img src="{PIXEL}" alt="a dot"></p>'),
        (f"<img src='{PIXEL}'>", f'<img alt="" src="{PIXEL}">'),
        (
            "| a | b |\n| --- | ---: |\n| 1 | 2 |",
            (
                "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n"
                "<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>"
            ),
        ),
        ("", ""),
    ],
)
def test_what_is_kept(text: str, expected: str) -> None:
    """Emphasis, lists, code, tables, links, pictures that are in the text itself."""
    assert expected == prose.html(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a<script>alert(1)</script>b", "<p>ab</p>"),
        ("<b onclick=alert(1) class=x style=color:red id=y title=z>bold</b>", "<p><b>bold</b></p>"),
        ("[a](javascript:alert(1)) [b](file:///etc/passwd) [c](//x.org)", "<p>a b c</p>"),
        ("<a href=' javascript:alert(1)'>a *b*</a>", "<p>a <em>b</em></p>"),
        ("![words](https://x.org/p.png)![](p.png)<img src=x onerror=alert(1)>", "<p>words</p>"),
        ("![vector](data:image/svg+xml;base64,AAAA)", "<p>vector</p>"),
        ("x<iframe src=//x.org></iframe><style>p{}</style>.", "<p>x.</p>"),
        ("<form><input></form>.", "."),
        ("a\u202eb\x00c\ud800", "<p>a\\u202eb\\x00c\\ud800</p>"),
    ],
)
def test_what_is_taken_out(text: str, expected: str) -> None:
    """Whatever runs, is fetched, looks like another part of the page, or cannot be seen; words stay."""
    assert expected == prose.html(text)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("1 2 3 2 1", "3 4 5 4 3"),
        ("2 3 2", "3 4 3"),
        ("1 4 6", "3 4 5"),
        ("4 1 3", "3 3 4"),
        ("1 2 3 4 5 6", "3 4 5 6 6 6"),
    ],
)
def test_headings_stand_below_those_of_the_page(written: str, shown: str) -> None:
    """The highest has level 3, and no level is left out, whatever levels were written."""
    expected = "\n".join(f"<h{level}>x</h{level}>" for level in shown.split())
    assert expected == prose.html("\n\n".join(f"{'#' * int(level)} x" for level in written.split()))
    assert expected == prose.html("\n\n".join(f"<h{level} id=a>x</h{level}>" for level in written.split())).replace(
        "\n\n", "\n"
    )


def test_on_paper_links_lead_to_the_web_alone() -> None:
    """A PDF is moved away from the files beside it."""
    text = "[a](https://x.org) [b](report.json) [c](#findings)"
    assert '<p><a href="https://x.org">a</a> b c</p>' == prose.html(text, web_only=True)


WRITTEN = f"""\
# Use

Made **by** *us* with `a|b` and <kbd>x</kbd>;
see [the paper](https://x.org/a?b=1), [here](#findings),
[there](report.json). Not ~~this~~.  
Two <b>lines</b> <script>alert(1)</script>.

- one
- two
  1. deep
  2. *deeper*
- three

  more of three

> quoted
> - list

| split | top-1 |
| --- | ---: |
| a\\|b | 80.9 |

```python
x = "```"
```

---

![a dot]({PIXEL}) 1. no list <!-- no comment --> [bad](javascript:alert(1)) &lt;script&gt;
"""  # noqa: W291 - two spaces at the end of a line are a line break


def test_markdown_for_viewers() -> None:
    """A person's Markdown is written anew: what it said, with nothing in it that could come alive."""
    assert """\
#### Use

Made **by** *us* with <code>a&#124;b</code> and `x`; see [the paper](https://x.org/a?b=1), [here](#findings), \
[there](report.json). Not ~~this~~.  
Two **lines** .

- one
- two

    1. deep
    2. *deeper*
- three

    more of three

> quoted
>
> - list

| split    | top-1 |
| -------- | ----- |
| a&#124;b | 80.9  |

````
x = "```"
````

---

a dot 1&#46; no list bad &#60;script&#62;""" == prose.markdown(WRITTEN, Rich(), top=4)  # noqa: W291 - as above


def test_markdown_for_a_terminal() -> None:
    """The same without any HTML: links to the web show where they lead."""
    text = "[The paper](https://x.org), [there](report.json), `a|b`<b>c</b>\n\n| a*b |\n| - |\n| `c` |"
    assert """\
The paper <https://x.org>, there, `a|b`**c**

```text
`a*b`
-----
`c`
```""" == prose.markdown(text, Plain())
