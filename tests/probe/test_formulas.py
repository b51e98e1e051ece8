"""Formulas operation by operation: what runs on a CPU is run there, the rest is given the arguments it would get."""

from __future__ import annotations

from collections.abc import Callable
from math import log2
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reportgen.probe.flops import work_of
from reportgen.report.schema import ModelReport

Run = Callable[..., ModelReport]


class Function(nn.Module):
    """A function of the inputs, as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def sparse(x: Tensor) -> Tensor:
    """The diagonal of a square matrix, stored sparsely."""
    return torch.diag(x.diagonal()).to_sparse()


def positive(x: Tensor) -> Tensor:
    """A positive definite matrix; the product that makes it is not counted, being element-wise."""
    return x * 0 + torch.eye(x.shape[-1])


# what is computed, its inputs, FLOPs (not multiply-adds)
ON_CPU: dict[str, tuple[Callable[..., Any], list[str], int]] = {
    "matrix by vector": (torch.mv, ["3x4", "4"], 2 * 12),
    "dot": (torch.dot, ["5", "5"], 2 * 5),
    "complex dot": (torch.vdot, ["5:complex64", "5:complex64"], 4 * 2 * 5),
    "outer product added": (torch.addr, ["3x4", "3", "4"], 2 * 12),
    "batches added up": (torch.addbmm, ["3x5", "2x3x4", "2x4x5"], 2 * 2 * 3 * 4 * 5),
    "einsum": (lambda a, b: torch.einsum("bik,bjk->bij", a, b), ["2x3x4", "2x5x4"], 2 * 2 * 3 * 4 * 5),
    "complex product": (torch.mm, ["3x4:complex64", "4x5:complex64"], 4 * 2 * 60),
    "integer product": (torch._int_mm, ["32x16:int8", "16x8:int8"], 2 * 32 * 16 * 8),
    "sparse by dense": (lambda a, b: torch.sparse.mm(sparse(a), b), ["4x4", "4x7"], 2 * 4 * 7),
    "compressed rows by dense": (lambda a, b: sparse(a).to_sparse_csr() @ b, ["4x4", "4x7"], 2 * 4 * 7),
    "dense by sparse": (lambda a, b: b @ sparse(a), ["4x4", "7x4"], 2 * 4 * 7),
    "distances": (torch.cdist, ["3x5", "4x5"], 2 * 3 * 4 * 5),
    "distances of many": (torch.cdist, ["30x5", "4x5"], 2 * 30 * 4 * 5),
    "distances of pairs": (torch.pdist, ["5x3"], 2 * 10 * 3),
    "affine grid": (lambda t: F.affine_grid(t, [2, 3, 4, 5]), ["2x2x3"], 2 * (2 * 4 * 5) * 2 * 3),
    "bag": (F.embedding_bag, ["3x4:int64:0-9", "10x8"], 0),
    "weighted bag": (
        lambda i, w, p: F.embedding_bag(i, w, per_sample_weights=p, mode="sum"),
        ["3x4:int64:0-9", "10x8", "3x4"],
        2 * 12 * 8,
    ),
    "complex transform": (torch.fft.fft, ["3x8:complex64"], 3 * 5 * 8 * 3),
    "transform of reals": (torch.fft.rfft, ["3x8"], 3 * 5 * 8 * 3 // 2),
    "transform to reals": (lambda x: torch.fft.irfft(x, n=8), ["3x5:complex64"], 3 * 5 * 8 * 3 // 2),
    "transform in the plane": (torch.fft.fft2, ["3x8x4:complex64"], 3 * 5 * 32 * 5),
    "transform of ten points": (torch.fft.fft, ["10:complex64"], round(50 * log2(10))),
    "Cholesky": (lambda x: torch.linalg.cholesky(positive(x)), ["6x6"], 6**3 // 3),
    "LU, batched": (lambda x: torch.linalg.lu_factor(positive(x)), ["2x6x6"], 2 * (6**3 - 6**3 // 3)),
    "determinant": (lambda x: torch.linalg.det(positive(x)), ["6x6"], 6**3 - 6**3 // 3),
    "inverse": (lambda x: torch.linalg.inv(positive(x)), ["6x6"], 2 * 6**3),
    "QR": (torch.linalg.qr, ["8x3"], 2 * (2 * 8 * 9 - 2 * 27 // 3)),
    "solve": (lambda a, b: torch.linalg.solve(positive(a), b), ["6x6", "6x5"], 2 * 6**3 // 3 + 2 * 36 * 5),
    "solve one": (lambda a, b: torch.linalg.solve(positive(a), b), ["6x6", "6"], 2 * 6**3 // 3 + 2 * 36),
    "triangular": (
        lambda a, b: torch.linalg.solve_triangular(positive(a), b, upper=True),
        ["6x6", "6x5"],
        36 * 5,
    ),
    "Cholesky's solve": (lambda b, a: torch.cholesky_solve(b, positive(a)), ["6x5", "6x6"], 2 * 36 * 5),
    "counting": (lambda i: torch.bincount(i, minlength=10), ["12:int64:0-9"], 0),
    "histogram": (lambda x: torch.histc(x, bins=4), ["12"], 0),
}


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
@pytest.mark.parametrize("case", ON_CPU)
def test_operations(case: str, run: Run) -> None:
    """What an operation costs, worked out by hand."""
    function, inputs, flops = ON_CPU[case]
    report = run(Function(function), *inputs, device="cpu", mode="eval", loss="none")
    totals = report.totals.flops
    assert (report.probe.status, totals.forward, totals.uncounted) == ("complete", flops, ())


UNKNOWN = {
    "svd": (torch.linalg.svdvals, "6x6", "aten._linalg_svd"),
    "eigenvalues": (torch.linalg.eigvalsh, "6x6", "aten._linalg_eigh"),
    "sparse by sparse": (lambda x: torch.sparse.mm(sparse(x), sparse(x)), "4x4", "aten._sparse_sparse_matmul"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_depends_on_values_is_named(case: str, run: Run) -> None:
    """An iterative algorithm, or a product of two sparse factors, makes the total a lower bound."""
    function, shape, name = UNKNOWN[case]
    totals = run(Function(function), shape, device="cpu", mode="eval", loss="none").totals.flops
    assert [(row.op, row.calls) for row in totals.uncounted] == [(name, 1)]
    assert totals.exact is False


def meta(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """A tensor without memory."""
    return torch.empty(shape, dtype=dtype, device="meta")


def cost(operation: Any, *args: Any, out: Any) -> int | None:
    """FLOPs of the products of one call."""
    work = work_of(operation)
    assert work is not None
    assert work.products is not None
    return work.products(args, {}, out)


aten = torch.ops.aten
Q, K, V = meta(2, 4, 10, 8), meta(2, 4, 12, 8), meta(2, 4, 12, 6)  # batch, heads, length, width
HEADS_FIRST = 2 * (2 * 4) * 10 * 12 * (8 + 6)


@pytest.mark.parametrize(
    "name",
    [
        "_scaled_dot_product_flash_attention",
        "_scaled_dot_product_efficient_attention",
        "_scaled_dot_product_cudnn_attention",
        "_scaled_dot_product_fused_attention_overrideable",
        "_scaled_dot_product_flash_attention_for_cpu",
    ],
)
def test_fused_attention(name: str) -> None:
    """Two products forward, and two gradients for each of them backward."""
    forward, backward = getattr(aten, name), getattr(aten, f"{name}_backward")
    assert cost(forward.default, Q, K, V, None, False, out=(Q,)) == HEADS_FIRST
    assert cost(backward.default, Q, Q, K, V, out=(Q, K, V)) == 2 * HEADS_FIRST


def test_attention_with_lengths_first() -> None:
    """Of equal lengths: (batch, length, heads, width). Of many lengths: each sequence by itself."""
    q, k, v = (x.transpose(1, 2) for x in (Q, K, V))
    assert cost(aten._flash_attention_forward.default, q, k, v, None, None, 10, 12, out=(q,)) == HEADS_FIRST
    assert cost(aten._efficient_attention_forward.default, q, k, v, None, None, None, out=(q,)) == HEADS_FIRST
    packed, starts = meta(7, 4, 8), torch.tensor([0, 2, 7])
    pairs = 2 * 2 + 5 * 5
    ragged = (packed, packed, packed, starts, starts, 5, 5)
    assert cost(aten._flash_attention_forward.default, *ragged, out=(packed,)) == 2 * 4 * pairs * (8 + 8)
    before = (packed, packed, packed, packed, packed, meta(4, 7))
    assert cost(aten._flash_attention_backward.default, *before, starts, starts, out=()) == 2 * 2 * 4 * pairs * 16
    unread = (packed, packed, packed, starts.to("meta"), starts.to("meta"), 5, 5)
    assert cost(aten._flash_attention_forward.default, *unread, out=(packed,)) is None


def test_whole_attention_layers() -> None:
    """The in-projection, attention, the out-projection, and the encoder's two linear layers."""
    x, qkv, proj, up, down = meta(2, 5, 16), meta(48, 16), meta(16, 16), meta(32, 16), meta(16, 32)
    attention = 2 * 2 * (2 * 5 * 5 * 16)
    layer = attention + 2 * 10 * (48 * 16 + 16 * 16)
    args = (x, x, x, 16, 4, qkv, None, proj, None)
    assert cost(aten._native_multi_head_attention.default, *args, out=(x, None)) == layer
    encoder = (x, 16, 4, qkv, None, proj, None, False, False, 1e-5, None, None, None, None, up, None, down, None)
    flops = layer + 2 * 10 * (2 * 16 * 32)
    assert cost(aten._transformer_encoder_layer_fwd.default, *encoder, out=x) == flops


def test_grouped_products() -> None:
    """Rows cut into groups, columns, batches, and the inner dimension."""
    groups, n, k, m = 3, 12, 6, 4
    one_each = 2 * n * k * m
    for operation in (aten._grouped_mm.default, aten._scaled_grouped_mm.default):
        assert cost(operation, meta(n, k), meta(groups, k, m), out=meta(n, m)) == one_each
        assert cost(operation, meta(groups, m, k), meta(k, n), out=meta(m, n)) == one_each
        assert cost(operation, meta(n, k), meta(k, m), out=meta(groups, n, m)) == one_each
        assert cost(operation, meta(groups, n, k), meta(groups, k, m), out=meta(groups, n, m)) == groups * one_each


def test_scaled_and_packed_products() -> None:
    """Weights of eight and four bits, and of two-in-four sparsity, which does half the work."""
    x, out = meta(3, 64), meta(3, 32)
    dense = 2 * 3 * 64 * 32
    assert cost(aten._scaled_mm.default, x, meta(64, 32), out=out) == dense
    assert cost(aten._weight_int8pack_mm.default, x, meta(32, 64), out=out) == dense
    assert cost(aten._weight_int4pack_mm.default, x, meta(4, 2, 32, 4), 32, None, out=out) == dense
    assert cost(aten._sparse_semi_structured_linear.default, x, meta(32, 32), None, out=out) == dense // 2
    assert cost(aten._sparse_semi_structured_mm.default, meta(3, 32), meta(3, 2), meta(64, 32), out=out) == dense // 2
    pairs = torch.empty(3, 32, dtype=torch.float4_e2m1fn_x2, device="meta")
    assert cost(aten._scaled_mm.default, pairs, pairs, out=out) == dense


@pytest.mark.parametrize("wanted", [(True, True), (False, True), (True, False), (False, False)])
def test_gradients_that_a_convolution_is_asked_for(wanted: tuple[bool, bool]) -> None:
    """Each of the input's and the weight's costs what forward does; transposed or not, grouped or not."""
    x, weight, out = meta(2, 4, 8, 8), meta(6, 2, 3, 3), meta(2, 6, 6, 6)
    rest = ([1, 1], [0, 0], [1, 1])
    forward = 2 * 2 * 36 * 6 * 2 * 9
    assert cost(aten.convolution.default, x, weight, None, *rest, False, [0, 0], 2, out=out) == forward
    backward = (out, x, weight, None, *rest, False, [0, 0], 2, [*wanted, False])
    assert cost(aten.convolution_backward.default, *backward, out=()) == sum(wanted) * forward
    assert cost(aten.cudnn_convolution.default, x, weight, out=out) == forward
    assert cost(aten.cudnn_convolution_transpose.default, out, weight, out=x) == 2 * 2 * 36 * 6 * 2 * 9


def recurrent(kind: int, *, layers: int, directions: int, width: int, hidden: int) -> tuple[list[Tensor], int]:
    """The weights of a recurrent layer in torch's order, and the gates of its kind in cuDNN's numbers."""
    gates = {1: 1, 2: 4, 3: 3}[kind]
    weights = []
    for layer in range(layers):
        for _ in range(directions):
            inside = width if layer == 0 else directions * hidden
            weights += [meta(gates * hidden, inside), meta(gates * hidden, hidden), *[meta(gates * hidden)] * 2]
    return weights, gates


@pytest.mark.parametrize("kind", [1, 2, 3])
@pytest.mark.parametrize("packed", [False, True])
def test_recurrent_layers_of_cudnn(kind: int, packed: bool) -> None:
    """Backward has the weights' gradients and the inputs'; the first input's and the first states' where wanted."""
    weights, gates = recurrent(kind, layers=2, directions=2, width=5, hidden=7)
    batch_sizes = [3, 2, 1] if packed else []
    steps, first = (6, 3) if packed else (4 * 3, 3)  # all steps of all sequences; those that are a first one
    x = meta(6, 5) if packed else meta(4, 3, 5)
    state = meta(4, 3, 7)
    rest = (kind, 7, 0, 2, False, 0.0, True, True, batch_sizes, None)
    own, recurring = 2 * 2 * gates * 7 * (5 + 14), 2 * 2 * 2 * gates * 7 * 7  # FLOPs a step
    forward = steps * (own + recurring)
    assert cost(aten._cudnn_rnn.default, x, weights, 4, None, state, state, *rest, out=(x,)) == forward
    before = (x, weights, 4, x, state, state, x, x, None, None, *rest, x)
    backward = cost(aten._cudnn_rnn_backward.default, *before, [True, True, True, True], out=())
    assert backward == 2 * forward
    least = cost(aten._cudnn_rnn_backward.default, *before, [False, False, False, True], out=())
    assert least == 2 * forward - steps * 2 * 2 * gates * 7 * 5 - first * recurring


@pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated", "ignore:torch.quantize_per_tensor")
def test_quantised_recurrent_layers(run: Run) -> None:
    """The packed weights of a dynamically quantised LSTM meet every step, like those it was made from."""
    plain = nn.LSTM(8, 16, num_layers=2, bidirectional=True)
    quantised = torch.ao.quantization.quantize_dynamic(nn.Sequential(plain).eval(), {nn.LSTM})
    totals = run(quantised, "5x2x8", device="cpu", mode="eval", loss="none").totals.flops
    assert totals.forward == 2 * 5 * 2 * 2 * 4 * 16 * ((8 + 16) + (32 + 16))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors is in prototype stage")
def test_ragged_inputs(run: Run) -> None:
    """Every row of every sequence meets the weight, forward and backward."""
    layer = nn.Linear(4, 3)
    ragged = Function(lambda x: layer(torch.nested.as_nested_tensor([x[:1], x])))
    ragged.layer = layer
    totals = run(ragged, "2x4", device="cpu").totals.flops
    assert (totals.forward, totals.backward, totals.uncounted) == (2 * 3 * 4 * 3, 2 * 3 * 4 * 3, ())
