"""The ledger: every parameter, buffer, gradient and module of a model as a row of the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from reportgen.probe.registration import Named, Registered, shape_of
from reportgen.probe.trace import ModuleTrace, Trace, Work
from reportgen.report.schema import BufferFacts, GradientFacts, ModuleFacts, ParameterFacts


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
