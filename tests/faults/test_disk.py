"""Disks that are full or may not be written: each model has its reason, and nothing is half-written."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REFS = ["builtin:linear", "builtin:lenet5", "builtin:mlp"]
FORMATS = ("html", "json", "md")
Contents = Callable[[Path], dict[str, bytes]]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="file systems are mounted, and limits set, on Linux"
    ),
]


def build(output: Path, *, largest: int = resource.RLIM_INFINITY, temporary: Path | None = None):
    """Reports on three models; no file may be larger than ``largest`` bytes."""
    started = start(output, largest=largest, temporary=temporary)
    out, err = started.communicate()
    return subprocess.CompletedProcess(started.args, started.returncode, out, err)


def start(output: Path, *, largest: int = resource.RLIM_INFINITY, temporary: Path | None = None):
    """The same, while it goes on."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    if temporary is not None:
        environment["TMPDIR"] = str(temporary)
    command = [sys.executable, "-m", "reportgen", "build", *REFS, "-o", output, "--format", ",".join(FORMATS)]
    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(  # noqa: PLW1509 - there are no threads
            resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY)
        ),
    )


def left(output: Path) -> set[str]:
    """The files of reports and the index that are there, charts aside."""
    found = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(".reportgen/") and not name.endswith(".svg")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, contents: Contents) -> dict[str, bytes]:
    """What an undisturbed run leaves."""
    output = tmp_path_factory.mktemp("whole")
    assert 0 == build(output).returncode
    return contents(output)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a file system of its own, with room for very little."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount, and not everywhere")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_files_that_become_too_large(tmp_path: Path, whole: dict[str, bytes], contents: Contents) -> None:
    """What fits is there, what does not is a reason each; the run ends with 3, and with room the rest follows."""
    largest = 30_000  # bytes, less than any page in HTML has
    done = build(tmp_path, largest=largest)
    assert 3 == done.returncode
    fits = {name for name, data in whole.items() if len(data) <= largest and not name.endswith(".svg")}
    reports = {name for name in fits if "/" in name}
    assert reports == {name for name in left(tmp_path) if "/" in name}
    for ref in REFS:
        assert (
            f"  report.html: cannot write {tmp_path}/{ref.replace(':', '-')}/report.html: File too large" in done.stderr
        )
    assert "reportgen: error: the index: cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    again = build(tmp_path)
    assert (0, 0) == (again.returncode, again.stderr.count("unchanged"))
    assert whole == contents(tmp_path)


def test_a_full_disk(small_disk: Path, whole: dict[str, bytes], contents: Contents) -> None:
    """The same on one; whatever is there is whole."""
    output = small_disk / "out"
    done = build(output)
    assert 3 == done.returncode
    assert "No space left on device; make room and give yourself the right to write in" in done.stderr
    found = {name: data for name, data in contents(output).items() if "/" in name}  # the index tells of the rest
    assert found == {name: whole[name] for name in found}
    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    again = build(output)
    assert 0 == again.returncode
    assert whole == contents(output)


def test_a_disk_that_may_not_be_written(small_disk: Path) -> None:
    """From the beginning on, that is said before any work."""
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = build(small_disk / "out")
    assert 2 == done.returncode
    cause, remedy = done.stderr.splitlines()
    assert cause.endswith("Read-only file system")
    assert remedy.startswith("  remedy: make room and give yourself the right to write in")


def test_a_disk_that_becomes_read_only(small_disk: Path, whole: dict[str, bytes], contents: Contents) -> None:
    """In the middle of a run, as disks do on errors: what is there is whole, the rest has that as its reason."""
    output = small_disk / "out"
    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    run = start(output)
    while run.poll() is None and not any(output.glob("*/report.json")):
        time.sleep(0.01)
    while subprocess.run(["mount", "-o", "remount,ro", small_disk], check=False, capture_output=True).returncode:
        time.sleep(0.001)  # it is busy while a file is being written
    _, err = run.communicate()
    assert ("Traceback" in err, run.returncode) == (False, 3)
    assert "Read-only file system" in err
    found = {name: data for name, data in contents(output).items() if "/" in name and "/.reportgen-" not in name}
    assert found == {name: whole[name] for name in found}
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert build(output).returncode == 0
    assert whole == contents(output)


def test_no_room_for_temporary_files(small_disk: Path, tmp_path: Path) -> None:
    """Where workers find no room for their own files, each model has that as its reason."""
    subprocess.run(["mount", "-o", "remount,nr_inodes=2", small_disk], check=True)  # itself, and the run's folder
    done = build(tmp_path / "out", temporary=small_disk)
    assert "Traceback" not in done.stderr
    assert 3 == done.returncode
    assert "No space left on device" in done.stderr
