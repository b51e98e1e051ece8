"""Manifests as they are read."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reportgen
from reportgen.analysis.budget import parse_rules
from reportgen.branding import Brand
from reportgen.config import ProbeOptions, Style
from reportgen.errors import ConfigError
from reportgen.manifest.entries import Manifest, ModelEntry
from reportgen.manifest.keys import ARGUMENTS, KEYS
from reportgen.manifest.reading import BUNDLED_MANIFEST, baseline_of, find_manifest, read_manifest
from reportgen.registry.base import InputSpec, ModelRef


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


def test_rules_and_baseline(manifest):
    """An entry's own rules take the place of the default ones; what is given takes the place of all that."""
    path = manifest("""
        [defaults]
        baseline = "models.json"
        fail_on = ["gradients.none > 0"]

        [[model]]
        ref = "a:b"

        [[model]]
        ref = "a:c"
        fail_on = ["parameters > +1%", "flops > 4.2e9"]
    """)

    def read(**given):
        found = read_manifest(path, given)
        return found.baseline, [[rule.text for rule in entry.fail_on] for entry in found.models]

    own = [["gradients.none > 0"], ["parameters > +1%", "flops > 4.2e9"]]
    assert (path.parent / "models.json", own) == read()
    assert path.parent / "models.json" == baseline_of(path)
    assert (Path("b.json"), [["macs"], ["macs"]]) == read(baseline=Path("b.json"), fail_on=parse_rules(["macs"]))
    assert baseline_of(manifest('[[model]]\nref = "a:b"')) is None


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        (
            '[[model]]\nref = "a:b"\ndevise = "cpu"',
            "3: [[model]] 1 (a:b) › devise: there is no such key",
            "did you mean 'device'?",
        ),
        ('[default]\n[[model]]\nref = "a:b"', "1: default: there is no such key", "did you mean 'defaults'?"),
        (
            '[defaults]\nref = "a:b"\n[[model]]\nref = "a:b"',
            "2: [defaults] › ref: there is no such key",
            (
                "use exclude, tags, group, fail_on, title, author, logo, description_file, device, dtype, mode, loss,"
                " seed, freeze, inputs, audit, measure, batch_scaling, max_real_memory, formats, select, baseline,"
                " templates, css, pdf_variant, markdown_flavor"
            ),
        ),
        ('[[model]]\nref = "a:b"\n[[model]]\nname = "x"', "3: [[model]] 2 (no ref): no model is named", None),
        ('[[model]]\nref = "aa:"', "2: [[model]] 1 (aa:) › ref: 'aa:' is not a model reference", None),
        ('[[model]]\nref = "a?x=1&y"', "2: [[model]] 1 (a?x=1&y) › ref: model reference 'a?x=1&y': 'y' is not", None),
        ('[[model]]\nref = "a:*"\nname = "x"', "1: [[model]] 1 (a:*): one name for many models", None),
        (
            '[[model]]\nref = "a:b"\nexclude = ["c"]',
            "1: [[model]] 1 (a:b): exclude beside a ref that names one model",
            "leave out exclude, or write a wildcard in ref",
        ),
        (
            '[[model]]\nref = "a:b"\nseed = "1"',
            "3: [[model]] 1 (a:b) › seed: '1' is not an integer from 0 to 2**63 - 1",
            "write digits, without quotes",
        ),
        ('[[model]]\nref = "a:b"\nseed = true', "3: [[model]] 1 (a:b) › seed: True is not an integer", None),
        ('[[model]]\nref = "a:b"\naudit = 1', "3: [[model]] 1 (a:b) › audit: 1 is not true or false", None),
        ('[[model]]\nref = "a:b"\nfreeze = "x"', "3: [[model]] 1 (a:b) › freeze: 'x' is not a list of texts", None),
        (
            '[[model]]\nref = "a:b"\nmode = "tran"',
            "3: [[model]] 1 (a:b) › mode: 'tran' is not a mode",
            "did you mean 'train'?",
        ),
        (
            '[[model]]\nref = "a:b"\ndevice = "cdua"',
            "3: [[model]] 1 (a:b) › device: 'cdua' is not a device",
            "did you mean 'cuda'?",
        ),
        (
            '[[model]]\nref = "a:b"\nloss = "crossentropy"',
            "3: [[model]] 1 (a:b) › loss: 'crossentropy' is not a loss",
            "did you mean 'cross_entropy'?",
        ),
        ('[[model]]\nref = "a:b"\nmode = "x"', "3: [[model]] 1 (a:b) › mode: 'x' is not a mode", "use train, eval"),
        (
            '[[model]]\nref = "a:b"\ndtype = "bf16"',
            "3: [[model]] 1 (a:b) › dtype: 'bf16' is not a floating dtype",
            "did you mean 'bfloat16'?",
        ),
        ('[[model]]\nref = "a:b"\nmeasure = true', "1: [[model]] 1 (a:b): nothing can be measured on meta", None),
        (
            '[[model]]\nref = "a:b"\n\n  [model.kwargs]\n  depth = 1979-05-27',
            "4: [[model]] 1 (a:b) › kwargs: the argument depth is 1979-05-27, which is neither text",
            None,
        ),
        (
            '[[model]]\nref = "a:b"\nkwargs = {"x=1&y" = 1}',
            "3: [[model]] 1 (a:b) › kwargs: {'x=1&y': 1} is not a table of arguments",
            None,
        ),
        (
            '[[model]]\nref = "a:b"\ninputs = [\n  "1x2",\n  "1xx2",\n]',
            "3: [[model]] 1 (a:b) › inputs: input '1xx2' is not [NAME=]SHAPE[:DTYPE[:LOW-HIGH]]",
            "write it like 2x3x224x224 or input_ids=2x128:int64:0-999",
        ),
        (
            '[defaults]\nformats = ["doc"]\n[[model]]\nref = "a:b"',
            "2: [defaults] › formats: format 'doc' is not known",
            None,
        ),
        (
            '[defaults]\nfail_on = ["flops > 1"]\n[[model]]\nref = "a:b"\nfail_on = ["flops.foward > 1"]',
            "5: [[model]] 1 (a:b) › fail_on: rule 'flops.foward > 1': there is no flops.foward",
            None,
        ),
        (
            '[defaults]\nfail_on = ["tensors.removed"]\n[[model]]\nref = "a:b"',
            "2: [defaults] › fail_on: rule 'tensors.removed' asks for both models, tensor by tensor",
            "give it to reportgen diff OLD NEW, or to reportgen ci with --against DIR, as --fail-on",
        ),
        (
            '[[model]]\nref = "a:b"\nfail-on = ["flops"]',
            "3: [[model]] 1 (a:b) › fail-on: there is no such key",
            "did you mean 'fail_on'?",
        ),
        ('[[model]]\nref = "a:b"\ntitle = 3', "3: [[model]] 1 (a:b) › title: 3 is not a text", None),
        (
            '[defaults]\npdf_variant = "pdf/ua"\n[[model]]\nref = "a:b"',
            "2: [defaults] › pdf_variant: 'pdf/ua' is not a PDF variant",
            "did you mean 'pdf/ua-1'?",
        ),
    ],
)
def test_wrong_manifest(manifest, text, message, remedy):
    """What is wrong in a manifest is told with its line and place, and where there is a close valid name, with that."""
    path = manifest(text)
    with pytest.raises(ConfigError) as caught:
        read_manifest(path)
    assert str(caught.value).startswith(f"{path}:{message}")
    assert caught.value.remedy is not None
    assert (remedy or caught.value.remedy, ()) == (caught.value.remedy, caught.value.others)


@pytest.mark.parametrize(
    "text", ["", 'model = "a:b"', "[defaults]", "model = []", "defaults = 1\n[[model]]\nref = 'a'"]
)
def test_no_models(manifest, text):
    """A manifest without an entry is an error that says how to write one."""
    path = manifest(text)
    with pytest.raises(ConfigError) as caught:
        read_manifest(path)
    assert f"{path}: no model, or none that can be read" == str(caught.value)
    assert "write [defaults] at most once, and [[model]] before each entry" == caught.value.remedy


def test_all_that_is_wrong(manifest):
    """Everything wrong in a file is told at once, in the order of lines; what follows from it is not."""
    path = manifest("""\
[[model]]
ref = 3
name = ""

[[model]]
ref = "builtin:m*"
name = "x"
nam = "y"

[[model]]
ref = "builtin:m*"
name = "x"

[defaults]
mood = "eval"
""")
    with pytest.raises(ConfigError) as caught:
        read_manifest(path)
    assert [
        "2: [[model]] 1 (3) › ref: 3 is not a model reference",
        "3: [[model]] 1 (3) › name: '' is not a text",
        "8: [[model]] 2 (builtin:m*) › nam: there is no such key",
        "10: [[model]] 3 (builtin:m*): one name for many models",
        "15: [defaults] › mood: there is no such key",
    ] == [str(error).removeprefix(f"{path}:") for error in (caught.value, *caught.value.others)]


def test_wrong_overrides(manifest):
    """What the command line says wrongly is told once, not for every entry."""
    path = manifest('[[model]]\nref = "a:b"\n[[model]]\nref = "a:c"')
    with pytest.raises(ConfigError) as caught:
        read_manifest(path, {"device": "gpu"})
    assert ("device 'gpu' is not known", ()) == (str(caught.value), caught.value.others)


def test_pyproject(tmp_path):
    """Of a pyproject.toml one table is read, and lines are those of the file; without the table it is an error."""
    path = tmp_path / "pyproject.toml"
    path.write_text(
        '[project]\nname = "x"\n[tool.reportgen.defaults]\nmode = "eval"\n[[tool.reportgen.model]]\nref = "a:b"\n',
        encoding="utf-8",
    )
    assert Manifest((ModelEntry("a:b", ProbeOptions(mode="eval")),)) == read_manifest(path)
    path.write_text(path.read_text(encoding="utf-8") + "[[tool.reportgen.model]]\nreff = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_manifest(path)
    assert f"{path}:8: [[model]] 2 (no ref) › reff: there is no such key" == str(caught.value)
    path.write_text("[tool.ruff]\nline-length = 120\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_manifest(path)
    assert "write [tool.reportgen.defaults] at most once, and [[tool.reportgen.model]] before each entry" == (
        caught.value.remedy
    )


def test_the_manifest_of_a_folder(tmp_path):
    """It is reportgen.toml, then pyproject.toml if that has the table."""
    assert None is find_manifest(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool]\nreportgen-other = 1", encoding="utf-8")
    assert None is find_manifest(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.reportgen]", encoding="utf-8")
    assert tmp_path / "pyproject.toml" == find_manifest(tmp_path)
    (tmp_path / "reportgen.toml").touch()
    assert tmp_path / "reportgen.toml" == find_manifest(tmp_path)


def test_arguments(manifest):
    """A table of arguments wins over those of the reference, and is from then on a part of it, in one order."""
    path = manifest("""
        [[model]]
        ref = "builtin:mlp?width=16&bias=true"
        kwargs = {width = 32, act = "1", sizes = [1, 2.5], deep = {b = "&", a = []}}

        [[model]]
        ref = "builtin:mlp?width=16&bias=true"

        [[model]]
        ref = "timm:*?a=1"
        [model.kwargs]
        b = "x y"
    """)
    assert [
        'builtin:mlp?act="1"&bias=true&deep={"a":[],"b":"\\u0026"}&sizes=[1,2.5]&width=32',
        "builtin:mlp?bias=true&width=16",
        "timm:*?a=1&b=x y",
    ] == [entry.ref for entry in read_manifest(path).models]


def test_entries_say_more(manifest):
    """Tags, a group and patterns to leave out hold for an entry; of the defaults, those that it does not name."""
    path = manifest("""
        [defaults]
        exclude = ["*_tiny"]
        tags = ["2026"]
        group = "all"
        dtype = "bfloat16"

        [[model]]
        ref = "a:*"

        [[model]]
        ref = "a:b"
        tags = ["base", "2026"]
        group = "bases"
        dtype = "float64"
    """)
    expected = (
        ModelEntry("a:*", ProbeOptions(dtype="bfloat16"), exclude=("*_tiny",), tags=("2026",), group="all"),
        ModelEntry("a:b", ProbeOptions(dtype="float64"), exclude=("*_tiny",), tags=("base", "2026"), group="bases"),
    )
    assert expected == read_manifest(path).models


def test_reading_imports_nothing(manifest):
    """References and arguments are data: neither what they name nor what they look like is imported or run."""
    path = manifest("""
        [[model]]
        ref = "python:antigravity:fly"
        kwargs = {__class__ = "this", x = "__import__('this')", y = {z = ["python:this:s"]}}
        loss = "python:antigravity:fly"
        name = "'; import this; '"

        [[model]]
        ref = "file:models.py:Net?x=__import__('antigravity')"
    """)
    (path.parent / "models.py").write_text("import antigravity", encoding="utf-8")
    code = (
        "import sys, pathlib\nfrom reportgen.manifest.reading import read_manifest\n"
        "read_manifest(pathlib.Path(sys.argv[1]))\nprint(*{'antigravity', 'this', 'torch'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", code, path]
    environment = {"PYTHONPATH": str(Path(reportgen.__file__).parent.parent), "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=path.parent)
    assert ("\n", "") == (done.stdout, done.stderr)


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.from_regex(r"[^?&=/:]+", fullmatch=True), VALUES, max_size=3))
def test_arguments_arrive_as_they_were_given(kwargs):
    """Whatever a table of arguments holds, what is read of the entry's reference later is the same."""
    ref = ModelRef("file", "models.py:net", ARGUMENTS.read(kwargs))
    assert ref == ModelRef.parse(str(ref))


def test_every_option_has_a_key():
    """Whatever can be chosen for a probe, or for how pages look, can be chosen in a manifest."""
    for part, options in (("probe", ProbeOptions), ("style", Style)):
        assert {field.name for field in fields(options)} == {key.name for key in KEYS if key.part == part}


def test_unreadable_manifest(tmp_path, manifest):
    """A manifest that is not there, or is no TOML, is a configuration error too."""
    with pytest.raises(ConfigError, match=r"none\.toml: No such file or directory$"):
        read_manifest(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"models\.toml: Invalid value \(at line 1, column 9\)$"):
        read_manifest(manifest("model = ?"))


def test_bundled_manifest():
    """The bundled manifest reports on everything that ships with reportgen, in every format that can be made."""
    assert Manifest((ModelEntry("builtin:*"),)) == read_manifest(BUNDLED_MANIFEST)
