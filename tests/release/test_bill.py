"""Tests of `reportgen.release.bill`."""

from __future__ import annotations

import hashlib

import pytest

from reportgen.errors import ConfigError
from reportgen.release import bill
from reportgen.release.bill import Package, Publication


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        (0, "0M"),
        (20, "0.00002M"),
        (61_706, "0.061706M"),
        (1_000_000, "1.0M"),
        (25_557_032, "25.6M"),
        (405_853_388_800, "405.9B"),
    ],
)
def test_parameter_count_of_the_taxonomy(make_report, elements, expected):
    """A number and M or B: exact below a million."""
    report = make_report(modules={"": "Net"}, parameters={"weight": (elements,)})
    assert expected == dict(bill.properties(report))["cdx:ai-ml:model:parameter:count"]


def test_properties_are_named_by_their_place(frozen_sequential):
    """Texts as they are, all else as JSON; the counts are those of a hand calculation."""
    found = dict(bill.properties(frozen_sequential))
    expected = {
        "reportgen:model.ref": "builtin:frozen-sequential",
        "reportgen:model.class": "torch.nn.modules.container.Sequential",
        "reportgen:probe.status": "complete",
        "reportgen:totals.parameters.unique": "58",
        "reportgen:totals.parameters.trainable": "18",
        "reportgen:totals.parameters.frozen": "40",
        "reportgen:totals.parameters.bytes": "232",
        "reportgen:totals.flops.exact": "true",
        "reportgen:totals.macs.forward": "48",
    }
    assert expected == {name: found[name] for name in expected}
    assert (
        '{"name": "x", "shape": [1, 4], "dtype": "float32", "origin": "source", "values": null}'
        == (found["reportgen:probe.inputs[0]"])
    )


def test_what_is_not_known_is_left_out(constructor_failed):
    """There is no zero for what nobody knows, and no count."""
    names = {name for name, _ in bill.properties(constructor_failed)}
    assert {
        "reportgen:model.ref",
        "reportgen:model.source",
        "reportgen:probe.status",
        "reportgen:probe.device.used",
        "reportgen:probe.mode",
        "reportgen:probe.loss",
        "reportgen:totals.flops.exact",
        "reportgen:totals.flops.upper_bound",
    } == names


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        (Package("torch", "2.13.0+cpu"), "pkg:pypi/torch@2.13.0%2Bcpu"),
        (Package("My_Models", "1.0"), "pkg:pypi/my-models@1.0"),
        (Package("a/b@c", "1/ \ud800"), "pkg:pypi/a%2Fb%40c@1%2F%20%5Cud800"),
    ],
)
def test_package_urls(package, expected):
    """Names as PyPI normalises them, and nothing that would end a part too early."""
    assert expected == package.purl


def test_packages_are_those_of_the_environment(frozen_sequential):
    """Neither Python nor reportgen is part of the model."""
    assert (Package("torch", "2.13.0"),) == bill.packages(frozen_sequential)


@pytest.mark.parametrize(
    ("source", "class_name", "expected"),
    [
        ("transformers", "transformers.models.bert.modeling_bert.BertForMaskedLM", "MaskedLM"),
        ("transformers", "transformers.models.bert.modeling_bert.BertModel", None),
        ("python", "pkg.WaitForIt", None),
        ("transformers", "transformers.models.vit.modeling_vit.ViTForImageClassification", "ImageClassification"),
        ("transformers", None, None),
    ],
)
def test_task(make_report, source, class_name, expected):
    """Only transformers' classes tell it."""
    report = make_report(modules={"": "Net"}, model={"source": source, "class_name": class_name})
    assert expected == bill.task(report)


@pytest.mark.parametrize(
    ("citation", "expected"),
    [
        ("He et al., https://arxiv.org/abs/1512.03385.", "https://arxiv.org/abs/1512.03385"),
        ('see <https://example.org/a"b>', "https://example.org/a"),
        ("https://example.org/%zz", "https://example.org/"),
        ("a book", None),
        (None, None),
    ],
)
def test_address_of_the_paper(make_report, citation, expected):
    """As far as it is one."""
    assert expected == bill.published_at(make_report(model={"citation": citation}))


def test_digest_is_that_of_the_file(frozen_sequential, tmp_path):
    """Anyone can check it with sha256sum."""
    path = tmp_path / "report.json"
    path.write_text(frozen_sequential.to_json(), encoding="ascii")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == bill.digest(frozen_sequential)


def test_document_ids(frozen_sequential, tied_gpt, published):
    """The same facts have the same; others, another format or another publication have another."""
    one = bill.document_id(frozen_sequential, published, "spdx")
    assert one == bill.document_id(frozen_sequential, published, "spdx")
    others = {
        bill.document_id(tied_gpt, published, "spdx"),
        bill.document_id(frozen_sequential, Publication(), "spdx"),
        bill.document_id(frozen_sequential, published, "cyclonedx"),
    }
    assert 3 == len(others - {one})


@pytest.mark.parametrize(("text", "expected"), [(None, None), ("", None), ("0", 0), ("1769860800", 1_769_860_800)])
def test_source_date_epoch(text, expected):
    """Not set is none; 1970 is one."""
    assert expected == bill.publication_time(text)


@pytest.mark.parametrize("text", ["now", "-1", "1.5", "٣", "253402300800"])
def test_source_date_epoch_that_is_none(text):
    """No time is guessed."""
    with pytest.raises(ConfigError, match="SOURCE_DATE_EPOCH is"):
        bill.publication_time(text)


@pytest.mark.parametrize(
    "text", ["MIT", "GPL-2.0+", "MIT OR (Apache-2.0 AND LicenseRef-Acme)", "GPL-2.0-only WITH Classpath-exception-2.0"]
)
def test_licence_expressions(text):
    """As SPDX writes them."""
    assert text == Publication(license=text).license


@pytest.mark.parametrize("text", ["", "my own licence", "MIT or Apache-2.0", "(MIT", "MIT AND", "MIT\nOR ISC"])
def test_licence_expressions_that_are_none(text):
    """Free text would be wrong in a bill."""
    with pytest.raises(ConfigError, match="is no SPDX expression"):
        Publication(license=text)


@pytest.mark.parametrize("url", ["example.org", "javascript:alert(1)", "https://a b", "https://example.org/\n"])
def test_addresses_that_are_none(url):
    """A place to download from is an address of the web."""
    with pytest.raises(ConfigError, match="is no address"):
        Publication(url=url)
