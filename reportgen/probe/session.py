"""A room to probe in: everything global that a model's code may touch is put back on leaving, whatever happened."""

from __future__ import annotations

import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch


@contextmanager
def session(seed: int) -> Iterator[None]:
    """Seeds every generator, sets the modes a probe needs, and restores all of it at the end.

    Inside, gradients are on, attention takes the path that shows its modules (the fused encoder path hides them),
    compiled modules run eagerly, and Python warnings of the model's code are silent. Put back: the generators of torch
    (every device), Python and NumPy; grad mode; default dtype and device; torch's switches; hooks on all modules;
    working directory, environment and recursion limit.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=_accelerators(), device_type=_accelerator_type()))
        stack.callback(random.setstate, random.getstate())
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            stack.callback(numpy.random.set_state, numpy.random.get_state())
        stack.callback(_restore_default_device, _default_device())
        for read, write in _SWITCHES:
            stack.callback(write, read())
        for table in _module_hooks():
            stack.callback(_restore_table, table, dict(table))
        stack.callback(_restore_table, os.environ, dict(os.environ))
        stack.callback(
            torch.use_deterministic_algorithms,
            torch.are_deterministic_algorithms_enabled(),
            warn_only=torch.is_deterministic_algorithms_warn_only_enabled(),
        )
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
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))
        warnings.simplefilter("ignore")
        yield


def _return_to(folder: str) -> None:
    with suppress(FileNotFoundError):  # the model removed it
        os.chdir(folder)


_RECURSION_LIMIT = 10_000  # copying a module nested some hundred deep takes ten frames a level

_SWITCHES: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.backends.mha.get_fastpath_enabled, torch.backends.mha.set_fastpath_enabled),
    (torch.backends.cuda.flash_sdp_enabled, torch.backends.cuda.enable_flash_sdp),
    (torch.backends.cuda.mem_efficient_sdp_enabled, torch.backends.cuda.enable_mem_efficient_sdp),
    (torch.backends.cuda.math_sdp_enabled, torch.backends.cuda.enable_math_sdp),
    (lambda: torch.backends.cudnn.benchmark, lambda value: setattr(torch.backends.cudnn, "benchmark", value)),
    (lambda: torch.backends.cudnn.enabled, lambda value: setattr(torch.backends.cudnn, "enabled", value)),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (os.getcwd, _return_to),
)


def _module_hooks() -> list[MutableMapping[Any, Any]]:
    """Torch's tables of hooks on every module."""
    tables = (value for name, value in vars(torch.nn.modules.module).items() if name.startswith("_global_"))
    return [table for table in tables if isinstance(table, MutableMapping)]


def _restore_table(table: MutableMapping[Any, Any], content: dict[Any, Any]) -> None:
    if dict(table) != content:
        table.clear()
        table.update(content)


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
