"""Live storages against hand counts, against the CPU's allocator, and against what autograd says it saves."""

from __future__ import annotations

import gc
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.checkpoint import checkpoint

from reportgen.probe import kernels
from reportgen.probe.routes import is_fused
from reportgen.probe.workspace import lstm_workspace
from reportgen.report.schema import ModelReport
from reportgen.report.totals import MemoryMoment, MemoryTotals

Run = Callable[..., ModelReport]


def chain() -> nn.Sequential:
    """58 parameters, 232 bytes."""
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


class Attention(nn.Module):
    """Self-attention of two heads, with a mask of one kind or another."""

    def __init__(self, mask: str = "none") -> None:
        super().__init__()
        self.into, self.out, self.mask = nn.Linear(32, 96), nn.Linear(32, 32), mask

    def forward(self, x: Tensor) -> Tensor:
        """(batch, steps, 32) → the same."""
        batch, steps, _ = x.shape
        q, k, v = self.into(x).view(batch, steps, 3, 2, 16).permute(2, 0, 3, 1, 4)
        mask = torch.ones(steps, steps, dtype=torch.bool, device=x.device) if self.mask == "bool" else None
        y = nn.functional.scaled_dot_product_attention(q, k, v, mask, is_causal=self.mask == "causal")
        out: Tensor = self.out(y.transpose(1, 2).reshape(batch, steps, 32))
        return out


class Recurrent(nn.Module):
    """The last step of a recurrent layer."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """(steps, batch, features) → (batch, width)."""
        last: Tensor = self.layer(x)[0][-1]
        return last


class Checkpointed(nn.Module):
    """Two layers that are computed again in backward."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 8))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 8) → the same."""
        out: Tensor = checkpoint(self.body, x * 2, use_reentrant=False)
        return out


class Sum(nn.ModuleList):
    """Two layers side by side."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(layers)

    def forward(self, x: Tensor) -> Tensor:
        """The sum of what they give."""
        out: Tensor = self[0](x) + self[1](x)
        return out


def convolutions() -> nn.Sequential:
    """What most image models begin with."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(inplace=True),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1, groups=32),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 64, 10),
    )


MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "chain": (chain, (64, 4)),
    "convolutions": (convolutions, (4, 3, 32, 32)),
    "attention": (Attention, (16, 100, 32)),
    "masked": (lambda: Attention("bool"), (16, 100, 32)),
    "causal": (lambda: Attention("causal"), (16, 100, 32)),
    "lstm": (lambda: Recurrent(nn.LSTM(16, 64, 2)), (20, 16, 16)),
    "both ways": (lambda: Recurrent(nn.LSTM(16, 64, bidirectional=True)), (20, 16, 16)),
    "encoder": (lambda: nn.TransformerEncoderLayer(32, 2, 64, 0.0), (60, 4, 32)),
}
all_models = pytest.mark.parametrize(("make", "shape"), MODELS.values(), ids=MODELS)


def text(shape: tuple[int, ...]) -> str:
    """The shape as an ``--input``."""
    return "x".join(map(str, shape))


def allocated(run: Callable[[], Any]) -> int:
    """The most bytes that the CPU's allocator had given out at once, for what was not there before."""
    run()
    gc.collect()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    events = profiler.profiler.kineto_results.events()
    alive = highest = 0
    for _, size in sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]"):
        alive += size
        highest = max(highest, alive)
    return highest


def moments(*pairs: tuple[int, int]) -> tuple[MemoryMoment, ...]:
    """A timeline from indexes of modules and bytes."""
    return tuple(MemoryMoment(module=module, bytes=alive) for module, alive in pairs)


def resident(model: nn.Module, x: Tensor) -> int:
    """Bytes of what was there before."""
    return sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers(), x))


def test_every_byte_of_a_chain(run: Run) -> None:
    """Linear(4→8), ReLU, Linear(8→2) on three rows, byte for byte.

    There are 232 bytes of parameters and 48 of input. In forward, a linear layer transposes its weight, which takes
    nothing, and multiplies; ReLU gives a new tensor and keeps an alias of it; what it was given goes after it.
    Kept for backward: the input (48) and what ReLU gave (96). Most is there when ReLU goes back: that 96, the
    gradients that it is given and gives (96 each), the second layer's (64 + 8), the output (24), the loss (4) and its
    gradient (4). Without autograd it is when ReLU runs: two tensors of 96.
    """
    report = run(chain(), "3x4")
    expected = MemoryTotals(
        parameters=232,
        buffers=0,
        gradients=232,
        saved_for_backward=48 + 96,
        peak_training=280 + 96 + 2 * 96 + 72 + 24 + 8,
        peak_training_bf16=(280 + 96 + 2 * 96 + 72 + 24 + 8) // 2,
        peak_inference=280 + 2 * 96,
        timeline=moments((1, 0), (1, 96), (2, 2 * 96), (2, 2 * 96), (3, 96), (3, 96 + 24)),
    )
    assert expected == report.totals.memory


def test_saved_bytes_belong_to_the_module_that_made_them(run: Run) -> None:
    """Of the chain only ReLU made something that is kept; the input is nobody's."""
    report = run(chain(), "3x4")
    assert {"": 96, "0": 0, "1": 96, "2": 0} == {row.path: row.saved_bytes for row in report.modules}


class WithoutAutograd(nn.Module):
    """A model as it is in use."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """As the model."""
        with torch.no_grad():
            out: Tensor = self.model(x)
            return out


class Residual(nn.Module):
    """A linear layer with a way around it, and a layer that is registered nowhere after it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4, bias=False)
        self.hidden = [nn.Tanh()]

    def forward(self, x: Tensor) -> Tensor:
        """(rows, 4) → the same."""
        out: Tensor = self.hidden[0](x + self.layer(x))
        return out


def test_the_course_of_a_residual_block(run: Run) -> None:
    """Of 3 rows of 16 bytes: the product; the sum beside it; tanh beside the sum alone, which is the model's."""
    report = run(Residual().requires_grad_(False), "3x4")
    assert moments((1, 0), (1, 48), (0, 2 * 48), (0, 2 * 48)) == report.totals.memory.timeline


@all_models
def test_the_highest_moment_is_the_peak(run: Run, make: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    """Without autograd, the probed pass is that of inference; its timeline and its peak are two accounts of one."""
    report = run(lambda: WithoutAutograd(make()), text(shape), mode="eval")
    memory, x = report.totals.memory, torch.empty(shape)
    assert memory.peak_inference == resident(make(), x) + max(moment.bytes for moment in memory.timeline)


@all_models
def test_a_training_step_takes_what_the_allocator_gives(
    run: Run, make: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    """Predicted on meta, within 5 % of the allocator's own events."""
    predicted = run(make, text(shape)).totals.memory.peak_training
    model, x = make().train(), torch.randn(shape)

    def step() -> None:
        model.zero_grad()
        out = model(x)
        out.sum().backward()

    assert pytest.approx(resident(model, x) + allocated(step), rel=0.05) == predicted


@all_models
def test_inference_takes_what_the_allocator_gives(
    run: Run, make: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    """Likewise without autograd, in eval mode."""
    predicted = run(make, text(shape)).totals.memory.peak_inference
    model, x = make().eval(), torch.randn(shape)
    fastpath = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # as in the probe, which shows the modules inside
    try:
        with torch.no_grad():
            measured = resident(model, x) + allocated(lambda: model(x))
    finally:
        torch.backends.mha.set_fastpath_enabled(fastpath)
    assert pytest.approx(measured, rel=0.05) == predicted


@all_models
def test_saved_is_what_autograd_packs(run: Run, make: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    """Equal to the storages that autograd packs on a real run, parameters and buffers left out."""
    model, x = make().train(), torch.randn(shape)
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    packed: dict[int, int] = {}
    kept = []

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept.append(storage)
        if storage.data_ptr() not in own:
            packed[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(x)
    assert sum(packed.values()) == run(make, text(shape)).totals.memory.saved_for_backward


@all_models
def test_meta_and_cpu_predict_the_same(run: Run, make: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    """Storages live as long on meta as with real values, and the same modules made them."""
    meta, cpu = (run(make, text(shape), device=device) for device in ("meta", "cpu"))
    assert cpu.totals.memory == meta.totals.memory
    assert [row.saved_bytes for row in cpu.modules] == [row.saved_bytes for row in meta.modules]


@all_models
def test_the_first_probe_of_a_process_is_like_any_other(
    run: Run, make: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    """What a kernel gave is remembered, and taken from there the second time."""
    kernels._MEMORY.clear()
    first, second = run(make, text(shape)), run(make, text(shape))
    assert first.totals.memory == second.totals.memory


def test_a_checkpoint_keeps_its_input_only(run: Run) -> None:
    """Of 5 rows: the input of the body (160 bytes), which Python holds; what it computes again is not there."""
    assert 160 == run(Checkpointed(), "5x8").totals.memory.saved_for_backward


def test_in_place_and_views_take_nothing(run: Run) -> None:
    """Flattening is a view, and ReLU in place writes where the layer before it wrote: 3 × 8 floats are kept."""
    model = nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Flatten(), nn.Linear(4, 8), nn.ReLU(inplace=True))
    assert 48 + 96 == run(model, "3x4").totals.memory.saved_for_backward


def test_what_is_frozen_saves_nothing(run: Run) -> None:
    """A frozen first layer needs no gradient, so its input is not kept; what ReLU gave is the second one's input."""
    report = run(chain(), "3x4", freeze=("0.*",))
    assert (96, 72) == (report.totals.memory.saved_for_backward, report.totals.memory.gradients)


def test_tied_weights_are_there_once(run: Run) -> None:
    """Two layers with one weight of 40 bytes: its gradient is one as well; the input has 20, each result 8."""

    def make() -> nn.Module:
        model = Sum(nn.Linear(5, 2, bias=False), nn.Linear(5, 2, bias=False))
        model[1].weight = model[0].weight
        return model

    report = run(make, "1x5")
    assert (40, 40) == (report.totals.memory.parameters, report.totals.memory.gradients)
    assert report.totals.memory.peak_inference == 40 + 20 + 3 * 8


def test_sparse_gradients_are_their_indices_and_values(run: Run) -> None:
    """Three rows of an embedding: 3 indices of 8 bytes and 3 rows of 4 floats, not a gradient of 1,000 rows."""
    report = run(nn.Embedding(1000, 4, sparse=True), "3:int64:0-9")
    memory = report.totals.memory
    assert (16_000, 3 * 8 + 3 * 16) == (memory.parameters, memory.gradients)
    assert memory.peak_training is not None
    assert memory.peak_training < 16_000 + 500


def test_unknown_where_nothing_ran(run: Run) -> None:
    """A forward pass that fails leaves no figure but the model's own."""
    assert MemoryTotals(232, 0, None, None, None) == run(chain(), "3x5").totals.memory


def test_no_backward_no_training_peak(run: Run) -> None:
    """Without a loss there is no training step, and inference is known all the same."""
    memory = run(chain(), "3x4", loss="none").totals.memory
    assert (None, None, 472) == (memory.peak_training, memory.peak_training_bf16, memory.peak_inference)


@pytest.mark.parametrize(("steps", "batch", "inputs", "hidden"), [(5, 2, 8, 16), (64, 1, 100, 64), (16, 3, 8, 256)])
def test_lstm_workspace_is_the_kernels(steps: int, batch: int, inputs: int, hidden: int) -> None:
    """The formula against the tensor that oneDNN gives."""
    layer, state = nn.LSTM(inputs, hidden), torch.zeros(batch, hidden)
    weights = [weight.detach() for weight in layer.parameters()]
    x = torch.randn(steps, batch, inputs)
    given = torch.ops.aten.mkldnn_rnn_layer(
        x, *weights, state, state, False, [], 2, hidden, 1, True, False, False, True
    )
    assert given[3].nbytes == lstm_workspace(steps, batch, inputs, hidden)


def test_attention_is_fused_where_torch_says_so() -> None:
    """Torch's own choice, for some 200 kinds of attention: dtypes, widths, strides and masks."""
    dtypes = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
    masks: tuple[tuple[int, ...] | None, ...] = (
        None,
        (5, 7),
        (1, 7),
        (2, 1, 5, 7),
        (2, 3, 5, 7),
        (3, 5, 7),
        (4, 7),
        (7,),
    )
    different = []
    for dtype, shape, width, strided, trained in product(dtypes, masks, (8, 6), (False, True), (False, True)):
        query, key = torch.randn(2, 3, 5, 8).to(dtype), torch.randn(2, 3, 7, 8).to(dtype)
        value = torch.randn(2, 3, 7, width).to(dtype)
        query = query.mT.contiguous().mT if strided else query
        mask = None if shape is None else torch.randn(shape).to(dtype).requires_grad_(trained)
        try:
            fused = torch._fused_sdp_choice(query, key, value, mask) == 1
        except (RuntimeError, IndexError):  # no mask of that shape at all
            continue
        if fused != is_fused(query, key, value, mask):
            different.append((dtype, shape, width, strided, trained))
    assert not different
