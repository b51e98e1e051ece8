"""Tests of `reportgen.render.terminal` and of Markdown for comments: the page of a difference, as text."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from rich.cells import cell_len
from rich.console import Console

from reportgen.analysis.diff import diff
from reportgen.render import terminal
from reportgen.render.markdown import COMMENT, comment
from reportgen.view.diff import build_diff
from reportgen.view.short import build_short

EXPECTED = """\
tied-gpt → transformer12 differs
builtin:tied-gpt → builtin:transformer12

Parameters  2,624 → 11.0 k"""


def test_plain_text(tied_gpt, transformer12):
    """No colour, no wider than 120 columns, no space at the end of a line; what matters comes first."""
    text = terminal.plain(build_diff(diff(tied_gpt, transformer12)))
    assert text.startswith(EXPECTED)
    assert "  2 → 12 blocks  h.0–1 ×2  h.0–11 ×12  Block     +110      +8,400\n" in text
    assert [] == [line for line in text.splitlines() if len(line) > 120 or line != line.rstrip() or "\x1b" in line]


def test_colour_on_a_terminal(tied_gpt, transformer12, monkeypatch):
    """What is wrong is red there."""
    monkeypatch.setattr(terminal, "Console", lambda **_: Console(file=written, force_terminal=True, width=100))
    written = io.StringIO()
    terminal.show(build_diff(diff(tied_gpt, transformer12)))
    assert "\x1b[31m✗ Old checkpoints do not load in the new model" in written.getvalue()


def test_a_tree_is_indented(page):
    """Two columns a level; names that do not fit are folded where the width says."""
    text = terminal.plain(page, width=60)
    assert "  net     Net         20 k\n    conv  Conv2d         –\n    fc    Linear      20 k\n" in text
    assert 60 >= max(map(len, text.splitlines()))


@pytest.mark.parametrize("width", [20, 40, 60])
def test_nothing_is_lost_where_it_is_narrow(transformer12, width):
    """Names and figures are folded, not cut: what is left of one would look like another one."""
    page = build_short(transformer12)
    wide, narrow = (terminal.plain(page, width=columns).partition("\nModules\n")[2] for columns in (200, width))
    assert Counter("".join(wide.split())) == Counter("".join(narrow.split()))
    assert width >= max(map(len, narrow.splitlines()))


def test_figures_stay_whole(transformer12):
    """For as long as there is room, names are folded first."""
    lines = terminal.plain(build_short(transformer12), width=60).splitlines()
    assert [" 11,024      418.82 k"] == [line[-21:] for line in lines if line.startswith("  (model)")]


@pytest.mark.parametrize(("rows", "last", "more"), [(9, 8, "241 rows more in the other formats."), (None, 249, None)])
def test_rows_of_a_table(page, rows, last, more):
    """Some, and how many others there are; or all."""
    lines = [line.strip() for line in terminal.plain(page, rows=rows).splitlines()]
    assert f"block.{last}.weight" == [line for line in lines if line.startswith("block.")][-1].split()[0]
    assert more == next((line for line in lines if line.endswith("in the other formats.")), None)


def test_wide_letters_keep_the_columns(make_report):
    """East Asian letters take two columns, marks none."""
    modules = {name: {"class_name": "Linear", "outputs": ((1, 2),)} for name in ("", "encoder", "編碼器", "e\u0301")}
    text = terminal.plain(build_short(make_report(modules=modules)), rows=None)
    lines = [line for line in text.splitlines() if line.startswith("  ") and " Linear " in line]
    assert [13, 13, 13, 13] == [cell_len(line.partition("Linear")[0]) for line in lines]


def test_hostile_names_do_nothing(hostile, tied_gpt):
    """No control character of a name gets to the terminal, and no mark of rich's is followed."""
    text = terminal.plain(build_diff(diff(tied_gpt, hostile)))
    assert [] == [char for char in text if not char.isprintable() and char != "\n"]


@pytest.mark.parametrize("length", [10, 300])
def test_a_comment_is_short_enough(make_report, length):
    """Ten thousand tensors of long names, all unlike: it is cut, says so, and says where the whole is."""
    words = [chr(97 + index % 26) * (length % 37 + index % 11) for index in range(26)]
    path = lambda side, index: f"{side}{'x' * length}{words[index % 26]}{index}"  # noqa: E731
    modules, parameters = ({"": "Net"}, {"": "Net"}), ({}, {})
    for side, shift in ((0, 1), (1, 2)):
        for index in range(1_500):
            modules[side][path("ab"[side], index)] = "Linear"
            parameters[side][f"{path('ab'[side], index)}.weight"] = (shift + index, 2)
    old, new = (make_report(modules=modules[side], parameters=parameters[side]) for side in (0, 1))
    text = comment(build_diff(diff(old, new), links=(("HTML", "diff.html"), ("JSON", "diff.json")))).decode()
    assert len(text) <= COMMENT
    assert "more, see diff.html or diff.json." in text
