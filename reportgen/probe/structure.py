"""Tensors inside nested structures: what a forward pass takes and returns, however it is packed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

_MAX_DEPTH = 16  # deeper is a cycle, or no output of a model


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor in ``value``, in order."""
    return (tensor for _, tensor in named_tensors(value))


def sizes(tensor: Tensor) -> tuple[int | None, ...]:
    """The shape; None for a dimension in which the parts of a nested tensor differ."""
    if not tensor.is_nested:
        return tuple(tensor.shape)
    if tensor.layout is torch.jagged:
        return tuple(size if isinstance(size, int) else None for size in tensor.shape)
    parts = tensor._nested_tensor_size().tolist()
    return (len(parts), *(column[0] if len(set(column)) == 1 else None for column in zip(*parts, strict=True)))


def named_tensors(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    """Every tensor in ``value`` with its path: ``""`` for a bare tensor, ``logits``, ``0.boxes``.

    Looks into mappings, sequences, named tuples (packed sequences are one) and dataclasses; other objects are opaque.
    """
    if isinstance(value, Tensor):
        yield path, value
    elif value is not None and depth < _MAX_DEPTH:
        for key, item in _items(value):
            yield from named_tensors(item, f"{path}.{key}" if path else key, depth + 1)


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(key), item) for key, item in value.items())
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from zip(value._fields, value, strict=False)
    elif isinstance(value, list | tuple):
        yield from ((str(index), item) for index, item in enumerate(value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((entry.name, getattr(value, entry.name)) for entry in dataclasses.fields(value))
