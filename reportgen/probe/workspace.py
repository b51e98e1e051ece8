"""What the CPU's kernels allocate for themselves, beyond what they are given and what they give.

Measured, not published: with torch 2.13 on x86-64 with AVX-512, by the events of torch's own allocator
(``benchmarks/memory.py``). Convolutions and LSTMs run in oneDNN, which lays its operands out in its own way; the other
kernels take little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

Need = Callable[[Sequence[Any], Any], int]
"""Bytes that an operation needs while it runs: (its arguments, its result) → what it takes beside these."""

LSTM = 2  # oneDNN's number of that kind of recurrent layer
_BLOCK = 16  # channels that oneDNN lays side by side
_SMALL = 20_480  # elements; a lone smaller image is convolved without oneDNN
_SMALL_KERNEL = 3
_PAGE = 4096
_aten = torch.ops.aten


def lstm_workspace(steps: int, batch: int, inputs: int, hidden: int) -> int:
    """Bytes that oneDNN keeps for backward of one float32 LSTM layer, in one direction: all its gates and states.

    Equal to what the kernel gave in all of 1,008 sizes that were tried.
    """
    rows = 4 * steps * batch
    beyond = 8 * (steps + 1) * batch  # two states, before each step and after the last
    parts = [rows * _row(4 * hidden), rows * _row(hidden)]
    parts += 3 * [beyond * _row(max(inputs, hidden))] + 2 * [beyond * hidden]
    return sum(_rounded(part, _PAGE) for part in parts)


def _row(length: int) -> int:
    """The distance between rows, in elements: whole cache lines, and never such that rows collide in the cache."""
    length = _rounded(length, 16)
    return length + 16 if length % 256 == 0 else length


def _rounded(number: int, unit: int) -> int:
    return -(-number // unit) * unit


def _convolution(args: Sequence[Any], out: Tensor) -> int:
    """Copies of input, weight and output in blocks of channels, the last of which is then copied back."""
    x, weight, groups = args[0], args[1], args[8]
    if not _in_blocks(x, weight, groups):
        return _unfolded(x, weight, out)
    if _channels_last(x):
        return 2 * int(weight.nbytes)
    copy = _blocks(out)
    return max(_input_blocks(x) + _weight_blocks(weight, groups) + copy, copy + int(out.nbytes)) - int(out.nbytes)


def _convolution_backward(args: Sequence[Any], out: Sequence[Tensor | None]) -> int:
    """The gradient of the input, then that of the weight, each from blocked copies of its operands."""
    grad, x, weight, groups = args[0], args[1], args[2], args[9]
    if not _in_blocks(x, weight, groups):
        return _unfolded(x, weight, grad)
    results: int = sum(tensor.nbytes for tensor in out if tensor is not None)
    given = out[0].nbytes if out[0] is not None else 0
    if _channels_last(x):
        depthwise = groups == x.shape[1] and max(weight.shape[2:]) > _SMALL_KERNEL
        return int(weight.nbytes) * (_BLOCK**2 if depthwise else 1)
    blocks, weights = _blocks(grad), _weight_blocks(weight, groups)
    strided = given if max(args[4]) > 1 else 0  # whose gradient comes in an order of its own, and is put right
    first: int = max(blocks + weights, given + strided) + _blocks(x) if given else 0
    second = given + blocks + _input_blocks(x) + weights if out[1] is not None else 0
    return max(first, second, results) - results


def _lstm(args: Sequence[Any], _out: Any) -> int:
    """Both weights in oneDNN's layout, and every gate once more, forward and backward."""
    x, into, across = args[:3]
    return int(into.nbytes + across.nbytes + 4 * x.shape[0] * x.shape[1] * _row(into.shape[0]))


NEEDS: dict[Any, Need] = {
    _aten.convolution.default: _convolution,
    _aten.convolution_backward.default: _convolution_backward,
    _aten.mkldnn_rnn_layer.default: _lstm,
    _aten.mkldnn_rnn_layer_backward.default: _lstm,
}
"""The operations that have a workspace, and how large it is."""


def _in_blocks(x: Tensor, weight: Tensor, groups: int) -> bool:
    """Torch's choice: oneDNN for float32, unless it is one small image."""
    large = groups > 1 or x.shape[0] > 1 or min(weight.shape[-2:]) > 3 or x.numel() > _SMALL
    return x.dtype is torch.float32 and large


def _unfolded(x: Tensor, weight: Tensor, out: Tensor) -> int:
    """Without oneDNN every window is written out, unless it is a single pixel."""
    window = prod(weight.shape[2:])
    return 0 if window == 1 else x.shape[0] * weight.shape[1] * window * prod(out.shape[2:]) * x.element_size()


def _channels_last(x: Tensor) -> bool:
    """Which oneDNN takes as it is."""
    return x.dim() == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)


def _blocks(x: Tensor) -> int:
    size: int = x.nbytes
    return size // x.shape[1] * _rounded(x.shape[1], _BLOCK) if x.numel() else 0


def _input_blocks(x: Tensor) -> int:
    """An image of three colours is read as it is."""
    return _blocks(x) if x.shape[1] > 3 else 0


def _weight_blocks(weight: Tensor, groups: int) -> int:
    if groups > 1:
        return int(weight.nbytes)
    out, into, *window = weight.shape
    return 4 * _rounded(out, _BLOCK) * (_rounded(into, _BLOCK) if into > 3 else into) * prod(window)
