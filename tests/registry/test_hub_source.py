"""Local folders with a hubconf.py."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from reportgen.errors import ConfigError, RegistryError, UnknownModel
from reportgen.registry.base import ModelRef
from reportgen.registry.hub_source import HubSource

HUBCONF = """
dependencies = ["torch"]
from layers import make

def tiny(pretrained=True, width=4):
    '''A tiny net.'''
    assert not pretrained
    return make(width)
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository named ``repo`` in the current folder, with a module of its own."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "hubconf.py").write_text(HUBCONF, encoding="utf-8")
    text = dedent("""
        def make(width):
            from torch import nn
            return nn.Linear(width, 2)
    """)
    (folder / "layers.py").write_text(text, encoding="utf-8")
    return folder


def test_an_entry_point_is_built_without_weights(repository: Path) -> None:
    """Arguments reach the entry point, its own modules are found, and weights are switched off where it has them on."""
    ref = ModelRef.parse("hub:repo:tiny?width=5")
    spec = HubSource().spec(ref)
    assert (ref, "A tiny net.", (2, 5)) == (spec.ref, spec.description, tuple(spec.build().weight.shape))


def test_an_unknown_entry_point_names_the_closest(repository: Path) -> None:
    """A misspelt entry point is answered with close ones."""
    with pytest.raises(UnknownModel, match="has no 'tinny'") as caught:
        HubSource().spec(ModelRef.parse("hub:repo:tinny"))
    assert caught.value.remedy == "did you mean tiny?"


def test_a_folder_without_hubconf_is_told(repository: Path) -> None:
    """A folder that is no repository, or is not there, is unknown."""
    for folder in (".", "nowhere"):
        with pytest.raises(UnknownModel, match=f"there is no hubconf.py in '{folder}'"):
            HubSource().spec(ModelRef.parse(f"hub:{folder}:tiny"))


def test_missing_dependencies_are_told_before_anything_runs(repository: Path) -> None:
    """Every listed package that is not installed is named, and how to install it; the repository's own are there."""
    text = "dependencies = ['torch', 'nosuch_a', 'layers', 'nosuch_b.part']\nimport nosuch_a\n"
    (repository / "hubconf.py").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError) as caught:
        HubSource().spec(ModelRef.parse("hub:repo:tiny"))
    expected = (
        "hub:repo:tiny depends on packages that are not installed: nosuch_a, nosuch_b.part",
        "pip install nosuch_a nosuch_b.part",
    )
    assert expected == (str(caught.value), caught.value.remedy)


@pytest.mark.parametrize("text", ["def tiny(:", "raise OSError('gone')"])
def test_a_broken_hubconf_is_told(repository: Path, text: str) -> None:
    """What running the file raises is the reason."""
    (repository / "hubconf.py").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match=r"importing hub:repo:tiny failed: (SyntaxError|OSError)"):
        HubSource().spec(ModelRef.parse("hub:repo:tiny"))


def test_weights_are_refused(repository: Path) -> None:
    """A report downloads nothing."""
    with pytest.raises(ConfigError, match="asks for weights, and a report needs none"):
        HubSource().spec(ModelRef.parse("hub:repo:tiny?pretrained=true"))
