"""Figures known by hand or published, in cases that tools of this kind get wrong."""

from __future__ import annotations

import tomllib
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILES = ("known_values.toml", "published_counts.toml")
CASES = [case for name in FILES for case in tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))["case"]]


@pytest.mark.filterwarnings("ignore")  # quantisation is deprecated, and says so in several ways
@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_value(agreement: ModuleType, case: dict[str, Any]) -> None:
    """Every figure is exactly the known one."""
    library = case["ref"].partition(":")[0]
    if library != "file" and find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    assert case["values"] == agreement.said(case)
