"""Totals over a ledger. Of parameters three counts differ, and all are kept.

*Declared* is every registered name, *unique* every tensor once (ties are one tensor under two names), *storage* every
element of memory once (tensors may be views of one memory).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from reportgen.probe.ledger import bytes_of
from reportgen.probe.registration import Named, Registered
from reportgen.probe.storage import storage_elements
from reportgen.report.schema import BufferFacts, ParameterFacts
from reportgen.report.sums import add
from reportgen.report.totals import BufferTotals, GradientTotals, ParameterTotals


def parameter_totals(
    rows: Sequence[ParameterFacts], parameters: Sequence[Named], packed: int, active: int | None
) -> ParameterTotals:
    """The counts over a ledger; a figure that a lazy parameter leaves open is None."""
    unique = [row for row in rows if row.tied_to is None]
    trainable = add(row.numel for row in unique if row.trainable)
    frozen = add(row.numel for row in unique if not row.trainable)
    return ParameterTotals(
        declared=add(row.numel for row in rows),
        unique=add(row.numel for row in unique),
        storage=storage_elements([named.tensor for named in parameters if named.tied_to is None]),
        trainable=trainable,
        frozen=frozen,
        packed=packed,
        active=active,
        tensors=len(unique),
        bytes=add(row.bytes for row in unique),
    )


def buffer_totals(rows: Sequence[BufferFacts]) -> BufferTotals:
    """The counts over the buffers, each tensor once."""
    unique = [row for row in rows if row.tied_to is None]
    return BufferTotals(
        unique=add(row.numel for row in unique),
        tensors=len(unique),
        bytes=add(row.bytes for row in unique),
        persistent_bytes=add(row.bytes for row in unique if row.persistent),
    )


def gradient_totals(rows: Sequence[ParameterFacts], sizes: Iterable[int | None]) -> GradientTotals:
    """Parameter tensors with and without a gradient, ties once; ``sizes`` are the gradients' bytes."""
    unique = [row for row in rows if row.tied_to is None]
    return GradientTotals(
        computed=sum(row.gradient.status == "computed" for row in unique),
        none=sum(row.gradient.status == "none" for row in unique),
        bytes=add(sizes),
    )


def state_bytes(registered: Registered, packed: int) -> int | None:
    """Bytes of what ``state_dict()`` holds, each memory once and whole, as `torch.save` writes it."""
    sizes: dict[int, int | None] = {}
    for named in (*registered.parameters, *registered.buffers):
        tensor = named.tensor
        if not named.persistent:
            continue
        if tensor.layout is torch.strided and not nn.parameter.is_lazy(tensor):
            storage = tensor.untyped_storage()
            sizes[storage._cdata] = storage.nbytes()
        else:
            sizes[id(tensor)] = bytes_of(tensor)
    return add((*sizes.values(), packed))


def packed_elements(modules: Iterable[tuple[str, nn.Module]]) -> tuple[int, int]:
    """Logical elements, and bytes, of weights and biases that quantised modules keep packed, out of every registry."""
    elements = size = 0
    for _, module in modules:
        unpack = getattr(module, "_weight_bias", None)
        inner = getattr(module, "_packed_params", None)
        if not callable(unpack) or isinstance(inner, nn.Module):  # which holds the same weights, and is counted itself
            continue
        for tensor in unpack():
            if isinstance(tensor, Tensor):
                elements += tensor.numel()
                size += tensor.numel() * tensor.element_size()
    return elements, size
