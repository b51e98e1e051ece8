"""Tests of `reportgen.release.formats`."""

from __future__ import annotations

import pytest

from reportgen.errors import ConfigError, RenderError
from reportgen.release.formats import FORMATS, export


@pytest.mark.parametrize("to", FORMATS)
def test_every_format_of_any_report(any_report, to):
    """The same bytes each time, or an error that says why not."""
    if to == "mlflow" and not any_report.probe.inputs:
        with pytest.raises(RenderError, match="a signature needs inputs"):
            export(any_report, to)
    else:
        assert export(any_report, to) == export(any_report, to)


@pytest.mark.parametrize(
    ("to", "models", "cause", "remedy"),
    [
        ("docx", 1, "format 'docx' is not known", f"use any of {', '.join(FORMATS)}"),
        ("spdx", 2, "spdx is of one model, and 2 were named", "name one; latex takes several"),
        ("latex", 0, "latex is of one model, and 0 were named", "name one; latex takes several"),
    ],
)
def test_formats_that_there_are_not(frozen_sequential, to, models, cause, remedy):
    """One line of cause, one of remedy."""
    with pytest.raises(ConfigError) as caught:
        export([frozen_sequential] * models, to)
    assert (cause, remedy) == (str(caught.value), caught.value.remedy)


def test_tables_that_there_are_not(frozen_sequential):
    """A typing error is no ledger."""
    with pytest.raises(ConfigError, match="table 'params' is not known"):
        export(frozen_sequential, "csv", table="params")
