"""Rules and remembered results against torch's own meta kernel: the same shape, dtype and strides, or it declines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from reportgen.config import ProbeOptions
from reportgen.probe import kernels, probe, trace
from reportgen.probe.rules import DECLINED, NEEDED, RULES
from reportgen.registry.catalog import Catalog

aten = torch.ops.aten
DTYPES = st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.complex64])
SIZES = st.integers(0, 3)
Draw = Callable[..., Any]


def tensor(draw: Draw, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """A meta tensor, mostly contiguous; sometimes permuted, sliced or expanded."""
    kind = draw(st.sampled_from(["plain", "plain", "plain", "reversed", "sliced", "expanded"]))
    if kind == "reversed":
        return torch.empty(shape[::-1], dtype=dtype, device="meta").permute(tuple(reversed(range(len(shape)))))
    if kind == "sliced" and shape:
        return torch.empty((*shape[:-1], 2 * shape[-1]), dtype=dtype, device="meta")[..., ::2]
    if kind == "expanded" and shape:
        return torch.empty((1, *shape[1:]), dtype=dtype, device="meta").expand(shape)
    return torch.empty(shape, dtype=dtype, device="meta")


def drawn_shape(draw: Draw, low: int = 0, high: int = 4) -> tuple[int, ...]:
    """Any shape, with sizes of zero and one among the others."""
    return tuple(draw(st.lists(SIZES, min_size=low, max_size=high)))


def unary(draw: Draw, *scalars: Any) -> Any:
    """One tensor and the operation's scalars."""
    return (tensor(draw, drawn_shape(draw), draw(DTYPES)), *scalars), {}


def pair(draw: Draw, *scalars: Any) -> Any:
    """Two tensors, mostly of one shape and dtype, sometimes to be broadcast, sometimes unfit."""
    one, dtype = drawn_shape(draw), draw(DTYPES)
    kind = draw(st.sampled_from(["same", "same", "tail", "ones", "other", "dtype"]))
    other = {"tail": one[1:], "ones": tuple(1 for _ in one), "other": drawn_shape(draw)}.get(kind, one)
    operands = [tensor(draw, one, dtype), tensor(draw, other, draw(DTYPES) if kind == "dtype" else dtype)]
    return (*(operands if draw(st.booleans()) else operands[::-1]), *scalars), {}


def arithmetic(draw: Draw) -> Any:
    """A tensor and another, or a number."""
    (left, right), kwargs = pair(draw)
    return (left, draw(st.sampled_from([right, right, 2, 0.5, 1j]))), kwargs


def softmax(draw: Draw) -> Any:
    """A tensor, a dimension, and no change of dtype."""
    return (tensor(draw, drawn_shape(draw), draw(DTYPES)), draw(st.integers(-3, 3)), False), {}


def safe_softmax(draw: Draw) -> Any:
    """A tensor and a dimension."""
    return (tensor(draw, drawn_shape(draw), draw(DTYPES)), draw(st.integers(-3, 3))), {}


def softmax_backward(draw: Draw) -> Any:
    """Two tensors, a dimension and the dtype of the input."""
    (grad, output), _ = pair(draw)
    return (grad, output, draw(st.integers(-3, 3)), draw(st.sampled_from([grad.dtype, torch.float32]))), {}


def product(batch: int, bias: bool) -> Callable[[Draw], Any]:
    """Factors that mostly fit."""

    def factors(draw: Draw) -> Any:
        dtype, other = draw(DTYPES), draw(DTYPES)
        n, k, m, b = (draw(SIZES) for _ in range(4))
        inner = draw(st.sampled_from([k, k, k, k + 1]))
        outer = (b,) * batch
        second = draw(st.sampled_from([dtype, dtype, other]))
        both = tensor(draw, (*outer, n, k), dtype), tensor(draw, (*outer, inner, m), second)
        if not bias:
            return both, {}
        row = draw(st.sampled_from([(m,), (m,), (n, m), (1,), (m + 1,)]))
        return (tensor(draw, row, dtype), *both), draw(st.sampled_from([{}, {}, {"beta": 2}]))

    return factors


def batch_norm(draw: Draw) -> Any:
    """Batch normalisation with and without affine parameters and running statistics, some of a wrong length."""
    x = tensor(draw, drawn_shape(draw, 1, 5), draw(DTYPES))
    channels = x.shape[1] if x.dim() > 1 else 1
    row = tensor(draw, (draw(st.sampled_from([channels, channels, channels + 1])),), x.dtype)
    affine, tracked = draw(st.sampled_from([row, row, None])), draw(st.sampled_from([row, row, None]))
    return (x, affine, affine, tracked, tracked, draw(st.booleans()), 0.1, 1e-5), {}


def mask(draw: Draw) -> list[bool]:
    """Which gradients are wanted."""
    return [draw(st.booleans()) for _ in range(3)]


def batch_norm_backward(draw: Draw) -> Any:
    """Its backward, in training and evaluation."""
    (x, weight, _, mean, variance, training, _, eps), _ = batch_norm(draw)
    grad = tensor(draw, tuple(x.shape), x.dtype)
    kept = torch.empty(x.shape[1:2], device="meta")
    return (grad, x, weight, mean, variance, kept, kept, training, eps, mask(draw)), {}


def layer_norm(draw: Draw) -> Any:
    """Layer normalisation over one or two dimensions, with and without affine parameters."""
    x = tensor(draw, drawn_shape(draw, 1, 4), draw(DTYPES))
    inner = list(x.shape[-draw(st.integers(1, 2)) :])
    rows = tensor(draw, tuple(inner), x.dtype)
    weight, bias = draw(st.sampled_from([(rows, rows), (rows, rows), (rows, None), (None, None)]))
    return (x, inner, weight, bias, 1e-5), {}


def layer_norm_backward(draw: Draw) -> Any:
    """Its backward."""
    (x, inner, weight, bias, _), _ = layer_norm(draw)
    kept = torch.empty((*x.shape[: x.dim() - len(inner)], *(1 for _ in inner)), device="meta")
    grad = tensor(draw, tuple(x.shape), x.dtype)
    return (grad, x, inner, kept, kept, weight, bias, mask(draw)), {}


ARGUMENTS: dict[Any, Callable[[Draw], Any]] = {
    aten.pow.Tensor_Scalar: lambda draw: unary(draw, draw(st.sampled_from([2, 0.5, 1j]))),
    aten.add.Tensor: arithmetic,
    aten.sub.Tensor: arithmetic,
    aten.mul.Tensor: arithmetic,
    aten.div.Tensor: arithmetic,
    aten.add_.Tensor: arithmetic,
    aten.threshold_backward.default: lambda draw: pair(draw, 0),
    aten.hardtanh_backward.default: lambda draw: pair(draw, -1.0, 1.0),
    aten._softmax.default: softmax,
    aten._log_softmax.default: softmax,
    aten._safe_softmax.default: safe_softmax,
    aten._softmax_backward_data.default: softmax_backward,
    aten._log_softmax_backward_data.default: softmax_backward,
    aten.mm.default: product(0, bias=False),
    aten.bmm.default: product(1, bias=False),
    aten.addmm.default: product(0, bias=True),
    aten.native_batch_norm.default: batch_norm,
    aten.native_batch_norm_backward.default: batch_norm_backward,
    aten.native_layer_norm.default: layer_norm,
    aten.native_layer_norm_backward.default: layer_norm_backward,
}


def arguments(operation: Any) -> Callable[[Draw], Any]:
    """How to draw the arguments of an operation."""
    if operation in ARGUMENTS:
        return ARGUMENTS[operation]
    if operation._schema.name.endswith("_backward"):
        return pair
    if operation._overloadname == "Scalar":
        return lambda draw: unary(draw, draw(st.sampled_from([2, 0.5, 1j])))
    return unary


def described(value: Any) -> Any:
    """Shape, dtype and strides of everything in a result."""
    if isinstance(value, Tensor):
        return tuple(value.shape), value.dtype, value.stride(), value.storage_offset()
    return [described(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("operation", [operation for operation in RULES if operation not in NEEDED], ids=str)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_rules_give_what_the_kernel_gives(operation: Any, data: st.DataObject) -> None:
    """Whatever the arguments: the kernel's shape, dtype and strides, or nothing; never where the kernel refuses."""
    args, kwargs = arguments(operation)(data.draw)
    ruled = RULES[operation](*args, **kwargs)
    if ruled is not DECLINED:
        assert described(ruled) == described(operation(*args, **kwargs))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("columns", [3, 8, 20])
@pytest.mark.parametrize("dims", [(2, 3), (3, 2), (2, 2)])
def test_grouped_products_are_what_the_cpu_gives(dims: tuple[int, int], columns: int, dtype: torch.dtype) -> None:
    """Groups of rows, of columns and of inner steps; or it declines."""
    shapes = {
        (2, 3): ((8, 16), (2, 16, columns)),
        (3, 2): ((2, columns, 16), (16, 8)),
        (2, 2): ((8, 16), (16, columns)),
    }
    left, right = (torch.ones(shape, dtype=dtype) for shape in shapes[dims])
    cuts = torch.tensor([4, 8], dtype=torch.int32)
    ruled = RULES[aten._grouped_mm.default](left.to("meta"), right.to("meta"), cuts.to("meta"))
    if ruled is not DECLINED:
        assert described(ruled) == described(torch._grouped_mm(left, right, cuts))
    assert (ruled is DECLINED) == (right.stride(-2) * dtype.itemsize % 16 != 0)


REMEMBERED = {
    aten.where.self: lambda draw: ((tensor(draw, (2, 3), torch.bool), *pair(draw)[0]), {}),
    aten.cat.default: lambda draw: (([*pair(draw)[0]], draw(st.integers(0, 2))), {}),
    aten.sum.dim_IntList: lambda draw: (
        (tensor(draw, drawn_shape(draw), draw(DTYPES)), [draw(st.integers(0, 2))], draw(st.booleans())),
        {},
    ),
    aten.clamp.default: lambda draw: unary(draw, 1, draw(st.sampled_from([2, 2.5, None]))),
    aten.div.Tensor_mode: lambda draw: (pair(draw)[0], {"rounding_mode": draw(st.sampled_from([None, "floor"]))}),
    aten._to_copy.default: lambda draw: (unary(draw)[0], {"dtype": draw(DTYPES)}),
    aten.add.Tensor: arithmetic,
    aten.mul.Tensor: arithmetic,
}


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")  # half precision times a complex number
@pytest.mark.parametrize("operation", list(REMEMBERED), ids=str)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_remembered_is_what_the_kernel_gives(operation: Any, data: st.DataObject) -> None:
    """Whatever the arguments: the first time and the second, what torch gives, errors included."""
    args, kwargs = REMEMBERED[operation](data.draw)
    assert [outcome(kernels.run, operation, args, kwargs) for _ in range(2)] == [
        outcome(plainly, operation, args, kwargs)
    ] * 2


def outcome(run: Callable[..., Any], operation: Any, args: Any, kwargs: Any) -> Any:
    """What came of it: a description of the result, or the error."""
    try:
        return described(run(operation, args, kwargs))
    except (RuntimeError, IndexError, ValueError) as exc:
        return str(exc)


def plainly(operation: Any, args: Any, kwargs: Any) -> Any:
    """Runs torch's own kernel."""
    return operation(*args, **kwargs)


@pytest.mark.parametrize("name", ["resnet18", "vit_b_16", "bert_base?layers=2", "gpt2?layers=2", "unet", "vae"])
def test_no_record_depends_on_what_makes_it_fast(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With rules and memory and without, a model has the same record; and once more with all remembered."""
    spec = Catalog().spec(f"builtin:{name}")
    ruled = probe(spec, ProbeOptions())
    assert probe(spec, ProbeOptions()) == ruled
    monkeypatch.setattr(trace.Trace.__init__, "__defaults__", (plainly,))
    assert probe(spec, ProbeOptions()) == ruled


def test_the_rules_leave_errors_to_torch() -> None:
    """A shape that does not fit is told in torch's words."""
    told = [
        probe(model, ProbeOptions()).diagnostics[0].message
        for model in (nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(5)), nn.Sequential(nn.Linear(4, 6), nn.Softmax(3)))
    ]
    assert told == [
        "RuntimeError: running_mean should contain 6 elements not 5",
        "IndexError: Dimension out of range (expected to be in range of [-2, 1], but got 3)",
    ]
