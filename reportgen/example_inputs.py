"""Example inputs as specifications: what a report needs to know of tensors at hand to make others like them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from reportgen.errors import ConfigError
from reportgen.registry.base import DTYPES, InputSpec

ExampleInputs: TypeAlias = Any
"""A text, an `InputSpec`, a tensor, a sequence of these, or a mapping of arguments' names to tensors.

Whatever has a shape and a dtype is a tensor; within sequences and mappings there may be others.
"""


def specs_of(inputs: ExampleInputs, forward: Callable[..., Any] | None = None) -> tuple[InputSpec, ...]:
    """The specifications of inputs: shapes, dtypes, and of integers the range of what is in them.

    ``forward`` says how arguments are called, which lists of tensors by position have to be told by.

    Raises:
        ConfigError: a text that is no specification, or a value that is no tensor.
    """
    if isinstance(inputs, Mapping):
        return tuple(spec for name, value in inputs.items() for spec in _named(str(name), value))
    items = [inputs] if _is_single(inputs) else list(inputs)
    if all(_is_single(item) for item in items):
        return tuple(_spec(None, item) for item in items)
    names = _arguments(forward)
    if len(items) > len(names):
        raise ConfigError(
            "nothing says what the arguments of these inputs are called",
            code="input-spec",
            remedy="give a dictionary of them by their names",
        )
    return tuple(spec for name, item in zip(names, items, strict=False) for spec in _named(name, item))


def _is_single(value: Any) -> bool:
    return isinstance(value, str | InputSpec) or _is_tensor(value)


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _arguments(forward: Callable[..., Any] | None) -> list[str]:
    try:
        parameters = inspect.signature(forward).parameters.values() if forward is not None else ()
    except (TypeError, ValueError):  # a foreign callable may have none
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _named(name: str, value: Any) -> Iterator[InputSpec]:
    """The tensors of one argument: ``images.0``, ``targets.0.boxes``."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _named(f"{name}.{key}", part)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, part in enumerate(value):
            yield from _named(f"{name}.{index}", part)
    else:
        yield _spec(name, value)


def _spec(name: str | None, value: Any) -> InputSpec:
    if isinstance(value, InputSpec):
        return value
    if isinstance(value, str):
        return InputSpec.parse(value if name is None else f"{name}={value}")
    if not _is_tensor(value):
        what = type(value).__name__
        raise ConfigError(
            f"the input {name or 'given'} is a {what}, and no tensor",
            code="input-spec",
            remedy="give tensors alone; what forward has a default for can be left out",
        )
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in DTYPES:
        raise ConfigError(
            f"the input {name or 'given'} has the dtype {dtype}, which no report can make",
            code="input-spec",
            remedy=f"use one of {', '.join(sorted(DTYPES))}",
        )
    low, high = _range(value) if "int" in dtype else (None, None)
    return InputSpec(tuple(map(int, value.shape)), dtype, name, low, high)


def _range(value: Any) -> tuple[int | None, int | None]:
    """The least and the greatest integer in a tensor; on meta there are none."""
    if getattr(value, "is_meta", False) or 0 in value.shape:
        return None, None
    return int(value.min()), int(value.max())
