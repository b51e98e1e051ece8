"""What an operation costs: one formula an operation, 1 multiply-add = 2 FLOPs.

The convention counts the multiply-adds of products: matrix products, convolutions, attention, recurrent layers, and the
backward of each. Work that multiplies and adds nothing together (element-wise, normalisation, pooling, reductions,
moving data) is zero by convention. An operation that is in neither list is *uncounted*: the total becomes a lower bound
and the report names it. Operators of other libraries are looked up in torch's own registry
(`torch.utils.flop_counter.register_flop_formula`), else they are uncounted.

A formula takes the operation's arguments and its result, and gives FLOPs. It looks at shapes only, so that it holds on
every device, and it counts a fused operation like the plain products it replaces: a model has one figure, whatever
kernel runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils.flop_counter import flop_registry

Formula: TypeAlias = Callable[[Sequence[Any], Mapping[str, Any], Any], int]

FORMULAS: dict[str, Formula] = {}


def _formula(*names: str) -> Callable[[Formula], Formula]:
    def register(function: Formula) -> Formula:
        FORMULAS.update(dict.fromkeys((f"aten::{name}" for name in names), function))
        return function

    return register


def _complex(tensor: Tensor) -> int:
    """A complex multiply-add is four real ones."""
    return 4 if tensor.dtype.is_complex else 1


def _product(left: Tensor, right: Tensor) -> int:
    """``left @ right``: (…, n, k) with (k, m), (…, k, m) or (k,). The batch is the left one's."""
    columns = right.shape[-1] if right.dim() > 1 else 1
    return int(2 * left.numel() * columns * _complex(left))


@_formula("mm", "bmm", "mv", "_int_mm", "_scaled_mm")
def _matmul(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return _product(args[0], args[1])


@_formula("addmm", "baddbmm", "addbmm", "addmv", "_addmm_activation")
def _add_matmul(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return _product(args[1], args[2])


@_formula("dot", "vdot")
def _dot(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return 2 * int(args[0].numel()) * _complex(args[0])


@_formula("_grouped_mm")
def _grouped(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    """Groups along rows, columns or the inner dimension: every inner step of every output element once in all groups.

    2-D by 2-D shares the inner dimension among the groups, so each group's output sees its own part of it.
    """
    left, right = args[0], args[1]
    if left.dim() == right.dim() == 2:  # (n, k) by (k, m), k cut into groups: out is (groups, n, m)
        return int(2 * left.numel() * right.shape[1])
    return int(2 * out.numel() * left.shape[-1])


@_formula("_trilinear")
def _trilinear(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """`torch.nn.Bilinear`: the sum of three expanded factors, evaluated as two chained products."""
    one, two, three, expand1, expand2, expand3 = args[:6]
    sizes: dict[int, int] = {}
    for tensor, expand in ((one, expand1), (two, expand2), (three, expand3)):
        shape = list(tensor.shape)
        for dim in sorted(expand):
            shape.insert(dim, 1)
        for dim, size in enumerate(shape):
            sizes[dim] = max(sizes.get(dim, 1), size)
    return 2 * prod(sizes.values())


@_formula("_cdist_forward")
def _cdist(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return 2 * out.numel() * int(args[0].shape[-1])


@_formula("_cdist_backward")
def _cdist_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    grad, left = args[0], args[1]
    return 2 * int(grad.numel()) * int(left.shape[-1])


def _convolution_flops(x: Tensor, weight: Tensor, out: Tensor, *, transposed: bool) -> int:
    """Each weight meets each position once: of the output, or of the input where transposed.

    ``weight`` is (C_out, C_in / groups, *kernel), or (C_in, C_out / groups, *kernel) where transposed, so that groups
    need no further factor.
    """
    positions = (x if transposed else out).shape
    return 2 * positions[0] * prod(positions[2:]) * weight.numel() * _complex(weight)


@_formula("convolution", "_convolution")
def _convolution(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return _convolution_flops(args[0], args[1], out, transposed=args[6])


@_formula("convolution_backward")
def _convolution_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """The gradients of input and weight each cost what the forward did; the bias's is a sum."""
    grad_out, x, weight, transposed, wanted = args[0], args[1], args[2], args[7], args[10]
    return _convolution_flops(x, weight, grad_out, transposed=transposed) * (bool(wanted[0]) + bool(wanted[1]))


@_formula("conv_tbc")
def _conv_tbc(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return 2 * int(out.shape[0] * out.shape[1] * args[1].numel())


@_formula("conv_tbc_backward")
def _conv_tbc_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    grad_out, _x, weight = args[:3]
    return 2 * 2 * int(grad_out.shape[0] * grad_out.shape[1] * weight.numel())


def _attention_flops(query: Tensor, key: Tensor, value: Tensor) -> int:
    """(B, H, L, E) by (B, H', S, E) by (B, H', S, Ev): the scores, then their product with the values."""
    rows = prod(query.shape[:-1]) * key.shape[-2]
    return 2 * rows * (query.shape[-1] + value.shape[-1])


@_formula(
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_fused_attention_overrideable",
    "_scaled_dot_product_attention_math_for_mps",
)
def _attention(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return _attention_flops(args[0], args[1], args[2])


@_formula(
    "_scaled_dot_product_flash_attention_backward",
    "_scaled_dot_product_flash_attention_for_cpu_backward",
    "_scaled_dot_product_efficient_attention_backward",
    "_scaled_dot_product_cudnn_attention_backward",
    "_scaled_dot_product_fused_attention_overrideable_backward",
)
def _attention_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """Two gradients for each of the two products; what a fused kernel computes again is not counted."""
    return 2 * _attention_flops(args[1], args[2], args[3])


@_formula("mkldnn_rnn_layer")
def _mkldnn_rnn(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """One layer, one direction, (T, B, ·): input and recurrent weights meet every step of every sequence once."""
    return _recurrent_flops(args[0], args[1:3])


@_formula("mkldnn_rnn_layer_backward")
def _mkldnn_rnn_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """Both weights' gradients, and those of the inputs that need one: of the first step, the state before often not."""
    x, hidden = args[0], args[5]
    own, recurrent = _recurrent_flops(x, args[1:2]), _recurrent_flops(x, args[2:3])
    first_step = 0 if hidden.requires_grad else recurrent // x.shape[0]
    return int(own * (1 + x.requires_grad) + 2 * recurrent - first_step)


@_formula("_cudnn_rnn", "miopen_rnn")
def _cudnn_rnn(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return _recurrent_flops(args[0], args[1])


@_formula("_cudnn_rnn_backward", "miopen_rnn_backward")
def _cudnn_rnn_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return 2 * _recurrent_flops(args[0], args[1])


def _recurrent_flops(x: Tensor, weights: Sequence[Tensor]) -> int:
    steps = prod(x.shape[:-1])
    return 2 * steps * sum(weight.numel() for weight in weights if weight.dim() == 2)


# No multiply-adds of products in these: element-wise work, normalisation, softmax, pooling, resampling, reductions,
# sorting, look-ups, and everything that makes, moves or reshapes tensors. Pointwise operations and views are recognised
# by their tags and schemas and need no entry here.
_FREE = frozenset(
    """
    _adaptive_avg_pool2d _adaptive_avg_pool2d_backward _adaptive_avg_pool3d _adaptive_avg_pool3d_backward
    adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool2d_backward adaptive_max_pool3d
    adaptive_max_pool3d_backward avg_pool1d avg_pool2d avg_pool2d_backward avg_pool3d avg_pool3d_backward
    max_pool2d_with_indices max_pool2d_with_indices_backward max_pool3d_with_indices
    max_pool3d_with_indices_backward max_unpool2d max_unpool3d fractional_max_pool2d fractional_max_pool2d_backward
    mkldnn_max_pool2d upsample_nearest1d upsample_nearest1d_backward upsample_nearest2d upsample_nearest2d_backward
    upsample_nearest3d upsample_nearest3d_backward _upsample_nearest_exact2d _upsample_nearest_exact2d_backward
    upsample_linear1d upsample_linear1d_backward upsample_bilinear2d upsample_bilinear2d_backward upsample_bicubic2d
    upsample_bicubic2d_backward upsample_trilinear3d upsample_trilinear3d_backward _upsample_bilinear2d_aa
    _upsample_bilinear2d_aa_backward _upsample_bicubic2d_aa _upsample_bicubic2d_aa_backward grid_sampler_2d
    grid_sampler_2d_backward grid_sampler_3d grid_sampler_3d_backward affine_grid_generator reflection_pad1d
    reflection_pad1d_backward reflection_pad2d reflection_pad2d_backward reflection_pad3d reflection_pad3d_backward
    replication_pad1d replication_pad1d_backward replication_pad2d replication_pad2d_backward replication_pad3d
    replication_pad3d_backward constant_pad_nd pixel_shuffle pixel_unshuffle channel_shuffle im2col col2im
    native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training native_batch_norm_backward
    _batch_norm_with_update _batch_norm_no_update batch_norm_backward cudnn_batch_norm cudnn_batch_norm_backward
    miopen_batch_norm miopen_batch_norm_backward native_layer_norm native_layer_norm_backward native_group_norm
    native_group_norm_backward _fused_rms_norm _fused_rms_norm_backward _weight_norm_interface
    _weight_norm_interface_backward linalg_vector_norm norm renorm batch_norm_stats batch_norm_elemt _softmax
    _softmax_backward_data _log_softmax _log_softmax_backward_data _safe_softmax _masked_softmax logsumexp
    logcumsumexp native_dropout native_dropout_backward _fused_dropout _prelu_kernel _prelu_kernel_backward glu
    glu_backward rrelu_with_noise rrelu_with_noise_backward gelu_backward hardswish hardswish_backward
    hardsigmoid_backward hardtanh_backward silu_backward mish mish_backward elu_backward leaky_relu_backward
    softplus_backward softshrink_backward hardshrink_backward sigmoid_backward tanh_backward threshold_backward
    log_sigmoid_forward log_sigmoid_backward _thnn_fused_lstm_cell _thnn_fused_lstm_cell_backward_impl
    _thnn_fused_gru_cell _thnn_fused_gru_cell_backward nll_loss_forward nll_loss_backward nll_loss2d_forward
    nll_loss2d_backward binary_cross_entropy binary_cross_entropy_backward binary_cross_entropy_with_logits mse_loss
    mse_loss_backward smooth_l1_loss smooth_l1_loss_backward huber_loss huber_loss_backward _ctc_loss
    _ctc_loss_backward sum mean var var_mean std std_mean prod amax amin aminmax max min argmax argmin any all
    median nanmedian mode nansum cumsum cumprod cummax cummin count_nonzero nonzero unique_consecutive _unique2
    unique_dim bincount histc searchsorted bucketize sort topk kthvalue argsort msort trace embedding
    embedding_dense_backward embedding_backward _embedding_bag _embedding_bag_forward_only
    _embedding_bag_dense_backward _embedding_bag_backward embedding_renorm_ gather scatter scatter_add
    scatter_reduce index index_select index_add index_copy index_fill index_put _index_put_impl_ _unsafe_index
    _unsafe_index_put masked_fill masked_scatter masked_scatter_backward masked_select masked_select_backward take
    put select_backward slice_backward split_backward split_with_sizes_backward unfold_backward diagonal_backward
    select_scatter slice_scatter diagonal_scatter as_strided_scatter value_selecting_reduction_backward cat stack
    hstack vstack repeat repeat_interleave flip roll rot90 tril triu tril_indices triu_indices diag_embed clone copy
    _to_copy contiguous _unsafe_view _reshape_copy view_as_real view_as_complex _conj resolve_conj resolve_neg fill
    zero detach lift_fresh lift_fresh_copy alias set_ resize_ expand_copy _pin_memory to_sparse empty empty_like
    empty_strided new_empty new_empty_strided zeros zeros_like new_zeros ones ones_like new_ones full full_like
    new_full arange range linspace logspace eye scalar_tensor rand rand_like randn randn_like randint randint_like
    randperm normal normal_functional uniform bernoulli multinomial exponential geometric cauchy log_normal poisson
    random hann_window hamming_window blackman_window complex polar unsafe_split unsafe_split_with_sizes
    unsafe_chunk _local_scalar_dense item equal is_same_size is_pinned _assert_async _functional_assert_async
    _is_any_true _is_all_true _assert_scalar sym_size sym_numel sym_stride isin one_hot _pack_padded_sequence
    _pack_padded_sequence_backward _pad_packed_sequence quantize_per_tensor quantize_per_tensor_dynamic
    quantize_per_channel dequantize fake_quantize_per_tensor_affine_cachemask
    fake_quantize_per_channel_affine_cachemask _fused_moving_avg_obs_fq_helper _coalesced_ _indices _values indices
    values coalesce _coalesce _sparse_coo_tensor_with_dims_and_tensors _efficientzerotensor
    _has_compatible_shallow_copy_type _transform_bias_rescale_qkv
    """.split()
)


def formula_for(op: torch._ops.OpOverload) -> Formula | None:
    """The formula of an operation; ``zero`` where it is free by convention; None where it is not known."""
    name = op._schema.name  # aten::addmm_, without the overload
    base = name.rstrip("_") if name.startswith("aten::") and not name.endswith("__") else name
    if base in FORMULAS:
        return FORMULAS[base]
    if _is_free(op, name, base):
        return zero
    if op._overloadpacket in flop_registry and not name.startswith("aten::"):
        return _foreign(flop_registry[op._overloadpacket])
    return None


def zero(_args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """The cost of operations that are free by convention."""
    return 0


def _is_free(op: torch._ops.OpOverload, name: str, base: str) -> bool:
    namespace, _, short = base.partition("::")
    if namespace == "profiler":  # its marks
        return True
    if namespace == "aten" and (short in _FREE or name.removeprefix("aten::") in _FREE):
        return True
    if namespace in {"aten", "prims"} and (torch.Tag.inplace_view in op.tags or _is_pointwise(op, short)):
        return True
    returns = op._schema.returns  # a view gives back its argument's memory, unwritten
    return bool(returns) and all(r.alias_info is not None and not r.alias_info.is_write for r in returns)


def _is_pointwise(op: torch._ops.OpOverload, short: str) -> bool:
    """By its tag, or by that of the operation it is the in-place form of: many of those have none of their own."""
    plain = getattr(torch.ops.aten, short, None)
    overloads = (op, *(getattr(plain, name) for name in plain.overloads())) if plain is not None else (op,)
    return any(torch.Tag.pointwise in overload.tags for overload in overloads)


def _foreign(function: Callable[..., int]) -> Formula:
    def formula(args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> int:
        return int(function(*args, **kwargs, out_val=out))

    return formula
