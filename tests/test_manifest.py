"""The manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.branding import Brand
from reportgen.config import ProbeOptions, Style
from reportgen.errors import ConfigError
from reportgen.manifest import BUNDLED_MANIFEST, Manifest, ModelEntry, read_manifest
from reportgen.registry.base import InputSpec


@pytest.fixture
def manifest(tmp_path):
    """Writes a manifest and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "models.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_manifest(manifest):
    """Defaults hold for every model, a model's own keys win over them, and what the caller gives wins over both."""
    path = manifest("""
        [defaults]
        device = "cpu"
        mode = "eval"
        seed = 3
        formats = ["json", "md"]
        select = ["*.weight"]

        [[model]]
        ref = "builtin:*"

        [[model]]
        ref = "builtin:mlp?width=16"
        name = "narrow"
        description = "A narrow one."
        mode = "train"
        loss = "none"
        freeze = ["body.*"]
        inputs = ["x=1x16", "2:int64:0-9"]
    """)
    expected = Manifest(
        models=(
            ModelEntry("builtin:*", ProbeOptions(device="cpu", mode="eval", seed=7)),
            ModelEntry(
                "builtin:mlp?width=16",
                ProbeOptions(
                    device="cpu",
                    mode="train",
                    loss="none",
                    seed=7,
                    freeze=("body.*",),
                    inputs=(InputSpec((1, 16), name="x"), InputSpec((2,), "int64", low=0, high=9)),
                ),
                name="narrow",
                description="A narrow one.",
            ),
        ),
        formats=("json", "md"),
        select=("*.weight",),
    )
    assert expected == read_manifest(path, {"seed": 7})


def test_how_reports_look_and_what_they_say(manifest):
    """Style holds for all models; a model's own title, logo and description win over the shared ones, file by file."""
    path = manifest("""
        [defaults]
        templates = "theme"
        css = "theme/own.css"
        pdf_variant = "pdf/a-3a"
        author = "ACME"
        logo = "logo.svg"
        description_file = "shared.md"

        [[model]]
        ref = "a:b"
        title = "The first"
        description_file = "first.md"

        [[model]]
        ref = "a:c"
        author = "R&D"
    """)
    folder = path.parent
    (folder / "theme").mkdir()
    (folder / "theme" / "own.css").write_text("p{}")
    (folder / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / "shared.md").write_text("All of them.")
    (folder / "first.md").write_text("The first one.")
    logo = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="
    expected = Manifest(
        models=(
            ModelEntry("a:b", brand=Brand("The first", "ACME", logo, "The first one.")),
            ModelEntry("a:c", brand=Brand(None, "R&D", logo, "All of them.")),
        ),
        style=Style(folder / "theme", folder / "theme" / "own.css", "pdf/a-3a", "hub"),
        brand=Brand(None, "ACME", logo, "All of them."),
    )
    assert expected == read_manifest(path, {"markdown_flavor": "hub"})


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ('[[model]]\nref = "a:b"\ndevise = "cpu"', "[[model]] 1 (a:b): unknown key 'devise'", "did you mean 'device'?"),
        ('[default]\n[[model]]\nref = "a:b"', "unknown key 'default'", "did you mean 'defaults'?"),
        (
            '[defaults]\nref = "a:b"\n[[model]]\nref = "a:b"',
            "[defaults]: unknown key 'ref'",
            (
                "use audit, author, batch_scaling, css, description_file, device, formats, freeze, inputs, logo, loss,"
                " markdown_flavor, max_real_memory, measure, mode, pdf_variant, seed, select, templates, title"
            ),
        ),
        ('[[model]]\nref = "a:b"\n[[model]]\nname = "x"', "[[model]] 2 (no ref): no model is named", None),
        ('[[model]]\nref = "a:*"\nname = "x"', "[[model]] 1 (a:*): one name for many models", None),
        ('[[model]]\nref = "a:b"\nseed = "1"', "[[model]] 1 (a:b): seed: '1' is no integer", None),
        ('[[model]]\nref = "a:b"\nseed = true', "[[model]] 1 (a:b): seed: True is no integer", None),
        ('[[model]]\nref = "a:b"\naudit = 1', "[[model]] 1 (a:b): audit: 1 is neither true nor false", None),
        ('[[model]]\nref = "a:b"\nfreeze = "x"', "[[model]] 1 (a:b): freeze: 'x' is no list of texts", None),
        ('[[model]]\nref = "a:b"\nmode = "test"', "[[model]] 1 (a:b): mode 'test' is not known", "use train or eval"),
        (
            '[defaults]\nformats = ["doc"]\n[[model]]\nref = "a:b"',
            "[defaults]: formats: format 'doc' is not known",
            None,
        ),
        ('[[model]]\nref = "a:b"\ntitle = 3', "[[model]] 1 (a:b): title: 3 is no text", None),
        (
            '[defaults]\npdf_variant = "x"\n[[model]]\nref = "a:b"',
            "[defaults]: PDF variant 'x' is not known",
            "use pdf/ua-1, pdf/a-3a, plain",
        ),
        ('model = "a:b"', "no model, or none that can be read", None),
        ("", "no model, or none that can be read", None),
    ],
)
def test_wrong_manifest(manifest, text, message, remedy):
    """What is wrong in a manifest is told with its place, and where there is a close valid key, with that."""
    path = manifest(text)
    with pytest.raises(ConfigError) as caught:
        read_manifest(path)
    assert f"{path}: {message}" == str(caught.value)
    assert caught.value.remedy is not None
    assert remedy in (None, caught.value.remedy)


def test_wrong_input_in_manifest(manifest):
    """The place stands before the message of whoever found the mistake."""
    path = manifest('[[model]]\nref = "a:b"\ninputs = ["1xx2"]')
    with pytest.raises(ConfigError, match=r"\[\[model\]\] 1 \(a:b\): inputs: input '1xx2' is not"):
        read_manifest(path)


def test_unreadable_manifest(tmp_path, manifest):
    """A manifest that is not there, or is no TOML, is a configuration error too."""
    with pytest.raises(ConfigError, match="No such file"):
        read_manifest(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="Invalid value"):
        read_manifest(manifest("model = ?"))


def test_bundled_manifest():
    """The bundled manifest reports on everything that ships with reportgen, in every format that can be made."""
    assert Manifest((ModelEntry("builtin:*"),)) == read_manifest(BUNDLED_MANIFEST)
