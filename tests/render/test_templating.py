"""Where templates come from, and how their errors read."""

from __future__ import annotations

import re
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
        ("\n{{ [1]|sum('x') }}", "line 2: 'int object' has no attribute 'x'"),
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
    with pytest.raises(TemplateError, match=r"no template css/a\.css in .*templates"):
        templating.sources(env, "css/a.css")


def test_error_in_an_included_template(tmp_path: Path) -> None:
    """The place is that of the mistake, in whichever template it stands, and where it asks for what is not there."""
    (tmp_path / "a.html.j2").write_text("\n{% include 'b.html.j2' %}")
    (tmp_path / "b.html.j2").write_text("\n\n{{ nothing }}")
    with pytest.raises(TemplateError) as caught:
        templating.render(templating.environment(tmp_path), "a.html.j2")
    assert f"{tmp_path / 'b.html.j2'}, line 3: 'nothing' is undefined" == str(caught.value)
    (tmp_path / "b.html.j2").write_text("\n{% include 'partials/tabel.html.j2' %}")
    with pytest.raises(TemplateError) as caught:
        templating.render(templating.environment(tmp_path), "a.html.j2")
    assert str(caught.value).startswith(f"{tmp_path / 'b.html.j2'}, line 2: no template partials/tabel.html.j2 in ")
    assert "did you mean partials/table.html.j2?" == caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("md/report.md.j2", b"a\n{% if %}", "{}, line 2: Expected an expression, got 'end of statement block'"),
        (
            "partials/table.html.j2",
            b"{{ a",
            "{}, line 1: unexpected end of template, expected 'end of print statement'.",
        ),
        ("html/report.html.j2", b"\xff\xd8", "cannot read {}: it is no text in UTF-8"),
        ("css/screen.css", b"\xff\xd8", "cannot read {}: it is no text in UTF-8"),
    ],
)
def test_templates_that_break_rules_are_found_at_once(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """What can be told of a template without a page is told before there is one."""
    path = tmp_path / name
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(TemplateError) as caught:
        templating.environment(tmp_path)
    assert message.format(path) == str(caught.value)
    assert f"correct it in {tmp_path}, or remove it there to use reportgen's own" == caught.value.remedy


def test_unknown_filter_with_a_close_name(tmp_path: Path) -> None:
    """The filter that was meant is suggested."""
    (tmp_path / "a.html.j2").write_text("{{ 'x'|trimm }}")
    with pytest.raises(TemplateError) as caught:
        templating.render(templating.environment(tmp_path), "a.html.j2")
    assert f"{tmp_path / 'a.html.j2'}, line 1: No filter named 'trimm'." == str(caught.value)
    assert "did you mean trim?" == caught.value.remedy


def test_remarks_on_overrides(tmp_path: Path) -> None:
    """Files that replace nothing and are used by nothing are told, with the name that may have been meant."""
    assert () == templating.remarks(None)
    (tmp_path / "html").mkdir()
    wrong = tmp_path / "html" / "raport.html.j2"
    wrong.write_text("{% include 'own/footer.html.j2' %}")
    (tmp_path / "README.md").write_text("No template.")
    none = f"no file in {tmp_path} replaces a template of reportgen's: name it like one, say html/report.html.j2"
    told = f"{wrong} replaces no template of reportgen's, and none uses it; did you mean html/report.html.j2?"
    assert (told, none) == templating.remarks(tmp_path)
    wrong.rename(wrong.with_name("report.html.j2"))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "footer.html.j2").write_text("used")
    assert () == templating.remarks(tmp_path)


def test_templates_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the templates are in neither place, both are named."""
    monkeypatch.setattr(reportgen, "__file__", str(tmp_path / "reportgen" / "__init__.py"))
    with pytest.raises(TemplateError) as caught:
        templating.own_templates()
    places = (tmp_path / "reportgen" / "templates", tmp_path / "templates")
    assert str(caught.value) == f"reportgen's templates are neither in {places[0]} nor in {places[1]}"


def test_every_template_is_documented() -> None:
    """docs/templates.md names every template, every block of one, and every variable of the screen's style sheet."""
    own = templating.own_templates()
    text = (Path(reportgen.__file__).parent.parent / "docs" / "templates.md").read_text(encoding="utf-8")
    names = {path.name for path in own.rglob("*.*") if path.suffix in {".j2", ".css", ".js"}}
    blocks = {name for path in own.rglob("*.j2") for name in re.findall(r"\{% block (\w+)", path.read_text("utf-8"))}
    sheet = (own / "css" / "screen.css").read_text(encoding="utf-8")
    variables = set(re.findall(r"(--[\w-]+):", sheet.partition("}")[0]))
    assert [] == sorted(word for word in names | blocks | variables if word not in text)
