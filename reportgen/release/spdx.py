"""An SPDX 3.0.1 document in JSON-LD: the model as a package of the AI profile, with its bill.

Specification: https://spdx.github.io/spdx-spec/v3.0.1/. The profile asks for a version, a supplier, a place to download
from and a time of release; the document claims to conform to it only where these were given. Figures are properties of
CycloneDX' taxonomy, for which SPDX has an extension: it has no members of its own for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reportgen.release import bill
from reportgen.release.texts import json_text, sound
from reportgen.version import __version__
from reportgen.view import numbers

if TYPE_CHECKING:
    from reportgen.release.bill import Publication
    from reportgen.report.schema import ModelReport

_CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_CREATION = "_:creation"
_NO_LICENSE = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"
_EPOCH = "1970-01-01T00:00:00Z"  # ``created`` is mandatory, and the same report is to give the same bytes
_FINGERPRINT = "reportgen's fingerprint: of names, shapes, dtypes, ties, trainability and module classes, and no values"

Element = dict[str, Any]


def spdx(report: ModelReport, published: Publication) -> str:
    """The document of one model; ``created`` is 1970-01-01 unless the publication has a time."""
    base = f"urn:uuid:{bill.document_id(report, published, 'spdx-3.0.1')}#"
    elements = [
        _element(base, "reportgen", "SoftwareAgent", name=f"reportgen {__version__}"),
        *_elements(report, published, base),
    ]
    creation = {
        "type": "CreationInfo",
        "@id": _CREATION,
        "specVersion": "3.0.1",
        "created": published.timestamp or _EPOCH,
        "createdBy": [f"{base}reportgen"],
    }
    complete = None not in (published.version, published.supplier, published.url, published.time)
    document = _element(
        base,
        "document",
        "SpdxDocument",
        name=sound(report.model.name),
        profileConformance=["core", "software", "extension", *(["ai"] if complete else [])],
        rootElement=[f"{base}model"],
        element=[element["spdxId"] for element in elements],
    )
    return json_text({"@context": _CONTEXT, "@graph": [creation, document, *elements]})


def _elements(report: ModelReport, published: Publication, base: str) -> Iterator[Element]:
    yield _model(report, published, base)
    if published.supplier:
        yield _element(base, "supplier", "Organization", name=sound(published.supplier))
    license_id = _NO_LICENSE
    if published.license:
        license_id = f"{base}license"
        yield _element(
            base,
            "license",
            "simplelicensing_LicenseExpression",
            simplelicensing_licenseExpression=sound(published.license),
        )
    yield _relation(base, "concluded", "hasConcludedLicense", [license_id])
    yield _relation(base, "declared", "hasDeclaredLicense", [license_id])
    yield _element(
        base,
        "report",
        "software_File",
        name="report.json",
        comment="the report that the figures are from",
        contentType="application/json",
        verifiedUsing=[{"type": "Hash", "algorithm": "sha256", "hashValue": bill.digest(report)}],
    )
    yield _relation(base, "evidence", "hasEvidence", [f"{base}report"])
    packages = bill.packages(report)
    for index, package in enumerate(packages):
        yield _element(
            base,
            f"package-{index}",
            "software_Package",
            name=sound(package.name),
            software_packageVersion=sound(package.version),
            software_packageUrl=package.purl,
        )
    if packages:
        yield _relation(base, "dependencies", "dependsOn", [f"{base}package-{i}" for i in range(len(packages))])


def _model(report: ModelReport, published: Publication, base: str) -> Element:
    model = report.model
    architecture, paper = bill.architecture(report), bill.published_at(report)
    return _element(
        base,
        "model",
        "ai_AIPackage",
        name=sound(model.name),
        description=model.description and sound(model.description),
        software_primaryPurpose="model",
        software_packageVersion=published.version and sound(published.version),
        software_downloadLocation=published.url,
        suppliedBy=f"{base}supplier" if published.supplier else None,
        releaseTime=published.timestamp,
        externalIdentifier=report.fingerprint
        and [
            {
                "type": "ExternalIdentifier",
                "externalIdentifierType": "other",
                "identifier": sound(report.fingerprint),
                "comment": _FINGERPRINT,
            }
        ],
        externalRef=paper and [{"type": "ExternalRef", "externalRefType": "documentation", "locator": [paper]}],
        ai_typeOfModel=architecture and [sound(architecture)],
        ai_informationAboutApplication=_interface(report),
        ai_hyperparameter=[
            {"type": "DictionaryEntry", "key": sound(key), "value": sound(str(value))}
            for key, value in model.kwargs.items()
        ]
        or None,
        extension=[
            {
                "type": "extension_CdxPropertiesExtension",
                "extension_cdxProperty": [
                    {
                        "type": "extension_CdxPropertyEntry",
                        "extension_cdxPropName": name,
                        "extension_cdxPropValue": value,
                    }
                    for name, value in bill.properties(report)
                ],
            }
        ],
    )


def _interface(report: ModelReport) -> str | None:
    """What goes in and comes out: ``Takes x: float32 1×3×224×224. Gives float32 1×1000.``."""
    takes = [f"{row.name}: {row.dtype} {numbers.shape(row.shape)}" for row in report.probe.inputs]
    gives = [
        f"{row.path + ': ' if row.path else ''}{row.dtype} {numbers.shape(row.shape)}"
        for row in report.probe.outputs or ()
    ]
    told = [f"{verb} {', '.join(rows)}." for verb, rows in (("Takes", takes), ("Gives", gives)) if rows]
    return sound(" ".join(told)) or None


def _relation(base: str, name: str, kind: str, to: list[str]) -> Element:
    members = {"from": f"{base}model", "to": to}
    return _element(base, name, "Relationship", relationshipType=kind, **members)


def _element(base: str, name: str, kind: str, /, **members: Any) -> Element:
    """An element with an address of its own; members that are None are left out."""
    known = {key: value for key, value in members.items() if value is not None}
    return {"type": kind, "spdxId": f"{base}{name}", "creationInfo": _CREATION, **known}
