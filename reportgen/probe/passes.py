"""One forward, one loss, one backward."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own name for it)

from reportgen.errors import BackwardError
from reportgen.probe.structure import named_tensors

Outputs = Sequence[tuple[str, Tensor]]
Loss = Callable[[Any, Outputs], Tensor | None]


def loss_function(name: str) -> Loss:
    """The loss of that name: (what forward returned, its tensors by path) → a scalar, or None where there is none.

    ``sum``: of all floating and complex outputs (real plus imaginary part), so that every differentiable output gets a
    gradient. ``cross_entropy``: of the first floating output, classes in dimension 1 as torch has it, against class 0.
    ``python:pkg.module:function``: called with what forward returned.

    Raises:
        BackwardError: the function cannot be imported.
    """
    if name == "sum":
        return _sum_loss
    if name == "cross_entropy":
        return _cross_entropy
    return _user_loss(name)


def in_loss(name: str, outputs: Outputs) -> tuple[bool, ...]:
    """Which outputs the loss reads; a user's own function is taken to read all that can carry a gradient."""
    floating = [_differentiable(tensor) for _, tensor in outputs]
    if name == "none":
        return (False,) * len(floating)
    if name == "cross_entropy":
        first = floating.index(True) if True in floating else -1
        return tuple(index == first for index in range(len(floating)))
    return tuple(floating)


def forward(model: nn.Module, args: tuple[Tensor, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Outputs]:
    """What the model returned, and every tensor in it by its path."""
    returned = model(*args, **kwargs)
    return returned, list(named_tensors(returned))


def _differentiable(tensor: Tensor) -> bool:
    return tensor.dtype.is_floating_point or tensor.dtype.is_complex


def _sum_loss(_returned: Any, outputs: Outputs) -> Tensor | None:
    terms = [_real_sum(tensor) for _, tensor in outputs if _differentiable(tensor)]
    return torch.stack(terms).sum() if terms else None


def _real_sum(tensor: Tensor) -> Tensor:
    real = torch.view_as_real(tensor.resolve_conj()) if tensor.dtype.is_complex else tensor
    dense = real.values() if real.is_nested else real.to_dense() if real.layout is not torch.strided else real
    return dense.sum(dtype=torch.float32 if dense.dtype.itemsize < 4 else None).to(torch.float32)


def _cross_entropy(_returned: Any, outputs: Outputs) -> Tensor | None:
    logits = next((tensor for _, tensor in outputs if _differentiable(tensor)), None)
    if logits is None:
        return None
    if logits.dim() < 1:
        raise BackwardError(
            "cross_entropy needs logits of shape (N, C, …) or (C,), and the first floating output is a scalar",
            code="loss-unfit",
            remedy="use --loss sum, or --loss python:pkg.module:function",
        )
    shape = logits.shape[:1] + logits.shape[2:] if logits.dim() > 1 else ()
    target = torch.zeros(shape, dtype=torch.int64, device=logits.device)
    return F.cross_entropy(logits, target)


def _user_loss(name: str) -> Loss:
    module_name, _, attribute = name.removeprefix("python:").partition(":")
    try:
        function: Any = importlib.import_module(module_name)
        for part in attribute.split("."):
            function = getattr(function, part)
    except Exception as exc:
        raise BackwardError(
            f"the loss {name} cannot be imported: {type(exc).__name__}: {exc}",
            code="loss-unavailable",
            remedy="write --loss python:pkg.module:function, and check that Python finds the package",
        ) from exc

    def loss(returned: Any, _outputs: Outputs) -> Tensor | None:
        value = function(returned)
        if not isinstance(value, Tensor) or value.numel() != 1:
            raise BackwardError(
                f"the loss {name} gave {_describe(value)}, not a scalar tensor",
                code="loss-unfit",
                remedy="return one number, like a sum or a mean",
            )
        return value.reshape(())

    return loss


def _describe(value: Any) -> str:
    return f"a tensor of shape {list(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
