"""The sample reports are what this reportgen makes, byte for byte."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pypdf import PdfReader

import reportgen
from reportgen.report import codec

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_reports"
MODELS = sorted(path.parent.name for path in SAMPLES.glob("*/report.json"))
pytestmark = pytest.mark.slow


def test_the_samples_are_all_there() -> None:
    """Six models, each in every format."""
    assert {name: sorted(path.suffix for path in (SAMPLES / name).iterdir()) for name in MODELS} == {
        name: [".html", ".json", ".md", ".pdf", ".svg"]
        for name in (
            "builtin-frozen_sequential",
            "builtin-gpt2",
            "builtin-llama3_405b",
            "builtin-vit_b_16",
            "mismatched_classifier",
            "torchvision-resnet50",
        )
    }


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of the manifest, measured anew; it names a file from the root of the clone."""
    output = tmp_path_factory.mktemp("probed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        reportgen.build(manifest=SAMPLES / "manifest.toml", output=output, formats=["json"])
    return output


@pytest.mark.parametrize("name", MODELS)
def test_records_are_reproduced(probed: Path, name: str) -> None:
    """The same record; only the versions it was made with may differ."""
    kept = reportgen.load(SAMPLES / name / "report.json")
    made = msgspec.structs.replace(reportgen.load(probed / name / "report.json"), environment=kept.environment)
    assert codec.to_json(made) == (SAMPLES / name / "report.json").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every format, made anew from the kept records."""
    output = tmp_path_factory.mktemp("rendered")
    reportgen.render_saved([SAMPLES / name / "report.json" for name in MODELS], output=output)
    return output


@pytest.mark.parametrize("suffix", ["html", "md", "svg", "json"])
def test_pages_are_reproduced(rendered: Path, suffix: str) -> None:
    """The same bytes, index included, from the records alone."""
    made = {path.relative_to(rendered): path.read_bytes() for path in rendered.rglob(f"*.{suffix}")}
    assert [path for path, data in made.items() if (SAMPLES / path).read_bytes() != data] == []
    assert len(made) == len(MODELS) + (suffix != "svg")


@pytest.mark.parametrize("name", MODELS)
def test_pdfs_are_reproduced(rendered: Path, name: str) -> None:
    """The same bytes where the same libraries set them; elsewhere the same bookmarks and words."""
    made, kept = rendered / name / "report.pdf", SAMPLES / name / "report.pdf"
    if not made.exists():
        pytest.skip("PDF needs Pango, which is not installed")
    typesetters = runpy.run_path(str(ROOT / "scripts" / "samples.py"))["typesetters"]
    if typesetters() == json.loads((SAMPLES / "typesetters.json").read_text(encoding="utf-8")):
        assert made.read_bytes() == kept.read_bytes()
    else:
        assert content(made) == content(kept)


def content(path: Path) -> tuple[list[str], list[str]]:
    """Bookmarks and words of a PDF, in order; page numbers move with the lines, and are left out."""
    reader = PdfReader(path)
    bookmarks: list[Any] = reader.outline
    words = [word for page in reader.pages for word in page.extract_text().split() if not word.isdigit()]
    return [str(entry["/Title"]) for entry in bookmarks if not isinstance(entry, list)], words
