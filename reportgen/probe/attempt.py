"""One go at one model on one device: instantiate, forward, backward, and everything learnt on the way.

An attempt never raises for the model's own errors: a stage that fails leaves a diagnostic, and what was learnt before
it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from traceback import clear_frames
from typing import Any

import torch
from torch import Tensor, nn

from reportgen.config import ProbeOptions
from reportgen.errors import ReportgenError
from reportgen.probe import gradients, instantiate, kernels, ledger, passes, routes
from reportgen.probe.bounds import memory_bound
from reportgen.probe.cost import Phase
from reportgen.probe.failure import Failure, needs_values
from reportgen.probe.inputs import Inputs, make_inputs
from reportgen.probe.loading import state_facts
from reportgen.probe.memory import Storages, Watch
from reportgen.probe.reading import reading
from reportgen.probe.registration import NOTHING, Registered
from reportgen.probe.structure import tensors
from reportgen.probe.trace import Trace
from reportgen.probe.values import Values
from reportgen.registry.base import InputSpec, ModelSpec
from reportgen.report.schema import Diagnostic, Severity, Stage, StageStatus
from reportgen.report.state import StateFacts
from reportgen.report.sums import add

MODEL_ERRORS = (Exception, SystemExit)  # what a model's code may raise without ending the run

_REMEDIES: dict[Stage, str] = {
    "instantiate": "mend the constructor, or give it what it needs: NAME?key=value",
    "inputs": "say what goes in: --input [NAME=]SHAPE[:DTYPE[:LOW-HIGH]], once for each argument",
    "forward": "check that the inputs are what the model expects (--input), or mend the model where the traceback ends",
    "backward": "check the loss (--loss) and the model where the traceback ends",
}

Make = Callable[["Attempt"], nn.Module]
"""Makes a fresh module for an attempt; may leave diagnostics in it."""


@dataclass
class Attempt:
    """One go at one model on one device, and everything learnt on the way."""

    spec: ModelSpec
    options: ProbeOptions
    device: torch.device
    make: Make
    values: Values | None = None  # those that small meta tensors have
    memory_bound: int | None = None  # bytes that a real run may take
    reasons: tuple[Diagnostic, ...] = ()  # why earlier attempts were not enough
    diagnostics: list[Diagnostic] = field(default_factory=list)
    stages: dict[str, StageStatus] = field(
        default_factory=lambda: {"instantiate": "skipped", "forward": "skipped", "backward": "skipped"}
    )
    error: BaseException | None = None
    failed_stage: Stage | None = None
    model: nn.Module | None = None
    registered: Registered = NOTHING
    state: StateFacts | None = None
    inputs: Inputs | None = None
    outputs: passes.Outputs | None = None
    trace: Trace | None = None
    reach: gradients.Reach = gradients.NOWHERE
    gradients: Mapping[int, gradients.Gradient] = field(default_factory=dict)  # by the parameter's id
    differentiable: bool = True
    inference_peak: int | None = None

    @property
    def loss(self) -> str:
        """The name of the loss in force."""
        return self.options.loss or self.spec.loss

    @property
    def backward_known(self) -> bool:
        """Whether backward finished, or there was nothing to go back through."""
        return self.stages["backward"] == "ok" or (self.stages["forward"] == "ok" and not self.differentiable)

    def note(
        self, severity: Severity, code: str, stage: Stage, message: str, remedy: str | None = None, **more: str | None
    ) -> None:
        """Adds a diagnostic; ``more`` are its module and traceback."""
        self.diagnostics.append(
            Diagnostic(
                severity=severity,
                code=code,
                stage=stage,
                module=more.get("module"),
                message=message,
                remedy=remedy,
                traceback=more.get("traceback"),
            )
        )

    def again(self, *, code: str, message: str, severity: Severity = "note", **changes: Any) -> Attempt:
        """A fresh attempt like this one with some ``changes``, and the reason for it beside those of this one."""
        step = Diagnostic(
            severity=severity, code=code, stage=self.failed_stage or "forward", module=None, message=message
        )
        names = ("spec", "options", "device", "make", "memory_bound", "reasons")
        recipe: dict[str, Any] = {name: getattr(self, name) for name in names}
        recipe |= {"values": self.values.fresh() if self.values is not None else None} | changes
        recipe["reasons"] = (*recipe["reasons"], step)
        return Attempt(**recipe)

    def progress(self) -> int:
        """How many stages did not fail."""
        return sum(status == "ok" for status in self.stages.values())

    def parameter_bytes(self) -> int | None:
        """Bytes of all parameters; None where there is no model, or a lazy one."""
        if self.model is None:
            return None
        return add(ledger.bytes_of(parameter) for parameter in self.model.parameters())

    # -- stages ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Goes as far as the model lets it."""
        if self.memory_bound is None:
            self._run()
            return
        torch.set_num_threads(1)  # more add up in another order, and of that the number of selected values may hang
        with memory_bound(self.memory_bound):
            self._run()

    def built(self, factory: Callable[[], nn.Module]) -> nn.Module:
        """What the factory gives, on this attempt's device, even where its code wants to see real values."""
        try:
            return instantiate.build(factory, self.device, self.values)
        except MODEL_ERRORS as exc:
            if self.device.type != "meta" or not needs_values(exc):
                raise
            model = instantiate.build_hybrid(factory, self.values)
            self.note(
                "note",
                "hybrid-constructor",
                "instantiate",
                f"The constructor reads values, which meta tensors do not have ({Failure.of(exc).message}); it ran with"
                " real values, and its parameters and buffers moved to meta one by one.",
            )
            return model

    def build(self) -> None:
        """Instantiates the model, as it is to be run."""
        try:
            model = self.make(self)
            if self.options.dtype is not None:
                instantiate.to_dtype(model, getattr(torch, self.options.dtype), self.values)
            self.model = model
            self.registered, self.state = Registered.of(self.model), state_facts(self.model)
            self._prepare(self.model)
        except MODEL_ERRORS as exc:
            self._fail("instantiate", exc)
        else:
            self.stages["instantiate"] = "ok"

    def _run(self) -> None:
        self.build()
        if self.model is None or self.error is not None:
            return
        try:
            inputs = self.spec.inputs_in(self.options.mode)
            torch.manual_seed(self.options.seed)  # the same inputs on every device, whatever the constructor drew
            self.inputs = self._inputs(self.model, inputs)
        except MODEL_ERRORS as exc:
            self._fail("inputs", exc)
            return
        run = kernels.run if self.values is None else self.values.run
        given = tensors((self.inputs.args, self.inputs.kwargs))
        self.trace = Trace(self.registered.tensors(), run, given, self.registered.modules)
        with routes.like_cpu() if self.device.type == "meta" else nullcontext():
            self._passes(self.model, self.inputs, self.trace)
            self._look_again(self.model)
            if self.stages["forward"] == "ok":
                self.inference_peak = self._inference(self.model, run)
        if self.values is not None and self.values.took_finite:
            self.note(
                "note",
                "finite-assumed",
                "forward",
                "The model tests activations for infinity or not-a-number; on meta they were taken to be finite.",
            )

    def _inputs(self, model: nn.Module, source: tuple[InputSpec, ...]) -> Inputs:
        options = self.options
        return make_inputs(model, self.device, options.inputs, source, self.values, dtype=options.dtype)

    def _prepare(self, model: nn.Module) -> None:
        model.train(self.options.mode == "train")
        _clear_gradients(model)
        for pattern in instantiate.freeze(model, self.options.freeze):
            self.note(
                "warning",
                "freeze-no-match",
                "instantiate",
                f"--freeze {pattern} matches no parameter",
                "patterns match whole hierarchical names: 'layer1.*', '*.bias'",
            )

    def _look_again(self, model: nn.Module) -> None:
        """Lazy layers take shape in forward; whatever else changes there is no part of the model that was given."""
        after = Registered.of(model)
        if self.registered.is_lazy:
            self.registered, self.state = after, state_facts(model)
        elif after.shapes() != self.registered.shapes():
            self.note(
                "warning",
                "changed-in-forward",
                "forward",
                "The forward pass added, removed or resized parameters, buffers or modules; the report shows them as "
                "they were before.",
                "make them in the constructor, or report on the model after a first forward",
            )

    def _passes(self, model: nn.Module, inputs: Inputs, trace: Trace) -> None:
        """Forward, loss and backward under the eyes of ``trace``."""
        stage: Stage = "forward"
        try:
            with self._reading(), trace:
                returned, self.outputs = passes.forward(model, inputs.args, inputs.kwargs)
                trace.returned([tensor for _, tensor in self.outputs])
                self.stages["forward"] = "ok"
                stage = "backward"
                trace.start(Phase.LOSS)
                loss = self._loss(returned, self.outputs)
                if loss is None:
                    return
                self._clear_early_gradients(model)
                self.reach = gradients.reach(loss)
                trace.start(Phase.BACKWARD)
                with gradients.collected(self.registered.parameters) as self.gradients:
                    loss.backward()  # type: ignore[no-untyped-call]
                self.stages["backward"] = "ok"
        except MODEL_ERRORS as exc:
            self._fail(stage, exc)
            _clear_gradients(model)  # a backward that failed half-way left some
        else:
            self.diagnostics += gradients.compare(self.registered.parameters, self.gradients, self.reach)

    def _clear_early_gradients(self, model: nn.Module) -> None:
        early = [named.name for named in self.registered.parameters if named.tensor.grad is not None]
        if early:
            _clear_gradients(model)
            self.note(
                "warning",
                "gradients-in-forward",
                "forward",
                f"The forward pass itself left gradients in {gradients.listing(early)}; they were cleared, so that the"
                " report shows those of the loss.",
                "use torch.autograd.grad in forward, which leaves .grad alone",
            )

    def _inference(self, model: nn.Module, run: kernels.Run) -> int | None:
        """The most bytes alive in a forward pass as it is in use; None where the model fails at that.

        The last that is done with the model, which stays in eval mode.
        """
        try:
            if self.options.mode == "train":
                model.eval()
            given = self.spec.inputs_in("eval")
            inputs = self._inputs(model, given)
            storages = Storages(tuple(self.registered.tensors()), tuple(tensors((inputs.args, inputs.kwargs))))
            with self._reading(), torch.no_grad(), Watch(storages, run):
                model(*inputs.args, **inputs.kwargs)
        except MODEL_ERRORS as exc:
            self.note(
                "note",
                "inference-failed",
                "forward",
                f"A forward pass in eval mode, without autograd, fails ({Failure.of(exc).message}); the peak of"
                " inference is not known.",
            )
            return None
        return storages.peak if storages.followed else None

    def _reading(self) -> AbstractContextManager[None]:
        return reading(self.values) if self.values is not None else nullcontext()

    def _loss(self, returned: Any, outputs: passes.Outputs) -> Tensor | None:
        if self.loss == "none":
            return None
        loss = passes.loss_function(self.loss)(returned, outputs)
        if loss is not None and loss.requires_grad:
            return loss
        self.differentiable = False
        trainable = any(parameter.requires_grad for parameter in (self.model or nn.Module()).parameters())
        why = "no output carries a gradient" if trainable else "the model has no trainable parameters"
        self.note("note", "no-differentiable-output", "backward", f"There is no backward pass: {why}.")
        return None

    def _fail(self, stage: Stage, error: BaseException) -> None:
        if isinstance(error, MemoryError):
            clear_frames(error.__traceback__)  # they hold what took all memory, and to tell of it takes some
        self.error, self.failed_stage = error, stage
        self.stages["forward" if stage == "inputs" else stage] = "failed"
        if isinstance(error, ReportgenError):
            cause = error.__cause__ if stage != "inputs" else None
            frames = Failure.of(cause).traceback if cause is not None else None
            self.note("error", error.code, stage, str(error), error.remedy, traceback=frames)
            return
        failure = Failure.of(error, self.registered.modules)
        self.note(
            "error",
            f"{stage}-failed",
            stage,
            failure.message,
            _REMEDIES[stage],
            module=failure.module,
            traceback=failure.traceback,
        )


def _clear_gradients(model: nn.Module) -> None:
    for parameter in model.parameters():
        parameter.grad = None
