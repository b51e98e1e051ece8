"""Archives that are the same for the same files."""

from __future__ import annotations

import io
import os
import tarfile

import pytest

from reportgen.release.archive import EPOCH, sums, tar_gz


def packed(members, **options):
    """The archive's bytes."""
    target = io.BytesIO()
    tar_gz(target, members, **options)
    return target.getvalue()


def entries(data):
    """What is in an archive: name, time, mode, owners and content of each member, in their order."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [
            (
                each.name,
                each.mtime,
                each.mode,
                each.uid,
                each.gid,
                each.uname,
                each.gname,
                archive.extractfile(each).read(),
            )
            for each in archive.getmembers()
        ]


def test_everything_about_a_member_is_fixed(tmp_path):
    """Sorted by name, 1980-01-01, 0644, root by number and nobody by name."""
    file = tmp_path / "later"
    file.write_bytes(b"two")
    file.chmod(0o777)
    os.utime(file, (2_000_000_000, 2_000_000_000))
    data = packed({"b": file, "a": b"one"})
    assert [("a", EPOCH, 0o644, 0, 0, "", "", b"one"), ("b", EPOCH, 0o644, 0, 0, "", "", b"two")] == entries(data)


def test_the_order_of_what_is_given_does_not_matter(tmp_path):
    """Nor does where it comes from."""
    file = tmp_path / "x"
    file.write_bytes(b"one")
    assert packed({"a": b"one", "b": b"two"}) == packed({"b": b"two", "a": file})


def test_the_head_of_the_archive_tells_nothing():
    """Gzip (RFC 1952): no flags, so no name; no time; best compression; an unknown system."""
    assert bytes.fromhex("1f8b 08 00 00000000 02 ff") == packed({"a": b""})[:10]


@pytest.mark.parametrize("time", [0, 1_769_860_800, 253_402_300_799])
def test_another_time(time):
    """As SOURCE_DATE_EPOCH has it, in any year that it may be of; gzip's head has none then either."""
    data = packed({"a": b""}, time=time)
    assert ([time], bytes(4)) == ([entry[1] for entry in entries(data)], data[4:8])


def test_sums():
    """As sha256sum prints them, sorted; the hash of nothing is in FIPS 180-4's examples."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert f"{abc}  a\n{empty}  b/c\n" == sums({"b/c": b"", "a": b"abc"})
