"""The ladder: what to try when a model cannot be measured the cheap way.

Meta comes first, because it needs neither memory nor arithmetic. Where a model reads values, which meta has not, small
tensors get real ones; where the usual inputs do not fit, the source's other ones are tried; where a pass works in
evaluation only, it is measured there; where the path depends on what only a real run would know, an assumption stands
in; and the CPU, with real values everywhere, is last, where the model is small enough. Each step is a diagnostic that
names what forced it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from reportgen.config import ProbeOptions
from reportgen.probe.attempt import Attempt, Make
from reportgen.probe.failure import Failure, needs_values
from reportgen.probe.values import Values
from reportgen.registry.base import ModelSpec

Rung = Callable[[Attempt], Iterator[Attempt]]
"""Further attempts at a model whose best one so far failed; none where the rung does not help against its error."""

_TIMES_PARAMETERS = 4  # a training step holds parameters, gradients and activations; with room for copies


def first_attempt(spec: ModelSpec, options: ProbeOptions, device: torch.device, make: Make) -> Attempt:
    """The attempt at the foot of the ladder."""
    values = Values() if device.type == "meta" and spec.reads_values else None
    return Attempt(spec, options, device, make, values)


def climb(attempt: Attempt) -> Attempt:
    """Runs the attempt, then others for as long as there is an error and a rung that may help; gives the best one."""
    attempt.run()
    best = attempt
    for rung in _RUNGS:
        for further in rung(best) if best.error is not None else ():
            further.run()
            if _is_better(further, best):
                best = further
            if best.error is None:
                return best
    return best


def _is_better(further: Attempt, best: Attempt) -> bool:
    """Whether it came further; or as far at the same task, of which it saw more values."""
    same = further.spec is best.spec and further.options is best.options
    return further.progress() > best.progress() or (same and further.progress() == best.progress())


def _with_a_batch_of_two(failed: Attempt) -> Iterator[Attempt]:
    """The source's inputs twice as long in their first dimension."""
    if failed.options.inputs or not _needs_a_batch(failed.error):
        return
    inputs = tuple(
        replace(spec, shape=(2 * spec.shape[0], *spec.shape[1:])) for spec in failed.spec.inputs if spec.shape
    )
    yield failed.again(
        code="batch-of-two",
        message="In training, batch normalisation needs more than one value a channel: the usual dummy input was"
        " doubled.",
        spec=replace(failed.spec, inputs=inputs),
    )


def _with_values(failed: Attempt) -> Iterator[Attempt]:
    """Real values for small tensors."""
    if failed.device.type == "meta" and failed.values is None and needs_values(failed.error):
        yield failed.again(
            code="small-values",
            message=f"The model reads values, which meta tensors do not have ({_cause(failed)}); small tensors whose"
            " content follows from constants and inputs got real ones.",
            values=Values(),
        )


def _with_other_inputs(failed: Attempt) -> Iterator[Attempt]:
    """Each of the source's other sets of inputs."""
    if failed.options.inputs or failed.failed_stage != "forward" or needs_values(failed.error):
        return
    for inputs in failed.spec.alternatives:
        yield failed.again(
            code="other-inputs",
            message=f"The usual dummy inputs do not fit ({_cause(failed)}); others that the source knows were tried.",
            spec=replace(failed.spec, inputs=inputs, alternatives=()),
        )


def _in_eval(failed: Attempt) -> Iterator[Attempt]:
    """Evaluation mode, where training mode fails."""
    if failed.options.mode == "train" and failed.failed_stage == "forward":
        yield failed.again(
            code="eval-instead",
            message=f"The forward pass fails in training mode ({_cause(failed)}); it was measured in evaluation mode.",
            severity="warning",
            options=replace(failed.options, mode="eval"),
        )


def _with_assumptions(failed: Attempt) -> Iterator[Attempt]:
    """Answers where a model asks for values that nobody knows."""
    if failed.device.type == "meta" and failed.values is not None and needs_values(failed.error):
        yield failed.again(
            code="values-assumed",
            message=f"What the model does depends on values that only a real run knows ({_cause(failed)}); it was"
            " assumed that whatever is selected by value is all selected, and that the best of several are each in"
            " turn: figures of work and memory are upper bounds.",
            severity="warning",
            values=Values(assume=True),
        )


def _on_cpu(failed: Attempt) -> Iterator[Attempt]:
    """Real values everywhere, within the bound on memory."""
    assumed = failed.values is not None and failed.values.assumes  # in vain, and the error may come of that
    if failed.device.type != "meta" or not (assumed or needs_values(failed.error)):
        return
    needed, bound = failed.parameter_bytes(), failed.options.max_real_memory * 2**30
    if needed is not None and _TIMES_PARAMETERS * needed > bound:
        failed.note(
            "warning",
            "device-fallback-refused",
            "forward",
            f"The model needs real values ({_cause(failed)}), and its parameters take {needed} bytes: a training step"
            f" may not fit into the {failed.options.max_real_memory:g} GiB that a real run may take.",
            "allow more with --max-real-memory, or use --device cpu on a machine with the memory for it",
        )
        return
    yield failed.again(
        code="device-fallback",
        message=f"The model reads values, which meta tensors do not have ({_cause(failed)}); it was measured with real"
        " values, on the CPU.",
        reasons=tuple(reason for reason in failed.reasons if reason.code != "values-assumed"),
        device=torch.device("cpu"),
        values=None,
        memory_bound=int(bound),
    )


_RUNGS: tuple[Rung, ...] = (
    _with_a_batch_of_two,
    _with_values,
    _with_other_inputs,
    _in_eval,
    _with_assumptions,
    _on_cpu,
)


def _cause(failed: Attempt) -> str:
    """The error in a line, with the operation and the line of the user's code that met it."""
    if failed.error is None:
        return "no error"
    failure = Failure.of(failed.error)
    operation = failed.trace.failed if failed.trace is not None else None
    if operation is not None and needs_values(failed.error):  # what torch says of missing values is long, and no news
        return f"{operation} at {failure.place}" if failure.place is not None else f"{operation} in backward"
    return f"{failure.message} at {failure.place}" if failure.place is not None else failure.message


def _needs_a_batch(error: BaseException | None) -> bool:
    """Whether batch normalisation, in training, met a single value a channel."""
    return isinstance(error, ValueError) and "more than 1 value per channel" in str(error)
