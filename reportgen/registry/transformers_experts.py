"""How many parameters of a mixture of experts one token uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

_CHOSEN = ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k", "top_k_experts")


def active_parameters(build: Callable[[], nn.Module], config: Any) -> int | None:
    """Parameters used for a token: all but those of the routed experts that it is not sent to.

    The configuration says how many experts a token is sent to; how many there are, and which parameters are theirs, the
    model itself says. None where there are no experts, or where either does not say it plainly.
    """
    chosen = {getattr(part, name) for part in parts(config) for name in _CHOSEN if getattr(part, name, None)}
    if len(chosen) != 1 or not isinstance(used := chosen.pop(), int):
        return None
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            model = build()
    except Exception:  # noqa: BLE001 (the probe builds it again, and reports what is wrong)
        return None
    idle = _idle(model, used)
    return sum(parameter.numel() for parameter in model.parameters()) - idle if idle else None


def parts(config: Any) -> Iterator[Any]:
    """A configuration and all that it is composed of."""
    yield config
    for name in config.sub_configs:
        if hasattr(part := getattr(config, name, None), "sub_configs"):
            yield from parts(part)


def _idle(model: nn.Module, used: int) -> int:
    """Parameters of routed experts beyond the ``used`` ones: stacked in one tensor, or one module an expert."""
    idle = 0
    for path, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and path.rpartition(".")[2] == "experts":
            idle += _share([sum(p.numel() for p in expert.parameters()) for expert in module], used)
        elif type(module).__name__.endswith("Experts"):
            for parameter in module.parameters(recurse=False):
                if parameter.dim() > 1 and parameter.shape[0] == getattr(module, "num_experts", None):
                    idle += _share([parameter[0].numel()] * parameter.shape[0], used)
    return idle


def _share(experts: list[int], used: int) -> int:
    """What lies idle of experts of these sizes; experts of different sizes have no one answer, and count as used."""
    return sum(experts[used:]) if len(set(experts)) == 1 else 0
