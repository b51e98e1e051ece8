"""What every test of the probe starts with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch import nn

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.registry.base import InputSpec, ModelRef, ModelSpec
from reportgen.report.schema import ModelReport


@pytest.fixture
def run() -> Callable[..., ModelReport]:
    """Probes a live module, or a factory as a source would give it: ``run(module_or_factory, "2x4", mode="eval")``."""

    def run(target: nn.Module | Callable[[], nn.Module], *inputs: str, **options: Any) -> ModelReport:
        asked = ProbeOptions(inputs=tuple(InputSpec.parse(text) for text in inputs), **options)
        if isinstance(target, nn.Module):
            return probe(target, asked)
        return probe(ModelSpec(ref=ModelRef("test", "model"), build=target), asked)

    return run
