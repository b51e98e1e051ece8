"""Fused recurrent layers: input and recurrent weights meet every step of every sequence once.

Beside the products, each hidden element of each step costs an LSTM 5 activations and 8 other FLOPs, a GRU 3 and 7, a
plain layer 1 and 1; that is what the layer's formula has (`torch.nn.LSTM`), and backward is taken as twice that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from torch import Tensor

from reportgen.probe.formulas.base import Formula, elements, formula, rate

_GATES = {0: 1, 1: 1, 2: 4, 3: 3}  # by cuDNN's number of the kind: ReLU, tanh, LSTM, GRU
_ACTIVATIONS = {0: 1, 1: 1, 2: 5, 3: 3}
_OTHERS = {0: 1, 1: 1, 2: 8, 3: 7}
_LSTM, _GRU = 2, 3


def _flops(x: Tensor, weights: Sequence[Tensor]) -> int:
    """Of ``x`` (…, width): every step by every matrix among ``weights``, which may hold biases too."""
    steps = prod(x.shape[:-1])
    return 2 * steps * sum(weight.numel() for weight in weights if weight.dim() == 2)


@formula("mkldnn_rnn_layer")
def _mkldnn(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """One layer, one direction, (steps, batch, width)."""
    return _flops(args[0], args[1:3])


@formula("mkldnn_rnn_layer_backward")
def _mkldnn_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """Both weights' gradients, and those of the inputs that need one: of the first step, the state before often not."""
    x, hidden = args[0], args[5]
    own, recurrent = _flops(x, args[1:2]), _flops(x, args[2:3])
    first_step = 0 if hidden.requires_grad else recurrent // x.shape[0]
    return int(own * (1 + x.requires_grad) + 2 * recurrent - first_step)


@formula("_cudnn_rnn", "miopen_rnn")
def _cudnn(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return _flops(args[0], args[1])


@formula("_cudnn_rnn_backward", "miopen_rnn_backward")
def _cudnn_backward(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    """The weights' gradients, and the inputs': of the first layer's input and of the first states where wanted."""
    x, directions = args[0], 2 if args[-5] else 1
    wants_input, wants_state, _, wants_weights = args[-1]
    matrices = [weight for weight in args[1] if weight.dim() == 2]
    forward = _flops(x, matrices)
    unwanted = 0
    if not wants_input:
        unwanted += _flops(x, matrices[:: _matrices(args)][:directions])
    if not wants_state:
        batch_sizes, batch_first = args[-4], args[-8]  # packed sequences: how many run in each step
        recurrent = _flops(x, matrices[1 :: _matrices(args)])
        steps = prod(x.shape[:-1])
        unwanted += recurrent * (batch_sizes[0] if batch_sizes else x.shape[0 if batch_first else 1]) // steps
    return int(forward * (1 + bool(wants_weights)) - unwanted)


def _matrices(args: Sequence[Any]) -> int:
    """Matrices of each layer and direction: input's, states', and a projection's where states are narrower."""
    return int(sum(weight.dim() == 2 for weight in args[1]) // _stacked(args))


def _stacked(args: Sequence[Any]) -> int:
    """Layers times directions: the first size of the states, or of the cells in their place."""
    return int((args[4] if isinstance(args[4], Tensor) else args[3]).shape[0])


@formula("_lstm_mps")
def _mps(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    return _flops(args[0], args[2])


@formula("quantized_lstm", "quantized_gru")
def _quantized(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Sequence[Tensor]) -> int:
    """The weights are packed; their shapes follow from the results: (…, directions × hidden), (layers × …, hidden)."""
    x, y, states = args[0], out[0], out[1]
    gates = _GATES[_LSTM if len(out) == 3 else _GRU]  # an LSTM gives its cells, too
    hidden = states.shape[-1]
    directions = y.shape[-1] // hidden
    layers = states.shape[0] // directions
    widths = x.shape[-1] + (layers - 1) * y.shape[-1] + layers * hidden
    return 2 * int(prod(y.shape[:-1]) * directions * gates * hidden * widths)


# -- gates -----------------------------------------------------------------------------------------------------------


def _register(of_layer: Callable[[Sequence[Any]], tuple[int, int]], times: int, *names: str) -> None:
    """``of_layer`` gives the number of the kind, and hidden elements over all steps."""

    def measured(flops: Mapping[int, int]) -> Formula:
        def measure(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
            kind, hidden = of_layer(args)
            return times * flops[kind] * hidden

        return measure

    rate("activation", measured(_ACTIVATIONS), *names)
    rate("elementwise", measured(_OTHERS), *names)


def _cudnn_hidden(args: Sequence[Any]) -> tuple[int, int]:
    kind, size = [value for value in args[5:12] if type(value) is int][:2]
    return kind, prod(args[0].shape[:-1]) * size * _stacked(args)


_register(_cudnn_hidden, 1, "_cudnn_rnn", "miopen_rnn")
_register(_cudnn_hidden, 2, "_cudnn_rnn_backward", "miopen_rnn_backward")
_register(lambda args: (_LSTM, prod(args[0].shape[:-1]) * args[10]), 1, "mkldnn_rnn_layer")
_register(lambda args: (_LSTM, prod(args[0].shape[:-1]) * args[15]), 2, "mkldnn_rnn_layer_backward")
_register(lambda args: (_LSTM, elements(args[2])), 1, "_thnn_fused_lstm_cell")
_register(lambda args: (_LSTM, elements(args[2])), 2, "_thnn_fused_lstm_cell_backward_impl")
_register(lambda args: (_GRU, elements(args[2])), 1, "_thnn_fused_gru_cell")
_register(lambda args: (_GRU, elements(args[0])), 2, "_thnn_fused_gru_cell_backward")
