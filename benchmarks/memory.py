"""Predicted memory beside what the CPU's allocator really gave out, for one training step and one inference.

    python benchmarks/memory.py [REFERENCE[ INPUT…]…]

Predicted is what the probe on meta says. Measured are the allocator's own events, as torch's profiler records them, of
the same model with real values: parameters, buffers and inputs, and on top of them the largest sum of what was
allocated and not yet freed. (The process's memory would tell nothing: its heap keeps what is freed.)
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from reportgen.config import ProbeOptions
from reportgen.probe import passes, probe
from reportgen.probe.inputs import Inputs, make_inputs
from reportgen.probe.structure import tensors
from reportgen.registry.base import InputSpec
from reportgen.registry.catalog import Catalog

TOKENS = "2x128:int64:0-999"
MODELS: tuple[tuple[str, ...], ...] = (
    ("builtin:lenet5", "16x1x32x32"),
    ("builtin:resnet18",),
    ("builtin:resnet50",),
    ("builtin:unet", "1x1x188x188"),
    ("builtin:vae", "64x784"),
    ("builtin:vit_b_16",),
    ("builtin:bert_base", f"input_ids={TOKENS}", "token_type_ids=2x128:int64:0-1"),
    ("builtin:gpt2", TOKENS),
    ("builtin:llama2_7b?layers=2&width=512&hidden=1376&heads=8&vocabulary=8000", TOKENS),
    ("builtin:mixtral_8x7b?layers=2&width=512&hidden=1024&heads=8&kv_heads=2&vocabulary=8000", TOKENS),
    ("builtin:lstm_classifier?vocabulary=1000", "16x128:int64:0-999"),
    ("torchvision:vgg11",),
    ("torchvision:mobilenet_v3_large", "4x3x224x224"),
    ("torchvision:densenet121", "2x3x224x224"),
    ("torchvision:efficientnet_b0", "2x3x224x224"),
    ("torchvision:googlenet", "2x3x224x224"),
    ("torchvision:swin_t",),
    ("torchvision:convnext_tiny",),
    ("torchvision:shufflenet_v2_x1_0", "4x3x224x224"),
    ("torchvision:deeplabv3_mobilenet_v3_large", "2x3x224x224"),
    ("torchvision:r3d_18", "1x3x8x112x112"),
    ("python:benchmarks.memory:gru_classifier", "16x128:int64:0-999"),
    ("python:benchmarks.memory:transformer", "8x128x256"),
    ("transformers:t5?num_layers=2&num_decoder_layers=2",),
)


class Last(nn.Module):
    """The last step of what a recurrent layer gives, classified."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(width, classes)

    def forward(self, given: tuple[Tensor, Tensor]) -> Tensor:
        """(all steps, last state) → logits."""
        logits: Tensor = self.head(given[0][:, -1])
        return logits


def gru_classifier() -> nn.Module:
    """A text classifier on a gated recurrent unit."""
    return nn.Sequential(nn.Embedding(1000, 128), nn.GRU(128, 256, 2, batch_first=True), Last(256, 10))


def transformer() -> nn.Module:
    """Four layers of torch's own transformer encoder."""
    layer = nn.TransformerEncoderLayer(256, 8, 1024, batch_first=True)
    return nn.TransformerEncoder(layer, 4)


@dataclass(frozen=True)
class Comparison:
    """Bytes of one model, predicted and measured."""

    name: str
    predicted: tuple[int | None, int | None]  # of a training step, of an inference
    measured: tuple[int, int]

    def errors(self) -> tuple[float | None, ...]:
        """Predicted by measured, less one: of a training step and of an inference."""
        pairs = zip(self.predicted, self.measured, strict=True)
        return tuple(None if guess is None else guess / real - 1 for guess, real in pairs)


@dataclass
class _Real:
    """A model with real values, and what it is given."""

    model: nn.Module
    inputs: Inputs
    resident: int = field(init=False)

    def __post_init__(self) -> None:
        held = (*self.model.parameters(), *self.model.buffers(), *tensors((self.inputs.args, self.inputs.kwargs)))
        self.resident = sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in held}.values())

    def train(self, loss: str) -> None:
        """One forward, loss and backward, from no gradients."""
        self.model.train().zero_grad()
        returned, outputs = passes.forward(self.model, self.inputs.args, self.inputs.kwargs)
        total = passes.loss_function(loss)(returned, outputs)
        if total is not None:
            total.backward()  # type: ignore[no-untyped-call]

    def infer(self) -> None:
        """One forward as in use."""
        self.model.eval()
        with torch.no_grad():
            self.model(*self.inputs.args, **self.inputs.kwargs)

    def peak(self, run: Callable[[], None]) -> int:
        """The most bytes alive during a second ``run``: the first pays for what torch allocates once."""
        run()
        self.model.zero_grad()
        gc.collect()
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
            run()
        events = profiler.profiler.kineto_results.events()
        alive = highest = 0
        for _, size in sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]"):
            alive += size
            highest = max(highest, alive)
        return self.resident + highest


def compare(reference: str, *inputs: str) -> Comparison:
    """One model, predicted on meta and measured on the CPU."""
    given = tuple(InputSpec.parse(text) for text in inputs)
    spec = Catalog().spec(reference)
    memory = probe(spec, ProbeOptions(inputs=given)).totals.memory
    torch.manual_seed(0)
    model = spec.build()
    real = _Real(model, make_inputs(model, torch.device("cpu"), given, spec.inputs))
    torch.backends.mha.set_fastpath_enabled(False)  # as the probe has it, to see all modules
    measured = real.peak(lambda: real.train(spec.loss)), real.peak(real.infer)
    return Comparison(reference, (memory.peak_training, memory.peak_inference), measured)


def main() -> None:
    """Prints one table."""
    print(f"{'model':60} {'training step, MB':>20} {'error':>7} {'inference, MB':>18} {'error':>7}")
    asked = [tuple(text.split()) for text in sys.argv[1:]]
    for reference, *inputs in asked or MODELS:
        row = compare(reference, *inputs)
        texts = [
            f"{(guess or 0) / 1e6:9.1f} of {real / 1e6:6.1f} {(error or 0) * 100:+6.1f} %"
            for guess, real, error in zip(row.predicted, row.measured, row.errors(), strict=True)
        ]
        print(f"{row.name[:60]:60} {' '.join(texts)}", flush=True)


if __name__ == "__main__":
    main()
