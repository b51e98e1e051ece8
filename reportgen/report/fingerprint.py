"""What makes two models the same architecture: names, shapes, dtypes, tying, trainability and module classes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from reportgen.report.schema import BufferFacts, ModuleFacts, ParameterFacts


def fingerprint(
    modules: Iterable[ModuleFacts], parameters: Iterable[ParameterFacts], buffers: Iterable[BufferFacts]
) -> str:
    """``sha256:`` and the digest of those facts in registration order, and of nothing else."""
    facts = [
        [[row.path, row.class_name] for row in modules],
        [[row.name, row.shape, row.dtype, row.tied_to, row.trainable] for row in parameters],
        [[row.name, row.shape, row.dtype, row.tied_to] for row in buffers],
    ]
    return "sha256:" + hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()
