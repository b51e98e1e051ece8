"""Tests of `reportgen.weights.safetensors`: what the library writes is read, what the format forbids is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reportgen.errors import CheckpointError
from reportgen.report.checkpoint import StoredTensor
from reportgen.weights.safetensors import read


def written(folder: Path, header: object, data: bytes = b"", *, length: int | None = None) -> Path:
    """A file with that header, which may lie about its length."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "m.safetensors"
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + data)
    return path


def tensor(start: int, end: int, *, dtype: str = "F32", shape: tuple[int, ...] = (1,)) -> dict[str, object]:
    """One entry of a header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def test_reads_what_the_library_writes(tmp_path):
    """Names, shapes, dtypes and bytes of every tensor; the metadata is none of them."""
    tensors = {
        "a.weight": torch.zeros(2, 3),
        "b": torch.zeros((), dtype=torch.int64),
        "c": torch.zeros(0, 4, dtype=torch.bfloat16),
        "d": torch.zeros(5, dtype=torch.float8_e4m3fn),
        "e": torch.zeros(3, dtype=torch.bool),
    }
    save_file(tensors, tmp_path / "m.safetensors", metadata={"format": "pt"})
    found = {row.name: row for row in read(tmp_path / "m.safetensors")}
    expected = {
        name: StoredTensor(name, tuple(value.shape), str(value.dtype)[6:], value.numel() * value.element_size())
        for name, value in tensors.items()
    }
    assert expected == found


@pytest.mark.parametrize(
    ("header", "data", "what"),
    [
        (b"{", b"", "its header cannot be read"),
        (b"[]", b"", "its header is no JSON object"),
        (b'{"a": 1}', b"", "its header does not fit the format"),
        (b'{"a": {}, "a": {}}', b"", "its header cannot be read: 'a' is there twice"),
        ({"a": tensor(0, 4)}, b"abc", "3 bytes follow its header, and its tensors take 4"),
        ({"a": tensor(0, 4)}, b"abcde", "5 bytes follow its header, and its tensors take 4"),
        ({"a": tensor(0, 4), "b": tensor(2, 6)}, b"abcdef", "'b' overlaps the one before it"),
        ({"a": tensor(0, 4), "b": tensor(5, 9)}, b"abcdefghi", "'b' leaves a gap before it"),
        ({"a": tensor(0, 8)}, b"abcdefgh", "the bytes of 'a' are not what its shape and dtype take"),
        ({"a": tensor(0, 4, shape=(2**62, 2**62))}, b"abcd", "the bytes of 'a' are not what its shape"),
        ({"a": tensor(0, 4, shape=(-1,))}, b"abcd", "'a' has a negative size"),
        ({"a": tensor(0, 4, dtype="F31")}, b"abcd", "'a' has the dtype 'F31'"),
        ({"a": tensor(0, 1, dtype="F4")}, b"a", "'a' does not end on a whole byte"),
        (b"[" * 100_000, b"", "its header cannot be read"),
        (b"\xff\xfe", b"", "its header cannot be read"),
    ],
)
def test_refuses(tmp_path, header, data, what):
    """A header that is none, or that does not agree with the file, is refused by a line that says why."""
    with pytest.raises(CheckpointError) as caught:
        read(written(tmp_path, header, data))
    assert f"m.safetensors is no sound safetensors file: {what}" in str(caught.value)


@pytest.mark.parametrize("length", [2**63, 5 * 10**9, 100])
def test_a_header_that_claims_more_than_there_is(tmp_path, length):
    """Nothing is read, and no memory taken, for gigabytes that are only claimed."""
    with pytest.raises(CheckpointError, match=f"claims a header of {length:,} bytes, and has 2"):
        read(written(tmp_path, {}, length=length))


def test_a_header_beyond_the_formats_bound(tmp_path):
    """A sparse file that has the gigabyte that its header claims is refused as well."""
    path = written(tmp_path, {}, length=10**9)
    with path.open("r+b") as file:
        file.truncate(10**9 + 8)
    with pytest.raises(CheckpointError, match="claims a header of 1,000,000,000 bytes; the format allows 100,000,000"):
        read(path)


def test_a_file_too_short_for_a_length(tmp_path):
    """Not even the length of a header."""
    (tmp_path / "m.safetensors").write_bytes(b"abc")
    with pytest.raises(CheckpointError, match="and has 0"):
        read(tmp_path / "m.safetensors")
