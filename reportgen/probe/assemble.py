"""The record of an attempt: everything it learnt, frozen. What it did not come to learn is None."""

from __future__ import annotations

from msgspec.structs import replace
from torch import Tensor

from reportgen.probe import ledger, passes, totals
from reportgen.probe.attempt import Attempt
from reportgen.probe.blank import UNKNOWN_FLOPS, UNKNOWN_TOTALS, environment, given_inputs
from reportgen.probe.cost import flop_totals
from reportgen.probe.registration import Registered
from reportgen.probe.structure import sizes
from reportgen.report.fingerprint import fingerprint
from reportgen.report.schema import (
    BufferFacts,
    DeviceFacts,
    Diagnostic,
    GradientFacts,
    GradientReason,
    ModelIdentity,
    ModelReport,
    OutputFacts,
    ParameterFacts,
    ProbeFacts,
    StageFacts,
    Status,
)
from reportgen.report.totals import FlopTotals, MacTotals, MemoryTotals, Totals


def assemble(attempt: Attempt) -> ModelReport:
    """The frozen record of one finished attempt."""
    registered = attempt.registered
    gradients = {id(named.tensor): _gradient(attempt, named.tensor) for named in registered.parameters}
    parameters = ledger.parameter_facts(registered.parameters, gradients)
    buffers = ledger.buffer_facts(registered.buffers)
    modules = ledger.module_facts(
        registered,
        attempt.trace,
        forward_done=attempt.stages["forward"] == "ok",
        backward_done=attempt.backward_known,
    )
    built = attempt.model is not None
    return ModelReport(
        model=_identity(attempt),
        probe=_probe_facts(attempt),
        totals=_totals(attempt, registered, parameters, buffers) if built else UNKNOWN_TOTALS,
        modules=modules,
        parameters=parameters,
        buffers=buffers,
        diagnostics=(*_source_notes(attempt), *attempt.reasons, *attempt.diagnostics),
        environment=_environment(attempt),
        fingerprint=fingerprint(modules, parameters, buffers) if built else None,
        state=attempt.state,
    )


def _environment(attempt: Attempt) -> dict[str, str]:
    source = attempt.spec.ref.source
    return environment(None if source == "builtin" else source, attempt.spec.package_version)  # ours has our version


def _identity(attempt: Attempt) -> ModelIdentity:
    spec = attempt.spec
    return ModelIdentity(
        ref=str(spec.ref),
        name=spec.ref.name,
        source=spec.ref.source or "unknown",
        class_name=ledger.class_name(attempt.model) if attempt.model is not None else None,
        kwargs=dict(spec.ref.kwargs),
        package_version=spec.package_version,
        description=spec.description,
        citation=spec.citation,
    )


def _probe_facts(attempt: Attempt) -> ProbeFacts:
    options, stages = attempt.options, attempt.stages
    status: Status = "complete"
    if "failed" in stages.values():
        status = "failed" if attempt.model is None else "partial"
    outputs = None
    if attempt.outputs is not None:
        read = passes.in_loss(attempt.loss, attempt.outputs)
        outputs = tuple(
            OutputFacts(path=path, shape=sizes(tensor), dtype=ledger.dtype_name(tensor.dtype), in_loss=flag)
            for (path, tensor), flag in zip(attempt.outputs, read, strict=True)
        )
    return ProbeFacts(
        status=status,
        device=DeviceFacts(requested=options.device, used=str(attempt.device)),
        mode=options.mode,
        loss=attempt.loss,
        loss_origin="user" if options.loss is not None else "source",
        seed=options.seed,
        inputs=attempt.inputs.facts if attempt.inputs is not None else given_inputs(options),
        outputs=outputs,
        stages=StageFacts(**stages),
        freeze=options.freeze,
        dtype=options.dtype,
    )


def _source_notes(attempt: Attempt) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(severity="note", code="source-note", stage="instantiate", module=None, message=text)
        for text in attempt.spec.notes
    )


def _gradient(attempt: Attempt, parameter: Tensor) -> GradientFacts:
    """What came of one parameter's gradient, and why nothing where nothing came."""
    gradient = attempt.gradients.get(id(parameter))
    return gradient.facts if gradient else GradientFacts(status="none", reason=_reason(attempt, parameter))


def _reason(attempt: Attempt, parameter: Tensor) -> GradientReason:
    if not (parameter.dtype.is_floating_point or parameter.dtype.is_complex):
        return "non_differentiable"
    if not parameter.requires_grad:
        return "frozen"
    if attempt.trace is None or not attempt.backward_known:
        return "not_run"
    if not attempt.trace.flow.was_read(parameter):
        return "unused"
    if not attempt.differentiable or attempt.reach.leads_to(parameter):
        return "non_differentiable"  # nothing returned, or a function on the way, carries a gradient
    return "detached"


def _totals(
    attempt: Attempt,
    registered: Registered,
    parameters: tuple[ParameterFacts, ...],
    buffers: tuple[BufferFacts, ...],
) -> Totals:
    packed, packed_bytes = totals.packed_elements(registered.modules)
    parameter_totals = totals.parameter_totals(
        parameters, registered.parameters, packed, attempt.spec.active_parameters
    )
    buffer_totals = totals.buffer_totals(buffers)
    gradient_totals = totals.gradient_totals(parameters, [gradient.bytes for gradient in attempt.gradients.values()])
    ran = attempt.backward_known
    flops = _flops(attempt)
    return Totals(
        parameters=parameter_totals,
        buffers=buffer_totals,
        state_dict_bytes=totals.state_bytes(registered, packed_bytes),
        modules=len(registered.modules),
        gradients=gradient_totals,
        flops=flops,
        macs=MacTotals(forward=flops.forward // 2 if flops.forward is not None else None),
        memory=_memory(attempt, parameter_totals.bytes, buffer_totals.bytes, gradient_totals.bytes if ran else None),
    )


def _memory(attempt: Attempt, parameters: int | None, buffers: int | None, gradients: int | None) -> MemoryTotals:
    trace = attempt.trace
    stepped = trace is not None and trace.storages.followed and attempt.stages["backward"] == "ok"
    indexes = attempt.registered.indexes()
    return MemoryTotals(
        parameters=parameters,
        buffers=buffers,
        gradients=gradients,
        saved_for_backward=trace.saved if trace is not None else None,
        peak_training=trace.storages.peak if trace is not None and stepped else None,
        peak_training_bf16=trace.storages.narrow_peak if trace is not None and stepped else None,
        peak_inference=attempt.inference_peak,
        timeline=trace.timeline(indexes) if trace is not None and attempt.stages["forward"] == "ok" else (),
    )


def _flops(attempt: Attempt) -> FlopTotals:
    if attempt.trace is None or attempt.stages["forward"] != "ok":
        return UNKNOWN_FLOPS
    counted = flop_totals(attempt.trace.costs, backward_known=attempt.backward_known)
    assumed = attempt.values is not None and attempt.values.took_all
    return replace(counted, exact=counted.exact and not assumed, upper_bound=assumed)
