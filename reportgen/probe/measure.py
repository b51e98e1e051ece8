"""What a training step takes on a real machine: seconds and peak memory, apart from everything that is exact.

Seconds are never the same twice, and so are measured only where that is asked for. The model and the inputs are those
that the probe just ran, so that nothing is built twice.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.modules.module import _global_forward_hooks_with_kwargs, register_module_forward_hook
from torch.profiler import ProfilerActivity, profile

from reportgen.config import ProbeOptions
from reportgen.probe import passes, run
from reportgen.probe.attempt import MODEL_ERRORS
from reportgen.probe.failure import Failure
from reportgen.probe.session import session
from reportgen.probe.structure import tensors
from reportgen.registry.base import ModelSpec
from reportgen.report.schema import Diagnostic, Measured, ModelReport, PeakSource

_WARM_UP = 2  # runs that nobody times: allocators, caches and kernels find their form
_RUNS = 7
_SECONDS = 20.0  # for each of the two timings; slow models are run less often, but once at least


def probe_and_measure(target: ModelSpec | nn.Module, options: ProbeOptions) -> ModelReport:
    """The record of `reportgen.probe.run.probe` with its ``measured``; where that fails, a warning says why."""
    with _LastCall() as last:
        report = run.probe(target, options)
    if report.probe.stages.forward != "ok" or last.model is None:
        return _unmeasured(report, "the forward pass did not finish")
    try:
        with session(options.seed):
            last.model.train(report.probe.mode == "train")
            step = _Step(last.model, last.args, last.kwargs, report.probe.loss)
            measured = _measure(step, torch.device(report.probe.device.used), report.probe.stages.backward == "ok")
    except MODEL_ERRORS as exc:
        return _unmeasured(report, Failure.of(exc).message)
    return msgspec.structs.replace(report, measured=measured)


def _unmeasured(report: ModelReport, reason: str) -> ModelReport:
    told = Diagnostic(
        severity="warning",
        code="not-measured",
        stage="forward",
        module=None,
        message=f"Neither seconds nor memory were measured: {reason}.",
    )
    return msgspec.structs.replace(report, diagnostics=(*report.diagnostics, told))


class _LastCall:
    """While entered, keeps the model of the last forward pass with autograd that finished, with what went in."""

    def __init__(self) -> None:
        self.model: nn.Module | None = None
        self.args: tuple[Any, ...] = ()
        self.kwargs: Mapping[str, Any] = {}

    def __enter__(self) -> Self:
        self._hook = register_module_forward_hook(self._note, with_kwargs=True)
        return self

    def __exit__(self, *exc: object) -> None:
        self._hook.remove()
        _global_forward_hooks_with_kwargs.pop(self._hook.id, None)  # which remove() forgets

    def _note(self, module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], _out: Any) -> None:
        """The outermost module is the last to finish; what runs in backward is computed again."""
        if torch._C._current_autograd_node() is None and torch.is_grad_enabled():
            self.model, self.args, self.kwargs = module, args, kwargs


@dataclass(frozen=True, slots=True)
class _Step:
    """A forward pass, alone or with loss and backward."""

    model: nn.Module
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    loss: str

    def forward(self) -> Any:
        return passes.forward(self.model, self.args, self.kwargs)

    def train(self) -> None:
        for parameter in self.model.parameters():
            parameter.grad = None
        returned, outputs = self.forward()
        loss = passes.loss_function(self.loss)(returned, outputs)
        if loss is not None and loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]

    def resident(self) -> int:
        """Bytes of parameters, buffers and inputs, each memory once."""
        held: list[Tensor] = [*self.model.parameters(), *self.model.buffers(), *tensors((self.args, self.kwargs))]
        storages = {tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes() for tensor in held}
        return sum(storages.values())


def _measure(step: _Step, device: torch.device, backward: bool) -> Measured:
    synchronize = (lambda: None) if device.type == "cpu" else (lambda: torch.accelerator.synchronize(device))
    whole = step.train if backward else step.forward
    forward = _seconds(step.forward, synchronize)
    trained = _seconds(step.train, synchronize) if backward else None
    peak, source = _peak(step, whole, device)
    return Measured(
        device=_name(device),
        threads=torch.get_num_threads() if device.type == "cpu" else None,
        runs=len(trained or forward),
        forward_seconds=statistics.median(forward),
        step_seconds=statistics.median(trained) if trained else None,
        peak_bytes=peak,
        peak_source=source,
    )


def _seconds(work: Callable[[], Any], synchronize: Callable[[], None]) -> list[float]:
    """How long each of several runs took, after others to warm up."""
    taken: list[float] = []
    begin = time.perf_counter()
    for index in range(_WARM_UP + _RUNS):
        synchronize()
        start = time.perf_counter()
        work()
        synchronize()
        end = time.perf_counter()
        if index >= _WARM_UP or end - begin > _SECONDS:
            taken.append(end - start)
        if end - begin > _SECONDS:
            break
    return taken


def _peak(step: _Step, work: Callable[[], Any], device: torch.device) -> tuple[int | None, PeakSource | None]:
    """The most bytes that were allocated at once while ``work`` ran, parameters, buffers and inputs included."""
    for parameter in step.model.parameters():
        parameter.grad = None
    if device.type == "cpu":
        return step.resident() + _profiled_peak(work), "profiler"
    with suppress(RuntimeError, NotImplementedError):  # not every accelerator keeps such books
        torch.accelerator.empty_cache()
        torch.accelerator.reset_peak_memory_stats(device)
        work()
        torch.accelerator.synchronize(device)
        return torch.accelerator.max_memory_allocated(device), "allocator"
    return None, None


def _profiled_peak(work: Callable[[], Any]) -> int:
    """Largest sum of what the CPU's allocator gave out and had not got back, from the profiler's memory events."""
    with _silence(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    results: Any = profiler.profiler
    events = (
        (event.start_ns(), event.nbytes()) for event in results.kineto_results.events() if event.name() == "[memory]"
    )
    alive = highest = 0
    for _, size in sorted(events, key=lambda event: event[0]):
        alive += size
        highest = max(highest, alive)
    return highest


@contextmanager
def _silence() -> Iterator[None]:
    """The profiler's library writes marks of its own to the process's standard error."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.machine()})" if device.type == "cpu" else str(device)
