"""``reportgen card``, and the pre-commit hook that runs it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import reportgen
from reportgen.cli import main

ROOT = Path(reportgen.__file__).parent.parent
README = "# Tagger\n\n## License\n\nApache-2.0  \n"


@pytest.fixture
def saved(tmp_path, tied_gpt):
    """The path of a saved report."""
    path = tmp_path / "report.json"
    path.write_text(tied_gpt.to_json(), encoding="ascii")
    return str(path)


@pytest.fixture
def readme(tmp_path):
    """The path of a card that has no section yet."""
    path = tmp_path / "README.md"
    path.write_bytes(README.encode())
    return path


def run(capsys, *arguments):
    """The exit code of the command, what it printed, and what it complained of."""
    with pytest.raises(SystemExit) as ended:
        main(["card", *map(str, arguments)])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def test_a_card_stays_true(capsys, saved, readme):
    """Stale, written, up to date, and stale again when someone edits the section."""
    code, out, err = run(capsys, saved, "--into", readme, "--check")
    assert (1, "") == (code, err)
    assert out.startswith(f"--- {readme}\n+++ {readme}\n@@ -3,3 +3,")
    assert README == readme.read_text(encoding="utf-8")
    assert (0, f"{readme} has changed\n", "") == run(capsys, saved, "--into", readme)
    written = readme.read_bytes()
    assert (0, f"{readme} is up to date\n", "") == run(capsys, saved, "--into", readme, "--check")
    assert (0, f"{readme} is up to date\n", "") == run(capsys, saved, "--into", readme)
    assert (written, True) == (readme.read_bytes(), written.startswith(README.encode()))
    readme.write_bytes(written.replace(b"2,624", b"3,000"))
    code, out, _ = run(capsys, saved, "--into", readme, "--check")
    assert (1, ["-| Parameters", "+| Parameters"]) == (
        code,
        [line[:13] for line in out.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}],
    )
    assert (0, "", "") == run(capsys, saved, "--into", readme, "-q")
    assert written == readme.read_bytes()


def test_a_new_card(capsys, saved, tmp_path):
    """Where there is none, one is begun; ``--check`` begins none."""
    card = tmp_path / "new" / "README.md"
    code, out, _ = run(capsys, saved, "--into", card, "--check")
    assert (1, f"--- /dev/null\n+++ {card}\n") == (code, out[: len(f"--- /dev/null\n+++ {card}\n")])
    assert not card.exists()
    expected = (0, f"{card} is new, with places for people to fill in\n", "")
    assert expected == run(capsys, saved, "--into", card, "--metadata", "--license", "mit")
    text = card.read_text(encoding="utf-8")
    assert text.startswith("---\nlicense: mit\ntags:\n- pytorch\n---\n\n# tied-gpt\n")
    assert (0, f"{card} is up to date\n", "") == run(capsys, saved, "--into", card, "--metadata", "--check")


def test_a_reference_is_built(capsys, readme):
    """Like any other report; its section has its reference for an id."""
    code, _, _ = run(capsys, "builtin:linear", "--into", readme, "-q", "--section", "facts")
    assert code == 0
    assert "<!-- reportgen:begin id=builtin:linear -->" in readme.read_text(encoding="utf-8")


def test_a_model_that_cannot_be_built(capsys, readme, tmp_path):
    """There is nothing to say of it: 3, and the card stays as it is."""
    models = tmp_path / "models.py"
    models.write_text("def broken():\n    raise ValueError('no such width')\n", encoding="utf-8")
    code, _, err = run(capsys, f"file:{models}:broken", "--into", readme, "-q")
    assert (3, README) == (code, readme.read_text(encoding="utf-8"))
    assert "no such width" in err


def test_several_models(capsys, saved, readme):
    """Each in a section of its own, by id, in one call or in several."""
    run(capsys, saved, saved, "--into", readme, "--id", "a", "--id", "b", "--title", "A", "--title", "B")
    before = readme.read_text(encoding="utf-8")
    run(capsys, saved, "--into", readme, "--id", "b", "--title", "C", "--level", "3", "--flavor", "plain")
    after = readme.read_text(encoding="utf-8")
    assert before.partition("<!-- reportgen:begin id=b -->")[0] == after.partition("<!-- reportgen:begin id=b -->")[0]
    assert ["## A", "### C"] == [line for line in after.splitlines() if line.endswith((" A", " B", " C"))]


def test_line_ends_and_byte_order_mark(capsys, saved, readme):
    """A file from Windows stays one."""
    readme.write_bytes(b"\xef\xbb\xbf" + README.replace("\n", "\r\n").encode())
    run(capsys, saved, "--into", readme)
    data = readme.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf" + README.replace("\n", "\r\n").encode())
    assert data.count(b"\n") == data.count(b"\r\n") > 10
    assert (0, f"{readme} is up to date\n", "") == run(capsys, saved, "--into", readme, "--check")


def test_the_licence_of_the_card(capsys, saved, readme):
    """The facts tell the one in the front matter, where none is given."""
    readme.write_text(f"---\nlicense: bsd-3-clause\n---\n{README}", encoding="utf-8")
    run(capsys, saved, "--into", readme, "--section", "facts")
    assert "bsd-3-clause" in readme.read_text(encoding="utf-8").partition("reportgen:begin")[2]


def test_a_link_stays_a_link(capsys, saved, readme, tmp_path):
    """What it leads to is written."""
    link = tmp_path / "CARD.md"
    link.symlink_to(readme.name)
    run(capsys, saved, "--into", link)
    assert (True, True) == (link.is_symlink(), "reportgen:end" in readme.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"# A\n\n\xff\xfe\n", "line 3: the byte 0xff is no text in UTF-8"),
        (b"```\n<!-- reportgen:end -->\n```\n", "line 2: a marker inside a code block"),
        (b"---\na: [\n---\n", "line 3: the front matter is no YAML"),
        (b"---\ntags: a\n---\n", "the tags in its front matter are no list"),
    ],
)
def test_refused(capsys, saved, readme, data, complaint):
    """With the file, the line and what to do; the card stays as it is."""
    readme.write_bytes(data)
    code, out, err = run(capsys, saved, "--into", readme, "--metadata")
    assert (2, "", data) == (code, out, readme.read_bytes())
    assert complaint in err
    assert "\n  remedy: " in err


def test_markers_are_looked_at_first(capsys, readme):
    """Before any model is built."""
    readme.write_text("<!-- reportgen:end -->\n", encoding="utf-8")
    code, _, err = run(capsys, "file:nowhere.py:net", "--into", readme)
    assert (2, True) == (code, "this end marker ends no section" in err)


def test_the_hook(saved, readme):
    """What pre-commit reads is well-formed, and what it runs writes a card, then finds it true."""
    (hook,) = YAML(typ="safe", pure=True).load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert ("reportgen-card", "system", False) == (hook["id"], hook["language"], hook["pass_filenames"])
    program, *entry = shlex.split(hook["entry"])
    assert "reportgen" == program
    command = [sys.executable, "-m", "reportgen", *entry, saved, "--into", str(readme)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    codes = [
        subprocess.run([*command, *more], env=environment, capture_output=True, check=False).returncode
        for more in (["--check"], [], ["--check"])
    ]
    assert [1, 0, 0] == codes
