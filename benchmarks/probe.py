"""The whole probe beside what others do on meta, from the constructor on.

    python benchmarks/probe.py [REFERENCE…] [--rounds N] [--all-peers]

Training: the probe (costs, memory, gradients, module table and all) beside a bare constructor + forward + backward that
collects nothing, and the same under `torch.utils.flop_counter.FlopCounterMode`. Evaluation: the probe's forward alone
beside torchinfo; with --all-peers, beside fvcore and TorchLens on the CPU too: these refuse meta, fvcore
for most of the models. A peer that is not installed, or cannot run a model, has no figure.

Each figure is the median of paired runs in one process, of processor time; a ratio is taken pair by pair, so that a
machine whose speed drifts still gives a fair one.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.probe.inputs import Inputs, make_inputs
from reportgen.probe.structure import tensors
from reportgen.registry.base import ModelSpec
from reportgen.registry.catalog import Catalog

MODELS = {
    "resnet18": "torchvision:resnet18",
    "resnet152": "torchvision:resnet152",
    "vit_b_16": "torchvision:vit_b_16",
    "convnext_base": "torchvision:convnext_base",
    "efficientnet_b7": "torchvision:efficientnet_b7",
    "densenet201": "torchvision:densenet201",
    "swin_v2_b": "torchvision:swin_v2_b",
    "BERT-large": "transformers:BertModel?hidden_size=1024&num_hidden_layers=24&num_attention_heads=16"
    "&intermediate_size=4096&sequence=128",
    "GPT-2": "builtin:gpt2",  # as with Llama, transformers' own reads values, so that nothing bare runs on meta
    "T5-base": "transformers:T5ForConditionalGeneration?d_model=768&d_ff=3072&num_layers=12&num_heads=12&sequence=128",
    "Llama-7B": "builtin:llama2_7b",
}
META, CPU = torch.device("meta"), torch.device("cpu")
LARGEST = 1_000_000_000  # parameters of a model with real values
EVAL = ProbeOptions(mode="eval", loss="none")
Contender = Callable[[ModelSpec], object]


def made(spec: ModelSpec, device: torch.device = META) -> tuple[nn.Module, Inputs]:
    """What anyone would write to get a model and its inputs on a device."""
    with device:
        model = spec.build()
    return model, make_inputs(model, device, (), spec.inputs)


def small(spec: ModelSpec) -> ModelSpec:
    """The model itself, if this machine can be trusted to hold it; a `ValueError` otherwise."""
    if sum(parameter.numel() for parameter in made(spec)[0].parameters()) > LARGEST:
        raise ValueError
    return spec


def bare(spec: ModelSpec) -> None:
    """Constructor, forward and backward, nothing collected."""
    model, inputs = made(spec)
    train(model, inputs)


def train(model: nn.Module, inputs: Inputs) -> None:
    """One forward and backward of the sum of all that is differentiable."""
    outputs = model(*inputs.args, **inputs.kwargs)
    torch.stack([tensor.sum() for tensor in tensors(outputs) if tensor.requires_grad]).sum().backward()


def counted(spec: ModelSpec) -> None:
    """The same, with FLOPs by module."""
    from torch.utils.flop_counter import FlopCounterMode

    model, inputs = made(spec)
    with FlopCounterMode(display=False):
        train(model, inputs)


def torchinfo(spec: ModelSpec) -> None:
    """Constructor and a summary of every module, in evaluation."""
    from torchinfo import summary

    model, inputs = made(spec)
    given: Any = inputs.kwargs or list(inputs.args)
    summary(model.eval(), input_data=given, device=META, depth=100, verbose=0)


def fvcore(spec: ModelSpec) -> None:
    """Constructor and FLOPs by module, in evaluation, on the CPU."""
    from fvcore.nn import FlopCountAnalysis

    model, inputs = made(small(spec), CPU)
    analysis = FlopCountAnalysis(model.eval(), (*inputs.args, *inputs.kwargs.values()))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).by_module()


def torchlens(spec: ModelSpec) -> None:
    """Constructor and the record of a forward pass, in evaluation, on the CPU."""
    from torchlens import trace

    model, inputs = made(small(spec), CPU)
    trace(model.eval(), list(inputs.args), inputs.kwargs)


def seconds(contender: Contender, spec: ModelSpec) -> float | None:
    """Processor time of one run; None where it fails."""
    gc.collect()
    start = time.process_time()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            contender(spec)
    except Exception:  # noqa: BLE001 (whatever a peer meets on meta)
        return None
    return time.process_time() - start


def ratio(times: dict[str, list[float | None]], ours: str, theirs: str) -> float | None:
    """Ours by theirs, the median of the pairs."""
    pairs = [(mine, other) for mine, other in zip(times[ours], times.get(theirs, ()), strict=False) if mine and other]
    return statistics.median(mine / other for mine, other in pairs) if pairs else None


def milliseconds(values: list[float | None]) -> str:
    """The median, or a dash."""
    known = [value for value in values if value is not None]
    return f"{statistics.median(known) * 1000:.0f}" if known else "–"


def contenders(*, all_peers: bool) -> dict[str, Contender]:
    """What runs in each round, in this order; installed peers only."""
    chosen: dict[str, Contender] = {
        "bare": bare,
        "FlopCounter": counted,
        "probe": partial(probe, options=ProbeOptions()),
    }
    peers: dict[str, Contender] = {"torchinfo": torchinfo}
    if all_peers:
        peers |= {"fvcore": fvcore, "torchlens": torchlens}
    chosen |= {name: peer for name, peer in peers.items() if find_spec(name) is not None}
    return chosen | {"probe, eval": partial(probe, options=EVAL)}


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("references", nargs="*")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--all-peers", action="store_true")
    asked = parser.parse_args()
    models = {reference: reference for reference in asked.references} or MODELS
    running = contenders(all_peers=asked.all_peers)
    versus = [("probe", "bare"), ("probe", "FlopCounter"), ("probe, eval", "torchinfo")]
    ratios: dict[str, list[float]] = {other: [] for _, other in versus}
    heads = [f"{name:>11}" for name in running] + [f"{'/ ' + other:>13}" for _, other in versus]
    print(f"{'ms of processor time':20} {' '.join(heads)}")
    for name, reference in models.items():
        spec = Catalog().spec(reference)
        for contender in running.values():
            seconds(contender, spec)  # pays for what is loaded late
        times: dict[str, list[float | None]] = {contender: [] for contender in running}
        for _ in range(asked.rounds):
            for contender, function in running.items():
                times[contender].append(seconds(function, spec))
        found = [ratio(times, ours, theirs) for ours, theirs in versus]
        for (_, other), value in zip(versus, found, strict=True):
            ratios[other] += [value] if value is not None else []
        cells = [f"{milliseconds(values):>11}" for values in times.values()]
        cells += [f"{value:>13.2f}" if value is not None else f"{'–':>13}" for value in found]
        print(f"{name[-20:]:20} {' '.join(cells)}", flush=True)
    means = [f"{statistics.geometric_mean(values):>13.2f}" if values else f"{'–':>13}" for values in ratios.values()]
    print(f"{'geometric mean':20} {' ' * 12 * len(running)}{' '.join(means)}")


if __name__ == "__main__":
    main()
