"""Asks torch: a model goes in, a frozen record of facts comes out. Importing this package imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.probe.blank import failed_report

if TYPE_CHECKING:
    from torch import nn

    from reportgen.config import ProbeOptions
    from reportgen.registry.base import ModelSpec
    from reportgen.report.schema import ModelReport

__all__ = ["failed_report", "probe", "registered"]


def probe(target: ModelSpec | nn.Module, options: ProbeOptions) -> ModelReport:
    """Probes one model, see `reportgen.probe.run.probe`; timed, audited and scaled where that is asked for."""
    if options.measure:
        from reportgen.probe import measure

        report = measure.probe_and_measure(target, options)
    else:
        from reportgen.probe import run

        report = run.probe(target, options)
    if options.audit:
        from reportgen.probe import audit

        report = audit.audited(report, target, options)
    if options.batch_scaling:
        from reportgen.probe import scaling

        report = scaling.scaled(report, target, options)
    return report


def registered(target: ModelSpec | nn.Module, options: ProbeOptions) -> ModelReport:
    """Builds one model and runs nothing of it, see `reportgen.probe.run.registered`."""
    from reportgen.probe import run

    return run.registered(target, options)
