"""Tests of `reportgen.workers.sandbox`."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.workers import sandbox


def test_files_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a folder that is only called almost like reportgen's, Python's or the worker's are the user's own.

    So is what lies where Python has its prefix, but not where it installs: ``/usr/src/app``.
    """
    folders = {name: tmp_path / name for name in ("reportgen", "venv", "own")}
    mine = {tmp_path / f"{name}-models.py" for name in folders} | {folders["venv"] / "src" / "app" / "models.py"}
    theirs = {folders[name] / "inside.py" for name in ("reportgen", "own")} | {folders["venv"] / "lib" / "inside.py"}
    for path in mine | theirs:
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
    monkeypatch.setattr(sandbox, "_PACKAGE", folders["reportgen"])
    monkeypatch.setattr(sandbox.sys, "prefix", str(folders["venv"]))
    monkeypatch.setattr(sandbox, "_own", [folders["own"]])
    monkeypatch.setattr(sandbox, "_opened", set(map(str, mine | theirs)))
    found = set(map(Path, sandbox.files_read()))
    assert mine == found & (mine | theirs)
