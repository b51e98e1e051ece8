"""The ledger: every parameter, buffer, gradient and module of a model, by name, each counted once.

Three counts of parameters differ and all are kept: *declared* (every registered name), *unique* (every tensor once;
ties are one tensor under two names) and *storage* (every element of memory once; tensors may be views of one memory).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from reportgen.probe.storage import storage_elements
from reportgen.probe.trace import ModuleTrace, Trace, Work
from reportgen.report.schema import (
    BufferFacts,
    BufferTotals,
    GradientFacts,
    GradientTotals,
    ModuleFacts,
    ParameterFacts,
    ParameterTotals,
)


@dataclass(frozen=True, slots=True)
class Named:
    """A registered tensor: its hierarchical name, and the first name of the same tensor where this is a second one."""

    name: str
    tensor: Tensor
    tied_to: str | None
    persistent: bool = True


@dataclass(frozen=True, slots=True)
class Registered:
    """What a model has registered, in registration order."""

    modules: tuple[tuple[str, nn.Module], ...]  # each module once, under its first path
    parameters: tuple[Named, ...]
    buffers: tuple[Named, ...]

    @classmethod
    def of(cls, model: nn.Module) -> Registered:
        """Reads the registries themselves, so that no overridden ``named_parameters`` can hide anything."""
        modules: dict[int, tuple[str, nn.Module]] = {}
        parameters: list[Named] = []
        buffers: list[Named] = []
        first_names: dict[int, str] = {}
        for path, module in walk(model):
            modules.setdefault(id(module), (path, module))
            for name, tensor in module._parameters.items():
                if tensor is not None:
                    parameters.append(_named(path, name, tensor, first_names))
            transient = getattr(module, "_non_persistent_buffers_set", ())
            for name, buffer in module._buffers.items():
                if isinstance(buffer, Tensor):
                    buffers.append(_named(path, name, buffer, first_names, persistent=name not in transient))
        return cls(tuple(modules.values()), tuple(parameters), tuple(buffers))

    @property
    def is_lazy(self) -> bool:
        """Whether some tensor has no shape yet."""
        return any(nn.parameter.is_lazy(tensor) for tensor in self.tensors())

    def indexes(self) -> dict[int, int]:
        """The place of every module in ``modules``, by id: a module need not be hashable."""
        return {id(module): index for index, (_, module) in enumerate(self.modules)}

    def shapes(self) -> dict[str, tuple[int, ...] | None]:
        """Every name, modules included, with its tensor's shape."""
        named = (*self.parameters, *self.buffers)
        return {path: None for path, _ in self.modules} | {entry.name: shape_of(entry.tensor) for entry in named}

    def tensors(self) -> Iterator[Tensor]:
        """Every parameter and buffer, each once."""
        return (named.tensor for named in (*self.parameters, *self.buffers) if named.tied_to is None)


NOTHING = Registered((), (), ())
"""Of a model that never came to be."""


def walk(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Every module under every path, parents first; a module inside itself is not entered again."""
    stack: list[tuple[str, nn.Module, frozenset[int]]] = [("", model, frozenset())]
    while stack:
        path, module, above = stack.pop()
        if id(module) in above:
            continue
        yield path, module
        inside = above | {id(module)}
        children = [(join(path, name), child, inside) for name, child in module._modules.items() if child is not None]
        stack.extend(reversed(children))


def join(path: str, name: str) -> str:
    """The path of what the module at ``path`` calls ``name``."""
    return f"{path}.{name}" if path else name


def _named(path: str, name: str, tensor: Tensor, first_names: dict[int, str], *, persistent: bool = True) -> Named:
    full = join(path, name)
    first = first_names.setdefault(id(tensor), full)
    return Named(full, tensor, first if first != full else None, persistent)


def shape_of(tensor: Tensor) -> tuple[int, ...] | None:
    """The shape; None for a lazy tensor that was never materialised."""
    return None if nn.parameter.is_lazy(tensor) else tuple(tensor.shape)


def dtype_name(dtype: torch.dtype) -> str:
    """Torch's name without ``torch.``."""
    return str(dtype).removeprefix("torch.")


def bytes_of(tensor: Tensor) -> int | None:
    """The bytes of a tensor's elements in their real dtype; of a sparse one, of its indices and values."""
    if nn.parameter.is_lazy(tensor):
        return None
    if tensor.layout is torch.strided or tensor.layout is torch._mkldnn:  # type: ignore[attr-defined]
        return tensor.numel() * tensor.element_size()
    parts: tuple[Tensor, ...]
    if tensor.layout is torch.sparse_coo:
        parts = (tensor._indices(), tensor._values())
    elif tensor.layout in {torch.sparse_csr, torch.sparse_bsr}:
        parts = (tensor.crow_indices(), tensor.col_indices(), tensor.values())
    elif tensor.layout in {torch.sparse_csc, torch.sparse_bsc}:
        parts = (tensor.ccol_indices(), tensor.row_indices(), tensor.values())
    else:
        return None
    return sum(part.numel() * part.element_size() for part in parts)


def buffer_facts(buffers: Iterable[Named]) -> tuple[BufferFacts, ...]:
    """One row a registered buffer name."""
    return tuple(
        BufferFacts(
            name=named.name,
            shape=shape_of(named.tensor),
            dtype=dtype_name(named.tensor.dtype),
            numel=_numel(named.tensor),
            bytes=bytes_of(named.tensor),
            persistent=named.persistent,
            tied_to=named.tied_to,
        )
        for named in buffers
    )


def parameter_facts(parameters: Iterable[Named], gradients: Mapping[int, GradientFacts]) -> tuple[ParameterFacts, ...]:
    """One row a registered parameter name; ``gradients`` by the tensor's id."""
    return tuple(
        ParameterFacts(
            name=named.name,
            shape=shape_of(named.tensor),
            dtype=dtype_name(named.tensor.dtype),
            numel=_numel(named.tensor),
            bytes=bytes_of(named.tensor),
            trainable=named.tensor.requires_grad,
            tied_to=named.tied_to,
            gradient=gradients[id(named.tensor)],
        )
        for named in parameters
    )


def gradient_facts(gradient: Tensor) -> GradientFacts:
    """What ``.grad`` holds after backward."""
    return GradientFacts(
        status="computed",
        shape=tuple(gradient.shape),
        dtype=dtype_name(gradient.dtype),
        layout=str(gradient.layout).removeprefix("torch."),
    )


def module_facts(
    registered: Registered, trace: Trace | None, *, forward_done: bool, backward_done: bool
) -> tuple[ModuleFacts, ...]:
    """One row a module.

    Args:
        registered: the model's modules and parameters.
        trace: what was seen of the pass; None where none was tried.
        forward_done: whether the forward pass finished; if it did not, only what completed calls showed is certain.
        backward_done: whether backward finished (or there was nothing to go back through).
    """
    subtree = _subtree_parameters(registered)
    never = ModuleTrace()
    never.inputs = never.outputs = ()
    traces = trace.modules if trace is not None else {}
    work = trace.work({id(module): path for path, module in registered.modules}) if trace is not None else {}
    passages = trace.flow.passages(registered.indexes()) if trace is not None and forward_done else {}
    rows = []
    for index, (path, module) in enumerate(registered.modules):
        seen = traces.get(id(module), never)
        known = forward_done or seen.calls > 0
        done, passage = work.get(path, Work()), passages.get(index)
        rows.append(
            ModuleFacts(
                path=path,
                class_name=class_name(module),
                calls=seen.calls if known else None,
                inputs=seen.inputs if known or seen is not never else None,
                outputs=seen.outputs if known else None,
                parameters=subtree[path][0],
                own_parameters=subtree[path][1],
                flops_forward=done.forward if known else None,
                flops_backward=done.backward if backward_done else None,
                saved_bytes=done.saved if forward_done else None,
                sources=passage.sources if passage is not None else None,
                ends=passage.ends if passage is not None else None,
            )
        )
    return tuple(rows)


def class_name(module: nn.Module) -> str:
    """The qualified class name. Classes made by parametrization keep the name of the class they were made from."""
    cls = type(module)
    if nn.utils.parametrize.is_parametrized(module) and cls.__name__.startswith("Parametrized"):
        cls = cls.__bases__[0]
    name: Any = getattr(module, "original_name", None)  # a scripted module's own class
    return name if isinstance(name, str) else f"{cls.__module__}.{cls.__qualname__}"


def _subtree_parameters(registered: Registered) -> dict[str, tuple[int | None, int | None]]:
    """Module path → unique elements in its subtree, and directly on it; None where a lazy parameter is among them."""
    below: dict[str, dict[int, Tensor]] = {path: {} for path, _ in registered.modules}
    own: dict[str, dict[int, Tensor]] = {path: {} for path, _ in registered.modules}
    for named in registered.parameters:
        path = named.name.rpartition(".")[0]
        own.get(path, {})[id(named.tensor)] = named.tensor
        while True:
            below.get(path, {})[id(named.tensor)] = named.tensor
            if not path:
                break
            path = path.rpartition(".")[0]
    return {path: (_total(below[path].values()), _total(own[path].values())) for path in own}


def _numel(tensor: Tensor) -> int | None:
    return None if nn.parameter.is_lazy(tensor) else tensor.numel()


def _total(tensors: Iterable[Tensor]) -> int | None:
    total = 0
    for tensor in tensors:
        if nn.parameter.is_lazy(tensor):
            return None
        total += tensor.numel()
    return total


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


def add(terms: Iterable[int | None]) -> int | None:
    """The sum; None where a term is not known."""
    total = 0
    for term in terms:
        if term is None:
            return None
        total += term
    return total


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
