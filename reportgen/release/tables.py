"""The ledgers as tables for programs: CSV, which everything reads, and Parquet, which keeps types and names exactly."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from reportgen.errors import RenderError, RendererUnavailable
from reportgen.release.texts import sound
from reportgen.render.text import spreadsheet

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

TableName = Literal["parameters", "buffers", "modules"]
TABLES: tuple[TableName, ...] = get_args(TableName)
Kind = Literal["text", "count", "flag", "shape", "shapes"]


class _Column(NamedTuple):
    """``name`` is the member of ``report.json``; where the record has it elsewhere, ``path`` says where."""

    name: str
    kind: Kind
    path: str | None = None

    def of(self, row: Any) -> Any:
        return attrgetter(self.path or self.name)(row)


_TENSOR = (
    _Column("name", "text"),
    _Column("shape", "shape"),
    _Column("dtype", "text"),
    _Column("numel", "count"),
    _Column("bytes", "count"),
)
_COLUMNS: Mapping[TableName, tuple[_Column, ...]] = {
    "parameters": (
        *_TENSOR,
        _Column("trainable", "flag"),
        _Column("tied_to", "text"),
        _Column("gradient_status", "text", "gradient.status"),
        _Column("gradient_reason", "text", "gradient.reason"),
        _Column("gradient_shape", "shape", "gradient.shape"),
        _Column("gradient_dtype", "text", "gradient.dtype"),
        _Column("gradient_layout", "text", "gradient.layout"),
    ),
    "buffers": (*_TENSOR, _Column("persistent", "flag"), _Column("tied_to", "text")),
    "modules": (
        _Column("path", "text"),
        _Column("class", "text", "class_name"),
        _Column("calls", "count"),
        _Column("inputs", "shapes"),
        _Column("outputs", "shapes"),
        _Column("parameters", "count"),
        _Column("own_parameters", "count"),
        _Column("flops_forward", "count"),
        _Column("flops_backward", "count"),
        _Column("saved_bytes", "count"),
    ),
}


def csv(report: ModelReport, table: TableName) -> str:
    """One ledger as CSV (RFC 4180, UTF-8): a row for each name, a field empty where nothing is known.

    Texts are quoted, figures and ``true`` and ``false`` are not; a shape is a JSON list in quotes. A text that a
    spreadsheet would take for a formula begins with an apostrophe that is not part of it, and what is invisible in a
    name arrives as an escape.
    """
    columns = _COLUMNS[table]
    lines = [",".join(_quoted(column.name) for column in columns)]
    lines += [",".join(_field(column.kind, column.of(row)) for column in columns) for row in _rows(report, table)]
    return "".join(f"{line}\r\n" for line in lines)


def values(report: ModelReport, table: TableName) -> dict[str, tuple[Kind, list[Any]]]:
    """Each column of a ledger with its kind and its values, None where one is not known; shapes are tuples."""
    rows = _rows(report, table)
    return {column.name: (column.kind, [column.of(row) for row in rows]) for column in _COLUMNS[table]}


def _rows(report: ModelReport, table: TableName) -> Sequence[Any]:
    rows: Sequence[Any] = getattr(report, table)
    return rows


def _field(kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    match kind:
        case "text":
            return _quoted(spreadsheet(value))
        case "count":
            return str(value)
        case _:  # a flag is `true` in JSON
            text = json.dumps(value)
            return text if kind == "flag" else _quoted(text)


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))


def parquet(report: ModelReport, table: TableName) -> bytes:
    """One ledger as Parquet: the same columns, counts as 64-bit integers, shapes as lists, nulls where not known.

    Raises:
        RendererUnavailable: pyarrow is not installed, or does not load.
        RenderError: a count has more than 63 bits.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet as pq
    except ImportError as exc:
        raise RendererUnavailable(
            f"Parquet needs pyarrow, which does not load: {exc}", remedy="pip install 'reportgen[export]'"
        ) from exc
    sizes = pa.list_(pa.int64())
    types = {"text": pa.string(), "count": pa.int64(), "flag": pa.bool_(), "shape": sizes, "shapes": pa.list_(sizes)}
    columns, rows = _COLUMNS[table], _rows(report, table)
    schema = pa.schema([(column.name, types[column.kind]) for column in columns])
    values = {column.name: [_value(column.kind, column.of(row)) for row in rows] for column in columns}
    try:
        content = pa.Table.from_pydict(values, schema=schema)
    except (pa.ArrowInvalid, OverflowError) as exc:
        raise RenderError(
            f"Parquet has no room for a figure: {exc}", code="export-impossible", remedy="take csv, which has"
        ) from exc
    file = io.BytesIO()
    pq.write_table(content, file)
    return file.getvalue()


def _value(kind: Kind, value: Any) -> Any:
    return sound(value) if kind == "text" and value is not None else value
