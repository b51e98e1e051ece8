"""Fused attention, counted as the two products it replaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from torch import Tensor

from reportgen.probe.formulas.base import formula


def _attention_flops(query: Tensor, key: Tensor, value: Tensor) -> int:
    """(B, H, L, E) by (B, H', S, E) by (B, H', S, Ev): the scores, then their product with the values."""
    rows = prod(query.shape[:-1]) * key.shape[-2]
    return 2 * rows * (query.shape[-1] + value.shape[-1])


@formula(
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_fused_attention_overrideable",
    "_scaled_dot_product_attention_math_for_mps",
)
def _attention(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return _attention_flops(args[0], args[1], args[2])


@formula(
    "_scaled_dot_product_flash_attention_backward",
    "_scaled_dot_product_flash_attention_for_cpu_backward",
    "_scaled_dot_product_efficient_attention_backward",
    "_scaled_dot_product_cudnn_attention_backward",
    "_scaled_dot_product_fused_attention_overrideable_backward",
)
def _attention_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """Two gradients for each of the two products; what a fused kernel computes again is not counted."""
    return 2 * _attention_flops(args[1], args[2], args[3])
