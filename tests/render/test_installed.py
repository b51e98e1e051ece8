"""Renderers of other packages: what they get, and what happens where they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import reportgen
from reportgen.config import RenderOptions, Style
from reportgen.errors import ConfigError, RenderError, RendererUnavailable
from reportgen.rendering import renderer

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MODULE = """
class Titles:
    suffix = "txt"

    def __init__(self, templates, *, css):
        self.css = css

    def render(self, page):
        return f"{page.title}, {self.css and self.css.name}".encode()

def failing(templates, *, css):
    made = Titles(templates, css=css)
    made.suffix, made.render = "fails", lambda page: 1 / 0
    return made

def wordy(templates, *, css):
    made = Titles(templates, css=css)
    made.suffix, made.render = "wordy", lambda page: page.title
    return made
"""
ENTRY_POINTS = """
[reportgen.renderers]
txt = other_formats:Titles
fails = other_formats:failing
wordy = other_formats:wordy
misnamed = other_formats:Titles
missing = other_formats:Nothing
"""


@pytest.fixture
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package is installed, with renderers of all kinds."""
    (tmp_path / "other_formats.py").write_text(MODULE)
    about = tmp_path / "other_formats-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other-formats\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("_package")
def test_a_format_of_another_package(frozen_sequential: ModelReport, tmp_path: Path) -> None:
    """It is asked for by its name like any other, makes files of that suffix, and gets the user's style sheet."""
    css = tmp_path / "own.css"
    css.write_text("p { color: red }")
    assert b"frozen-sequential, own.css" == reportgen.render(frozen_sequential, "txt", css=css)
    saved = tmp_path / "report.json"
    saved.write_text(frozen_sequential.to_json())
    built = reportgen.api.render_saved([saved], output=tmp_path / "out", formats=["txt", "md"])
    folder = tmp_path / "out" / built.outcomes[0].slug
    assert (folder / "report.txt").read_bytes().startswith(b"frozen-sequential,")
    assert "[txt](report.txt)" in (folder / "report.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("_package")
def test_the_order_of_formats() -> None:
    """Reportgen's own come first, in their order; an unknown name is told all that there are."""
    assert ("json", "md", "fails", "txt") == RenderOptions(("txt", "md", "fails", "json", "txt")).formats
    with pytest.raises(ConfigError) as caught:
        RenderOptions(("docx",))
    assert "use any of json, md, html, pdf, fails, misnamed, missing, txt, wordy" == caught.value.remedy


@pytest.mark.usefixtures("_package")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("misnamed", "other_formats:Titles makes no renderer with the suffix 'misnamed'"),
        ("missing", "AttributeError: module 'other_formats' has no attribute 'Nothing'"),
        ("gone", "no installed package offers it"),
    ],
)
def test_renderers_that_cannot_be_had(name: str, message: str) -> None:
    """What is no renderer, or does not load, is said before any work."""
    with pytest.raises(RendererUnavailable) as caught:
        renderer(name, Style())
    assert f"the format {name} cannot be made: {message}" == str(caught.value)
    assert caught.value.remedy is not None


@pytest.mark.usefixtures("_package")
@pytest.mark.parametrize(
    ("name", "message"), [("fails", "failed: ZeroDivisionError: division by zero"), ("wordy", "gave str and not bytes")]
)
def test_renderers_that_fail(frozen_sequential: ModelReport, tmp_path: Path, name: str, message: str) -> None:
    """Another package's mistake is a problem of that format alone; all others are made."""
    with pytest.raises(RenderError) as caught:
        reportgen.render(frozen_sequential, name)
    assert f"the renderer for {name} {message}" == str(caught.value)
    saved = tmp_path / "report.json"
    saved.write_text(frozen_sequential.to_json())
    built = reportgen.api.render_saved([saved], output=tmp_path / "out", formats=[name, "md"])
    assert (f"report.{name}: the renderer for {name} {message}; tell its authors",) == built.outcomes[0].problems
    assert (tmp_path / "out" / built.outcomes[0].slug / "report.md").is_file()
