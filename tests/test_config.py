"""Options."""

from __future__ import annotations

import pytest

from reportgen.config import BatchOptions, ProbeOptions, RenderOptions
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
