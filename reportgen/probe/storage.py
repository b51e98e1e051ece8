"""How much memory a set of tensors covers, when some of them are views of the same memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

import torch
from torch import Tensor, nn

_MAX_RUNS = 1_000_000  # of one strided tensor; beyond that its extent stands for its elements


def storage_elements(tensors: Sequence[Tensor]) -> int | None:
    """Elements of memory that ``tensors`` cover, each once; None where one has no memory yet."""
    groups: dict[int, list[Tensor]] = {}
    elements = 0
    for tensor in tensors:
        if nn.parameter.is_lazy(tensor):
            return None
        if tensor.layout is torch.strided:
            groups.setdefault(tensor.untyped_storage()._cdata, []).append(tensor)
        else:
            elements += tensor.numel()
    for group in groups.values():
        if len(group) == 1 and group[0].is_contiguous():
            elements += group[0].numel()
        else:
            covered = _union(run for tensor in group for run in _runs(tensor))
            elements += covered // min(tensor.element_size() for tensor in group)
    return elements


def _runs(tensor: Tensor) -> Iterator[tuple[int, int]]:
    """The byte ranges, from start to end, that a strided tensor occupies in its storage."""
    size = tensor.element_size()
    start = int(tensor.storage_offset())
    dims = [(n, step) for n, step in zip(tensor.shape, tensor.stride(), strict=True) if n != 1 and step != 0]
    if tensor.numel() == 0:
        return
    length = 1
    dims.sort(key=lambda dim: dim[1])
    while dims and dims[0][1] == length:  # the innermost dimensions that lie together make one run
        length *= dims.pop(0)[0]
    runs = 1
    for n, _ in dims:
        runs *= n
    if runs > _MAX_RUNS:
        extent = length + sum((n - 1) * step for n, step in dims)
        yield start * size, (start + extent) * size
        return
    for steps in product(*(range(n) for n, _ in dims)):
        offset = start + sum(i * step for i, (_, step) in zip(steps, dims, strict=True))
        yield offset * size, (offset + length) * size


def _union(ranges: Iterable[tuple[int, int]]) -> int:
    total, reached = 0, 0
    for start, end in sorted(ranges):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
