"""What a person adds to a report: a title, an author, a logo, a description; read and checked before any work."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import ConfigError

MAX_LOGO = 2**20  # bytes
MAX_DESCRIPTION = 2**18  # bytes
_SVG = "{http://www.w3.org/2000/svg}"
_REFUSED = {"script", "foreignobject", "handler", "iframe", "embed", "object", "audio", "video"}
_FRONT_MATTER = re.compile(r"\A---\n(?:.*?\n)?---(?:\n|\Z)", re.DOTALL)
_OWN = re.compile(r"#|data:image/(png|jpeg|gif|webp)[;,]", re.IGNORECASE)
_FETCHES = re.compile(r"@import|\\|(?:url|image|image-set)\(\s*(?!['\"]?(?:#|data:image/))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Brand:
    """What the publisher of a report says in it; None says nothing.

    ``title`` stands in place of the model's name as the heading, ``logo`` is a ``data:`` URL, ``about`` is Markdown.
    """

    title: str | None = None
    author: str | None = None
    logo: str | None = None
    about: str | None = None

    def over(self, other: Brand) -> Brand:
        """This brand, with what it does not say taken from the other."""
        return Brand(
            title=self.title or other.title,
            author=self.author or other.author,
            logo=self.logo or other.logo,
            about=self.about or other.about,
        )


def read_description(path: Path) -> str | None:
    """The Markdown of a description file, without the front matter that a model card has; None where it says nothing.

    Raises:
        ConfigError: it cannot be read, is larger than `MAX_DESCRIPTION`, or is no text in UTF-8.
    """
    try:
        text = _read(path, MAX_DESCRIPTION).decode("utf-8-sig").replace("\r\n", "\n")
        return _FRONT_MATTER.sub("", text).strip() or None
    except (OSError, ValueError) as exc:
        raise ConfigError(
            f"the description {path} cannot be used: {_reason(exc)}",
            code="description-invalid",
            remedy="give a file of Markdown in UTF-8",
        ) from exc


def read_logo(path: Path) -> str:
    """The picture in a file as a ``data:`` URL; what it is, its content says, and not its name.

    Raises:
        ConfigError: it cannot be read, is larger than `MAX_LOGO`, is neither PNG, JPEG, WebP nor SVG, or is an SVG that
            holds scripts or would fetch something.
    """
    try:
        data = _read(path, MAX_LOGO)
        kind = _bitmap(data) or _svg(data)
    except (OSError, ValueError) as exc:
        raise ConfigError(
            f"the logo {path} cannot be used: {_reason(exc)}",
            code="logo-invalid",
            remedy="give a PNG, JPEG or WebP file, or an SVG saved as a plain one",
        ) from exc
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it is larger than {limit // 1024:,} KiB")
    return data


def _reason(exc: Exception) -> str:
    if isinstance(exc, UnicodeDecodeError):
        return "it is no text in UTF-8"
    return (isinstance(exc, OSError) and exc.strerror) or str(exc)


def _bitmap(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def _svg(data: bytes) -> str:
    """The kind of an SVG. Raises ValueError where it is none, or holds what would run or be fetched in some viewer."""
    try:
        text = data.decode("utf-8-sig")
        if re.search(r"<!(doctype|entity)", text, re.IGNORECASE):  # entities: the parser below must never see them
            raise ValueError("it holds a document type")
        root = ET.fromstring(text)  # noqa: S314 - without a document type there are no entities
    except (UnicodeDecodeError, ET.ParseError) as exc:
        raise ValueError("it is no picture of a known kind") from exc
    if root.tag != f"{_SVG}svg":
        raise ValueError("it is no picture of a known kind")
    fault = next(_faults(text, root), None)
    if fault is not None:
        raise ValueError(f"it holds {fault}")
    return "svg+xml"


def _faults(text: str, root: ET.Element) -> Iterator[str]:
    if re.search(r"<\?(?!xml\s)", text):
        yield "a processing instruction"
    for element in root.iter():
        namespace, _, name = str(element.tag).rpartition("}")
        if name.lower() in _REFUSED or namespace.endswith("xhtml"):
            yield f"<{name}>"
        if name.lower() == "style" and _FETCHES.search("".join(element.itertext())):
            yield "a style that asks for another file"
        if f"{namespace}}}" == _SVG:
            yield from _attribute_faults(element)


def _attribute_faults(element: ET.Element) -> Iterator[str]:
    for attribute, value in element.items():
        name = attribute.rpartition("}")[2].lower()
        if name.startswith("on"):
            yield f"the script {name}="
        elif _FETCHES.search(value) or (name in {"href", "src"} and not _OWN.match(value.strip())):
            yield f"the reference {value[:80]!r}"
        elif name == "attributename" and value.strip().lower().endswith("href"):
            yield "an animated reference"
