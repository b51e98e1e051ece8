"""Options."""

from __future__ import annotations

import pickle

import pytest

from reportgen.branding import Brand
from reportgen.config import BatchOptions, ProbeOptions, RenderOptions, Style
from reportgen.errors import ConfigError


@pytest.mark.parametrize("device", ["meta", "cpu", "cuda", "cuda:1", "mps", "xpu", "xpu:0", "auto"])
def test_devices(device):
    """Every device of the contract is one."""
    assert device == ProbeOptions(device=device).device


@pytest.mark.parametrize("loss", [None, "sum", "cross_entropy", "none", "python:my.losses:dice", "python:losses:A.b"])
def test_losses(loss):
    """Every loss of the contract is one."""
    assert loss == ProbeOptions(loss=loss).loss


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"device": "gpu"}, "device-unknown"),
        ({"device": "cuda:"}, "device-unknown"),
        ({"mode": "test"}, "mode-unknown"),
        ({"loss": "mse"}, "loss-unknown"),
        ({"loss": "python:losses.dice"}, "loss-unknown"),
        ({"seed": -1}, "seed-range"),
        ({"seed": 2**64}, "seed-range"),
    ],
)
def test_wrong_probe_options(options, code):
    """A wrong value is refused, with a code and a remedy, before anything runs."""
    with pytest.raises(ConfigError) as caught:
        ProbeOptions(**options)
    assert code == caught.value.code
    assert caught.value.remedy is not None


def test_formats_are_put_in_order():
    """Formats come once each, in one order, however they were asked for."""
    assert RenderOptions(("md", "json")) == RenderOptions(("json", "md", "json"))


@pytest.mark.parametrize("formats", [(), ("docx",), ("md", "HTML")])
def test_wrong_formats(formats):
    """Unknown formats, and none at all, are refused."""
    with pytest.raises(ConfigError) as caught:
        RenderOptions(formats)
    assert "format-unknown" == caught.value.code


@pytest.mark.parametrize("limits", [{"jobs": 0}, {"timeout": 0.0}, {"memory_limit": -1.0}, {"timeout": float("nan")}])
def test_wrong_limits(limits):
    """Limits are positive."""
    with pytest.raises(ConfigError) as caught:
        BatchOptions(**limits)
    assert "limit-range" == caught.value.code


@pytest.mark.parametrize(
    ("css", "message"),
    [
        ("a{}\n@import 'x.css';", "line 2, asks for another file"),
        ("p{background:url(https://x.org/a.png)}", "line 1, asks for another file"),
        ("p{background:URL( 'a.png')}", "line 1, asks for another file"),
        (b"\xff", "cannot read the style sheet"),
        (None, "cannot read the style sheet"),
    ],
)
def test_wrong_style_sheets(tmp_path, css, message):
    """A style sheet is text in UTF-8 that asks for no other file, known before any work."""
    path = tmp_path / "own.css"
    if css is not None:
        path.write_bytes(css.encode() if isinstance(css, str) else css)
    with pytest.raises(ConfigError, match=message) as caught:
        Style(css=path)
    assert "style-invalid" == caught.value.code


def test_style_sheets(tmp_path):
    """What lies in the style sheet itself may be used."""
    path = tmp_path / "own.css"
    path.write_text("p{background:url(data:image/png;base64,AAAA);fill:url('#a')}")
    assert path == Style(css=path).css


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"pdf_variant": "pdf/x"}, "use pdf/ua-1, pdf/a-3a, plain"),
        ({"markdown_flavor": "gitlab"}, "use github, hub, plain"),
    ],
)
def test_wrong_styles(options, remedy):
    """There are few variants and flavours."""
    with pytest.raises(ConfigError) as caught:
        Style(**options)
    assert ("style-invalid", remedy) == (caught.value.code, caught.value.remedy)


def test_render_options_travel():
    """They go to workers, and tell renderers apart: they can be pickled and hashed."""
    options = RenderOptions(("md",), ("*.weight",), Style(pdf_variant="plain"), Brand("t", "a", "data:", "# x"))
    assert {options: 1} == {pickle.loads(pickle.dumps(options)): 1}  # noqa: S301 - just made
