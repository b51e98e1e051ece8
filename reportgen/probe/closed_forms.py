"""What a layer's call costs by the formula of its type: from its hyper-parameters and the shapes it took and gave.

These formulas know nothing of the operations that a layer consists of, and so are a check on the count of those. They
hold for a module that runs torch's own ``forward`` of its type and nothing else: one with hooks of its own, or with
parametrizations, is not covered. The convention is the record's: 1 multiply-add = 2 FLOPs, and normalisation,
activations, pooling, look-ups and the like are zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from torch import Tensor, nn
from torch.nn.modules import (
    activation,
    batchnorm,
    channelshuffle,
    conv,
    dropout,
    flatten,
    fold,
    instancenorm,
    normalization,
    padding,
    pixelshuffle,
    pooling,
    sparse,
    upsampling,
)

from reportgen.probe.structure import tensors

Form = Callable[[Any, Mapping[str, Any], Any], int]


def flops_of_call(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> int | None:
    """FLOPs of one forward call; None where no formula covers it.

    Args:
        module: what was called.
        args: its positional arguments, and ``kwargs`` the others.
        kwargs: by name.
        out: what it gave.
    """
    form = FORMS.get(type(module).forward)
    if form is None or not _is_plain(module) or any(tensor.is_nested for tensor in tensors((args, kwargs, out))):
        return None
    return form(module, {**dict(zip(_NAMES, args, strict=False)), **kwargs}, out)


_NAMES = ("input", "second", "third")  # of the positional arguments, whatever a layer calls them


def _is_plain(module: nn.Module) -> bool:
    """Whether a call is its ``forward`` and no more."""
    children = [name for name, child in module._modules.items() if child is not None]
    own = ["out_proj"] if isinstance(module, nn.MultiheadAttention) else []
    convolves = getattr(type(module), "_conv_forward", None)
    return (
        children == own
        and not module._forward_pre_hooks
        and not module._forward_hooks
        and (convolves is None or convolves in _CONVOLVE)
    )


def _complex(tensor: Tensor) -> int:
    """A complex multiply-add is four real ones."""
    return 4 if tensor.dtype.is_complex else 1


def _linear(layer: nn.Linear, _given: Mapping[str, Any], out: Tensor) -> int:
    return 2 * out.numel() * layer.in_features * _complex(layer.weight)


def _bilinear(layer: nn.Bilinear, _given: Mapping[str, Any], out: Tensor) -> int:
    """One product with the weight for every output element: in1 × in2 of its numbers each."""
    return 2 * out.numel() * layer.in1_features * layer.in2_features * _complex(layer.weight)


def _convolution(layer: conv._ConvNd, _given: Mapping[str, Any], out: Tensor) -> int:
    """Every output element is a sum over its group's input channels and the kernel."""
    return 2 * out.numel() * (layer.in_channels // layer.groups) * prod(layer.kernel_size) * _complex(layer.weight)


def _transposed(layer: conv._ConvNd, given: Mapping[str, Any], _out: Tensor) -> int:
    """Every input element goes to its group's output channels, at every place of the kernel."""
    reach = (layer.out_channels // layer.groups) * prod(layer.kernel_size)
    return 2 * int(given["input"].numel()) * reach * _complex(layer.weight)


def _attention(layer: nn.MultiheadAttention, given: Mapping[str, Any], _out: Any) -> int:
    """Four projections, the scores of every query for every key, and the values weighted by them."""
    query = given["query"] if "query" in given else given["input"]
    key = given["key"] if "key" in given else given["second"]
    width = layer.embed_dim
    if query.dim() == 2:
        batch, length, source = 1, query.shape[0], key.shape[0]
    else:
        sequence = 1 if layer.batch_first else 0
        batch, length, source = query.shape[1 - sequence], query.shape[sequence], key.shape[sequence]
    projections = length * width * width * 2 + source * width * ((layer.kdim or width) + (layer.vdim or width))
    keys = source + (layer.bias_k is not None) + layer.add_zero_attn
    return int(2 * batch * (projections + 2 * length * keys * width))


def _recurrent(layer: nn.RNNBase, given: Mapping[str, Any], _out: Any) -> int:
    """Every step of every sequence meets each layer's and direction's weights once."""
    x = given["input"]
    steps = prod(x.shape[:-1]) if isinstance(x, Tensor) else x.data.shape[0]
    weights: list[Tensor] = [getattr(layer, name) for names in layer._all_weights for name in names]
    return 2 * int(steps) * sum(weight.numel() for weight in weights if weight.dim() == 2)


def _cell(layer: nn.RNNCellBase, given: Mapping[str, Any], _out: Any) -> int:
    steps = prod(given["input"].shape[:-1])
    return 2 * int(steps) * (layer.weight_ih.numel() + layer.weight_hh.numel())


def _zero(_layer: nn.Module, _given: Mapping[str, Any], _out: Any) -> int:
    return 0


_CONVOLVE = (
    nn.Conv1d._conv_forward,
    nn.Conv2d._conv_forward,
    nn.Conv3d._conv_forward,
    conv._ConvNd._conv_forward,  # which transposed ones have, and do not use
)
_FREE_FAMILIES = (
    activation,
    batchnorm,
    channelshuffle,
    dropout,
    flatten,
    fold,
    instancenorm,
    normalization,
    padding,
    pixelshuffle,
    pooling,
    sparse,
    upsampling,
)

FORMS: dict[Any, Form] = {
    **{getattr(family, name).forward: _zero for family in _FREE_FAMILIES for name in family.__all__},
    nn.Identity.forward: _zero,
    nn.Linear.forward: _linear,
    nn.Bilinear.forward: _bilinear,
    nn.Conv1d.forward: _convolution,
    nn.Conv2d.forward: _convolution,
    nn.Conv3d.forward: _convolution,
    nn.ConvTranspose1d.forward: _transposed,
    nn.ConvTranspose2d.forward: _transposed,
    nn.ConvTranspose3d.forward: _transposed,
    nn.MultiheadAttention.forward: _attention,
    nn.RNN.forward: _recurrent,
    nn.LSTM.forward: _recurrent,
    nn.GRU.forward: _recurrent,
    nn.RNNCell.forward: _cell,
    nn.LSTMCell.forward: _cell,
    nn.GRUCell.forward: _cell,
}
"""By the ``forward`` that runs, so that a subclass with one of its own is not taken for its base."""
