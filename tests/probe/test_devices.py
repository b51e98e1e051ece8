"""One model has one figure: what meta counts is what a CPU's own kernels do, forward and backward, in both modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reportgen.report.schema import ModelReport

Run = Callable[..., ModelReport]


class Model(nn.Module):
    """Layers, and a function that applies them."""

    def __init__(self, function: Callable[..., Any], *layers: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*self.layers, *inputs)


def attend(**options: Any) -> Callable[[nn.Module, Tensor], Tensor]:
    """Attention of an input with itself, two heads of width eight."""

    def attention(qkv: nn.Module, x: Tensor) -> Tensor:
        q, k, v = qkv(x).unflatten(-1, (3, 2, 8)).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v, **options)

    return attention


def masked(qkv: nn.Module, x: Tensor) -> Tensor:
    """The same under a mask."""
    return attend(attn_mask=x.new_zeros(5, 5))(qkv, x)


def grouped(query: nn.Module, key: nn.Module, x: Tensor) -> Tensor:
    """Four query heads share two key heads."""
    q, k = query(x).unflatten(-1, (4, 8)).transpose(1, 2), key(x).unflatten(-1, (2, 8)).transpose(1, 2)
    return F.scaled_dot_product_attention(q, k, k, enable_gqa=True)


def spelled(qkv: nn.Module, x: Tensor) -> Tensor:
    """Attention in single operations."""
    q, k, v = qkv(x).unflatten(-1, (3, 2, 8)).permute(2, 0, 3, 1, 4)
    return F.dropout((q * 8**-0.5 @ k.transpose(-1, -2)).softmax(-1), 0.1) @ v


def resampled(layer: nn.Module, x: Tensor) -> Tensor:
    """A spatial transformer: the sampling grid is learnt."""
    theta = layer(x.flatten(1)).view(-1, 2, 3)
    return F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)


PROJECTION, PRODUCTS = 2 * 2 * 5 * 16 * 48, 2 * 2 * (2 * 2 * 5 * 5 * 8)  # FLOPs of 2x5x16 in two heads

MODELS: dict[str, tuple[Callable[[], nn.Module], list[str]]] = {
    "LSTM, both ways": (lambda: nn.LSTM(8, 16, 2, bidirectional=True), ["5x2x8"]),
    "LSTM, projected": (lambda: nn.LSTM(8, 16, 2, proj_size=4), ["5x2x8"]),
    "LSTM cell": (lambda: nn.LSTMCell(8, 16), ["2x8"]),
    "GRU": (lambda: nn.GRU(8, 16, 2, bidirectional=True), ["5x2x8"]),
    "plain recurrent": (lambda: nn.RNN(8, 16), ["5x2x8"]),
    "multi-head attention": (
        lambda: Model(lambda layer, x: layer(x, x, x)[0], nn.MultiheadAttention(16, 2, batch_first=True)),
        ["2x5x16"],
    ),
    "encoder layer": (lambda: nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), ["2x5x16"]),
    "attention": (lambda: Model(attend(), nn.Linear(16, 48)), ["2x5x16"]),
    "causal attention": (lambda: Model(attend(is_causal=True), nn.Linear(16, 48)), ["2x5x16"]),
    "attention with dropout": (lambda: Model(attend(dropout_p=0.1), nn.Linear(16, 48)), ["2x5x16"]),
    "masked attention": (lambda: Model(masked, nn.Linear(16, 48)), ["2x5x16"]),
    "attention spelled out": (lambda: Model(spelled, nn.Linear(16, 48)), ["2x5x16"]),
    "grouped queries": (lambda: Model(grouped, nn.Linear(16, 32), nn.Linear(16, 16)), ["2x5x16"]),
    "bags": (lambda: nn.EmbeddingBag(10, 8), ["3x4:int64:0-9"]),
    "weighted bags": (
        lambda: Model(lambda bag, i, w: bag(i, per_sample_weights=w), nn.EmbeddingBag(10, 8, mode="sum")),
        ["3x4:int64:0-9", "3x4"],
    ),
    "distances": (lambda: Model(lambda layer, x: torch.cdist(layer(x), x), nn.Linear(5, 5)), ["30x5"]),
    "transforms": (
        lambda: Model(lambda layer, x: torch.fft.irfft2(torch.fft.rfft2(layer(x))), nn.Linear(8, 8)),
        ["3x8x8"],
    ),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.ConvTranspose2d(8, 4, 3, groups=2), nn.MaxPool2d(2)
        ),
        ["2x3x8x8"],
    ),
    "depthwise": (lambda: nn.Sequential(nn.Conv2d(4, 8, 3, groups=4), nn.GroupNorm(2, 8), nn.SiLU()), ["2x4x8x8"]),
    "volumes": (lambda: nn.Sequential(nn.Conv3d(2, 4, 3), nn.AdaptiveAvgPool3d(1)), ["2x2x5x5x5"]),
    "spatial transformer": (lambda: Model(resampled, nn.Linear(75, 6)), ["2x3x5x5"]),
    "in inference mode": (
        lambda: Model(torch.inference_mode()(lambda layer, x: layer(x) @ x.mT), nn.Linear(16, 16)),
        ["2x5x16"],
    ),
}


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("case", MODELS)
def test_meta_and_cpu_agree(case: str, mode: str, run: Run) -> None:
    """Products forward and backward, attention's part of them, and fvcore's figure; nothing uncounted."""
    make, inputs = MODELS[case]
    on_meta, on_cpu = (run(make(), *inputs, mode=mode, device=device).totals.flops for device in ("meta", "cpu"))
    assert on_meta.uncounted == on_cpu.uncounted == ()
    assert on_meta.conventions is not None
    assert on_cpu.conventions is not None
    assert (on_meta.forward, on_meta.backward, on_meta.attention, on_meta.conventions.fvcore) == (
        on_cpu.forward,
        on_cpu.backward,
        on_cpu.attention,
        on_cpu.conventions.fvcore,
    )


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize(
    "case", ["attention", "causal attention", "attention with dropout", "masked attention", "attention spelled out"]
)
def test_attentions_part(case: str, device: str, run: Run) -> None:
    """Queries by keys and weights by values, fused or spelled out; the projection is no attention."""
    make, inputs = MODELS[case]
    flops = run(make(), *inputs, device=device).totals.flops
    assert (flops.forward, flops.attention) == (PROJECTION + PRODUCTS, PRODUCTS)


def test_a_softmax_alone_is_no_attention(run: Run) -> None:
    """A classifier's softmax is followed by no product of its result, and a gate's comes from no product like it."""
    classifier = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Softmax(-1))
    gated = Model(lambda a, b, x: b(a(x).softmax(0)), nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
    assert [run(model, "4x8").totals.flops.attention for model in (classifier, gated)] == [0, 0]


def test_inference_mode_hides_nothing(run: Run) -> None:
    """There torch hands operations over whole; they are counted by their parts all the same."""
    make, inputs = MODELS["in inference mode"]
    assert run(make(), *inputs).totals.flops.forward == 2 * (2 * 5 * 16 * 16) + 2 * (2 * 5 * 5 * 16)
