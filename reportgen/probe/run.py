"""One model, from its recipe to its record.

Meta comes first by default, because it needs neither memory nor arithmetic. Where a model reads a value, which meta has
not, its constructor runs with real values; and if that is not enough, the next attempt takes the CPU, where the model
is small enough for it. Each such step is a diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from reportgen.config import ProbeOptions
from reportgen.probe import instantiate
from reportgen.probe.assemble import assemble
from reportgen.probe.attempt import MODEL_ERRORS, Attempt, Make
from reportgen.probe.failure import Failure
from reportgen.probe.session import session
from reportgen.registry.base import ModelRef, ModelSpec
from reportgen.report.schema import ModelReport

_CPU_FALLBACK_BYTES = 2 * 2**30  # of parameters; with gradients and activations about three times that is needed


def probe(target: ModelSpec | nn.Module, options: ProbeOptions) -> ModelReport:
    """Measures one model and puts everything back.

    Args:
        target: what a source knows of a model, or a live module, of which a copy is measured.
        options: device, mode, loss, seed, patterns to freeze, and inputs.

    Returns:
        The record. A model whose code fails gives a partial record (or a failed one, if it cannot be built) with the
        reason among its diagnostics; nothing is raised for it.

    Raises:
        DeviceUnavailable: the asked-for device is not on this machine.
    """
    spec, make = _recipe(target)
    device = instantiate.resolve_device(options.device)
    with session(options.seed):
        attempt = Attempt(spec, options, device, make)
        attempt.run()
        if attempt.error is not None and _needs_a_batch(attempt.error) and not options.inputs:
            attempt = _with_a_batch_of_two(attempt)
        if device.type == "meta" and attempt.error is not None and _needs_values(attempt.error):
            attempt = _on_cpu_instead(attempt)
        return assemble(attempt)


def _recipe(target: ModelSpec | nn.Module) -> tuple[ModelSpec, Make]:
    """What is known of the target, and how to make a fresh module of it on a device."""
    if isinstance(target, ModelSpec):
        return target, lambda device, attempt: _build(target.build, device, attempt)
    name = type(target).__name__
    spec = ModelSpec(ref=ModelRef(source="live", name=name), build=lambda: target)
    return spec, lambda device, _: instantiate.copy_of(target, device)


def _build(factory: Callable[[], nn.Module], device: torch.device, attempt: Attempt) -> nn.Module:
    try:
        return instantiate.build(factory, device)
    except MODEL_ERRORS as exc:
        if device.type != "meta" or not _needs_values(exc):
            raise
        model = instantiate.build_hybrid(factory)
        attempt.note(
            "note",
            "hybrid-constructor",
            "instantiate",
            f"The constructor reads values, which meta tensors do not have ({Failure.of(exc).message}); it ran with"
            " real values, and its parameters and buffers moved to meta one by one.",
        )
        return model


def _needs_values(error: BaseException) -> bool:
    """Whether an error may come of meta tensors having no values, and not of the model itself.

    Scripted code hides its reasons, and keeps its tensors where they were.
    """
    if isinstance(error, NotImplementedError) or "TorchScript interpreter" in str(error):
        return True
    return re.search(r"\bmeta\b", str(error), re.IGNORECASE) is not None


def _needs_a_batch(error: BaseException) -> bool:
    """Whether batch normalisation, in training, met a single value a channel."""
    return isinstance(error, ValueError) and "more than 1 value per channel" in str(error)


def _with_a_batch_of_two(first: Attempt) -> Attempt:
    """Another go with the source's inputs twice as long in their first dimension."""
    inputs = tuple(
        replace(spec, shape=(2 * spec.shape[0], *spec.shape[1:])) for spec in first.spec.inputs if spec.shape
    )
    second = Attempt(replace(first.spec, inputs=inputs), first.options, first.device, first.make)
    second.note(
        "note",
        "batch-of-two",
        "forward",
        "In training, batch normalisation needs more than one value a channel: the usual dummy input was doubled.",
    )
    second.run()
    return second if second.progress() > first.progress() else first


def _on_cpu_instead(first: Attempt) -> Attempt:
    """Another go with real values, unless the model is too large for it; the better of the two."""
    cause = Failure.of(first.error).message if first.error is not None else ""
    size = first.parameter_bytes()
    if size is not None and size > _CPU_FALLBACK_BYTES:
        first.note(
            "warning",
            "device-fallback-refused",
            "forward",
            f"The model needs real values, and its parameters ({size} bytes) are too large to try the CPU unasked.",
            "use --device cpu on a machine with the memory for it",
        )
        return first
    second = Attempt(first.spec, first.options, torch.device("cpu"), first.make)
    second.note(
        "note",
        "device-fallback",
        first.failed_stage or "forward",
        f"The model reads values, which meta tensors do not have ({cause}); it was measured with real values.",
    )
    second.run()
    return second if second.progress() >= first.progress() else first
