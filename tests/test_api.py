"""The Python interface, as a user's program calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pypdf
import pytest
import torch
from torch import nn

import reportgen
from reportgen.errors import (
    AmbiguousModel,
    ConfigError,
    DeviceUnavailable,
    RendererUnavailable,
    ReportFormatError,
    TemplateError,
    UnknownModel,
)
from reportgen.render.pdf import PdfRenderer


def test_public_names():
    """What the package promises is there, and nothing else is promised."""
    assert [
        "Build",
        "InputSpec",
        "ModelReport",
        "Registry",
        "ReportgenError",
        "__version__",
        "build",
        "compare",
        "describe",
        "diff",
        "export",
        "flop_formula",
        "load",
        "merge",
        "probe",
        "render",
        "render_saved",
        "with_checkpoint",
    ] == reportgen.__all__
    assert all(hasattr(reportgen, name) for name in reportgen.__all__)
    assert set(reportgen.__all__) <= set(dir(reportgen))
    with pytest.raises(AttributeError, match="module 'reportgen' has no attribute 'nothing'"):
        _ = reportgen.nothing


def test_probe_a_reference():
    """A reference is measured as its source says: SimpleNet has 3·16·3·3 + 16 + 16·26·26·10 + 10 parameters."""
    report = reportgen.probe("builtin:simplenet")
    assert ("builtin:simplenet", "complete", 108_618) == (
        report.model.ref,
        report.probe.status,
        report.totals.parameters.unique,
    )


def test_probe_a_live_module():
    """A live module is measured as the options say, and stays as it was."""
    module = nn.Linear(4, 2).eval()
    before = [parameter.clone() for parameter in module.parameters()]
    report = reportgen.probe(module, device="cpu", mode="train", freeze=["bias"], inputs=["3x4"], seed=5)
    conditions = report.probe
    assert ("cpu", "train", 5, ("bias",), (3, 4)) == (
        conditions.device.used,
        conditions.mode,
        conditions.seed,
        conditions.freeze,
        conditions.inputs[0].shape,
    )
    assert (8, 2) == (report.totals.parameters.trainable, report.totals.parameters.frozen)
    assert not module.training
    assert [True, True] == [torch.equal(one, two) for one, two in zip(before, module.parameters(), strict=True)]
    assert [(True, None), (True, None)] == [(p.requires_grad, p.grad) for p in module.parameters()]


def test_inputs_as_objects():
    """Inputs may be given as objects too."""
    inputs = [reportgen.InputSpec((3, 4))]
    assert (3, 4) == reportgen.probe(nn.Linear(4, 2), inputs=inputs).probe.inputs[0].shape


@pytest.mark.parametrize(
    ("target", "options", "error"),
    [
        ("builtin:resnet*", {}, AmbiguousModel),
        ("builtin:resnet51", {}, UnknownModel),
        ("builtin:linear", {"device": "gpu"}, ConfigError),
        ("builtin:linear", {"inputs": ["1xx"]}, ConfigError),
        ("builtin:linear", {"device": "cuda:99"}, DeviceUnavailable),
    ],
)
def test_wrong_probes(target, options, error):
    """What cannot be measured as asked is an error, not a report."""
    with pytest.raises(error):
        reportgen.probe(target, **options)


def test_load_and_render(tmp_path, frozen_sequential):
    """A record survives being saved, and each format is bytes of its kind."""
    path = tmp_path / "report.json"
    path.write_text(frozen_sequential.to_json(), encoding="utf-8")
    report = reportgen.load(path)
    assert frozen_sequential == report == reportgen.load(str(path))
    assert path.read_bytes() == reportgen.render(report, "json")
    assert b"# frozen-sequential" == reportgen.render(report, "md").splitlines()[0]
    assert b"<!doctype html>" == reportgen.render(report, "html").splitlines()[0].lower()
    assert json.loads(reportgen.render(report, "json")) == report.to_dict()


def test_render_as_pdf(frozen_sequential):
    """PDF is one of the formats."""
    pytest.importorskip("weasyprint", exc_type=OSError, reason="Pango is not installed")
    assert b"%PDF-" == reportgen.render(frozen_sequential, "pdf")[:5]


def test_select(frozen_sequential):
    """A selection narrows the parameter tables."""
    everything = reportgen.render(frozen_sequential, "md").decode()
    weights = reportgen.render(frozen_sequential, "md", select=["*.weight"]).decode()
    assert "2.bias" in everything
    assert "2.bias" not in weights.partition("## Parameters")[2].partition("## ")[0]


def test_render_saved(tmp_path, frozen_sequential, tied_gpt):
    """Saved reports become folders as a build leaves them, with an index."""
    paths = []
    for report in (frozen_sequential, tied_gpt):
        paths.append(tmp_path / f"{report.model.name}.json")
        paths[-1].write_text(report.to_json(), encoding="utf-8")
    built = reportgen.render_saved(paths, output=tmp_path / "out", formats=["json"])
    assert ["builtin-frozen-sequential", "builtin-tied-gpt"] == [outcome.slug for outcome in built.outcomes]
    assert tied_gpt == reportgen.load(tmp_path / "out" / "builtin-tied-gpt" / "report.json")


def test_wrong_renders(tmp_path, frozen_sequential):
    """An unknown format, and a file that is no report, are errors."""
    with pytest.raises(ConfigError):
        reportgen.render(frozen_sequential, "docx")
    with pytest.raises(ReportFormatError):
        reportgen.load(tmp_path / "none.json")


def test_build(tmp_path):
    """A build leaves files and says what became of each model; one reference may come without a list."""
    built = reportgen.build("builtin:linear", output=tmp_path, formats=["md"])
    assert (True, 0, (), tmp_path) == (built.ok, built.exit_code, built.notes, built.output)
    assert [("builtin:linear", "complete", 10)] == [(o.ref, o.status, o.parameters) for o in built.outcomes]
    written = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*") if path.is_file())
    assert [
        ".reportgen/builtin-linear.json",
        "builtin-linear/report.md",
        "index.csv",
        "index.html",
        "index.json",
        "index.md",
    ] == written


def test_build_of_a_manifest(tmp_path):
    """A manifest says what to build; arguments win over it."""
    manifest = tmp_path / "models.toml"
    manifest.write_text(
        '[defaults]\nmode = "eval"\nseed = 1\nformats = ["json"]\n[[model]]\nref = "builtin:linear"', encoding="utf-8"
    )
    built = reportgen.build(manifest=manifest, output=tmp_path / "out", mode="train")
    report = reportgen.load(tmp_path / "out" / "builtin-linear" / "report.json")
    assert (0, "train", 1) == (built.exit_code, report.probe.mode, report.probe.seed)


def test_an_audit_that_differs_is_a_failed_check(tmp_path):
    """A complete report that contradicts itself is written, and the exit code is 1."""
    path = tmp_path / "liar.py"
    path.write_text(
        "import torch\nclass Liar(torch.nn.Linear):\n    def forward(self, x):\n"
        "        return super().forward(x if x.is_meta else x[:1])\n",
        encoding="utf-8",
    )
    built = reportgen.build(
        f"file:{path}:Liar?in_features=4&out_features=2",
        audit=True,
        output=tmp_path / "out",
        formats=["json"],
        inputs=["3x4"],
    )
    (outcome,) = built.outcomes
    assert (1, True, False, "complete") == (built.exit_code, outcome.ok, outcome.sound, outcome.status)
    assert outcome.reason == (
        "The audit by real run differs: probe.outputs[''].shape is (3, 2), recounted (1, 2); totals.macs.forward is 24,"
        " recounted 8; totals.flops.forward is 48, recounted 16; totals.flops.backward is 48, recounted 16;"
        " modules[''].outputs is ((3, 2),), recounted ((1, 2),); and 2 more"
    )


def test_build_of_what_cannot_be_reported(tmp_path):
    """A model that cannot be reported is in the outcome; the exit code is the command's."""
    built = reportgen.build(["builtin:nothing"], output=tmp_path, formats=["json"])
    assert (False, 3, ["failed"]) == (built.ok, built.exit_code, [outcome.status for outcome in built.outcomes])


def without_pango(self: PdfRenderer, *args: object, **options: object) -> None:
    """Stands in for the PDF renderer's constructor where Pango is missing."""
    raise RendererUnavailable("WeasyPrint does not load: cannot load library 'libpango'", remedy="brew install pango")


def test_build_without_pango(tmp_path, monkeypatch):
    """Where PDF cannot be made, the other formats are, with a note; asked for by name, it is an error at once."""
    monkeypatch.setattr(PdfRenderer, "__init__", without_pango)
    reportgen.api.rendering.renderer.cache_clear()
    built = reportgen.build("builtin:linear", output=tmp_path)
    note = "no pdf reports: WeasyPrint does not load: cannot load library 'libpango'; brew install pango"
    assert (0, (note,)) == (built.exit_code, built.notes)
    assert ["report.html", "report.json", "report.md"] == sorted(
        path.name for path in (tmp_path / "builtin-linear").iterdir()
    )
    with pytest.raises(RendererUnavailable):
        reportgen.build("builtin:linear", output=tmp_path / "asked", formats=["pdf"])
    assert not (tmp_path / "asked").exists()
    reportgen.api.rendering.renderer.cache_clear()


def test_templates_of_ones_own(tmp_path):
    """Templates of one's own replace those of the same name; a folder that does not exist stops the run at once."""
    templates = tmp_path / "templates"
    (templates / "css").mkdir(parents=True)
    (templates / "css" / "screen.css").write_text("body { color: #123456 }", encoding="utf-8")
    reportgen.build("builtin:linear", output=tmp_path / "out", formats=["html"], templates=templates)
    assert "#123456" in (tmp_path / "out" / "builtin-linear" / "report.html").read_text(encoding="utf-8")
    with pytest.raises(TemplateError):
        reportgen.build("builtin:linear", output=tmp_path / "none", formats=["html"], templates=tmp_path / "nowhere")
    assert not (tmp_path / "none").exists()


EXAMPLE = Path(__file__).parent.parent / "docs" / "example-theme"
RELEASED = "Released by Acme's model board. Questions about "


def test_the_example_theme(tmp_path):
    """The theme of the documentation works in every format, and each model of its manifest has its own title."""
    built = reportgen.build(manifest=EXAMPLE / "manifest.toml", output=tmp_path)
    assert (0, ()) == (built.exit_code, built.notes)
    for slug, title, about in (
        ("builtin-mlp", "Acme Digit Reader 2.1", "Intended use"),
        ("builtin-resnet18", "Acme Image Tagger 1.0", None),
    ):
        folder = tmp_path / slug
        html, markdown = ((folder / f"report.{name}").read_text(encoding="utf-8") for name in ("html", "md"))
        paper = pypdf.PdfReader(folder / "report.pdf").pages[0].extract_text()
        assert f"{RELEASED}<b>{title}</b>" in html
        assert "By Acme model board\n" in markdown
        assert markdown.startswith(f"# {title}\n")
        assert f"> {RELEASED}{title}:" in markdown
        assert title in paper
        assert RELEASED.strip() in " ".join(paper.split())
        assert [bool(about)] * 3 == [(about or "Intended use") in text for text in (html, markdown, paper)]
        assert "--accent: light-dark(#7a1f5c, #f0a6d4)" in html
        assert 'src="data:image/svg+xml;base64,' in html
        assert f"- Name: `{json.loads((folder / 'report.json').read_bytes())['model']['name']}`\n" in markdown
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Acme model board" in index


def test_what_a_person_adds(tmp_path, frozen_sequential):
    """The same keywords render a record, alone or with files; none of it goes into the record."""
    description = tmp_path / "about.md"
    description.write_text("For *tests*.", encoding="utf-8")
    appearance = {"title": "Ours", "author": "R&D", "description": description, "markdown_flavor": "plain"}
    text = reportgen.render(frozen_sequential, "md", **appearance)
    assert text.startswith(b"# Ours\n")
    saved = tmp_path / "report.json"
    saved.write_text(frozen_sequential.to_json(), encoding="utf-8")
    built = reportgen.render_saved([saved], output=tmp_path / "out", formats=["json", "md"], **appearance)
    folder = tmp_path / "out" / built.outcomes[0].slug
    assert text == (folder / "report.md").read_bytes()
    assert saved.read_bytes() == (folder / "report.json").read_bytes()
    assert ["report.json", "report.md"] == sorted(path.name for path in folder.iterdir())


def test_what_a_person_adds_is_checked_first(tmp_path):
    """A file that cannot be used stops the run before anything is built, and an unknown keyword is a mistake."""
    for appearance in ({"logo": tmp_path}, {"description": tmp_path / "none"}, {"css": tmp_path}, {"pdf_variant": "x"}):
        with pytest.raises(ConfigError):
            reportgen.build("builtin:linear", output=tmp_path / "out", **appearance)
    with pytest.raises(TypeError, match="there is no keyword 'titel'"):
        reportgen.build("builtin:linear", output=tmp_path / "out", titel="x")
    assert not (tmp_path / "out").exists()


def test_broken_templates(tmp_path, frozen_sequential):
    """A template that fails on a page is a problem of its format, told with file, line and remedy."""
    template = tmp_path / "md" / "report.md.j2"
    template.parent.mkdir()
    template.write_text("\n{{ page.titel }}", encoding="utf-8")
    (tmp_path / "md" / "reprot.md.j2").write_text("", encoding="utf-8")
    saved = tmp_path / "report.json"
    saved.write_text(frozen_sequential.to_json(), encoding="utf-8")
    with pytest.raises(TemplateError, match=r"report\.md\.j2, line 2: .* has no attribute 'titel'"):
        reportgen.render_saved([saved], output=tmp_path / "out", formats=["md"], templates=tmp_path)
    template.write_text("{{ page.title if page.kind == 'index' else page.titel }}", encoding="utf-8")
    built = reportgen.render_saved([saved], output=tmp_path / "out", formats=["html", "md"], templates=tmp_path)
    problem = (
        f"report.md: {template}, line 1: 'reportgen.view.page.Page object' has no attribute 'titel'; "
        f"correct it in {tmp_path}, or remove it there to use reportgen's own"
    )
    wrong = tmp_path / "md" / "reprot.md.j2"
    note = f"{wrong} replaces no template of reportgen's, and none uses it; did you mean md/report.md.j2?"
    assert ((problem,), (note,)) == (built.outcomes[0].problems, built.notes)
