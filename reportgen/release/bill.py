"""What bills of materials say of a model: its facts as properties, what it was built with, and who publishes it."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from reportgen.analysis.summary import family
from reportgen.errors import ConfigError
from reportgen.release.texts import sound
from reportgen.report import codec
from reportgen.view import numbers

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "reportgen:bill-of-materials")
_COUNT = "cdx:ai-ml:model:parameter:count"  # of CycloneDX' property taxonomy
_MEMBERS = """
    model.ref model.source model.class fingerprint
    probe.status probe.device.used probe.mode probe.dtype probe.loss
    totals.parameters.declared totals.parameters.unique totals.parameters.storage totals.parameters.trainable
    totals.parameters.frozen totals.parameters.packed totals.parameters.active totals.parameters.tensors
    totals.parameters.bytes
    totals.buffers.unique totals.buffers.tensors totals.buffers.bytes totals.state_dict_bytes totals.modules
    totals.flops.forward totals.flops.backward totals.flops.exact totals.flops.upper_bound totals.macs.forward
    totals.memory.saved_for_backward totals.memory.peak_training totals.memory.peak_inference
""".split()
_NOT_PACKAGES = {"python", "reportgen"}  # in a record's environment
_URL = re.compile(r"https?://(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_LICENSE = r"\(*[A-Za-z0-9.:-]+\+?\)*"
_EXPRESSION = re.compile(rf"{_LICENSE}(?: (?:AND|OR|WITH) {_LICENSE})*")
_TASK = re.compile(r"\wFor([A-Z]\w+)$")  # transformers: BertForMaskedLM


@dataclass(frozen=True, slots=True)
class Publication:
    """What no report can know: the model's version and licence, who supplies it, where from and when.

    ``license`` is an SPDX expression, ``time`` seconds since 1970 (UTC).

    Raises:
        ConfigError: ``url`` is no address of the web, or ``license`` is no such expression.
    """

    version: str | None = None
    license: str | None = None
    supplier: str | None = None
    url: str | None = None
    time: int | None = None

    def __post_init__(self) -> None:
        if self.url is not None and not _URL.fullmatch(self.url):
            raise ConfigError(f"{self.url!r} is no address", remedy="give one that begins with https:// or http://")
        if self.license is not None and not _is_expression(self.license):
            raise ConfigError(
                f"{self.license!r} is no SPDX expression",
                remedy="give identifiers of spdx.org/licenses, as in 'MIT OR Apache-2.0', or LicenseRef-NAME",
            )

    @property
    def timestamp(self) -> str | None:
        """``2026-01-31T12:00:00Z``."""
        return None if self.time is None else f"{datetime.fromtimestamp(self.time, UTC):%Y-%m-%dT%H:%M:%S}Z"


def _is_expression(text: str) -> bool:
    """Whether the text is one by its form (SPDX 3.0.1, annex B); not whether its licences are listed ones."""
    return bool(_EXPRESSION.fullmatch(text)) and text.count("(") == text.count(")")


class Package(NamedTuple):
    """A library that the model was built with; ``purl`` is its package URL."""

    name: str
    version: str

    @property
    def purl(self) -> str:
        """``pkg:pypi/torch@2.13.0%2Bcpu``."""
        name = sound(self.name).lower().replace("_", "-")
        return f"pkg:pypi/{quote(name, safe='')}@{quote(sound(self.version), safe='')}"


def publication_time(text: str | None) -> int | None:
    """Seconds since 1970 of the variable ``SOURCE_DATE_EPOCH``; None where it is not set.

    Raises:
        ConfigError: it is no number of seconds until the year 9999.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) < 253_402_300_800):
        raise ConfigError(
            f"SOURCE_DATE_EPOCH is {text!r}", remedy="set it to a number of seconds since 1970, or unset it"
        )
    return int(text)


def properties(report: ModelReport) -> Iterator[tuple[str, str]]:
    """Names and values of all that is known: the taxonomy's count, then members of ``report.json`` by their place.

    The value of a member is what stands there: a text as it is, all else as JSON. What is not known is left out.
    """
    unique = report.totals.parameters.unique
    if unique is not None:
        yield _COUNT, _count(unique)
    document: dict[str, Any] = {name: codec.to_dict(getattr(report, name)) for name in ("model", "probe", "totals")}
    document["fingerprint"] = report.fingerprint
    for member in _MEMBERS:
        value: Any = reduce(lambda place, key: place[key], member.split("."), document)
        if value is not None:
            yield f"reportgen:{member}", _value(value)
    for side in ("inputs", "outputs"):
        for index, row in enumerate(document["probe"][side] or ()):
            yield f"reportgen:probe.{side}[{index}]", _value({key: row[key] for key in row if key != "data"})


def _value(value: Any) -> str:
    return sound(value) if isinstance(value, str) else json.dumps(value)


def _count(elements: int) -> str:
    """``25.6M``, ``405.9B``, as the taxonomy wants it; below a million exactly: ``0.061706M``."""
    if elements < 10**6:
        return f"{(Decimal(elements) / 10**6).normalize():f}M"
    return numbers.human(elements).replace(" ", "")


def packages(report: ModelReport) -> tuple[Package, ...]:
    """The libraries that the record's environment names."""
    return tuple(Package(*item) for item in report.environment.items() if item[0] not in _NOT_PACKAGES)


def architecture(report: ModelReport) -> str | None:
    """The family that the class tells: ``resnet``."""
    return family(report.model.class_name)


def task(report: ModelReport) -> str | None:
    """What transformers' classes say in their names: ``MaskedLM`` of ``BertForMaskedLM``. Others say nothing."""
    named = _TASK.search(report.model.class_name or "") if report.model.source == "transformers" else None
    return named[1] if named else None


def published_at(report: ModelReport) -> str | None:
    """The first address in the citation, if it has one."""
    found = _URL.search(report.model.citation or "")
    return found[0].rstrip(".,;)") if found else None


def digest(report: ModelReport) -> str:
    """SHA-256 of ``report.json`` as this reportgen writes it, in hexadecimal digits."""
    return hashlib.sha256(report.to_json().encode("ascii")).hexdigest()


def document_id(report: ModelReport, published: Publication, kind: str) -> uuid.UUID:
    """The same for the same facts, and for no others."""
    return uuid.uuid5(_NAMESPACE, sound(f"{kind} {report.fingerprint} {digest(report)} {published!r}"))
