"""Tests of `reportgen.release.cyclonedx`, against the strict schemas that CycloneDX' own library carries."""

from __future__ import annotations

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from reportgen.release.bill import Publication
from reportgen.release.cyclonedx import cyclonedx

VALIDATORS = {
    "1.6": JsonStrictValidator(SchemaVersion.V1_6),
    "1.7": JsonStrictValidator(SchemaVersion.V1_7),
}
NOBODY = Publication()


@pytest.mark.parametrize("version", VALIDATORS)
def test_strictly_valid(any_report, published, version):
    """Whatever the report, hostile and failed ones too, with and without what a publisher tells."""
    texts = [cyclonedx(any_report, publication, version=version) for publication in (NOBODY, published)]
    assert [None, None] == [VALIDATORS[version].validate_str(text) for text in texts]


@pytest.mark.parametrize("version", VALIDATORS)
def test_the_validator_bites(frozen_sequential, version):
    """A shape among the inputs is refused, which is why shapes are properties."""
    document = json.loads(cyclonedx(frozen_sequential, NOBODY, version=version))
    document["metadata"]["component"]["modelCard"]["modelParameters"]["inputs"][0]["shape"] = [1, 4]
    assert VALIDATORS[version].validate_str(json.dumps(document)) is not None


def test_the_model(frozen_sequential, published):
    """The component that the bill is about, but for its properties, which `test_bill` looks at."""
    document = json.loads(cyclonedx(frozen_sequential, published))
    component = document["metadata"]["component"]
    card = component.pop("modelCard")
    report = component["externalReferences"].pop()
    assert {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "supplier": {"name": "Acme \\ud800"},
        "name": "frozen-sequential",
        "version": "1.2.0",
        "description": "Three layers, the first one frozen.",
        "licenses": [{"expression": "Apache-2.0"}],
        "externalReferences": [{"type": "distribution", "url": "https://example.org/net"}],
    } == component
    assert ("evidence", "report.json", "SHA-256") == (report["type"], report["url"], report["hashes"][0]["alg"])
    assert {
        "modelArchitecture": "torch.nn.modules.container.Sequential",
        "inputs": [{"format": "float32 tensor"}],
        "outputs": [{"format": "float32 tensor"}],
    } == card["modelParameters"]


def test_what_it_was_built_with(frozen_sequential):
    """Libraries with their package URLs, on which the model depends."""
    document = json.loads(cyclonedx(frozen_sequential, NOBODY))
    purl = "pkg:pypi/torch@2.13.0"
    assert [{"type": "library", "bom-ref": purl, "name": "torch", "version": "2.13.0", "purl": purl}] == (
        document["components"]
    )
    assert [{"ref": "model", "dependsOn": [purl]}, {"ref": purl}] == document["dependencies"]


def test_time_only_where_given(frozen_sequential, published):
    """The same report gives the same bytes; SOURCE_DATE_EPOCH puts a time into them."""
    assert cyclonedx(frozen_sequential, NOBODY) == cyclonedx(frozen_sequential, NOBODY)
    times = [
        json.loads(cyclonedx(frozen_sequential, publication))["metadata"].get("timestamp")
        for publication in (NOBODY, published)
    ]
    assert [None, "2026-01-31T12:00:00Z"] == times


def test_hostile_names_are_kept(hostile, hostile_names):
    """JSON says them exactly; half a surrogate pair, which no UTF-8 has, is a visible escape."""
    document = json.loads(cyclonedx(hostile, NOBODY))
    expected = [name.replace("\ud800", "\\ud800") for name in hostile_names]
    assert expected == document["metadata"]["component"]["tags"]
