"""A folder of reports as the files of a release."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile

import pytest

from reportgen.cli import main
from reportgen.errors import ConfigError
from reportgen.releasing import release
from reportgen.runs.index import FILES
from reportgen.view import numbers


@pytest.fixture
def folder(tmp_path, leave, tied_gpt, forward_failed):
    """Reports on two models, one of them partial, as a build leaves them."""
    return leave(tmp_path / "reports", {"net": tied_gpt, "half": forward_failed}, ("json", "md", "html"))


def test_every_file_of_an_index(tmp_path, leave, tied_gpt, transformer12, frozen_sequential, forward_failed):  # noqa: PLR0917 - records
    """What a run of several models leaves beside its reports goes with them: its chart too."""
    models = {"a": tied_gpt, "b": transformer12, "c": frozen_sequential, "d": forward_failed}
    folder = leave(tmp_path / "reports", models)
    made = release(folder, output=tmp_path / "dist")
    with tarfile.open(tmp_path / "dist" / "model-reports.tar.gz") as archive:
        found = {name.partition("/")[2] for name in archive.getnames() if name.count("/") == 1}
    assert ({*FILES, "SHA256SUMS"}, ()) == (found, made.left_out)


def verified(folder):
    """What sha256sum says of the files that a list names."""
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not here")
def test_a_release(folder, tmp_path, contents):
    """The archive, an index and checksums; what is in the archive is what lies in the folder, and its checksums."""
    made = release(folder, output=tmp_path / "dist")
    names = ["SHA256SUMS", "index.json", "model-reports.tar.gz"]
    assert (names, 2, ()) == ([path.name for path in made.files], made.models, made.left_out)
    assert ["index.json: OK", "model-reports.tar.gz: OK"] == verified(tmp_path / "dist")
    assert (folder / "index.json").read_bytes() == (tmp_path / "dist" / "index.json").read_bytes()
    with tarfile.open(tmp_path / "dist" / "model-reports.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked, before = contents(tmp_path / "model-reports"), contents(folder)
    sums = unpacked.pop("SHA256SUMS").decode()
    assert before == unpacked
    assert sorted(before) == [line[66:] for line in sums.splitlines()]
    assert len(before) == len(verified(tmp_path / "model-reports"))


def test_the_same_bytes(folder, tmp_path, contents):
    """Whatever the files' times, modes and order on disk are; SOURCE_DATE_EPOCH makes other ones, alike again."""
    release(folder, output=tmp_path / "a", assets=("html",))
    copy = tmp_path / "copy"
    for path in sorted(folder.rglob("*"), reverse=True):
        target = copy / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            shutil.copyfile(path, target)
            target.chmod(0o600)
            os.utime(target, (1, 1))
    release(copy, output=tmp_path / "b", assets=("html",))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    release(copy, output=tmp_path / "b", assets=("html",), time=1_769_860_800)
    with tarfile.open(tmp_path / "b" / "model-reports.tar.gz") as archive:
        assert {1_769_860_800} == {member.mtime for member in archive}


def test_the_text(folder, tmp_path):
    """A table of models with their key figures, what failed, how to check the files; no link leads to a file."""
    made = release(folder, output=tmp_path / "dist", name="net-1.2")
    text = made.text.read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    assert [["`tied-gpt`", "2,624", "complete"], ["`mismatched`", "60", "partial"]] == [
        [row[0], row[2], row[-1]] for row in rows
    ]
    assert "RuntimeError: mat1 and mat2 shapes cannot be multiplied" in text
    assert "sha256sum --check --ignore-missing SHA256SUMS\ntar -xf net-1.2.tar.gz\n" in text
    assert "](" not in text


def test_a_text_on_thousands_of_models(tied_gpt, tmp_path, leave):
    """It keeps to 125,000 characters, and says where the others are."""
    folder = leave(tmp_path / "reports", {"net": tied_gpt})
    index = json.loads((folder / "index.json").read_text(encoding="ascii"))
    model = index["models"][0]
    others = [
        {
            **model,
            "slug": f"m{number}",
            "formats": [],
            "name": f"{number}" + "名|" * 100,
            "reason": "<" * 900,
            "status": "failed",
        }
        for number in range(3_000)
    ]
    index["models"] += others
    (folder / "index.json").write_text(json.dumps(index), encoding="ascii")
    text = release(folder, output=tmp_path / "dist").text.read_text(encoding="utf-8")
    assert len(text) <= 125_000
    assert "3,001 models: 1 complete, 3,000 failed" in text
    assert "2,701 more models" in text


def test_single_files(folder, tmp_path):
    """They go by the folders of their reports, as far as there is room; the text says which have none."""
    made = release(folder, output=tmp_path / "dist", assets=("html", "json"), max_assets=6)
    names = ["SHA256SUMS", "half.html", "index.json", "model-reports.tar.gz", "net.html", "net.json"]
    assert names == [path.name for path in made.files]
    left_out = "1 single file, from half.json on: 3 have room"
    assert (left_out,) == made.left_out
    assert left_out in made.text.read_text(encoding="utf-8").replace("&#46;", ".")
    assert (folder / "net" / "report.html").read_bytes() == (tmp_path / "dist" / "net.html").read_bytes()


def test_an_archive_that_is_too_large(folder, tmp_path):
    """It goes without HTML, then without Markdown, whose content is in the records, and says so; these have to fit."""
    whole = (
        next(path for path in release(folder, output=tmp_path / "dist").files if path.suffix == ".gz").stat().st_size
    )
    made = release(folder, output=tmp_path / "dist", max_size=whole - 1)
    size = numbers.size(whole - 1)
    assert f"PDF, HTML of all models: the archive may have {size}" == made.left_out[0]
    with tarfile.open(tmp_path / "dist" / "model-reports.tar.gz") as archive:
        formats = {member.name.rpartition(".")[2] for member in archive if "/report." in member.name}
    assert {"json", "md"} == formats
    before = (tmp_path / "dist" / "model-reports.tar.gz").read_bytes()
    with pytest.raises(ConfigError, match="the records alone take more than the 100 B that a file may have") as raised:
        release(folder, output=tmp_path / "dist", max_size=100)
    assert ("release-too-large", before) == (
        raised.value.code,
        (tmp_path / "dist" / "model-reports.tar.gz").read_bytes(),
    )


def test_what_else_lies_in_the_folders(folder, tmp_path):
    """It is told, and stays out."""
    (folder / "old").mkdir()
    (folder / "notes.txt").write_text("x", encoding="ascii")
    (folder / "net" / "secret.txt").write_text("x", encoding="ascii")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "earlier.pdf").write_bytes(b"x")
    made = release(folder, output=tmp_path / "dist")
    assert (
        "notes.txt, old: in the folder, and not in its index",
        f"earlier.pdf: in {tmp_path / 'dist'}, and none of this release; SHA256SUMS does not name it",
    ) == made.left_out
    with tarfile.open(tmp_path / "dist" / "model-reports.tar.gz") as archive:
        assert [] == [name for name in archive.getnames() if name.endswith((".txt", "old"))]


def broken_record(folder):
    """A record that is none."""
    (folder / "net" / "report.json").write_text("{}", encoding="ascii")


def missing_page(folder):
    """A file that the index names is not there."""
    (folder / "half" / "report.html").unlink()


def another_run(folder):
    """A record of another model."""
    shutil.copy(folder / "half" / "report.json", folder / "net" / "report.json")


def a_link(folder):
    """A file that leads out of its folder."""
    (folder / "net" / "report.md").unlink()
    (folder / "net" / "report.md").symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (broken_record, "report.json is not a model report"),
        (missing_page, "half/report.html is missing"),
        (another_run, "net/report.json is of another run than the index"),
        (a_link, "net/report.md is missing"),
    ],
)
def test_reports_that_are_not_whole(folder, tmp_path, spoil, told):
    """They are named, and nothing is written."""
    spoil(folder)
    with pytest.raises(ConfigError, match="is not what its index says") as raised:
        release(folder, output=tmp_path / "dist")
    assert "release-incomplete" == raised.value.code
    assert told in str(raised.value)
    assert not (tmp_path / "dist").exists()


def test_no_reports(tmp_path, leave):
    """A folder without an index, and one of no models, are none to release."""
    with pytest.raises(ConfigError, match=r"has no index\.json that can be read"):
        release(tmp_path, output=tmp_path / "dist")
    with pytest.raises(ConfigError, match="has no reports"):
        release(leave(tmp_path / "empty", {}), output=tmp_path / "dist")


@pytest.mark.parametrize("wrong", [{"name": "../x"}, {"name": ""}, {"max_assets": 2}, {"assets": ("pdf",)}])
def test_wrong_arguments(folder, tmp_path, wrong):
    """Each is told before anything is written."""
    with pytest.raises(ConfigError):
        release(folder, output=tmp_path / "dist", **wrong)
    assert not (tmp_path / "dist").exists()


def test_the_command(folder, tmp_path, capsys, monkeypatch):
    """It takes the time from the environment, tells what is left out, and where the text is."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    (folder / "x").mkdir()
    with pytest.raises(SystemExit) as ended:
        main(["release", str(folder), "-o", str(tmp_path / "dist"), "--assets", "html"])
    printed = capsys.readouterr()
    assert (0, f"2 models in 5 files: {tmp_path / 'dist' / 'RELEASE.md'}\n") == (ended.value.code, printed.out)
    assert "reportgen: note: left out: x: in the folder, and not in its index\n" == printed.err
    with tarfile.open(tmp_path / "dist" / "model-reports.tar.gz") as archive:
        assert {1_000_000_000} == {member.mtime for member in archive}
