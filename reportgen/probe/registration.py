"""What a model has registered: its modules, parameters and buffers, by hierarchical name, ties told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn


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
