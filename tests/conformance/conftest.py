"""The comparisons with known figures, which `make truth` makes too."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def agreement() -> ModuleType:
    """The module `agreement.py` beside this file."""
    import agreement

    return agreement
