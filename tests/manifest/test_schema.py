"""The JSON Schema of manifests, held against their reader."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path

import jsonschema
import pytest

import reportgen
from reportgen.errors import ConfigError
from reportgen.manifest.reading import BUNDLED_MANIFEST, read_manifest
from reportgen.manifest.schema import SCHEMA_FILE, json_schema, text

ROOT = Path(reportgen.__file__).parent.parent
EXAMPLE = ROOT / "docs" / "example-manifest.toml"
GOOD = (
    'ref = "a"',
    'ref = "timm:resnet?8"',
    'ref = "C:/models.py:Net"',
    'ref = "a:b?x=1&y=[1, 2]"',
    'ref = "file:my models.py:Net"\nname = "mine"',
    'ref = "a?x=*"\nname = "no wildcard"',
    'ref = "a:b*"\nexclude = ["b1", "a:b?"]',
    'ref = "a:[bc]"\nexclude = []',
    'ref = "a:??x=1"\nexclude = ["b"]',
    'ref = "a"\nkwargs = {}',
    'ref = "a"\nkwargs = {x = [1, {y = "z"}], "with space" = true, __class__ = "os.system"}',
    'ref = "a"\ntags = ["one", "<b>"]\ngroup = "\\u202e"',
    'ref = "a"\ninputs = []',
    'ref = "a"\ninputs = ["2x3", "x.0 =1:int64:-3--1", "scalar:bool", "b=2:float32:[1,2.5]", " 1:0-9 "]',
    'ref = "a"\ndevice = "cuda:12"\nmeasure = true',
    'ref = "a"\ndtype = "float16"\nmode = "eval"\nloss = "python:a.b:c.d"\nseed = 9223372036854775807',
    'ref = "a"\nmax_real_memory = 0\naudit = false\nbatch_scaling = true\nfreeze = ["*"]',
    'ref = "a"\nmax_real_memory = 1.5\ntitle = "T"\nauthor = "A"\ndescription = "D"',
    'ref = "a"\nfail_on = ["flops.forward > 4.2e9", "parameters > +1%", "differs"]\n[defaults]\nbaseline = "b.json"',
    'ref = "a"\n[[model]]\nref = "a"',
    'ref = "a"\n[defaults]\nformats = ["pdf", "json"]\nselect = ["*"]\ntemplates = "t"\npdf_variant = "plain"',
    'ref = "a"\n[defaults]\nmarkdown_flavor = "hub"\ntags = []\ngroup = "g"\nexclude = ["*"]\ndtype = "float64"',
)
BAD = (
    "",
    'name = "no ref"',
    'ref = ""',
    "ref = 1",
    'ref = ["a"]',
    'ref = "timm:"',
    'ref = "timm:?x=1"',
    'ref = "?x=1"',
    'ref = "a"\nreff = "b"',
    'ref = "a:*"\nname = "one for many"',
    'ref = "a*?x=1"\nname = "one for many"',
    'ref = "a"\nexclude = ["b"]',
    'ref = "a?x=*"\nexclude = ["b"]',
    'ref = "a*"\nexclude = "b"',
    'ref = "a*"\nexclude = ["timm:"]',
    'ref = "a"\nkwargs = [1]',
    'ref = "a"\nkwargs = {"" = 1}',
    'ref = "a"\nkwargs = {"x=1" = 1}',
    'ref = "a"\nkwargs = {"x&y" = 1}',
    'ref = "a"\ntags = "one"',
    'ref = "a"\ntags = [""]',
    'ref = "a"\ngroup = ""',
    'ref = "a"\nname = ""',
    'ref = "a"\ninputs = "2x3"',
    'ref = "a"\ninputs = ["2x"]',
    'ref = "a"\ninputs = ["2x3:float33"]',
    'ref = "a"\ninputs = ["0.a=2"]',
    'ref = "a"\ninputs = ["2:int64:9"]',
    'ref = "a"\ndevice = "gpu"',
    'ref = "a"\ndevice = "cpu:1"',
    'ref = "a"\ndtype = "int8"',
    'ref = "a"\ndtype = ["float16"]',
    'ref = "a"\nmode = "test"',
    'ref = "a"\nloss = "mse"',
    'ref = "a"\nloss = "python:a"',
    'ref = "a"\nseed = -1',
    'ref = "a"\nseed = 1.0',
    'ref = "a"\nseed = 9223372036854775808',
    'ref = "a"\nseed = true',
    'ref = "a"\naudit = "yes"',
    'ref = "a"\nfail_on = "flops > 1"',
    'ref = "a"\nbaseline = "b.json"',
    'ref = "a"\nmax_real_memory = -1',
    'ref = "a"\nmax_real_memory = 1e9',
    'ref = "a"\nformats = ["pdf"]',
    'ref = "a"\n[defaults]\nformats = []',
    'ref = "a"\n[defaults]\nref = "a"',
    'ref = "a"\n[defaults]\nkwargs = {}',
    'ref = "a"\n[defaults]\npdf_variant = "pdf"',
    'ref = "a"\n[default]',
    'ref = "a"\n[[defaults]]',
)


def accepts(document: str, folder) -> tuple[bool, bool]:
    """Whether the reader takes the text of a manifest, and whether the schema does."""
    path = folder / "reportgen.toml"
    path.write_text(document, encoding="utf-8")
    try:
        read_manifest(path)
        read = True
    except ConfigError:
        read = False
    return read, jsonschema.Draft4Validator(json_schema()).is_valid(tomllib.loads(document))


@pytest.mark.parametrize("table", GOOD)
def test_good_manifests(tmp_path, table):
    """What the reader accepts the schema accepts."""
    assert (True, True) == accepts(f"[[model]]\n{table}", tmp_path)


@pytest.mark.parametrize("table", BAD)
def test_bad_manifests(tmp_path, table):
    """What the schema refuses the reader refuses, and the other way round."""
    assert (False, False) == accepts(f"[[model]]\n{table}", tmp_path)


@pytest.mark.parametrize("document", ["", "[defaults]", "model = []", 'model = "a"', 'ref = "a"'])
def test_no_models(tmp_path, document):
    """Both want at least one model."""
    assert (False, False) == accepts(document, tmp_path)


@pytest.mark.parametrize(
    "table",
    [
        'ref = "a?x=1&y"',
        'ref = "a"\ninputs = ["2:int64:9-0"]',
        'ref = "a"\ninputs = ["3:float32:[1,2]"]',
        'ref = "a"\nkwargs = {x = 2026-01-01, y = nan}',
        'ref = "a"\nlogo = "none.svg"',
        'ref = "a"\nmeasure = true',
        'ref = "a"\nfail_on = ["flop > 1"]',
        'ref = "a"\n[defaults]\nformats = ["doc"]',
    ],
)
def test_what_only_the_reader_finds(tmp_path, table):
    """Numbers that do not fit each other, dates, files that are not there: docs/manifest.md names these."""
    assert (False, True) == accepts(f"[[model]]\n{table}", tmp_path)


def test_documentation():
    """The page has the table of keys and the example as they are."""
    script = runpy.run_path(str(ROOT / "scripts" / "manifest_keys.py"))
    page = script["PAGE"].read_text(encoding="utf-8")
    assert script["page"](page) == page
    jsonschema.Draft4Validator(json_schema()).validate(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))


def test_example(tmp_path):
    """The example of the documentation builds, and does what its remarks say."""
    built = reportgen.build(manifest=EXAMPLE, output=tmp_path)
    reports = {outcome.slug: reportgen.load(tmp_path / outcome.slug / "report.json") for outcome in built.outcomes}
    assert {
        "builtin-mlp-layers-3-width-64": ("complete", ("release 2.1",), None, None),
        "builtin-resnet18": ("complete", ("release 2.1",), "backbones", None),
        "tagger": ("complete", ("release 2.1",), "backbones", None),
        "tagger-served": ("complete", ("release 2.1", "served"), "backbones", "bfloat16"),
    } == {
        slug: (report.probe.status, report.model.tags, report.model.group, report.probe.dtype)
        for slug, report in reports.items()
    }
    trained, served = reports["tagger"].totals.parameters, reports["tagger-served"].totals.parameters
    assert (trained.unique, trained.bytes, trained.frozen > 0) == (served.unique, 2 * served.bytes, True)


def test_shipped_schema():
    """The file in the package is what the table of keys amounts to, and a schema of draft 4."""
    assert text() == SCHEMA_FILE.read_text(encoding="utf-8")
    jsonschema.Draft4Validator.check_schema(json_schema())
    jsonschema.Draft4Validator(json_schema()).validate(tomllib.loads(BUNDLED_MANIFEST.read_text(encoding="utf-8")))
