"""A room to probe in: everything global that a model's code may touch is put back on leaving, whatever happened."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


@contextmanager
def session(seed: int) -> Iterator[None]:
    """Seeds every generator, sets the modes a probe needs, and restores all of it at the end.

    Inside, gradients are on, attention takes the path that shows its modules (the fused encoder path hides them),
    compiled modules run eagerly, and Python warnings of the model's code are silent. Put back: the generators of torch
    (every device), Python and NumPy; grad mode; default dtype and device; deterministic mode; the fused path.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=_accelerators(), device_type=_accelerator_type()))
        stack.callback(random.setstate, random.getstate())
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            stack.callback(numpy.random.set_state, numpy.random.get_state())
        stack.callback(torch.set_default_dtype, torch.get_default_dtype())
        stack.callback(_restore_default_device, _default_device())
        stack.callback(
            torch.use_deterministic_algorithms,
            torch.are_deterministic_algorithms_enabled(),
            warn_only=torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        stack.callback(torch.backends.mha.set_fastpath_enabled, torch.backends.mha.get_fastpath_enabled())
        stack.callback(torch.set_grad_enabled, torch.is_grad_enabled())
        stack.enter_context(torch.inference_mode(mode=False))
        stack.enter_context(warnings.catch_warnings())
        if "torch._dynamo" in sys.modules:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        torch.manual_seed(seed)
        random.seed(seed)
        if numpy is not None:
            numpy.random.seed(seed % 2**32)
        torch.backends.mha.set_fastpath_enabled(False)
        torch.set_grad_enabled(True)
        warnings.simplefilter("ignore")
        yield


def _accelerator_type() -> str:
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return accelerator.type if accelerator is not None else "cuda"


def _accelerators() -> list[int]:
    return list(range(torch.accelerator.device_count())) if torch.accelerator.is_available() else []


def _default_device() -> torch.device | None:
    """The device set with `torch.set_default_device`; None where none was set."""
    mode = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    return mode.device if mode is not None else None


def _restore_default_device(device: torch.device | None) -> None:
    if _default_device() != device:
        torch.set_default_device(device)
