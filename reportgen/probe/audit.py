"""The self-audit: a record counted again by independent means, and every figure compared.

Four recounts, none of which shares the code it checks: tensors told apart by identity; each layer's FLOPs by the closed
form of its type; the whole probe with torch's own meta kernels, without shape rules and remembered results; and, where
it fits, the whole probe with real values on the CPU.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec
from torch import nn

from reportgen.config import ProbeOptions
from reportgen.probe import kernels, run
from reportgen.probe.recount import Figure, Witness, closed_forms, covered_flops, identity
from reportgen.registry.base import ModelSpec
from reportgen.report.schema import AuditCheck, AuditName, Diagnostic, ModelReport

_SHOWN = 5  # differences in a message
_REAL_FLOPS = 10**12  # that a real run may take: some half a minute
_SEEDS = 3  # of real runs, before a difference is taken for one between devices
_PARTS_OF_A_REAL_RUN = ("modules", "parameters", "buffers", "fingerprint")
_TOTALS_OF_A_REAL_RUN = ("parameters", "buffers", "state_dict_bytes", "modules", "gradients", "macs")

Check = tuple[AuditCheck, Diagnostic | None]


def audited(report: ModelReport, target: ModelSpec | nn.Module, options: ProbeOptions) -> ModelReport:
    """The record with its audit; each recount that differs is an error among the diagnostics.

    Args:
        report: what `reportgen.probe.run.probe` gave for ``target`` and ``options``.
        target: as there.
        options: as there.
    """
    options = replace(options, audit=False, measure=False)
    with kernels.plain(), Witness() as witness:
        again = run.probe(target, options)
    checks = (
        _identity(report, witness.begun),
        _closed_forms(report, witness),
        _compared("plain_kernels", _differences(_whole(msgspec.structs.replace(report, measured=None)), _whole(again))),
        _real_run(report, target, options),
    )
    errors = tuple(diagnostic for _, diagnostic in checks if diagnostic is not None)
    return msgspec.structs.replace(
        report, audit=tuple(check for check, _ in checks), diagnostics=(*report.diagnostics, *errors)
    )


def _identity(report: ModelReport, model: nn.Module | None) -> Check:
    if model is None:
        return _not_applicable("identity", "no forward pass began, and so no model was seen")
    if report.totals.parameters.unique is None:
        return _not_applicable("identity", "some parameters never took shape")
    if any(row.code == "changed-in-forward" for row in report.diagnostics):
        return _not_applicable("identity", "the forward pass changes what is registered")
    return _compared("identity", identity(report, model))


def _closed_forms(report: ModelReport, witness: Witness) -> Check:
    if report.probe.stages.forward != "ok" or witness.finished is None:
        return _not_applicable("closed_forms", "the forward pass did not finish")
    check, error = _compared("closed_forms", closed_forms(report, witness, witness.finished))
    if not check.compared:
        return _not_applicable("closed_forms", "no layer has a closed form")
    covered = covered_flops(witness, witness.finished)
    return msgspec.structs.replace(check, covered=covered, whole=report.totals.flops.forward), error


def _real_run(report: ModelReport, target: ModelSpec | nn.Module, options: ProbeOptions) -> Check:
    obstacle = _obstacle(report, options)
    if obstacle is not None:
        return _not_applicable("real_run", obstacle)
    options = replace(options, device="cpu")
    real = run.probe(target, options)
    if real.probe.status != "complete":
        error = next((row.message for row in real.diagnostics if row.severity == "error"), "no reason was given")
        return _compared("real_run", [("probe.status", "complete", f"{real.probe.status} ({error})")])
    if (real.probe.mode, real.probe.inputs) != (report.probe.mode, report.probe.inputs):
        return _not_applicable("real_run", "with real values, the model takes other inputs, or another mode")
    figures = _device_independent(real)
    check = _compared("real_run", _differences(_device_independent(report), figures))
    if check[0].differed and _is_random(target, options, figures):
        return _not_applicable("real_run", "random draws decide what the model runs: other seeds give other figures")
    return check


def _is_random(target: ModelSpec | nn.Module, options: ProbeOptions, figures: Mapping[str, Any]) -> bool:
    """Whether real runs differ among themselves; layers that are skipped at random do that, and meta draws nothing."""
    others = (replace(options, seed=seed) for seed in range(_SEEDS + 1) if seed != options.seed)
    return any(_device_independent(run.probe(target, other)) != figures for other in others)


def _obstacle(report: ModelReport, options: ProbeOptions) -> str | None:
    """What stands against a real run."""
    memory, flops = _memory(report), (report.totals.flops.forward or 0) + (report.totals.flops.backward or 0)
    allowed = options.max_real_memory
    used, status = report.probe.device.used, report.probe.status
    obstacles = {
        f"the record itself was made with real values, on {used}": used != "meta",
        f"the record is {status}": status != "complete",
        "the record assumes values that a real run knows": any(
            row.code == "values-assumed" for row in report.diagnostics
        ),
        f"about {memory:,} bytes are more than the {allowed:g} GiB that a real run may take": memory > allowed * 2**30,
        f"{flops:,} FLOPs are more than {_REAL_FLOPS:,}": flops > _REAL_FLOPS,
    }
    return next((obstacle for obstacle, stands in obstacles.items() if stands), None)


def _memory(report: ModelReport) -> int:
    """Bytes that a training step may take: as the record has it, else from parameters and what modules give."""
    memory = report.totals.memory
    if memory.peak_training is not None:
        return memory.peak_training
    held = 2 * (memory.parameters or 0) + (memory.buffers or 0)
    return held + sum(8 * _product(sizes) for row in report.modules for sizes in row.outputs or ())


def _product(sizes: Iterable[int | None]) -> int:
    product = 1
    for size in sizes:
        product *= size or 1
    return product


# -- comparing ---------------------------------------------------------------------------------------------------------


def _whole(report: ModelReport) -> dict[str, Any]:
    """Every figure of a record by its place."""
    return dict(_leaves("", msgspec.to_builtins(report)))


def _device_independent(report: ModelReport) -> dict[str, Any]:
    """Every figure that must not depend on where a model runs: all but memory, and which kernels did the work."""
    fields = msgspec.to_builtins(report)
    flops = {key: fields["totals"]["flops"][key] for key in ("forward", "backward", "exact")}
    probed = {key: fields["probe"][key] for key in ("inputs", "outputs", "stages")}
    totals = {key: fields["totals"][key] for key in _TOTALS_OF_A_REAL_RUN}
    parts = {key: fields[key] for key in _PARTS_OF_A_REAL_RUN}
    for row in parts["modules"]:
        del row["saved_bytes"]
    return dict(_leaves("", {"probe": probed, "totals": {**totals, "flops": flops}, **parts}))


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Places and values; a shape is one value, and a row is known by its name."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(f"{place}.{key}" if place else key, item)
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            name = next((item[key] for key in ("name", "path", "op") if key in item), index)
            yield from _leaves(f"{place}[{name!r}]", item)
    else:
        yield place, value


def _differences(recorded: Mapping[str, Any], recounted: Mapping[str, Any]) -> Iterator[Figure]:
    for place in dict.fromkeys((*recorded, *recounted)):
        yield place, recorded.get(place), recounted.get(place)


def _compared(name: AuditName, figures: Iterable[Figure]) -> Check:
    """How many figures there are, and which are not the same."""
    compared, different = 0, []
    for place, recorded, recounted in figures:
        compared += 1
        if recorded != recounted:
            different.append(f"{place} is {recorded}, recounted {recounted}")
    check = AuditCheck(
        name=name, result="differed" if different else "agreed", compared=compared, differed=len(different)
    )
    return check, _difference(name, different) if different else None


def _not_applicable(name: AuditName, reason: str) -> Check:
    return AuditCheck(name=name, result="not_applicable", reason=reason), None


def _difference(name: AuditName, different: list[str]) -> Diagnostic:
    more = len(different) - _SHOWN
    return Diagnostic(
        severity="error",
        code="audit-differs",
        stage="ledger",
        module=None,
        message=f"The audit by {name.replace('_', ' ')} differs: {'; '.join(different[:_SHOWN])}"
        + (f"; and {more:,} more" if more > 0 else ""),
        remedy="tell reportgen's maintainers: one of the two counts is wrong",
    )
