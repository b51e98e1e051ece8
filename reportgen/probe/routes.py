"""On meta, composite operations take the way that they take on the CPU, so that no tensor is made that is not there.

Attention and LSTM are single kernels on real devices. Without one, torch spells them out: attention with a matrix of
all scores, which is the largest thing in many a transformer and which no device makes any more, and an LSTM step by
step, in thousands of operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from reportgen.probe.workspace import LSTM

_aten = torch.ops.aten
_FUSED = frozenset({torch.float32, torch.float64, torch.bfloat16, torch.float16})


@contextmanager
def like_cpu() -> Iterator[None]:
    """Inside, attention and LSTM on meta run as the CPU's kernels; on every other device as ever."""
    with torch.library._scoped_library("aten", "IMPL") as library:
        library.impl("scaled_dot_product_attention", _attention, "AutogradMeta")
        library.impl("lstm.input", _lstm, "AutogradMeta")
        yield


def _spelt_out(operation: Any, *args: Any, **kwargs: Any) -> Any:
    return operation._op_dk(torch._C.DispatchKey.CompositeImplicitAutograd, *args, **kwargs)


def _attention(  # noqa: PLR0917 (torch's own signature)
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    **more: Any,
) -> Any:
    if dropout_p or not is_fused(query, key, value, attn_mask):
        whole = (query, key, value, attn_mask, dropout_p, is_causal)
        return _spelt_out(_aten.scaled_dot_product_attention.default, *whole, **more)
    if attn_mask is not None and attn_mask.dtype is torch.bool:
        attn_mask = torch.where(attn_mask, 0.0, -torch.inf).to(query.dtype)
    flash = _aten._scaled_dot_product_flash_attention_for_cpu
    return flash(query, key, value, 0.0, is_causal, attn_mask=attn_mask, scale=more.get("scale"))[0]


def is_fused(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> bool:
    """Whether the CPU has a kernel for this attention, given that nothing is dropped out.

    The conditions of torch's ``use_flash_attention_cpp``; a test asks torch itself.
    """
    three = (query, key, value)
    if any(x.dim() != 4 or x.dtype not in _FUSED or not x.numel() or x.stride(-1) != 1 for x in three):
        return False
    if len({(*x.shape[:2], x.shape[-1]) for x in three}) > 1:
        return False
    if mask is None:
        return True
    full = (*query.shape[:3], key.shape[2])
    fits = all(size in {1, whole} for size, whole in zip(mask.shape, full[-mask.dim() :], strict=True))
    return mask.dim() in {2, 4} and fits and not mask.requires_grad


def _lstm(  # noqa: PLR0917 (torch's own signature)
    x: Tensor,
    states: Sequence[Tensor],
    weights: Sequence[Tensor],
    has_biases: bool,
    layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> Any:
    hidden, cells = states
    kinds = {tensor.dtype for tensor in (x, *states, *weights)}
    if kinds != {torch.float32} or not x.numel() or hidden.shape != cells.shape:  # which projections change
        whole = (x, states, weights, has_biases, layers, dropout, train, bidirectional, batch_first)
        return _spelt_out(_aten.lstm.input, *whole)
    directions, each = 1 + bidirectional, 4 if has_biases else 2
    x = (x.transpose(0, 1) if batch_first else x).contiguous()
    last_hidden, last_cells = [], []
    for layer in range(layers):
        outputs = []
        for index in range(layer * directions, (layer + 1) * directions):
            own = list(weights[index * each : (index + 1) * each])
            own += [torch.zeros_like(weight) for weight in own[each - 2 :]] if not has_biases else []
            state = (hidden[index].contiguous(), cells[index].contiguous())
            shape = (state[0].shape[-1], layers, has_biases, bidirectional, batch_first, train)
            out, h, c, _ = _aten.mkldnn_rnn_layer(x, *own, *state, bool(index % directions), [], LSTM, *shape)
            outputs.append(out)
            last_hidden.append(h)
            last_cells.append(c)
        x = torch.cat(outputs, -1) if bidirectional else outputs[0]
        if dropout and train and layer < layers - 1:
            x = torch.dropout(x, dropout, train=True)
    return x.transpose(0, 1) if batch_first else x, torch.stack(last_hidden), torch.stack(last_cells)
