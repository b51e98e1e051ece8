"""Tests of `reportgen.release.spdx`, against the bindings that SPDX makes of its own model."""

from __future__ import annotations

import io
import json

import pytest
import spdx_python_model

from reportgen.release.bill import Publication
from reportgen.release.spdx import spdx

NOBODY = Publication()


def check(text):
    """The elements that SPDX' model reads, written again by it, which checks how many there are of each member."""
    model, objects = spdx_python_model.load_data(json.loads(text))
    model.JSONLDSerializer().write(objects, io.BytesIO())
    assert set() == objects.missing_ids
    return model, objects


@pytest.mark.parametrize("full", [False, True], ids=["nobody", "published"])
def test_fits_the_model(any_report, published, full):
    """Whatever the report: types, enumerations, cardinalities, and every reference has an element."""
    model, objects = check(spdx(any_report, published if full else NOBODY))
    (package,) = objects.foreach_type(model.ai_AIPackage)
    assert "https://spdx.org/rdf/3.0.1/terms/Software/SoftwarePurpose/model" == package.software_primaryPurpose


def test_the_validator_bites(frozen_sequential):
    """A member that the profile does not have is refused."""
    document = json.loads(spdx(frozen_sequential, NOBODY))
    (package,) = [element for element in document["@graph"] if element["type"] == "ai_AIPackage"]
    package["ai_safetyRiskAssessment"] = "none at all"
    with pytest.raises(ValueError, match="none at all"):
        check(json.dumps(document))


def member(text, kind, name):
    """That member of the element of that type."""
    (element,) = [element for element in json.loads(text)["@graph"] if element["type"] == kind]
    return element.get(name)


@pytest.mark.parametrize("missing", [None, "version", "supplier", "url", "time"])
def test_claims_the_profile_where_it_holds(frozen_sequential, published, replaced, missing):
    """The AI profile wants to know what only a publisher does; one thing less, and nothing is claimed."""
    publication = published if missing is None else replaced(published, **{missing: None})
    text = spdx(frozen_sequential, publication)
    assert (missing is None) == ("ai" in member(text, "SpdxDocument", "profileConformance"))


def test_the_package(make_report, published):
    """What the AI profile has members for."""
    report = make_report(
        "net",
        modules={"": "pkg.resnet.ResNet"},
        parameters={"weight": (3, 4)},
        model={"kwargs": {"width": 4, "name": "x"}, "citation": "https://arxiv.org/abs/1512.03385"},
    )
    text = spdx(report, published)
    expected = {
        "name": "net",
        "software_primaryPurpose": "model",
        "software_packageVersion": "1.2.0",
        "software_downloadLocation": "https://example.org/net",
        "releaseTime": "2026-01-31T12:00:00Z",
        "ai_typeOfModel": ["resnet"],
        "ai_informationAboutApplication": "Takes x: float32 1×4. Gives float32 1×2.",
        "ai_hyperparameter": [
            {"type": "DictionaryEntry", "key": "width", "value": "4"},
            {"type": "DictionaryEntry", "key": "name", "value": "x"},
        ],
    }
    assert expected == {name: member(text, "ai_AIPackage", name) for name in expected}
    (extension,) = member(text, "ai_AIPackage", "extension")
    assert {
        "type": "extension_CdxPropertyEntry",
        "extension_cdxPropName": "cdx:ai-ml:model:parameter:count",
        "extension_cdxPropValue": "0.000012M",
    } == extension["extension_cdxProperty"][0]


def test_licences(frozen_sequential, published):
    """One concluded and one declared, as the profile wants: the given one, or that none is asserted."""
    targets = [
        {
            element["relationshipType"]: [
                target.partition("#")[2] or target.rpartition("/")[2] for target in element["to"]
            ]
            for element in json.loads(spdx(frozen_sequential, publication))["@graph"]
            if element["type"] == "Relationship" and "License" in element["relationshipType"]
        }
        for publication in (NOBODY, published)
    ]
    assert [
        {"hasConcludedLicense": ["NoAssertionLicense"], "hasDeclaredLicense": ["NoAssertionLicense"]},
        {"hasConcludedLicense": ["license"], "hasDeclaredLicense": ["license"]},
    ] == targets


def test_created_is_1970_where_no_time_is_given(frozen_sequential, published):
    """SPDX wants one; a clock would make other bytes each time."""
    texts = spdx(frozen_sequential, NOBODY), spdx(frozen_sequential, published)
    assert ["1970-01-01T00:00:00Z", "2026-01-31T12:00:00Z"] == [
        member(text, "CreationInfo", "created") for text in texts
    ]
    assert texts[0] == spdx(frozen_sequential, NOBODY)
