"""Tests of `reportgen.workers.sandbox`."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.workers import sandbox


def test_files_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a folder that is only called almost like reportgen's, Python's or the worker's are the user's own."""
    folders = {name: tmp_path / name for name in ("reportgen", "venv", "own")}
    mine = {tmp_path / f"{name}-models.py" for name in folders}
    theirs = {folder / "inside.py" for folder in folders.values()}
    for path in mine | theirs:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    monkeypatch.setattr(sandbox, "_PACKAGE", folders["reportgen"])
    monkeypatch.setattr(sandbox.sys, "prefix", str(folders["venv"]))
    monkeypatch.setattr(sandbox, "_own", [folders["own"]])
    monkeypatch.setattr(sandbox, "_opened", set(map(str, mine | theirs)))
    found = set(map(Path, sandbox.files_read()))
    assert mine == found & (mine | theirs)
