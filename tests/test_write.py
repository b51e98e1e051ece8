"""Names and files."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import WriteError
from reportgen.write import check_writable, slugs, sweep, write_file


@pytest.mark.parametrize(
    ("label", "slug"),
    [
        ("torchvision:resnet50", "torchvision-resnet50"),
        ("builtin:mlp?width=64&depth=2", "builtin-mlp-width-64-depth-2"),
        ("python:pkg.module:Net", "python-pkg.module-Net"),
        ("file:../models/a b.py:Net", "file-..-models-a-b.py-Net"),
        ("hub:/tmp/repo:net", "hub-tmp-repo-net"),
        ("../../etc/passwd", "etc-passwd"),
        (".hidden.", "hidden"),
        ("-rf", "rf"),
        ("con", "model-con"),
        ("LPT1.txt", "model-LPT1.txt"),
        ("index.html", "model-index.html"),
        ("models.svg", "model-models.svg"),
        ("SHA256SUMS", "model-SHA256SUMS"),
        ("模型", "model"),
        ("", "model"),
        ("a\u202eb\x00c\nd", "a-b-c-d"),
    ],
)
def test_slug(label, slug):
    """Whatever a model is called, its folder's name is plain and safe."""
    assert {"key": slug} == slugs({"key": label})


def test_slug_of_a_long_label():
    """A label of more than 80 characters is cut, and carries a hash of the whole."""
    assert {"key": "x" * 71 + "-aa20c23e"} == slugs({"key": "x" * 200})
    assert {"key": "x" * 71 + "-84a0678c"} == slugs({"key": "x" * 201})


def test_slugs_that_would_collide():
    """Labels that would share a folder, on Windows or macOS too, all carry a hash; the others do not."""
    labels = {"one": "a:Net", "two": "a:net", "three": "a-net", "four": "b:net"}
    names = slugs(labels)
    assert "b-net" == names["four"]
    assert ["a-Net-7692c3ad", "a-net-3fc4ccfe", "a-net-8b5b9db0"] == [names[key] for key in ("one", "two", "three")]


def test_slug_that_looks_like_a_hashed_one():
    """A label that reads like another one's hashed name is told apart too."""
    names = slugs({"one": "a", "two": "A", "x": "a-7692c3ad"})
    assert {"one": "a-7692c3ad", "two": "A-3fc4ccfe", "x": "a-7692c3ad-2d711642"} == names


LABELS = st.dictionaries(st.text(max_size=5), st.text(alphabet="aAbB.:-/é", max_size=100), max_size=6)


@given(LABELS)
def test_slugs_are_safe_and_unique(labels):
    """Every name fits in 80 characters of a safe alphabet, and no two differ by case alone."""
    names = slugs(labels)
    assert list(labels) == list(names)
    assert len(labels) == len({name.casefold() for name in names.values()})
    for name in names.values():
        assert 1 <= len(name) <= 80
        assert name.isascii()
        assert name == name.strip("-._ ")
        assert not set(name) & set('/\\:*?"<>| \n\0')


def test_slugs_do_not_depend_on_the_order():
    """The same labels give the same names, in whatever order they come."""
    items = [("one", "a:Net"), ("two", "a:net"), ("three", "x" * 90), ("four", "b")]
    expected = slugs(dict(items))
    for order in permutations(items):
        assert expected == slugs(dict(order))


def test_write_file(tmp_path):
    """A file is written with its folders, replaces the one before, and leaves nothing else."""
    path = tmp_path / "a" / "b.txt"
    write_file(path, b"one")
    write_file(path, b"two")
    assert b"two" == path.read_bytes()
    assert [path] == [entry for entry in tmp_path.rglob("*") if entry.is_file()]


def test_file_mode(tmp_path):
    """A file has the mode that the user's own files get, not that of temporary ones."""
    (tmp_path / "own").write_bytes(b"")
    write_file(tmp_path / "ours", b"")
    assert (tmp_path / "own").stat().st_mode == (tmp_path / "ours").stat().st_mode


def test_write_that_fails(tmp_path, monkeypatch):
    """Where writing fails, the file before is still whole, nothing is left behind, and the error has a remedy."""
    path = tmp_path / "report.json"
    write_file(path, b"before")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WriteError) as caught:
        write_file(path, b"after")
    assert f"cannot write {path}: No space left on device" == str(caught.value)
    assert caught.value.remedy is not None
    assert b"before" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_sweep(tmp_path):
    """What a killed worker left is removed, and nothing else."""
    for name in (".reportgen-1.tmp", "report.md", ".reportgen-writable.md"):
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert [".reportgen-writable.md", "report.md"] == sorted(entry.name for entry in tmp_path.iterdir())


def test_check_writable(tmp_path):
    """A folder that can be written in is made and left empty; one that cannot is an error."""
    check_writable(tmp_path / "new")
    assert [] == list((tmp_path / "new").iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(WriteError):
        check_writable(tmp_path / "file")
