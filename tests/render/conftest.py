"""Pages made by hand: one with every kind of block in it, and one whose every text is an attack."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reportgen.view.chart import Icicle, Tile
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

HOSTILE = (
    "<script>alert(1)</script>",
    "](javascript:alert(1))",
    "a|b",
    "`tick`",
    "L" * 5000,
    "rtl\u202egnp",
    "lone\ud800",
    "nul\x00",
    "{{7*7}}",
    "{% raw %}",
    "two\nlines",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(1)</script>",
)
LINKS = (
    "javascript:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "file:///etc/passwd",
    "data:text/html,x",
)


@pytest.fixture(scope="session")
def ledger() -> Callable[..., Table]:
    """Makes a long table of that many parameters, ``block.0.weight`` and so on, each of 10 elements."""

    def make(rows: int, name: str = "block.{}.weight") -> Table:
        return Table(
            "parameters",
            (
                Column("name", "Parameter", "name", 3),
                Column("shape", "Shape", "code"),
                Column("n", "Elements", "number"),
            ),
            tuple(
                Row((Cell(name.format(i)), Cell("2×5"), Cell("10", sort=10)), anchor=f"p-{name.format(i)}")
                for i in range(rows)
            ),
            caption="Every name.",
            note="All of them.",
            long=True,
        )

    return make


@pytest.fixture(scope="session")
def page(ledger: Callable[..., Table]) -> Page:
    """A report with every kind of block."""
    tree = Table(
        "modules",
        (Column("path", "Module", "name", 2), Column("class", "Class", "code"), Column("n", "Elements", "number")),
        (
            Row((Cell("net"), Cell("Net"), Cell("20 k", sort=20_000, hint="20,000")), anchor="m-net"),
            Row((Cell("conv", href="#p-block.0.weight"), Cell("Conv2d"), Cell("–", tone="muted")), depth=1),
            Row((Cell("fc", href="#nowhere"), Cell("Linear"), Cell("20 k", sort=20_000)), depth=1, tone="warn"),
        ),
    )
    findings = Notices(
        (
            Notice("bad", "It failed", "Twice.", "Mend it.", "forward-failed", "fc", "Traceback:\n  File x\n\tline 1"),
            Notice("good", "All trained"),
        )
    )
    facts = Facts(
        (
            ("Published", Cell("a paper", href="https://example.org/paper")),
            ("Markdown", Cell("beside", href="report.md")),
        )
    )
    chart = Icicle("icicle", "Elements by module", "fc holds all.", (Tile("net", 0, 0, 1, "20 k", 0),), 1)
    return Page(
        title="net",
        subtitle="models.Net",
        status="partial",
        description="A small network.",
        summary=Figures(
            (Figure("Parameters", "20 k", "20,000 elements", "float32"), Figure("Frozen", "0", tone="good"))
        ),
        sections=(
            Section("findings", "Findings", (findings,), intro="What to know."),
            Section("identity", "Identity", (facts, Prose("Made by:"), Code("reportgen build net", "sh"))),
            Section("modules", "Modules", (chart, tree)),
            Section("parameters", "Parameters", (ledger(250),), appendix=True),
            Section("environment", "Environment", (Facts((("torch", Cell("2.13.0")),)),)),
        ),
        footer="reportgen 1.0.0",
        links=(("JSON", "report.json"),),
    )


@pytest.fixture(scope="session")
def hostile_page() -> Page:
    """A report in which every text of every block is hostile, with links to match."""
    columns = (Column("a", HOSTILE[0], "name"), Column("b", HOSTILE[2], "code"), Column("c", HOSTILE[3], "number"))
    rows = tuple(
        Row((Cell(text, href=LINKS[i % len(LINKS)]), Cell(text, hint=text), Cell(text)), depth=i % 2, anchor=text)
        for i, text in enumerate(HOSTILE)
    )
    tiles = tuple(Tile(text, 1, i / len(HOSTILE), 1 / len(HOSTILE), text, i) for i, text in enumerate(HOSTILE))
    blocks = (
        Notices(tuple(Notice("warn", text, text, text, text, text, text) for text in HOSTILE)),
        Facts(tuple((text, Cell(text, href=LINKS[i % len(LINKS)])) for i, text in enumerate(HOSTILE))),
        Code("\n".join(HOSTILE)),
        Prose("\n".join(HOSTILE)),
        Icicle(HOSTILE[0], HOSTILE[1], HOSTILE[5], tiles, 2),
        Table(HOSTILE[11], columns, rows, caption=HOSTILE[0], note=HOSTILE[8]),
    )
    return Page(
        title=HOSTILE[0],
        subtitle=HOSTILE[5],
        status="failed",
        description=HOSTILE[6] + HOSTILE[8],
        summary=Figures(tuple(Figure(text, text, text, text) for text in HOSTILE)),
        sections=(
            Section(HOSTILE[1], HOSTILE[0], blocks, intro=HOSTILE[5]),
            Section("long", HOSTILE[12], (Table("long", columns, rows, long=True),), appendix=True),
        ),
        footer=HOSTILE[11],
        links=tuple((HOSTILE[0], link) for link in LINKS),
    )
