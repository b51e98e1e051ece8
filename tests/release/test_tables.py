"""Tests of `reportgen.release.tables`."""

from __future__ import annotations

import csv as standard
import io
import sys

import pytest

from reportgen.errors import RenderError, RendererUnavailable
from reportgen.release.tables import TABLES, csv, parquet

PARAMETERS = """\
"name","shape","dtype","numel","bytes","trainable","tied_to",\
"gradient_status","gradient_reason","gradient_shape","gradient_dtype","gradient_layout"
"0.weight","[8, 4]","float32",32,128,false,,"none","frozen",,,
"0.bias","[8]","float32",8,32,false,,"none","frozen",,,
"2.weight","[2, 8]","float32",16,64,true,,"computed",,"[2, 8]","float32","strided"
"2.bias","[2]","float32",2,8,true,,"computed",,"[2]","float32","strided"
"""
MODULES = """\
"path","class","calls","inputs","outputs","parameters","own_parameters","flops_forward","flops_backward","saved_bytes"
"","torch.nn.modules.container.Sequential",1,"[[1, 4]]","[[1, 2]]",58,0,96,192,
"0","torch.nn.modules.linear.Linear",1,"[[1, 4]]","[[1, 8]]",40,40,64,128,
"1","torch.nn.modules.activation.ReLU",1,"[[1, 8]]","[[1, 8]]",0,0,0,0,
"2","torch.nn.modules.linear.Linear",1,"[[1, 8]]","[[1, 2]]",18,18,32,64,
"""


@pytest.mark.parametrize(("table", "expected"), [("parameters", PARAMETERS), ("modules", MODULES)])
def test_csv(frozen_sequential, table, expected):
    """Every name, exact figures, nothing where nothing is known; the path of the model itself is an empty text."""
    assert expected.replace("\n", "\r\n") == csv(frozen_sequential, table)


def test_csv_of_buffers(make_report):
    """Those that no state dict has say so."""
    report = make_report(
        modules={"": "Net"},
        buffers={"mask": {"shape": (2, 2), "persistent": False}, "steps": {"shape": (), "dtype": "int64"}},
    )
    expected = """\
"name","shape","dtype","numel","bytes","persistent","tied_to"
"mask","[2, 2]","float32",4,16,false,
"steps","[]","int64",1,8,true,
"""
    assert expected.replace("\n", "\r\n") == csv(report, "buffers")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("=HYPERLINK(1).w", "'=HYPERLINK(1).w"),
        ("@sum.w", "'@sum.w"),
        ("-1.w", "'-1.w"),
        ('say "hi", twice.w', 'say "hi", twice.w'),
        ("rtl\u202e.w", "rtl\\u202e.w"),
        ("two\nlines.w", "two\\nlines.w"),
        ("日本.w", "日本.w"),
    ],
)
def test_csv_of_hostile_names(make_report, name, expected):
    """No formula, no second line, nothing invisible; and every CSV reader gets one field of it."""
    text = csv(make_report(modules={"": "Net"}, parameters={name: (1,)}), "parameters")
    (_, row) = standard.reader(io.StringIO(text, newline=""), strict=True)
    assert (expected, 12) == (row[0], len(row))


@pytest.mark.parametrize("table", TABLES)
def test_csv_of_any_report(any_report, table):
    """One row a name, each as long as the head."""
    rows = list(standard.reader(io.StringIO(csv(any_report, table), newline=""), strict=True))
    assert 1 + len(getattr(any_report, table)) == len(rows)
    assert {len(rows[0])} == {len(row) for row in rows}


def read(data):
    """A Parquet file's rows as dictionaries."""
    from pyarrow import parquet as pq

    return pq.read_table(io.BytesIO(data)).to_pylist()


def test_parquet(frozen_sequential):
    """Types are kept: lists, integers, booleans, nulls."""
    assert {
        "name": "0.weight",
        "shape": [8, 4],
        "dtype": "float32",
        "numel": 32,
        "bytes": 128,
        "trainable": False,
        "tied_to": None,
        "gradient_status": "none",
        "gradient_reason": "frozen",
        "gradient_shape": None,
        "gradient_dtype": None,
        "gradient_layout": None,
    } == read(parquet(frozen_sequential, "parameters"))[0]
    assert [[1, 8]] == read(parquet(frozen_sequential, "modules"))[1]["outputs"]


@pytest.mark.parametrize("table", TABLES)
def test_parquet_of_any_report(any_report, table):
    """Every name exactly as it is, but for halves of surrogate pairs; the same bytes each time."""
    key = "path" if table == "modules" else "name"
    expected = [getattr(row, key).replace("\ud800", "\\ud800") for row in getattr(any_report, table)]
    data = parquet(any_report, table)
    assert expected == [row[key] for row in read(data)]
    assert data == parquet(any_report, table)


def test_parquet_has_no_room(make_report):
    """A count of more than 63 bits is in CSV, exactly."""
    report = make_report(modules={"": "Net"}, flops={"": 2**63})
    assert f",{2**63}," in csv(report, "modules")
    with pytest.raises(RenderError, match="Parquet has no room for a figure") as caught:
        parquet(report, "modules")
    assert "export-impossible" == caught.value.code


def test_parquet_without_pyarrow(frozen_sequential, monkeypatch):
    """It is said what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RendererUnavailable, match="Parquet needs pyarrow") as caught:
        parquet(frozen_sequential, "parameters")
    assert "pip install 'reportgen[export]'" == caught.value.remedy
