"""One model, from its recipe to its record."""

from __future__ import annotations

from torch import nn

from reportgen.config import ProbeOptions
from reportgen.probe import instantiate
from reportgen.probe.assemble import assemble
from reportgen.probe.attempt import Attempt, Make
from reportgen.probe.ladder import climb, first_attempt
from reportgen.probe.session import session
from reportgen.registry.base import ModelRef, ModelSpec
from reportgen.report.schema import ModelReport


def probe(target: ModelSpec | nn.Module, options: ProbeOptions) -> ModelReport:
    """Measures one model and puts everything back.

    Args:
        target: what a source knows of a model, or a live module, of which a copy is measured.
        options: device, mode, loss, seed, patterns to freeze, inputs, and the bound on real memory.

    Returns:
        The record. A model whose code fails gives a partial record (or a failed one, if it cannot be built) with the
        reason among its diagnostics; nothing is raised for it.

    Raises:
        DeviceUnavailable: the asked-for device is not on this machine.
    """
    attempt = _first_attempt(target, options)
    with session(options.seed):
        return assemble(climb(attempt))


def registered(target: ModelSpec | nn.Module, options: ProbeOptions) -> ModelReport:
    """Builds one model and runs nothing of it: its parameters, buffers and modules, and nothing of a pass.

    Raises:
        DeviceUnavailable: the asked-for device is not on this machine.
    """
    attempt = _first_attempt(target, options)
    with session(options.seed):
        attempt.build()
        return assemble(attempt)


def _first_attempt(target: ModelSpec | nn.Module, options: ProbeOptions) -> Attempt:
    spec, make = _recipe(target)
    return first_attempt(spec, options, instantiate.resolve_device(options.device), make)


def _recipe(target: ModelSpec | nn.Module) -> tuple[ModelSpec, Make]:
    """What is known of the target, and how to make a fresh module of it."""
    if isinstance(target, ModelSpec):
        return target, lambda attempt: attempt.built(target.build)
    name = type(target).__name__
    spec = ModelSpec(ref=ModelRef(source="live", name=name), build=lambda: target)
    return spec, lambda attempt: instantiate.copy_of(target, attempt.device, attempt.values)
