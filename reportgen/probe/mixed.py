"""Operands of different dtypes, which kernels of real devices refuse and torch's meta kernels let pass.

Without this, a model that was cast to another dtype, and makes some float32 tensor of its own in forward, would be
complete on meta and fail everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

_aten = torch.ops.aten
_NARROW = frozenset({torch.float16, torch.bfloat16})
_PRODUCTS: Mapping[Any, tuple[int, ...]] = {  # and which of their arguments are operands
    _aten.mm.default: (0, 1),
    _aten.mv.default: (0, 1),
    _aten.addmm.default: (0, 1, 2),
    _aten.addmv.default: (0, 1, 2),
    _aten.convolution.default: (0, 1, 2),
}
_NORMALISATIONS: Mapping[Any, tuple[int, ...]] = {
    _aten.native_batch_norm.default: (0, 1, 2),
    _aten.native_group_norm.default: (0, 1, 2),
    _aten.native_layer_norm.default: (0, 2, 3),
}


def refuse_mixed(operation: Any, args: Sequence[Any]) -> None:
    """Raises RuntimeError, as the CPU's kernel does, where operands on meta differ in dtype and may not.

    In a product they may not. A normalisation of float16 or bfloat16 may have weights in float32.
    """
    places = _PRODUCTS.get(operation) or _NORMALISATIONS.get(operation)
    if places is None:
        return
    operands = [args[place] for place in places if place < len(args) and isinstance(args[place], Tensor)]
    dtypes = {tensor.dtype: None for tensor in operands if tensor.is_meta}
    first, *others = dtypes or (None,)
    if others and (operation in _PRODUCTS or first not in _NARROW or others != [torch.float32]):
        names = " and ".join(str(dtype).removeprefix("torch.") for dtype in dtypes)
        raise RuntimeError(f"{operation.name()} of {names}: real devices refuse operands of different dtypes")
