"""Dummy inputs: from the user, from the source, or worked out from the first layer of the model."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from reportgen.errors import InputError
from reportgen.probe.values import Values
from reportgen.registry.base import InputSpec
from reportgen.report.schema import InputFacts

Origin = Literal["source", "user", "inferred"]
_BATCH, _LENGTH, _SIDE = 2, 16, 64  # of an inferred input: batch norm needs two, pooling some room
_KNOWN = 2**16  # elements of an input whose content is known on meta, where content is
_HIGH = 1  # integers without a range: valid for every vocabulary and class count above one
_PATH_REMEDY = "number the parts of a list from 0 without gaps, name those of a dictionary, and give each once"
_SPEC_REMEDY = "say what goes in: --input [NAME=]SHAPE[:DTYPE[:LOW-HIGH]], once for each argument"


@dataclass(frozen=True, slots=True)
class Inputs:
    """The arguments of one call of ``forward``, and what the record says of them."""

    args: tuple[Tensor, ...]
    kwargs: Mapping[str, Any]  # tensors, or lists and dictionaries of them
    facts: tuple[InputFacts, ...]


def make_inputs(
    model: nn.Module,
    device: torch.device,
    user: tuple[InputSpec, ...],
    source: tuple[InputSpec, ...],
    values: Values | None = None,
    *,
    dtype: str | None = None,
) -> Inputs:
    """The dummy inputs: the user's if there are any, else the source's, else inferred ones.

    On meta they have no content; ``values`` learns what it would be. ``dtype`` is what the model was cast to.

    Raises:
        InputError: nothing is known about what ``forward`` takes, or the inputs do not fit its signature.
    """
    origin: Origin = "user" if user else "source" if source else "inferred"
    specs = tuple(spec.cast(dtype) for spec in user or source or _infer(model))
    args = tuple(_tensor(spec, device, values) for spec in specs if spec.name is None)
    kwargs = _nested((spec.name, _tensor(spec, device, values)) for spec in specs if spec.name is not None)
    names = iter(_bind(model, args, kwargs))
    facts = tuple(
        InputFacts(
            name=spec.name if spec.name is not None else next(names),
            shape=spec.shape,
            dtype=spec.dtype,
            origin=origin,
            values=spec.values,
            data=spec.data,
        )
        for spec in specs
    )
    return Inputs(args, kwargs, facts)


def _tensor(spec: InputSpec, device: torch.device, values: Values | None) -> Tensor:
    dtype: torch.dtype = getattr(torch, spec.dtype)
    if device.type == "meta":
        tensor = torch.empty(spec.shape, dtype=dtype, device=device)
        if values is not None and tensor.numel() <= _KNOWN:
            values.set(tensor, _tensor(spec, torch.device("cpu"), None))
        return tensor
    if spec.data is not None:
        return torch.tensor(spec.data, dtype=dtype, device=device).reshape(spec.shape)
    if dtype is torch.bool:
        return torch.ones(spec.shape, dtype=dtype, device=device)
    if dtype.is_floating_point or dtype.is_complex:
        return torch.randn(spec.shape, dtype=torch.promote_types(dtype, torch.float32)).to(device, dtype)
    low = spec.low if spec.low is not None else 0
    high = spec.high if spec.high is not None else _HIGH
    return torch.randint(low, high + 1, spec.shape, dtype=dtype).to(device)


def _nested(named: Iterable[tuple[str, Tensor]]) -> dict[str, Any]:
    """The arguments by name: ``images.0`` is the first of a list, ``targets.0.boxes`` a value of a dictionary in it."""
    arguments: dict[str, Any] = {}
    for name, tensor in named:
        *path, last = name.split(".")
        node: Any = arguments
        for part in path:
            node = node.setdefault(part, {})
            if isinstance(node, Tensor):
                break
        if isinstance(node, Tensor) or last in node:
            raise InputError(f"the input {name} is given twice, or is also a part of another", remedy=_PATH_REMEDY)
        node[last] = tensor
    return {name: _packed(node, name) for name, node in arguments.items()}


def _packed(node: Any, path: str) -> Any:
    """A node of the tree of arguments as what the model gets: a list where the keys are indices."""
    if isinstance(node, Tensor):
        return node
    items = {key: _packed(value, f"{path}.{key}") for key, value in node.items()}
    if not any(key.isdecimal() for key in items):
        return items
    if items.keys() != {str(index) for index in range(len(items))}:
        raise InputError(f"the parts of {path} are no list: {', '.join(items)}", remedy=_PATH_REMEDY)
    return [items[str(index)] for index in range(len(items))]


def _signature(model: nn.Module) -> inspect.Signature | None:
    try:
        return inspect.signature(model.forward)
    except (TypeError, ValueError):  # a scripted or foreign callable may have none
        return None


def _bind(model: nn.Module, args: tuple[Tensor, ...], kwargs: Mapping[str, Any]) -> list[str]:
    """The names of the positional arguments; their indices where the signature does not tell."""
    signature = _signature(model)
    if signature is None:
        return [str(index) for index in range(len(args))]
    try:
        signature.bind(*args, **kwargs)
    except TypeError as exc:
        raise InputError(f"the inputs do not fit forward{signature}: {exc}", remedy=_SPEC_REMEDY) from exc
    named = [p.name for p in signature.parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*named[: len(args)], *(str(index) for index in range(len(named), len(args)))]


def _infer(model: nn.Module) -> tuple[InputSpec, ...]:
    """An input for a ``forward`` of one required argument, from the first layer whose input size is known."""
    signature = _signature(model)
    required = [] if signature is None else _required(signature)
    if signature is not None and not required:
        return ()
    if len(required) == 1 and not _is_own_kind(signature, required[0], type(model)):
        for module in model.modules():
            spec = _first_layer_input(module)
            if spec is not None:
                return (spec,)
    takes = f"forward{signature}" if signature is not None else "forward"
    raise InputError(f"nothing says what {takes} takes", code="inputs-unknown", remedy=_SPEC_REMEDY)


def _is_own_kind(signature: inspect.Signature | None, name: str, model: type) -> bool:
    """Whether an argument is declared to be of a class from the model's own module, which no tensor is."""
    kind = signature.parameters[name].annotation if signature is not None else None
    if isinstance(kind, str):
        kind = getattr(sys.modules.get(model.__module__), kind, None)
    return isinstance(kind, type) and kind.__module__ == model.__module__ and not issubclass(kind, Tensor)


def _required(signature: inspect.Signature) -> list[str]:
    """Arguments that must be given; ``nn.Module``'s own unimplemented forward takes anything, which says nothing."""
    return [
        p.name
        for p in signature.parameters.values()
        if (p.default is p.empty and p.kind is not p.VAR_KEYWORD)
        and not (p.kind is p.VAR_POSITIONAL and len(signature.parameters) > 1)
    ]


def _first_layer_input(module: nn.Module) -> InputSpec | None:
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return InputSpec(shape=(_BATCH, _LENGTH), dtype="int64", low=0, high=module.num_embeddings - 1)
    for kind, shape in _INPUT_SHAPES:
        if isinstance(module, kind):
            return InputSpec(shape=tuple(shape(module)))
    return None


_INPUT_SHAPES: tuple[tuple[type[nn.Module], Callable[[Any], Sequence[int]]], ...] = (
    (nn.Linear, lambda layer: (_BATCH, layer.in_features)),
    (nn.modules.conv._ConvNd, lambda layer: (_BATCH, layer.in_channels, *_sides(len(layer.kernel_size)))),
    (nn.BatchNorm1d, lambda layer: (_BATCH, layer.num_features)),
    (nn.BatchNorm2d, lambda layer: (_BATCH, layer.num_features, *_sides(2))),
    (nn.BatchNorm3d, lambda layer: (_BATCH, layer.num_features, *_sides(3))),
    (nn.LayerNorm, lambda layer: (_BATCH, *layer.normalized_shape)),
    (nn.RNNBase, lambda layer: (*((_BATCH, _LENGTH) if layer.batch_first else (_LENGTH, _BATCH)), layer.input_size)),
    (nn.TransformerEncoderLayer, lambda layer: (_BATCH, _LENGTH, layer.linear1.in_features)),
)


def _sides(dimensions: int) -> tuple[int, ...]:
    """Room to work in: a length of 16, an image of 64 × 64, or 16 such images."""
    return ((_LENGTH,), (_SIDE, _SIDE), (_LENGTH, _SIDE, _SIDE))[dimensions - 1]
