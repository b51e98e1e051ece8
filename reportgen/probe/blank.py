"""Records with nothing in them yet: of models that never came to be, and the unknown half of partial ones. No torch."""

from __future__ import annotations

import platform

from reportgen.config import ProbeOptions
from reportgen.errors import ProbeError, ReportgenError
from reportgen.registry import lookup
from reportgen.registry.base import ModelRef
from reportgen.report.schema import (
    DeviceFacts,
    Diagnostic,
    InputFacts,
    ModelIdentity,
    ModelReport,
    ProbeFacts,
    Stage,
    StageFacts,
)
from reportgen.report.totals import (
    BufferTotals,
    FlopTotals,
    GradientTotals,
    MacTotals,
    MemoryTotals,
    ParameterTotals,
    Totals,
)
from reportgen.version import __version__

UNKNOWN_FLOPS = FlopTotals(forward=None, backward=None, exact=False, uncounted=())
UNKNOWN_TOTALS = Totals(
    parameters=ParameterTotals(None, None, None, None, None, None, None, None, None),
    buffers=BufferTotals(None, None, None, None),
    state_dict_bytes=None,
    modules=None,
    gradients=GradientTotals(None, None, None),
    flops=UNKNOWN_FLOPS,
    macs=MacTotals(None),
    memory=MemoryTotals(None, None, None, None, None),
)


def environment(package: str | None = None, version: str | None = None) -> dict[str, str]:
    """The versions that a figure may depend on; ``package`` is the one that a model came from, if it was another's."""
    versions = {"python": platform.python_version(), "torch": lookup.version("torch"), "reportgen": __version__}
    if package is not None and version is not None:
        versions[package] = version
    return versions


_STAGES: dict[Stage, StageFacts] = {
    "instantiate": StageFacts(instantiate="failed", forward="skipped", backward="skipped"),
    "forward": StageFacts(instantiate="ok", forward="failed", backward="skipped"),
    "backward": StageFacts(instantiate="ok", forward="ok", backward="failed"),
}


def given_inputs(options: ProbeOptions) -> tuple[InputFacts, ...]:
    """The inputs that the user asked for, where no forward pass came to take them."""
    return tuple(
        InputFacts(
            name=spec.name if spec.name is not None else str(index),
            shape=spec.shape,
            dtype=spec.dtype,
            origin="user",
            values=spec.values,
            data=spec.data,
        )
        for index, spec in enumerate(given.cast(options.dtype) for given in options.inputs)
    )


def failed_report(ref: ModelRef, error: ReportgenError, options: ProbeOptions) -> ModelReport:
    """The report on a model of which nothing could be learnt: every figure unknown, and ``error`` as its diagnostic."""
    told = error.stage if isinstance(error, ProbeError) else None
    stage: Stage = next((known for known in _STAGES if known == told), "instantiate")
    return ModelReport(
        model=ModelIdentity(
            ref=str(ref), name=ref.name, source=ref.source or "unknown", class_name=None, kwargs=dict(ref.kwargs)
        ),
        probe=ProbeFacts(
            status="failed",
            device=DeviceFacts(options.device, options.device),
            mode=options.mode,
            loss=options.loss or "sum",
            seed=options.seed,
            inputs=given_inputs(options),
            outputs=None,
            stages=_STAGES[stage],
            freeze=options.freeze,
            dtype=options.dtype,
        ),
        totals=UNKNOWN_TOTALS,
        modules=(),
        parameters=(),
        buffers=(),
        diagnostics=(
            Diagnostic(
                severity="error",
                code=error.code,
                stage=stage,
                module=None,
                message=str(error),
                remedy=error.remedy,
            ),
        ),
        environment=environment(),
        fingerprint=None,
    )
