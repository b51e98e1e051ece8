"""What a person adds: files that are read, and files that are refused."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from reportgen.branding import MAX_DESCRIPTION, MAX_LOGO, Brand, read_description, read_logo
from reportgen.errors import ConfigError

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the file is written; its name says nothing."""
    return tmp_path / "file"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "png"),
        (b"\xff\xd8\xff\xe0rest", "jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        (SVG.format('<rect width="1" height="1"/>').encode(), "svg+xml"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><!-- ours -->' + SVG.format("").encode(), "svg+xml"),
        (SVG.format('<use href="#a"/><path fill="url(#b)"/><style>.c{fill:url(#b)}</style>').encode(), "svg+xml"),
        (SVG.format('<image xlink:href="data:image/png;base64,AAAA"/>').encode(), "svg+xml"),
        (SVG.format('<metadata><r:RDF xmlns:r="r"><r:li r:about="http://x"/></r:RDF></metadata>').encode(), "svg+xml"),
    ],
)
def test_logos(file: Path, data: bytes, kind: str) -> None:
    """A picture becomes a data: URL of the kind that its content has, whatever the file is called."""
    file.write_bytes(data)
    assert f"data:image/{kind};base64,{base64.b64encode(data).decode()}" == read_logo(file)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is no picture of a known kind"),
        (b"GIF89a", "it is no picture of a known kind"),
        (b"<svg/>", "it is no picture of a known kind"),
        (b"<html><body>", "it is no picture of a known kind"),
        (b"\xff\xfe<\x00s\x00", "it is no picture of a known kind"),
        (b"\x89PNG\r\n\x1a\n" + bytes(MAX_LOGO), "it is larger than 1,024 KiB"),
        (b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + SVG.format("&a;").encode(), "it holds a document type"),
        (b'<?xml-stylesheet href="x.css"?>' + SVG.format("").encode(), "it holds a processing instruction"),
        (SVG.format("<script>alert(1)</script>").encode(), "it holds <script>"),
        (SVG.format("<foreignObject/>").encode(), "it holds <foreignObject>"),
        (SVG.format('<b xmlns="http://www.w3.org/1999/xhtml"/>').encode(), "it holds <b>"),
        (SVG.format('<g onload="alert(1)"/>').encode(), "it holds the script onload="),
        (SVG.format('<a xlink:href="javascript:alert(1)"/>').encode(), "it holds the reference 'javascript:alert(1)'"),
        (SVG.format('<image href="https://x.org/p.png"/>').encode(), "it holds the reference 'https://x.org/p.png'"),
        (SVG.format('<use href="other.svg#a"/>').encode(), "it holds the reference 'other.svg#a'"),
        (SVG.format('<g style="fill:url(//x.org)"/>').encode(), "it holds the reference 'fill:url(//x.org)'"),
        (SVG.format("<style>@import 'x'</style>").encode(), "it holds a style that asks for another file"),
        (SVG.format(r"<style>a{fill:u\72l(x)}</style>").encode(), "it holds a style that asks for another file"),
        (SVG.format('<set attributeName="xlink:href" to="javascript:x"/>').encode(), "it holds an animated reference"),
    ],
)
def test_refused_logos(file: Path, data: bytes, reason: str) -> None:
    """What is no picture, too large, or a drawing that runs or fetches something, is refused with the reason."""
    file.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_logo(file)
    assert f"the logo {file} cannot be used: {reason}" == str(caught.value)
    assert ("logo-invalid", True) == (caught.value.code, caught.value.remedy is not None)


def test_descriptions(file: Path) -> None:
    """Text in UTF-8, without a mark of its encoding or a card's front matter; where there is none, nothing is said."""
    file.write_bytes("\ufeff# Größe\n\n*x*\n".encode())
    assert "# Größe\n\n*x*" == read_description(file)
    file.write_bytes(b"---\r\nlicense: mit\r\ntags:\r\n- x\r\n---\r\n# Use\r\n\r\n---\r\nx")
    assert "# Use\n\n---\nx" == read_description(file)
    file.write_bytes(b"---\n---")
    assert read_description(file) is None
    file.write_bytes(b" \n")
    assert read_description(file) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"\xff", "it is no text in UTF-8"), (b"a" * (MAX_DESCRIPTION + 1), "it is larger than 256 KiB")],
)
def test_refused_descriptions(file: Path, data: bytes, reason: str) -> None:
    """What is no text, or too long, is refused with the reason."""
    file.write_bytes(data)
    with pytest.raises(ConfigError, match=reason):
        read_description(file)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """A missing file, and a folder in place of one, are told."""
    with pytest.raises(ConfigError, match="cannot be used: No such file or directory"):
        read_logo(tmp_path / "none.png")
    with pytest.raises(ConfigError, match="cannot be used: Is a directory"):
        read_description(tmp_path)


def test_one_brand_over_another() -> None:
    """What one does not say is taken from the other."""
    assert Brand("a", "b", None, "d") == Brand(title="a", about="d").over(Brand("x", "b"))
