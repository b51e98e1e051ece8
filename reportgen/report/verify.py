"""What a record must agree with itself on. A file that was edited by hand, or cut, is found out here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportgen.report.fingerprint import fingerprint
from reportgen.report.schema import BufferFacts, ModelReport, ParameterFacts


def contradictions(report: ModelReport) -> tuple[str, ...]:
    """Every place where totals and ledger, or two parts of the record, do not agree; empty for a sound record."""
    checks = (
        _ties,
        _parameter_totals,
        _buffer_totals,
        _gradient_totals,
        _module_totals,
        _timeline,
        _passages,
        _state,
        _fingerprint,
        _audit,
        _checkpoint,
    )
    return tuple(line for check in checks for line in check(report))


def _ties(report: ModelReport) -> Iterator[str]:
    ledgers: dict[str, Sequence[ParameterFacts | BufferFacts]] = {
        "parameters": report.parameters,
        "buffers": report.buffers,
    }
    for kind, rows in ledgers.items():
        names = {row.name for row in rows if row.tied_to is None}
        for index, row in enumerate(rows):
            if row.tied_to is not None and row.tied_to not in names:
                yield f"$.{kind}[{index}].tied_to names {row.tied_to!r}, which is no first name of a tensor"


def _parameter_totals(report: ModelReport) -> Iterator[str]:
    totals, rows = report.totals.parameters, report.parameters
    unique = [row for row in rows if row.tied_to is None]
    sums: dict[str, Sequence[int | None]] = {
        "declared": [row.numel for row in rows],
        "unique": [row.numel for row in unique],
        "trainable": [row.numel for row in unique if row.trainable],
        "frozen": [row.numel for row in unique if not row.trainable],
        "bytes": [row.bytes for row in unique],
        "tensors": [1] * len(unique),
    }
    for name, terms in sums.items():
        yield from _compare(f"$.totals.parameters.{name}", getattr(totals, name), terms)


def _buffer_totals(report: ModelReport) -> Iterator[str]:
    unique = [row for row in report.buffers if row.tied_to is None]
    totals = report.totals.buffers
    yield from _compare("$.totals.buffers.unique", totals.unique, [row.numel for row in unique])
    yield from _compare("$.totals.buffers.bytes", totals.bytes, [row.bytes for row in unique])
    yield from _compare("$.totals.buffers.tensors", totals.tensors, [1] * len(unique))


def _gradient_totals(report: ModelReport) -> Iterator[str]:
    totals = report.totals.gradients
    statuses = [row.gradient.status for row in report.parameters if row.tied_to is None]
    yield from _compare("$.totals.gradients.computed", totals.computed, [1] * statuses.count("computed"))
    yield from _compare("$.totals.gradients.none", totals.none, [1] * statuses.count("none"))
    for index, row in enumerate(report.parameters):
        if (row.gradient.status == "none") != (row.gradient.reason is not None):
            yield f"$.parameters[{index}].gradient: a reason belongs to a missing gradient, and to no other"


def _module_totals(report: ModelReport) -> Iterator[str]:
    totals, rows = report.totals, report.modules
    yield from _compare("$.totals.modules", totals.modules, [1] * len(rows))
    if rows:
        yield from _compare("$.modules[0].parameters", rows[0].parameters, [totals.parameters.unique])
    if totals.flops.forward is not None:
        yield from _compare("$.totals.macs.forward", totals.macs.forward, [totals.flops.forward // 2])


def _timeline(report: ModelReport) -> Iterator[str]:
    for index, moment in enumerate(report.totals.memory.timeline):
        if moment.module >= len(report.modules):
            yield f"$.totals.memory.timeline[{index}].module is {moment.module}, and there are {len(report.modules)}"


def _passages(report: ModelReport) -> Iterator[str]:
    for index, row in enumerate(report.modules):
        for name, found in (("sources", row.sources or ()), ("ends", row.ends or ())):
            if list(found) != sorted(set(found)) or any(not -1 <= other < len(report.modules) for other in found):
                yield f"$.modules[{index}].{name} must be indexes of modules, or -1, ascending"


def _state(report: ModelReport) -> Iterator[str]:
    """Indexes of modules must lead to one; `before` may be their number, where a place comes after all of them."""
    if report.state is None:
        return
    count = len(report.modules)
    for index, slot in enumerate(report.state.slots):
        if slot.before > count or (slot.module is not None and slot.module >= count):
            yield f"$.state.slots[{index}] leads to no module: there are {count}"
    if any(index >= count for index in report.state.custom):
        yield f"$.state.custom leads to no module: there are {count}"


def _fingerprint(report: ModelReport) -> Iterator[str]:
    if report.fingerprint is None:
        return
    expected = fingerprint(report.modules, report.parameters, report.buffers)
    if report.fingerprint != expected:
        yield f"$.fingerprint is {report.fingerprint}, but its names, shapes and classes give {expected}"


def _audit(report: ModelReport) -> Iterator[str]:
    for index, check in enumerate(report.audit or ()):
        if (check.result == "differed") != (check.differed > 0):
            yield f"$.audit[{index}]: {check.result}, with {check.differed} differing figures"
        if (check.result == "not_applicable") != (check.reason is not None):
            yield f"$.audit[{index}]: a reason belongs to a recount that was not applicable, and to no other"


def _checkpoint(report: ModelReport) -> Iterator[str]:
    """What a file lacks, or has in another shape, the model must have; more is known only of its dtypes."""
    facts = report.checkpoint
    if facts is None:
        return
    known = {row.name for rows in (report.parameters, report.buffers) for row in rows}
    verdict = facts.loading.verdict
    names = (*verdict.missing, *(row.key for row in verdict.mismatched), *(row.key for row in facts.retyped))
    for name in dict.fromkeys((*names, *facts.tied)):
        if name not in known:
            yield f"$.checkpoint tells of {name!r}, which is no name in the model"
    if sum(row.tensors for row in facts.dtypes) > facts.keys:
        yield f"$.checkpoint.keys is {facts.keys}, and more tensors are told apart by dtype"


def _compare(place: str, stated: int | None, terms: Sequence[int | None]) -> Iterator[str]:
    """``stated`` must be the sum of ``terms``; where either is not known there is nothing to compare."""
    known = [term for term in terms if term is not None]
    if stated is not None and len(known) == len(terms) and stated != sum(known):
        yield f"{place} is {stated}, but the rest of the report adds up to {sum(known)}"
