"""Shared by the tests of what goes out with a release."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from reportgen.release.bill import Publication


@pytest.fixture(scope="session")
def published() -> Publication:
    """All that a publisher can tell."""
    return Publication(
        version="1.2.0",
        license="Apache-2.0",
        supplier="Acme \ud800",
        url="https://example.org/net",
        time=1_769_860_800,  # 2026-01-31T12:00:00Z
    )


@pytest.fixture(scope="session")
def replaced() -> Callable[..., Any]:
    """A copy of a dataclass with some members changed."""
    return dataclasses.replace
