"""A CycloneDX ML-BOM in JSON: the model as the component that the bill is about, with a model card of its bill.

Specification: https://cyclonedx.org/docs/1.6/json/; names of properties:
https://github.com/CycloneDX/cyclonedx-property-taxonomy. Without a time the same report gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from reportgen.release import bill
from reportgen.release.texts import json_text, sound
from reportgen.version import __version__

if TYPE_CHECKING:
    from reportgen.release.bill import Package, Publication
    from reportgen.report.schema import InputFacts, ModelReport, OutputFacts

_MODEL = "model"  # its bom-ref
REPORT = "report.json"


def cyclonedx(report: ModelReport, published: Publication, *, version: Literal["1.6", "1.7"] = "1.6") -> str:
    """The bill of materials of one model: what it is, what its figures are, and what it was built with.

    ``inputs`` and ``outputs`` of the model card have room for a format only; shapes are among its properties.
    """
    packages = bill.packages(report)
    serial = bill.document_id(report, published, f"cyclonedx-{version}")
    metadata = {
        "timestamp": published.timestamp,
        "tools": {"components": [{"type": "application", "name": "reportgen", "version": __version__}]},
        "component": _model(report, published),
    }
    document = {
        "$schema": f"http://cyclonedx.org/schema/bom-{version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": _known(metadata),
        "components": [_library(package) for package in packages],
        "dependencies": [
            {"ref": _MODEL, "dependsOn": [package.purl for package in packages]},
            *({"ref": package.purl} for package in packages),
        ],
    }
    return json_text(document)


def _model(report: ModelReport, published: Publication) -> dict[str, Any]:
    model = report.model
    component = {
        "type": "machine-learning-model",
        "bom-ref": _MODEL,
        "supplier": published.supplier and {"name": sound(published.supplier)},
        "name": sound(model.name),
        "version": published.version and sound(published.version),
        "description": model.description and sound(model.description),
        "licenses": published.license and [{"expression": sound(published.license)}],
        "externalReferences": list(_references(report, published)),
        "modelCard": _card(report),
        "tags": [sound(tag) for tag in model.tags] or None,
    }
    return _known(component)


def _references(report: ModelReport, published: Publication) -> Iterator[dict[str, Any]]:
    if published.url:
        yield {"type": "distribution", "url": published.url}
    paper = bill.published_at(report)
    if paper:
        yield {"type": "documentation", "url": paper, "comment": "where the architecture was published"}
    yield {
        "type": "evidence",
        "url": REPORT,
        "comment": "the report that the figures are from",
        "hashes": [{"alg": "SHA-256", "content": bill.digest(report)}],
    }


def _card(report: ModelReport) -> dict[str, Any]:
    architecture = bill.architecture(report)
    parameters = {
        "task": bill.task(report),
        "architectureFamily": architecture and sound(architecture),
        "modelArchitecture": sound(report.model.class_name or report.model.name),
        "inputs": _formats(report.probe.inputs),
        "outputs": _formats(report.probe.outputs or ()),
    }
    properties = [{"name": name, "value": value} for name, value in bill.properties(report)]
    return {"modelParameters": _known(parameters), "properties": properties}


def _formats(rows: Iterable[InputFacts | OutputFacts]) -> list[dict[str, str]]:
    return [{"format": f"{sound(row.dtype)} tensor"} for row in rows]


def _library(package: Package) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": package.purl,
        "name": sound(package.name),
        "version": sound(package.version),
        "purl": package.purl,
    }


def _known(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
