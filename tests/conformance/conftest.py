"""The comparisons with known figures, which `make truth` makes too."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def agreement() -> ModuleType:
    """The module `agreement.py` beside this file."""
    spec = spec_from_file_location("agreement", Path(__file__).with_name("agreement.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["agreement"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
