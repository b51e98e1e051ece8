"""Operations whose meta kernel is not as those of real devices: the CPU's LSTM, and copies of sparse tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from reportgen.probe.rules.base import DECLINED, aten, like, plain, rule
from reportgen.probe.workspace import LSTM, lstm_workspace


@rule(aten.mkldnn_rnn_layer.default)
def _lstm_layer(x: Tensor, *rest: Any) -> Any:
    """As the CPU gives it, with the workspace for backward, which torch's own meta kernel leaves empty."""
    hidden, cells = rest[4], rest[5]
    if not plain(x, hidden, cells) or x.dtype is not torch.float32 or rest[8] != LSTM:
        return DECLINED
    steps, batch, size = *x.shape[:2], hidden.shape[-1]
    kept = lstm_workspace(steps, batch, x.shape[2], size) if torch.is_grad_enabled() else 0
    workspace = torch.empty(kept, dtype=torch.uint8, device="meta")
    return like(x, (steps, batch, size)), like(hidden), like(cells), workspace


@rule(aten.mkldnn_rnn_layer_backward.default)
def _lstm_layer_backward(x: Tensor, *rest: Any) -> Any:
    """As the CPU gives it: two tensors for the two biases, where torch's own meta kernel gives one twice."""
    if not x.is_meta:
        return DECLINED
    grads = aten.mkldnn_rnn_layer_backward.default(x, *rest)
    return (*grads[:4], like(grads[3]), *grads[5:])


@rule(aten.clone.default)
def _clone(x: Tensor, **_: Any) -> Any:
    """Of a sparse tensor, of which torch's own meta kernel forgets how many values there are."""
    if x.layout is not torch.sparse_coo or not x.is_meta:
        return DECLINED
    parts = torch.empty_like(x._indices()), torch.empty_like(x._values())
    return aten._sparse_coo_tensor_with_dims_and_tensors(
        x.sparse_dim(), x.dense_dim(), x.shape, *parts, dtype=x.dtype, layout=x.layout, device=x.device
    )
