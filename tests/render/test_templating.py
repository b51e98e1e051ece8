"""Where templates come from, and how their errors read."""

from __future__ import annotations

from pathlib import Path

import pytest

import reportgen
from reportgen.errors import TemplateError
from reportgen.render import templating


def test_escaping_by_name(tmp_path: Path) -> None:
    """HTML templates escape, though their names end in .j2; Markdown has filters of its own."""
    for name in ("a.html.j2", "a.md.j2"):
        (tmp_path / name).write_text("{{ text }}")
    env = templating.environment(tmp_path)
    shown = [templating.render(env, name, text="<b>") for name in ("a.html.j2", "a.md.j2")]
    assert shown == ["&lt;b&gt;", "<b>"]


def test_overrides_come_first(tmp_path: Path) -> None:
    """A file in the user's folder replaces reportgen's own; all others stay."""
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "screen.css").write_text("mine")
    env = templating.environment(tmp_path)
    own = Path(reportgen.__file__).parent.parent / "templates" / "css" / "print.css"
    assert templating.sources(env, "css/screen.css") == "mine"
    assert templating.sources(env, "css/print.css") == own.read_text(encoding="utf-8")


def test_missing_folder_of_overrides(tmp_path: Path) -> None:
    """A folder that is not there is said at once, not at the first template."""
    with pytest.raises(TemplateError) as caught:
        templating.environment(tmp_path / "none")
    assert str(caught.value) == f"the templates folder {tmp_path / 'none'} does not exist"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("one\n{{ nothing }}", "line 2: 'nothing' is undefined"),
        ("one\n\n{% if %}", "line 3: Expected an expression, got 'end of statement block'"),
        ("{{ 1 / 0 }}", "line 1: division by zero"),
    ],
)
def test_broken_template(tmp_path: Path, source: str, message: str) -> None:
    """An error in a template names its file and line, and where to mend it."""
    (tmp_path / "a.html.j2").write_text(source)
    with pytest.raises(TemplateError) as caught:
        templating.render(templating.environment(tmp_path), "a.html.j2")
    assert str(caught.value) == f"{tmp_path / 'a.html.j2'}, {message}"
    assert caught.value.remedy == f"correct it in {tmp_path}, or remove it there to use reportgen's own"


def test_missing_template() -> None:
    """A template that is in no folder is named, with the folders that were looked in."""
    env = templating.environment()
    with pytest.raises(TemplateError, match=r"no template a\.html\.j2 in .*templates"):
        templating.render(env, "a.html.j2")
    with pytest.raises(TemplateError, match=r"no file css/a\.css in .*templates"):
        templating.sources(env, "css/a.css")


def test_templates_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the templates are in neither place, both are named."""
    monkeypatch.setattr(reportgen, "__file__", str(tmp_path / "reportgen" / "__init__.py"))
    with pytest.raises(TemplateError) as caught:
        templating.own_templates()
    places = (tmp_path / "reportgen" / "templates", tmp_path / "templates")
    assert str(caught.value) == f"reportgen's templates are neither in {places[0]} nor in {places[1]}"
