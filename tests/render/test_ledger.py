"""Long tables as lines of text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reportgen.render.ledger import Ledger, Look, fit, gap_within, needs, shorten, typeset, wrap
from reportgen.render.typeface import sans_cells
from reportgen.view.page import Cell, Column, Row, Table


def _table(*rows: Row) -> Table:
    return Table("t", (Column("name", "Name", "name", 3), Column("kind", "Kind"), Column("n", "N", "number")), rows)


def _row(name: str, kind: str = "a", number: str = "1", **more: object) -> Row:
    return Row((Cell(name), Cell(kind), Cell(number)), **more)  # type: ignore[arg-type]


def _widths(table: Table, total: int) -> list[int]:
    return fit(table.columns, needs(table), total)


def test_columns_get_what_they_need() -> None:
    """Where there is room, each column is as wide as its widest text, label and indentation included."""
    assert _widths(_table(_row("abcdef"), _row("重み", number="1,000", depth=2)), 100) == [8, 4, 5]


def test_wide_columns_share_what_is_left() -> None:
    """Where there is none, modest columns keep their need and the others share the rest by weight: 3 to 1."""
    table = _table(_row("n" * 200, "k" * 200, "12345"))
    assert _widths(table, 49) == [30, 10, 5]


def test_no_column_is_narrower_than_its_label() -> None:
    """A word of a label breaks only where there is no room for all labels: the column takes from the wider ones."""
    table = _table(_row("n" * 200, "k" * 200, "12345"))
    assert fit(table.columns, needs(table), 49, [4, 12, 1]) == [28, 12, 5]
    assert fit(table.columns, needs(table), 49, [30, 12, 1]) == [30, 10, 5]  # 42 characters, of 40


def test_numbers_make_no_room() -> None:
    """Names wrap before numbers do, until there is next to nothing left for them."""
    table = _table(_row("n" * 20, "k" * 5, "9" * 30))
    assert _widths(table, 55) == [16, 5, 30]
    assert _widths(table, 38) == [20, 5, 9]  # 34 to share 3 : 1 : 1, and the first two need no more than that


def test_gap() -> None:
    """Columns spread over the line, but no farther than the eye can follow."""
    assert [gap_within([10, 10, 10], total) for total in (10, 36, 38, 200)] == [2, 3, 4, 6]


def _set(table: Table, total: int) -> Ledger:
    return typeset(table, needs(table), Look("ledger", total, 7))


def test_rows_are_lines() -> None:
    """Texts stand left, numbers right, trees indented; the head is set likewise; six characters are between columns."""
    ledger = _set(_table(_row("net", "Net", "1,000"), _row("fc", "Linear", "10", depth=1)), 80)
    assert (ledger.widths, ledger.gap, ledger.starts) == ([4, 6, 5], 6, [0, 10, 22])
    assert ledger.head_text() == "Name      Kind            N"
    assert [ledger.row_text(row) for row in ledger.rows] == [
        "net       Net         1,000",
        "  fc      Linear         10",
    ]


def test_long_texts_wrap_in_their_column() -> None:
    """A text that is too long runs on below, hung, and the other columns are blank there."""
    ledger = _set(_table(_row("model.layers.0.weight", "two words", "7")), 26)
    assert (ledger.widths, ledger.gap) == ([15, 5, 1], 2)
    assert ledger.row_text(ledger.rows[0]) == "model.layers.0.  two    7\n  weight         words"
    assert [row.height for row in ledger.rows] == [2]


def test_head_stands_on_its_last_line() -> None:
    """Labels of several lines end where the others stand."""
    table = Table("t", (Column("a", "One two"), Column("b", "N", "number")), ())
    ledger = _set(table, 6)
    assert ledger.head_text() == "One\ntwo  N"
    assert ledger.head_height == 2 * 1.5 + 0.4


def test_parts() -> None:
    """Parts hold as many rows as fit their lines, the first its own number of them, and at least one row."""
    table = Table("t", (Column("a", "A"),), tuple(Row((Cell("x" * width),)) for width in (4, 4, 12, 4, 4, 4)))
    parts = list(_set(table, 4).parts(2, 3))
    assert [(part.first, len(part.rows), part.height) for part in parts] == [(0, 2, 2), (2, 1, 5), (3, 3, 3)]


def test_unbroken_names_wrap_anywhere() -> None:
    """Where a name has no place to break, it breaks at the column's edge."""
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert wrap("重み重み", 5) == ["重み", "重み"]
    assert wrap("", 4) == [""]


def test_names_break_in_their_seams() -> None:
    """A name breaks after a dot or an underscore, and between the words of a class, but in no abbreviation."""
    assert wrap("encoder.self_attn_layer_norm", 15) == ["encoder.self_", "attn_layer_norm"]
    assert wrap("WhisperEncoderLayer", 16) == ["WhisperEncoder", "Layer"]
    assert wrap("GELUTanh", 6) == ["GELUTa", "nh"]


@given(st.text(st.characters(categories=["L", "N", "P", "S"])), st.integers(2, 40), st.integers(0, 4))
def test_wrapping_loses_nothing(text: str, width: int, hang: int) -> None:
    """The lines, unhung and put together, are the text again."""
    lines = wrap(text, width, hang=hang)
    indent = min(hang, width // 2)
    assert lines[0] + "".join(line[indent:] for line in lines[1:]) == text


def test_shorten() -> None:
    """An absurdly long word keeps its ends and says how much is missing; long sentences keep every word."""
    assert shorten("x." + "y" * 5000) == "x." + "y" * 198 + "… 4,742 more characters …" + "y" * 60
    sentence = "word " * 200
    assert shorten(sentence) == sentence


def test_columns_spread_over_the_line() -> None:
    """In the text's own font columns take the whole line, in proportion to what they need with the gap beside it."""
    look = Look("table", 87, 8, spread=True)
    ledger = typeset(_table(_row("n" * 7, "k", "1" * 17)), [7, 4, 17], look)
    assert (ledger.gap, sum(ledger.widths) + 2 * 3) == (3, 87)
    assert [width + 3 for width in ledger.widths] == [90 * part / 37 for part in (10, 7, 20)]


def test_text_is_measured_in_its_own_font() -> None:
    """IBM Plex Sans is 0.236 em wide in a space, 0.6 in a digit and 0.873 in an m; names are in the other font."""
    assert sans_cells("7") == 1
    assert abs(sans_cells(" m") - (0.236 + 0.873) / 0.6) < 1e-9
    assert sans_cells("重") == 1 / 0.6  # in the font that has it, as all of its letters, an em
    look = Look("table", 80, 8, spread=True)
    assert needs(_table(_row("iiiiiiiiii", "iiiiiiiiii", "1,000")), look) == [10, 5, 5]


def test_prose_wraps_between_words_and_numbers_stay_whole() -> None:
    """In a proportional font no line ends within a number, nor before its unit where it can end elsewhere."""
    assert wrap("1.5 MiB (+2.4 %)", 14, measure=len) == ["1.5 MiB", "(+2.4 %)"]
    assert wrap("takes 1,234.5 kB", 9, measure=len) == ["takes", "1,234.5", "kB"]
    assert wrap("a, b;c 12:30", 4, measure=len) == ["a,", "b;c", "12:3", "0"]
