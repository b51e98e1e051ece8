"""The block diagram as Mermaid."""

from __future__ import annotations

import re

from reportgen.render.mermaid import MOST, is_small, mermaid
from reportgen.view.chart import Arrow, Box, Diagram, Frame

DIAGRAM = Diagram(
    "blocks",
    "What feeds what",
    "A chain.",
    boxes=(
        Box("attn", "Attention", "h.0–11.attn", 0, frame=0),
        Box("mlp.0", "Linear", "h.0–11.mlp.0", 0, frame=0),
        Box("input_ids", "1×1024", "input_ids", None, end=True),
        Box("output", "", "output", None, end=True),
    ),
    arrows=(Arrow(2, 0, "1×1024"), Arrow(0, 1, "1×1024×768"), Arrow(1, 3, "")),
    frames=(Frame("h.0–11 ×12"),),
)


def test_boxes_frames_and_arrows() -> None:
    """Ends are round, a frame holds its boxes, arrows carry shapes."""
    assert mermaid(DIAGRAM).split("\n") == [
        "flowchart TB",
        '  n2(["input_ids<br/>1×1024"])',
        '  n3(["output"])',
        '  subgraph f0["h#46;0–11 ×12"]',
        '  n0["attn<br/>Attention"]',
        '  n1["mlp#46;0<br/>Linear"]',
        "  end",
        '  n2 -->|"1×1024"| n0',
        '  n0 -->|"1×1024×768"| n1',
        "  n1 --> n3",
    ]


def test_names_are_never_markup(hostile_names: tuple[str, ...]) -> None:
    """Whatever a name is, what stands between quotes is letters, spaces, entities and our own line break."""
    for name in hostile_names:
        chart = Diagram("d", "D", "D.", (Box(name, name, name, 0),), (Arrow(0, 0, name),), (Frame(name),))
        _, box, frame, _, arrow = mermaid(chart).split("\n")
        quoted = r'"[\w ,:×–+.…-]*(#\d+;[\w ,:×–+.…-]*)*(<br/>[\w ,:×–+.…-]*(#\d+;[\w ,:×–+.…-]*)*)?"'
        assert [bool(re.fullmatch(f"  {pattern}", line)) for pattern, line in (
            (rf"n0\[{quoted}\]", box),
            (rf"subgraph f0\[{quoted}\]", frame),
            (rf"n0 -->\|{quoted}\| n0", arrow),
        )] == [True] * 3  # fmt: skip


def test_names_are_no_commands() -> None:
    """Mermaid 11 acts on these even as entities, unless something stands within; it acts on no other text we found."""
    names = {r"a\n": "a#92;#8288;n", "$$x$$": "#36;#8288;#36;x#36;#8288;#36;", "fa:fa-car": "fa:#8288;fa-car"}
    for name, expected in names.items():
        assert f'  n0["{expected}"]' == mermaid(Diagram("d", "D", "D.", (Box(name, "", "", 0),), ())).split("\n")[1]


def test_figures_stay_beside_words_from_right_to_left() -> None:
    """Such words are kept apart, so that what follows them does."""
    chart = Diagram("d", "D", "D.", (Box("שכבות ×3", "", "", 0),), ())
    assert '  n0["#8296;שכבות#8297; ×3"]' == mermaid(chart).split("\n")[1]


def test_long_names_lose_their_middle() -> None:
    """Thirty characters from either end are left."""
    chart = Diagram("d", "D", "D.", (Box("a" * 100 + "b" * 200, "", "", 0),), ())
    assert f'  n0["{"a" * 30}…{"b" * 30}"]' == mermaid(chart).split("\n")[1]


def test_only_small_ones() -> None:
    """Viewers shrink large ones until nobody can read them."""
    boxes = (Box("a", "", "a", 0),) * MOST
    assert is_small(Diagram("d", "D", "D.", boxes, ()))
    assert not is_small(Diagram("d", "D", "D.", (*boxes, boxes[0]), ()))
