"""What is known of operations: which values they read, make, write and draw; and the tensors among their arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

LIMIT = 2**18  # elements of a tensor whose content is followed
_DRAWN_LIMIT = 2**10  # of one drawn at random: a choice that code makes, not a tensor of weights
_aten = torch.ops.aten

# What they give follows from their first argument's shape, whatever it holds.
CONSTANTS = frozenset(
    {
        _aten.zeros_like.default,
        _aten.ones_like.default,
        _aten.full_like.default,
        _aten.new_zeros.default,
        _aten.new_ones.default,
        _aten.new_full.default,
    }
)
_RANDOM_FILLS = frozenset(
    {
        _aten.uniform_.default,
        _aten.normal_.default,
        _aten.random_.default,
        _aten.random_.to,
        getattr(_aten.random_, "from"),
        _aten.bernoulli_.float,
    }
)
FILLS = _RANDOM_FILLS | {_aten.zero_.default, _aten.fill_.Scalar, _aten.fill_.Tensor, _aten.copy_.default}
UNFILLED = frozenset(
    {
        _aten.empty.memory_format,
        _aten.empty_like.default,
        _aten.empty_strided.default,
        _aten.new_empty.default,
        _aten.new_empty_strided.default,
    }
)
CHOICES = {_aten.topk.default: 2, _aten.argmax.default: 1}  # and where among their arguments the dimension stands
BY_MASK = frozenset({_aten.index.Tensor, _aten.index_put.default, _aten.index_put_.default})

LOOKED_INTO = frozenset({*CONSTANTS, *FILLS, *BY_MASK, *CHOICES, _aten.masked_select.default, _aten.nonzero.default})


def flat(value: Any) -> Iterator[Tensor]:
    """Every tensor among an operation's arguments or results."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from flat(item)
    elif isinstance(value, Mapping):
        yield from flat(list(value.values()))


def is_tensor(value: Any) -> bool:
    """Whether an argument is a tensor itself."""
    return isinstance(value, Tensor)


def swapped(value: Any, others: Mapping[int, Any]) -> Any:
    """``value`` with other tensors in place of those named by id."""
    if isinstance(value, Tensor):
        return others.get(id(value), value)
    if type(value) in {list, tuple}:
        return type(value)(swapped(item, others) for item in value)
    if isinstance(value, Mapping):
        return {name: swapped(item, others) for name, item in value.items()}
    return value


def on_cpu(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keyword arguments with the CPU as their device, where they name one."""
    return {**kwargs, "device": torch.device("cpu")} if kwargs.get("device") is not None else kwargs


def tells_values(operation: Any, kwargs: Mapping[str, Any]) -> bool:
    """Whether it gives numbers, a copy on the CPU, or a tensor whose size follows from values."""
    device = kwargs.get("device")
    return _tells_tags(operation) or (device is not None and torch.device(device).type == "cpu")


@cache
def _tells_tags(operation: torch._ops.OpOverload) -> bool:
    return torch.Tag.data_dependent_output in operation.tags or torch.Tag.dynamic_output_shape in operation.tags


@cache
def is_determined(operation: torch._ops.OpOverload) -> bool:
    """Whether what it gives follows from what is given; what it draws from that included."""
    if operation is _aten.multinomial.default:  # a few numbers, by weights that are known
        return True
    return operation not in UNFILLED and torch.Tag.nondeterministic_seeded not in operation.tags


@cache
def limit(operation: torch._ops.OpOverload) -> int:
    """Elements of what it makes that are worth knowing."""
    return _DRAWN_LIMIT if torch.Tag.nondeterministic_seeded in operation.tags else LIMIT


@cache
def _writes(operation: torch._ops.OpOverload) -> tuple[tuple[int, str], ...]:
    """The places of the arguments that it writes to."""
    return tuple(
        (index, argument.name)
        for index, argument in enumerate(operation._schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    )


def written_by(operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Tensor]:
    """The tensors among its arguments that it writes to."""
    places = (args[index] if index < len(args) else kwargs.get(name) for index, name in _writes(operation))
    return list(flat(list(places)))
