"""The whole probe beside a bare meta constructor + forward + backward that collects nothing.

    python benchmarks/probe.py [REFERENCE…]

Each row is the median of paired runs in one process; the ratio is taken pair by pair, so that a machine whose speed
drifts still gives a fair one.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import torch

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.probe.inputs import make_inputs
from reportgen.probe.structure import tensors
from reportgen.registry.base import ModelSpec
from reportgen.registry.catalog import Catalog

MODELS = ("builtin:resnet18", "builtin:resnet50", "builtin:vit_b_16", "builtin:gpt2", "builtin:bert_base")
ROUNDS = 7


def bare(spec: ModelSpec) -> None:
    """What anyone would write to run a model once on meta."""
    device = torch.device("meta")
    with device:
        model = spec.build()
    inputs = make_inputs(model, device, (), spec.inputs)
    outputs = model(*inputs.args, **inputs.kwargs)
    sum(tensor.sum() for tensor in tensors(outputs) if tensor.dtype.is_floating_point).backward()


def seconds(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    """Prints one table."""
    print(f"{'model':30} {'bare':>9} {'probe':>9} {'ratio':>7}")
    for reference in sys.argv[1:] or MODELS:
        spec = Catalog().spec(reference)
        bare(spec)  # pays for what torch loads late
        pairs = [(seconds(partial(bare, spec)), seconds(partial(probe, spec, ProbeOptions()))) for _ in range(ROUNDS)]
        plain, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(ours / plain for plain, ours in pairs)
        print(f"{reference:30} {plain * 1000:6.1f} ms {ours * 1000:6.1f} ms {ratio:7.2f}")


if __name__ == "__main__":
    main()
