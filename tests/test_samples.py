"""The sample reports are what this reportgen makes, byte for byte."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pypdf import PdfReader

import reportgen
from reportgen.render.charts import graphviz
from reportgen.report import codec

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_reports"
KEPT = (SAMPLES / "typesetters.json").read_text(encoding="utf-8")
MODELS = sorted(path.parent.name for path in SAMPLES.glob("*/report.json"))
pytestmark = pytest.mark.slow


def test_the_samples_are_all_there() -> None:
    """Six models, each in every format."""
    assert {name: sorted({path.suffix for path in (SAMPLES / name).iterdir()}) for name in MODELS} == {
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
    """The same bytes, index included, from the records alone; where another Graphviz draws them, but for diagrams."""
    made, kept = (
        {path.relative_to(root): text_of(path) for path in root.rglob(f"*.{suffix}")} for root in (rendered, SAMPLES)
    )
    kept = {path: text for path, text in kept.items() if path.parts[0] not in ("typesetters.json", "compare")}
    assert [path for path, text in made.items() if kept.get(path) != text] == []
    assert set(made) == set(kept)


def test_the_comparison_is_reproduced(tmp_path: Path) -> None:
    """The five backbones, built and put side by side anew: the same bytes but for the versions they were made with."""
    runpy.run_path(str(ROOT / "scripts" / "samples.py"))["compare"](tmp_path)
    names = sorted(path.name for path in (SAMPLES / "compare").iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    for name in names:
        made, kept = tmp_path / name, SAMPLES / "compare" / name
        if made.suffix == ".json":
            assert without_environment(made) == without_environment(kept)
        elif made.suffix != ".pdf":
            assert made.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")
        else:
            assert content(made) == content(kept)


def without_environment(path: Path) -> Any:
    """A comparison, its models without the versions that they were measured with."""
    found = json.loads(path.read_text(encoding="utf-8"))
    for model in found["models"]:
        model.pop("environment")
    return found


def text_of(path: Path) -> str:
    """A page; without its block diagram, where that depends on a Graphviz other than ours."""
    text = path.read_text(encoding="utf-8")
    if graphviz.version() == json.loads(KEPT).get("graphviz"):
        return text
    return re.sub(r'<svg[^>]*"chart-blocks-title.*?</svg>', "", text, flags=re.DOTALL)


@pytest.mark.parametrize("name", MODELS)
def test_pdfs_are_reproduced(rendered: Path, name: str) -> None:
    """The same bytes where the same libraries set them; elsewhere the same bookmarks and words."""
    made, kept = rendered / name / "report.pdf", SAMPLES / name / "report.pdf"
    if not made.exists():
        pytest.skip("PDF needs Pango, which is not installed")
    typesetters = runpy.run_path(str(ROOT / "scripts" / "samples.py"))["typesetters"]
    if graphviz.version() is None:
        pytest.skip("diagrams need Graphviz, which is not installed")
    if typesetters() == json.loads(KEPT):
        assert made.read_bytes() == kept.read_bytes()
    else:
        assert content(made) == content(kept)


def content(path: Path) -> tuple[list[str], list[str]]:
    """Bookmarks and words of a PDF, in order; page numbers move with the lines, and are left out."""
    reader = PdfReader(path)
    bookmarks: list[Any] = reader.outline
    words = [word for page in reader.pages for word in page.extract_text().split() if not word.isdigit()]
    return [str(entry["/Title"]) for entry in bookmarks if not isinstance(entry, list)], words
