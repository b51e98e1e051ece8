"""The work that is no product: so many FLOPs an element.

| work | FLOPs in the convention *everything* | in fvcore's |
| --- | --- | --- |
| pointwise arithmetic, one activation | 1 an output element, whatever the function | 0 |
| its backward, of an activation | 2 | – |
| softmax, log-softmax | 5 an element (largest, subtract, exponential, sum, divide); backward 4 | 0 |
| reductions: sum, mean, largest, norm, … | 1 an input element; variance 4, Euclidean norm 2 | 0 |
| batch, instance, layer, group normalisation | 6 an input element (mean 1, variance 3, apply 2), 8 if affine | 4, 5 |
| batch normalisation by running statistics | 2 an input element, 4 if affine | 1, 2 |
| RMS normalisation | 3 an input element, 4 with weight | 0 |
| backward of a normalisation | 10 an element | – |
| pooling | 1 an element of each window; adaptive: 1 an input element | 0; adaptive average: 1 an input element |
| resampling | 2 × taps - 1 an output element (bilinear: 4 taps); nearest: 0 | bilinear 4, nearest 1 |

A complex element counts as two. Integer and boolean results cost nothing, and neither do comparing, choosing, sorting,
looking up, random numbers, and whatever makes, moves or reshapes tensors. fvcore's column is what the handlers of
`fvcore.nn.flop_count` (0.1.5) count in forward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from reportgen.probe.formulas.base import Formula, Rate, elements, rate
from reportgen.report.totals import WorkKind


def _per_output(flops: int) -> Formula:
    return lambda _args, _kwargs, out: flops * elements(out)


def _per_input(flops: int) -> Formula:
    """Of the first argument; nothing where the result is an index, a count or a truth."""
    return lambda args, _kwargs, out: flops * elements(args[0]) if elements(out) else 0


def _per_gradient(flops: int) -> Formula:
    """Of the gradient that comes in, which is the first argument of every backward."""
    return lambda args, _kwargs, _out: flops * elements(args[0])


POINTWISE = Rate("elementwise", _per_output(1))
POINTWISE_OF_LISTS = Rate("elementwise", lambda args, _kwargs, _out: sum(map(elements, args[0])))


def _register(kind: WorkKind, flops: Formula, names: str, fvcore: Formula | None = None) -> None:
    rate(kind, flops, *names.split(), fvcore=fvcore)


_register(
    "activation",
    _per_output(1),
    """
    relu relu6 gelu silu sigmoid tanh hardswish hardsigmoid hardtanh leaky_relu elu mish softplus softshrink hardshrink
    threshold _prelu_kernel rrelu_with_noise rrelu_with_noise_functional log_sigmoid_forward
    """,
)
_register("activation", _per_output(2), "glu")
_register(
    "activation",
    _per_gradient(2),
    """
    gelu_backward silu_backward sigmoid_backward tanh_backward hardswish_backward hardsigmoid_backward
    hardtanh_backward leaky_relu_backward elu_backward mish_backward softplus_backward softshrink_backward
    hardshrink_backward threshold_backward _prelu_kernel_backward rrelu_with_noise_backward log_sigmoid_backward
    glu_backward
    """,
)
_register(
    "activation",
    _per_output(5),
    "_softmax _log_softmax _safe_softmax _masked_softmax _sparse_softmax _sparse_log_softmax",
)
_register("activation", _per_gradient(4), "_softmax_backward_data _log_softmax_backward_data _masked_softmax_backward")
_register("elementwise", _per_output(1), "floor_divide _masked_scale _add_relu")
_register("elementwise", _per_output(2), "native_dropout _fused_dropout addcmul addcdiv")
_register("elementwise", _per_output(3), "lerp linalg_cross")
_register(
    "elementwise",
    _per_gradient(1),
    """
    native_dropout_backward binary_cross_entropy_backward mse_loss_backward smooth_l1_loss_backward
    huber_loss_backward
    """,
)
_register(
    "reduction",
    _per_input(1),
    "sum nansum prod amax amin aminmax max min cumsum cumprod cummax cummin trace segment_reduce _aminmax _sparse_sum",
)
_register("reduction", _per_input(2), "norm linalg_vector_norm renorm _foreach_norm")
_register(
    "reduction",
    _per_input(3),
    """
    mse_loss smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits dist soft_margin_loss
    multi_margin_loss multilabel_margin_loss_forward
    """,
)
_register("reduction", _per_input(4), "var var_mean std std_mean logsumexp logcumsumexp _logcumsumexp")
_register("reduction", _per_gradient(1), "embedding_dense_backward embedding_backward _segment_reduce_backward")


def _bags(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """Rows added up (or compared); where each has a weight, they are a product."""
    weighted = len(args) > 6 and args[6] is not None
    return 0 if weighted else int(args[1].numel() * args[0].shape[1])


_register("reduction", _bags, "_embedding_bag _embedding_bag_forward_only")
_register(
    "reduction",
    lambda args, _kwargs, _out: int(args[1].numel() * args[0].shape[1]),
    "_embedding_bag_dense_backward _embedding_bag_backward",
)


def _mean_as_pooling(args: Sequence[Any], kwargs: Mapping[str, Any], _out: Any) -> int:
    """Adaptive average pooling to 1x1, which torch itself writes as this mean, is counted; other means are not."""
    pooling = args[0].dim() == 4 and tuple(args[1:]) == ([-1, -2], True)
    return elements(args[0]) if pooling and not kwargs else 0


_register("reduction", _per_input(1), "mean", _mean_as_pooling)


def _added(position: int) -> Formula:
    """One addition for every element of the argument in that place: the source of a scatter."""
    return lambda args, _kwargs, _out: elements(args[position]) if len(args) > position else 0


_register("reduction", _added(3), "scatter_add index_add scatter_reduce index_reduce")


def _accumulated(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """``index_put``: an addition for each value where it accumulates."""
    accumulates = len(args) > 3 and args[3]
    return elements(args[2]) if accumulates else 0


_register("reduction", _accumulated, "index_put _index_put_impl _unsafe_index_put _unsafe_masked_index_put_accumulate")


# -- normalisation ---------------------------------------------------------------------------------------------------


def _normalisation(weight_at: int, plain: int, affine: int) -> Formula:
    """So many FLOPs an input element, by whether there is a weight in that place."""

    def measure(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
        return elements(args[0]) * (plain if args[weight_at] is None else affine)

    return measure


def _batch_normalisation(batch: tuple[int, int], running: tuple[int, int]) -> Formula:
    """By the statistics it uses, which its one flag says, and by whether it has a weight: (without, with)."""

    def measure(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
        training = next(value for value in args[3:] if isinstance(value, bool))
        return elements(args[0]) * (batch if training else running)[args[1] is not None]

    return measure


_register(
    "normalisation",
    _batch_normalisation((6, 8), (2, 4)),
    """
    native_batch_norm cudnn_batch_norm miopen_batch_norm _native_batch_norm_legit
    _native_batch_norm_legit_functional
    """,
    _batch_normalisation((4, 5), (1, 2)),
)
_register(
    "normalisation",
    _normalisation(1, 6, 8),
    "_batch_norm_with_update _batch_norm_with_update_functional",
    _normalisation(1, 4, 5),
)
_register(
    "normalisation",
    _normalisation(1, 2, 4),
    "_native_batch_norm_legit_no_training _batch_norm_no_update batch_norm_elemt",
    _normalisation(1, 1, 2),
)
_register("normalisation", _per_input(4), "batch_norm_stats _weight_norm_interface")
_register("normalisation", _normalisation(2, 6, 8), "native_layer_norm", _normalisation(2, 4, 5))
_register("normalisation", _normalisation(1, 6, 8), "native_group_norm", _normalisation(1, 4, 5))
_register("normalisation", _normalisation(2, 3, 4), "_fused_rms_norm")
_register(
    "normalisation",
    _per_gradient(10),
    """
    native_batch_norm_backward batch_norm_backward native_layer_norm_backward native_group_norm_backward
    _fused_rms_norm_backward _weight_norm_interface_backward
    """,
)
_register(
    "normalisation",
    lambda args, _kwargs, _out: 10 * elements(args[1]),
    "cudnn_batch_norm_backward miopen_batch_norm_backward",
)


# -- pooling and resampling ------------------------------------------------------------------------------------------


def _windows(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Any) -> int:
    """Every output element looks at a window of the size that the second argument gives."""
    return elements(out) * int(prod(args[1]))


def _windows_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return elements(args[0]) * int(prod(args[2]))


_register(
    "resampling",
    _windows,
    """
    avg_pool1d avg_pool2d avg_pool3d max_pool2d_with_indices max_pool3d_with_indices mkldnn_max_pool2d
    mkldnn_max_pool3d fractional_max_pool2d fractional_max_pool3d
    """,
)
_register("resampling", _windows_backward, "avg_pool2d_backward avg_pool3d_backward")
_register("resampling", _per_input(1), "_adaptive_avg_pool2d", _per_input(1))
_register(
    "resampling",
    _per_input(1),
    "_adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d col2im",
)
_register(
    "resampling",
    lambda _args, _kwargs, out: elements(out),
    "_adaptive_avg_pool2d_backward _adaptive_avg_pool3d_backward",
)
_register(
    "resampling",
    _per_gradient(1),
    """
    adaptive_max_pool2d_backward adaptive_max_pool3d_backward max_pool2d_with_indices_backward
    max_pool3d_with_indices_backward fractional_max_pool2d_backward fractional_max_pool3d_backward
    upsample_nearest1d_backward upsample_nearest2d_backward upsample_nearest3d_backward
    _upsample_nearest_exact1d_backward _upsample_nearest_exact2d_backward _upsample_nearest_exact3d_backward
    """,
)
_register("resampling", _per_output(0), "upsample_nearest2d", _per_output(1))
_register("resampling", _per_output(3), "upsample_linear1d")
_register("resampling", _per_output(7), "upsample_bilinear2d grid_sampler_2d cudnn_grid_sampler", _per_output(4))
_register("resampling", _per_output(7), "_upsample_bilinear2d_aa")
_register("resampling", _per_output(15), "upsample_trilinear3d grid_sampler_3d")
_register("resampling", _per_output(31), "upsample_bicubic2d _upsample_bicubic2d_aa _upsample_lanczos2d_aa")
for _taps, _names in (
    (2, "upsample_linear1d_backward"),
    (4, "upsample_bilinear2d_backward _upsample_bilinear2d_aa_backward grid_sampler_2d_backward"),
    (8, "upsample_trilinear3d_backward grid_sampler_3d_backward"),
    (16, "upsample_bicubic2d_backward _upsample_bicubic2d_aa_backward _upsample_lanczos2d_aa_backward"),
):
    _register("resampling", _per_gradient(2 * _taps), _names)
