"""Tests of `reportgen.presenting` and `reportgen.built`: records and runs as notebooks, pandas and files get them."""

from __future__ import annotations

import builtins
import json
import pickle
import re
from html.parser import HTMLParser

import pytest

import reportgen
from reportgen.errors import ConfigError, RendererUnavailable


class Parser(HTMLParser):
    """Collects tags and what stands between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Keeps the names."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        """Keeps the text."""
        self.texts += [data.strip()] if data.strip() else []


def pretty(value: object) -> str:
    """What IPython shows of it where there is text alone."""
    lines: list[str] = []

    class Printer:
        text = lines.append

    value._repr_pretty_(Printer, False)
    return "".join(lines)


def test_html(frozen_sequential):
    """Key figures, exact ones beside them, and the tree; the style is for its own class alone; no script."""
    text = frozen_sequential._repr_html_()
    parser = Parser(text)
    at = parser.texts.index("Parameters")
    assert ["Parameters", "58"] == parser.texts[at : at + 2]
    assert {"div", "style", "strong", "code", "table", "tr", "th", "td", "details", "summary", "thead", "small"} == (
        parser.tags
    )
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    selectors = [part.strip() for rule in re.findall(r"([^{}]+)\{", style) for part in rule.split(",")]
    assert [] == [selector for selector in selectors if not selector.startswith(".reportgen-record")]


def test_hostile_names(hostile):
    """No name becomes a tag, an attribute, or a character that plays tricks."""
    parser = Parser(hostile._repr_html_())
    assert set() == parser.tags & {"script", "h1", "a", "img", "b"}
    assert {"class", "scope", "style", "title", "open"} >= parser.attributes
    assert "\u202e" not in "".join(parser.texts)
    assert "<script" not in hostile._repr_markdown_()


def test_what_failed_is_open(constructor_failed):
    """A model that could not be built says why at first sight."""
    text = constructor_failed._repr_html_()
    assert "<details open><summary>What failed</summary>" in text


def test_markdown_and_one_line(frozen_sequential):
    """Where HTML is not shown."""
    assert frozen_sequential._repr_markdown_().startswith("# frozen-sequential\n")

    assert "<ModelReport builtin:frozen-sequential: complete, 58 parameters>" == pretty(frozen_sequential)


def test_a_record_from_another_process(frozen_sequential):
    """A record shows itself wherever it arrives."""
    assert frozen_sequential._repr_html_() == pickle.loads(pickle.dumps(frozen_sequential))._repr_html_()  # noqa: S301


@pytest.mark.parametrize("table", ["parameters", "buffers", "modules"])
def test_data_frames(frozen_sequential, table):
    """A row for each name, with the figures of the record, and what is missing told apart from zero."""
    pytest.importorskip("pandas")
    frame, rows = frozen_sequential.to_dataframe(table), getattr(frozen_sequential, table)
    key = "path" if table == "modules" else "name"
    assert [getattr(row, key) for row in rows] == frame[key].tolist()
    if table == "parameters":
        assert [row.shape for row in rows] == frame["shape"].tolist()
        assert sum(row.numel for row in rows) == frame["numel"].sum()
        assert [row.gradient.reason is None for row in rows] == frame["gradient_reason"].isna().tolist()
        assert ("Int64", "boolean") == (str(frame["numel"].dtype), str(frame["trainable"].dtype))


def test_counts_beyond_63_bits(frozen_sequential, replace):
    """They stay exact."""
    pytest.importorskip("pandas")
    first, *others = frozen_sequential.modules
    report = replace(frozen_sequential, modules=(replace(first, flops_forward=2**70), *others))
    assert 2**70 == report.to_dataframe("modules")["flops_forward"][0]


def test_no_such_table_and_no_pandas(frozen_sequential, monkeypatch):
    """What there is, and what to install."""
    with pytest.raises(ConfigError, match="there is no table 'layers'"):
        frozen_sequential.to_dataframe("layers")
    whole = builtins.__import__

    def without_pandas(name, *rest, **more):
        if name == "pandas":
            raise ImportError("no pandas")
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(RendererUnavailable, match="needs pandas") as caught:
        frozen_sequential.to_dataframe()
    assert "pip install pandas" == caught.value.remedy


def test_save(frozen_sequential, tmp_path):
    """The suffix is the format."""
    saved = frozen_sequential.save(tmp_path / "new" / "r.json")
    assert frozen_sequential == reportgen.load(saved)
    assert frozen_sequential.save(tmp_path / "r.HTML").read_bytes().startswith(b"<!doctype html>")
    assert frozen_sequential.save(str(tmp_path / "r.md")).read_text().startswith("# frozen-sequential\n")
    with pytest.raises(ConfigError, match="format 'docx' is not known"):
        frozen_sequential.save(tmp_path / "r.docx")


def test_a_run(tmp_path):
    """One model shows itself; of several there is a table, and each record by its own."""
    pytest.importorskip("pandas")
    one = reportgen.build("builtin:linear", output=tmp_path / "one", formats=["json"])
    assert (one.report,) == one.reports
    assert one.report._repr_html_() == one._repr_html_()
    assert one.report._repr_markdown_() == one._repr_markdown_()
    assert "linear" == json.loads(one.save(tmp_path / "linear.json").read_text())["model"]["name"]
    two = reportgen.build(["builtin:linear", "builtin:no-such-model"], output=tmp_path / "two", formats=["md"])
    texts = Parser(two._repr_html_()).texts
    assert {"2 models: 1 complete, 1 failed", "1 of 2 failed", "linear", "What failed"} <= set(texts)
    assert "| builtin:" in two._repr_markdown_() or "linear" in two._repr_markdown_()
    assert f"<Build {tmp_path / 'two'}: 2 models: 1 complete, 1 failed>" == pretty(two)
    rows = two.to_dataframe()
    assert [("builtin:linear", "complete"), ("builtin:no-such-model", "failed")] == list(
        zip(rows["ref"], rows["status"], strict=True)
    )
    for wrong in ("report", "reports"):
        with pytest.raises(ConfigError) as caught:
            getattr(two, wrong)
        assert "no-record" == caught.value.code
