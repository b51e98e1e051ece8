"""The files of an index."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from reportgen.analysis.summary import Summary
from reportgen.branding import Brand
from reportgen.config import RenderOptions
from reportgen.errors import ConfigError
from reportgen.runs.index import read_index, write_index
from reportgen.view.entries import IndexEntry

OPTIONS = RenderOptions()
GOOD = IndexEntry(
    "timm:net",
    "net",
    "timm-net",
    "complete",
    25_557_032,
    8_178_368_512,
    None,
    formats=("md", "html"),
    summary=Summary(
        source="timm",
        family="resnet",
        trainable=25_557_000,
        frozen=32,
        tensors=161,
        gradients_computed=160,
        gradients_none=1,
        state_dict_bytes=102_441_480,
        macs=4_089_184_256,
        flops_backward=16_000_000_000,
        bound="exact",
        saved_for_backward=90_000_000,
        peak_training=505_413_632,
        peak_inference=110_000_000,
    ),
)
BAD = IndexEntry(
    "file:m.py:Net",
    "Net",
    "net-2",
    "failed",
    None,
    None,
    'TypeError: no "heads", 日本',
    remedy="mend it",
    formats=("md",),
    summary=Summary(source="file", code="instantiate-failed", stage="instantiate"),
)


def _rows(folder: Path) -> list[dict[str, str]]:
    text = (folder / "index.csv").read_bytes().decode()
    assert text.count("\n") == text.count("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """The entries come back as they were, and every figure stands in the file exactly."""
    write_index([GOOD, BAD], tmp_path, OPTIONS)
    assert (GOOD, BAD) == read_index(tmp_path)
    document = json.loads((tmp_path / "index.json").read_bytes())
    assert ("reportgen/index", 1) == (document["format"], document["format_version"])
    first = document["models"][0]
    assert ["ref", "name", "slug", "status", "parameters", "flops", "reason"] == list(first)[:7]
    assert (25_557_032, 505_413_632, ["md", "html"], None) == (
        first["parameters"],
        first["peak_training"],
        first["formats"],
        first["remedy"],
    )


def test_an_index_of_the_contract_alone(tmp_path: Path) -> None:
    """Of an index without the later members the later facts are not known."""
    members = ("ref", "name", "slug", "status", "parameters", "flops", "reason")
    models = [{key: value for key, value in asdict(GOOD).items() if key in members}]
    (tmp_path / "index.json").write_text(json.dumps({"format": "reportgen/index", "models": models}), encoding="utf-8")
    assert (replace(GOOD, formats=(), summary=Summary()),) == read_index(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"format": "other", "models": []}', '{"format": "reportgen/index", "models": [{}]}']
)
def test_an_index_that_is_none(tmp_path: Path, text: str) -> None:
    """The error names the folder."""
    (tmp_path / "index.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_index(tmp_path)
    assert "merge-no-index" == caught.value.code
    assert str(caught.value).startswith(f"{tmp_path} has no index.json that can be read")


def test_csv_has_what_json_has(tmp_path: Path) -> None:
    """A column a member, a row a model; figures are bare, texts quoted, an empty field is not known."""
    write_index([GOOD, BAD], tmp_path, OPTIONS)
    models = json.loads((tmp_path / "index.json").read_bytes())["models"]
    rows = _rows(tmp_path)
    assert list(models[0]) == list(rows[0])
    assert [{key: _as_text(value) for key, value in model.items()} for model in models] == rows
    line = (tmp_path / "index.csv").read_text(encoding="utf-8").splitlines()[2]
    assert line.startswith(
        '"file:m.py:Net","Net","net-2","failed","","","TypeError: no ""heads"", 日本","mend it","md"'
    )


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-rf", "'-rf"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("\t=1", r"\t=1"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("a=1", "a=1"),
        ("two\nlines", r"two\nlines"),
        ("lone\ud800", r"lone\ud800"),
        ("rtl\u202egnp", r"rtl\u202egnp"),
        ('a","=1', 'a","=1'),
    ],
)
def test_a_name_is_no_formula(tmp_path: Path, name: str, expected: str) -> None:
    """What a spreadsheet would run begins with an apostrophe; nothing ends its field or its line."""
    write_index([replace(GOOD, name=name)], tmp_path, OPTIONS)
    (row,) = _rows(tmp_path)
    assert (expected, "timm-net") == (row["name"], row["slug"])


class _Index(HTMLParser):
    """The figures of the rows of an index: by name, what is sorted by, or else what is shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.keys: list[str] = []
        self.rows: list[list[str | None]] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "th" and "data-key" in given:
            self.keys.append(given["data-key"])
        elif tag == "tbody":
            self._in_cell = False
        elif tag == "th" and "scope" not in given:
            self.rows.append([""])
        elif tag == "td" and self.rows:
            self.rows[-1].append(given.get("data-sort"))
            self._in_cell = self.rows[-1][-1] is None

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] = (self.rows[-1][-1] or "") + data.replace(",", "")


def test_html_has_the_figures_of_json(tmp_path: Path) -> None:
    """Exactly, in what the columns sort by."""
    write_index([GOOD, BAD], tmp_path, OPTIONS)
    read = _Index((tmp_path / "index.html").read_text(encoding="utf-8"))
    found = [dict(zip(read.keys, row, strict=False)) for row in read.rows if len(row) > len(read.keys)]
    expected = [
        {
            "parameters": _shown(model["parameters"]),
            "macs": _shown(model["macs"]),
            "memory": _shown(model["peak_training"]),
            "gradients": _shown(model["gradients_none"]),
            "status": model["status"],
        }
        for model in json.loads((tmp_path / "index.json").read_bytes())["models"]
    ]
    assert expected == [{key: row[key] for key in expected[0]} for row in found]


def _shown(figure: int | None) -> str:
    return "unknown" if figure is None else str(figure)


def test_pages_on_failures(tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]) -> None:
    """They are there where something failed, and go when nothing does any more."""
    write_index([GOOD, BAD], tmp_path, OPTIONS)
    files = {"index.csv", "index.html", "index.json", "index.md"}
    assert files | {"failures.html", "failures.md"} == set(contents(tmp_path))
    assert b"instantiate-failed" in contents(tmp_path)["failures.md"]
    write_index([GOOD], tmp_path, OPTIONS)
    assert files == set(contents(tmp_path))


def test_the_picture_beside_the_listing(tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]) -> None:
    """Three models and more are a chart, which is there before the page that shows it, and goes with it."""
    models = [replace(GOOD, ref=f"timm:net{size}", name=f"net{size}", parameters=10**size) for size in (5, 6, 7)]
    write_index(models, tmp_path, OPTIONS)
    assert b"](models.svg)" in contents(tmp_path)["index.md"]
    assert [True] * 3 == [name in contents(tmp_path)["models.svg"] for name in (b"net5: ", b"net6: ", b"net7: ")]
    write_index(models[:2], tmp_path, OPTIONS)
    assert (False, False) == (b"models.svg" in contents(tmp_path)["index.md"], (tmp_path / "models.svg").exists())


def test_the_publisher_stands_on_every_page(tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]) -> None:
    """The author is named in the index and on the page of failures."""
    write_index([BAD], tmp_path, replace(OPTIONS, brand=Brand(author="Acme Research")))
    pages = {name: data for name, data in contents(tmp_path).items() if name.endswith((".html", ".md"))}
    assert dict.fromkeys(pages, True) == {name: b"Acme Research" in data for name, data in pages.items()}


@pytest.mark.parametrize("slug", ["../net", "a/b", "/elsewhere", "", "..", "index.html", "timm net"])
def test_an_index_that_leads_out_of_its_folder(tmp_path: Path, slug: str) -> None:
    """Merging, releasing and CI read and copy what an index names: a slug that no build gives is refused."""
    write_index([replace(GOOD, slug=slug)], tmp_path, OPTIONS)
    with pytest.raises(ConfigError, match="is no folder of reportgen's") as caught:
        read_index(tmp_path)
    assert "merge-no-index" == caught.value.code
