"""The index of a run, for the screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reportgen.version import __version__
from reportgen.view.entries import IndexEntry, labels
from reportgen.view.index import build_index

MakeEntry = Callable[..., IndexEntry]


def test_every_model_has_a_row(three: list[IndexEntry]) -> None:
    """With its key figures; a bound is marked as one; what failed has its reason, and unknown figures."""
    index = build_index(three)
    assert ["model", "family", "source", "parameters", "MACs", "peak training", "no gradient", "status"] == [
        column.label for column in index.columns
    ]
    assert [
        ("resnet50", "resnet", "torchvision", "25,557,032", "4.09 G", "482.0 MiB", "0", "complete"),
        ("moe", "moe", "transformers", "1,234", "≥ 1.23 k", "8.8 KiB", "12 of 20", "complete"),
        ("Net", "–", "file", "unknown", "unknown", "unknown", "unknown", "failed"),
    ] == [tuple(cell.text for cell in row.cells) for row in index.rows]
    assert [None, None, "ValueError: heads must divide width"] == [row.reason for row in index.rows]


def test_the_head(three: list[IndexEntry]) -> None:
    """How many there are of each status, the worst of them, and the way to the other forms."""
    index = build_index(three)
    assert ("3 models: 2 complete, 1 failed", "failed", "1 of 3 failed", f"reportgen {__version__}") == (
        index.subtitle,
        index.status,
        index.badge,
        index.footer,
    )
    assert ["failures.html", "index.md", "index.csv", "index.json"] == [path for _, path in index.links]
    good = build_index(three[:2])
    assert ("2 models, all complete", "complete", None) == (good.subtitle, good.status, good.badge)
    assert ["index.md", "index.csv", "index.json"] == [path for _, path in good.links]


def test_links_lead_to_what_there_is(three: list[IndexEntry]) -> None:
    """A name leads to HTML, else to another format; each format that was made has a link."""
    rows = build_index(
        [three[0], replace(three[1], formats=("json", "pdf", "tex")), replace(three[2], formats=())]
    ).rows
    assert ["resnet50/report.html", "moe/report.json", None] == [row.cells[0].href for row in rows]
    assert [
        [("HTML", "resnet50/report.html"), ("MD", "resnet50/report.md")],
        [("PDF", "moe/report.pdf"), ("JSON", "moe/report.json"), ("tex", "moe/report.tex")],
        [],
    ] == [[(cell.text, cell.href) for cell in row.reports] for row in rows]


def test_bars(three: list[IndexEntry]) -> None:
    """Logarithmic: 1,234 is 0.09 of the way from 10³ to 10⁸, 25.6 M is 0.88 of it; nothing is known, no bar."""
    assert [(0, 0, 0, 35, 38, 38, 0, 0), (0, 0, 0, 1, 1, 6, 0, 0), (0,) * 8] == [
        row.bars for row in build_index(three).rows
    ]


def test_columns_that_say_nothing_are_left_out(three: list[IndexEntry]) -> None:
    """One source, no family known: neither has a column."""
    labels_of = [column.key for column in build_index(three[2:]).columns]
    assert ["name", "parameters", "macs", "memory", "gradients", "status"] == labels_of


def test_two_models_of_one_name(make_entry: MakeEntry) -> None:
    """They go by their references; a model of another source may share the name."""
    entries = [
        make_entry("a", "timm:net?width=1"),
        make_entry("b", "timm:net?width=2"),
        make_entry("c", "builtin:net"),
    ]
    named = [replace(entry, name="net") for entry in entries]
    assert {"a": "net?width=1", "b": "net?width=2", "c": "net"} == labels(named)


def test_filters(make_entry: MakeEntry) -> None:
    """By what models differ in, each choice with how many there are, sizes by powers of ten; few models need none."""
    entries = [
        make_entry(f"net{i}", status="complete", parameters=10**i, source="timm" if i % 2 else "builtin", family="net")
        for i in range(4, 12)
    ]
    entries += [make_entry(f"bad{i}", status="failed", source="timm") for i in range(3)]
    assert [
        ("status", [("complete", "complete (8)"), ("failed", "failed (3)")]),
        ("source", [("builtin", "builtin (4)"), ("timm", "timm (7)")]),
        (
            "parameters",
            [
                ("0-1000000", "under 1 M (2)"),
                ("1000000-10000000", "1 M – 10 M (1)"),
                ("10000000-100000000", "10 M – 100 M (1)"),
                ("100000000-1000000000", "100 M – 1 B (1)"),
                ("1000000000-10000000000", "1 B – 10 B (1)"),
                ("10000000000-100000000000", "10 B – 100 B (1)"),
                ("100000000000-", "from 100 B (1)"),
            ],
        ),
    ] == [
        (each.key, [(choice.value, choice.label) for choice in each.choices]) for each in build_index(entries).filters
    ]
    assert () == build_index(entries[:10]).filters


def test_overviews(three: list[IndexEntry]) -> None:
    """What went wrong, leading to its cause, and how the sources did; a run of one source without failures has none."""
    causes, sources = build_index(three).overviews
    assert [[("1", None), ("ValueError: heads must divide width", "failures.html#cause-1")]] == [
        [(cell.text, cell.href) for cell in row.cells] for row in causes.rows
    ]
    assert [
        ("source", "models", "complete", "failed"),
        ("file", "1", "0", "1"),
        ("torchvision", "1", "1", "0"),
        ("transformers", "1", "1", "0"),
    ] == [
        tuple(column.label for column in sources.columns),
        *(tuple(cell.text for cell in row.cells) for row in sources.rows),
    ]
    assert () == build_index(three[:1]).overviews


def test_an_empty_run_has_an_index() -> None:
    """It says that there is nothing."""
    index = build_index([])
    assert ("no models", "complete", (), None, ()) == (
        index.subtitle,
        index.status,
        index.rows,
        index.chart,
        index.overviews,
    )
