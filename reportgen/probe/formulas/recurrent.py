"""Fused recurrent layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from torch import Tensor

from reportgen.probe.formulas.base import formula


@formula("mkldnn_rnn_layer")
def _mkldnn_rnn(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """One layer, one direction, (T, B, ·): input and recurrent weights meet every step of every sequence once."""
    return _recurrent_flops(args[0], args[1:3])


@formula("mkldnn_rnn_layer_backward")
def _mkldnn_rnn_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """Both weights' gradients, and those of the inputs that need one: of the first step, the state before often not."""
    x, hidden = args[0], args[5]
    own, recurrent = _recurrent_flops(x, args[1:2]), _recurrent_flops(x, args[2:3])
    first_step = 0 if hidden.requires_grad else recurrent // x.shape[0]
    return int(own * (1 + x.requires_grad) + 2 * recurrent - first_step)


@formula("_cudnn_rnn", "miopen_rnn")
def _cudnn_rnn(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return _recurrent_flops(args[0], args[1])


@formula("_cudnn_rnn_backward", "miopen_rnn_backward")
def _cudnn_rnn_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return 2 * _recurrent_flops(args[0], args[1])


def _recurrent_flops(x: Tensor, weights: Sequence[Tensor]) -> int:
    steps = prod(x.shape[:-1])
    return 2 * steps * sum(weight.numel() for weight in weights if weight.dim() == 2)
