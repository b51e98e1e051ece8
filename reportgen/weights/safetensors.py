"""The header of a safetensors file, read and checked by hand: it is a length, JSON, and the offsets of the tensors.

The format is that of https://github.com/huggingface/safetensors, which refuses the same files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import msgspec

from reportgen.errors import CheckpointError
from reportgen.report.checkpoint import StoredTensor

_LONGEST = 100_000_000  # bytes of a header, the format's own bound
_DTYPES: Mapping[str, tuple[str, int]] = {  # torch's name, and bits an element
    "F64": ("float64", 64),
    "F32": ("float32", 32),
    "F16": ("float16", 16),
    "BF16": ("bfloat16", 16),
    "F8_E4M3": ("float8_e4m3fn", 8),
    "F8_E5M2": ("float8_e5m2", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "F8_E8M0": ("float8_e8m0fnu", 8),
    "F6_E3M2": ("float6_e3m2fn", 6),
    "F6_E2M3": ("float6_e2m3fn", 6),
    "F4": ("float4_e2m1fn", 4),
    "C64": ("complex64", 64),
    "I64": ("int64", 64),
    "I32": ("int32", 32),
    "I16": ("int16", 16),
    "I8": ("int8", 8),
    "U64": ("uint64", 64),
    "U32": ("uint32", 32),
    "U16": ("uint16", 16),
    "U8": ("uint8", 8),
    "BOOL": ("bool", 8),
}


class _Entry(msgspec.Struct):
    """What the header says of one tensor; the offsets are bytes after the header."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def read(path: Path) -> tuple[StoredTensor, ...]:
    """The tensors of the file, in the order of their bytes.

    Raises:
        CheckpointError: the header is none, or what it says of the file is not so.
        OSError: the file cannot be read.
    """
    header, room = _header(path)
    header.pop("__metadata__", None)
    try:
        entries = msgspec.convert(header, dict[str, _Entry])
    except msgspec.ValidationError as exc:
        raise _invalid(path, f"its header does not fit the format: {exc}") from exc
    ordered = dict(sorted(entries.items(), key=lambda item: item[1].data_offsets))
    end = 0
    for name, entry in ordered.items():
        if entry.data_offsets[0] != end:
            told = "overlaps the one before it" if entry.data_offsets[0] < end else "leaves a gap before it"
            raise _invalid(path, f"{name!r} {told}")
        end += _size(path, name, entry)
        if entry.data_offsets[1] != end:
            raise _invalid(path, f"the bytes of {name!r} are not what its shape and dtype take")
    if end != room:
        cut = f"{room:,} bytes follow its header, and its tensors take {end:,}"
        raise _invalid(path, cut, "download or save it again: it was cut" if room < end else None)
    return tuple(
        StoredTensor(name, tuple(entry.shape), _DTYPES[entry.dtype][0], entry.data_offsets[1] - entry.data_offsets[0])
        for name, entry in ordered.items()
    )


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The header, and how many bytes come after it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise _invalid(path, f"it claims a header of {length:,} bytes, and has {max(size - 8, 0):,}")
        if length > _LONGEST:
            raise _invalid(path, f"it claims a header of {length:,} bytes; the format allows {_LONGEST:,}")
        text = file.read(length)
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as exc:
        raise _invalid(path, f"its header cannot be read: {exc}") from exc
    if not isinstance(header, dict):
        raise _invalid(path, "its header is no JSON object")
    return header, size - 8 - length


def _without_repeats(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is there twice")
        found[name] = value
    return found


def _size(path: Path, name: str, entry: _Entry) -> int:
    """The bytes that a tensor takes."""
    if entry.dtype not in _DTYPES:
        raise _invalid(path, f"{name!r} has the dtype {entry.dtype!r}, which is not known here")
    if any(size < 0 for size in entry.shape):
        raise _invalid(path, f"{name!r} has a negative size")
    bits = prod(entry.shape) * _DTYPES[entry.dtype][1]
    if bits % 8:
        raise _invalid(path, f"{name!r} does not end on a whole byte")
    return bits // 8


def _invalid(path: Path, what: str, remedy: str | None = None) -> CheckpointError:
    return CheckpointError(
        f"{path.name} is no sound safetensors file: {what}", remedy=remedy or "download it again, or save it anew"
    )
