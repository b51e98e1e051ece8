"""Figures known by hand or published, in cases that tools of this kind get wrong."""

from __future__ import annotations

import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.registry.catalog import Catalog

HERE = Path(__file__).parent
FILES = ("known_values.toml", "published_counts.toml")
CASES = [case for name in FILES for case in tomllib.loads((HERE / name).read_text(encoding="utf-8"))["case"]]


def said(case: dict[str, Any]) -> dict[str, Any]:
    """What the record says of the figures of a case."""
    spec = Catalog().spec(case["ref"].replace("{here}", HERE.as_posix()))
    mode = case.get("mode", "train")
    totals = probe(spec, ProbeOptions(mode=mode, loss="none" if mode == "eval" else None)).to_dict()["totals"]
    figures: dict[str, Any] = {}
    for path in case["values"]:
        value: Any = totals
        for name in ("macs.forward" if path == "gmacs" else path).split("."):
            value = value[name]
        figures[path] = round(value / 1e9, 3) if path == "gmacs" else value
    return figures


@pytest.mark.filterwarnings("ignore")  # quantisation is deprecated, and says so in several ways
@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_value(case: dict[str, Any]) -> None:
    """Every figure is exactly the known one."""
    library = case["ref"].partition(":")[0]
    if library != "file" and find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    assert case["values"] == said(case)
