"""Fused attention, counted as the two products that it replaces: queries by keys, and weights by values.

It is counted in full, whether masked, causal or windowed. Backward has two gradients for each product; what a kernel
computes again instead of keeping it is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from torch import Tensor

from reportgen.probe.formulas.base import Formula, elements, formula, rate

Size: TypeAlias = tuple[int, int] | None
"""Query-key pairs over batch and heads, and the width of a key and a value together; None where it is not known."""

ATTENTION: dict[str, Formula] = {}
"""Operation → the part of its products that is attention."""


def _attention(*names: str) -> Callable[[Callable[[Sequence[Any]], Size]], Callable[[Sequence[Any]], Size]]:
    """Registers a fused attention by the function that gives its size."""

    def register(size: Callable[[Sequence[Any]], Size]) -> Callable[[Sequence[Any]], Size]:
        def products(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int | None:
            return _flops(size(args))

        def scores(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
            return (size(args) or (0, 0))[0]

        formula(*names)(products)
        rate("elementwise", scores, *names)  # they are scaled
        rate("activation", lambda *call: 5 * scores(*call), *names)  # and go through the softmax
        ATTENTION.update(dict.fromkeys(names, products))
        return size

    return register


def _flops(size: Size) -> int | None:
    return None if size is None else 2 * size[0] * size[1]


def _heads_first(query: Tensor, key: Tensor, value: Tensor) -> Size:
    """Of (batch, heads, length, width): every query meets every key; of ragged ones it is not known."""
    if query.is_nested or key.is_nested:
        return None
    queries = query.numel() // max(query.shape[-1], 1)
    return int(queries * key.shape[-2]), int(query.shape[-1] + value.shape[-1])


def _length_first(query: Tensor, key: Tensor, value: Tensor, starts: Tensor | None, key_starts: Tensor | None) -> Size:
    """Of (batch, length, heads, width); or (all lengths, heads, width), with where each sequence starts."""
    width = int(query.shape[-1] + value.shape[-1])
    if starts is None or key_starts is None:
        return int(query.numel() // max(query.shape[-1], 1) * key.shape[-3]), width
    if starts.is_meta:
        return None
    return int((starts.diff() * key_starts.diff()).sum()) * int(query.shape[-2]), width


@_attention(
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_fused_attention_overrideable",
    "_scaled_dot_product_attention_math_for_mps",
    "_triton_scaled_dot_attention",
)
def _scaled_dot_product(args: Sequence[Any]) -> Size:
    return _heads_first(args[0], args[1], args[2])


@_attention("_flash_attention_forward")
def _flash(args: Sequence[Any]) -> Size:
    query, key, value, starts, key_starts = args[:5]
    return _length_first(query, key, value, starts, key_starts)


@_attention("_flash_attention_forward_no_dropout_inplace")
def _flash_into(args: Sequence[Any]) -> Size:
    return _flash(args[1:])  # the result comes first


@_attention("_efficient_attention_forward")
def _efficient(args: Sequence[Any]) -> Size:
    query, key, value, _bias, starts, key_starts = args[:6]
    return _length_first(query, key, value, starts, key_starts)


@_attention("_cudnn_attention_forward")
def _cudnn(args: Sequence[Any]) -> Size:
    return _heads_first(args[0], args[1], args[2]) if args[4] is None else _efficient(args)


@formula(
    "_scaled_dot_product_flash_attention_backward",
    "_scaled_dot_product_flash_attention_for_cpu_backward",
    "_scaled_dot_product_efficient_attention_backward",
    "_scaled_dot_product_cudnn_attention_backward",
    "_scaled_dot_product_fused_attention_overrideable_backward",
)
def _backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int | None:
    return _twice(_heads_first(args[1], args[2], args[3]))


@formula("_flash_attention_backward", "_efficient_attention_backward")
def _length_first_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int | None:
    return _twice(_length_first(args[1], args[2], args[3], args[6], args[7]))


def _twice(size: Size) -> int | None:
    flops = _flops(size)
    return None if flops is None else 2 * flops


# -- whole layers: attention of (batch, length, width) with itself, all heads together as wide as the input -----------


def _self_attention(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int | None:
    x = args[0]
    return None if x.is_nested else 2 * 2 * int(x.numel() * x.shape[1])


def _layer(*weights: int) -> Formula:
    """Attention, and every token by the weights in these places once."""

    def products(args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> int | None:
        attention = _self_attention(args, kwargs, out)
        if attention is None:
            return None
        tokens = args[0].numel() // args[0].shape[-1]
        return attention + 2 * int(tokens * sum(args[place].numel() for place in weights))

    return products


def _scores(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    x, heads = args[0], args[4] if isinstance(args[4], int) else args[2]
    return 0 if x.is_nested else int(x.shape[0] * heads * x.shape[1] ** 2)


def _hidden(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """The activation between the two linear layers."""
    x = args[0]
    return 0 if x.is_nested else int(x.numel() // x.shape[-1] * args[14].shape[0])


_MULTI_HEAD = ("_native_multi_head_attention", "_triton_multi_head_attention")
_ENCODER_LAYER = "_transformer_encoder_layer_fwd"
formula(*_MULTI_HEAD)(_layer(5, 7))
formula(_ENCODER_LAYER)(_layer(3, 5, 14, 16))
rate("elementwise", _scores, *_MULTI_HEAD, _ENCODER_LAYER)
rate("activation", lambda *call: 5 * _scores(*call), *_MULTI_HEAD, _ENCODER_LAYER)
rate("activation", _hidden, _ENCODER_LAYER)
rate("elementwise", lambda args, _kwargs, _out: 2 * elements(args[0]), _ENCODER_LAYER)
rate(
    "normalisation",
    lambda args, _kwargs, _out: 2 * 8 * elements(args[0]),
    _ENCODER_LAYER,
    fvcore=lambda args, _kwargs, _out: 2 * 5 * elements(args[0]),
)
ATTENTION.update(dict.fromkeys((*_MULTI_HEAD, _ENCODER_LAYER), _self_attention))
