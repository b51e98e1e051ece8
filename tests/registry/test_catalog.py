"""The catalogue: which source a reference means, what is listed, and what is said when neither works."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest
from torch import nn

from reportgen.errors import AmbiguousModel, ConfigError, RegistryError, SourceUnavailable, UnknownModel
from reportgen.registry import Registry
from reportgen.registry.base import ModelRef
from reportgen.registry.catalog import GROUP, Catalog

MakeCatalog = Callable[..., Catalog]


@pytest.fixture
def make_catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeCatalog]:
    """A catalogue with sources of other packages: names by scheme, or any object that an entry point may lead to."""
    package = ModuleType("acme_models")
    monkeypatch.setitem(sys.modules, "acme_models", package)

    def make(**plugins: object) -> Catalog:
        for scheme, plugin in plugins.items():
            source = plugin
            if isinstance(plugin, tuple):
                source = Registry(scheme)
                for name in plugin:
                    source.register(name)(nn.Identity)
            setattr(package, scheme, source)
        return Catalog([EntryPoint(scheme, f"acme_models:{scheme}", GROUP) for scheme in plugins])

    return make


def test_sources_come_in_a_fixed_order(make_catalog: MakeCatalog) -> None:
    """The tool's own sources come first, then those of other packages by name."""
    assert make_catalog(zoo=(), acme=()).schemes == (
        "builtin",
        "torchvision",
        "timm",
        "transformers",
        "python",
        "file",
        "hub",
        "acme",
        "zoo",
    )


def test_names_are_listed_naturally(make_catalog: MakeCatalog) -> None:
    """Names are sorted with their numbers as numbers, and filtered by any of the patterns."""
    catalog = make_catalog(acme=("net10", "net9", "other"))
    assert catalog.names(["acme:net*"]) == [("acme", "net9"), ("acme", "net10")]
    assert catalog.names(["net?", "oth*"], source="acme") == [("acme", "net9"), ("acme", "other")]


def test_a_pattern_without_scheme_matches_everywhere(make_catalog: MakeCatalog) -> None:
    """A bare wildcard lists matches of every source, source by source."""
    expected = [("builtin", "lenet5"), ("acme", "lenet5"), ("acme", "lenet6")]
    assert make_catalog(acme=("lenet6", "lenet5")).names(["lenet*"]) == expected


def test_a_plain_reference_stands_for_itself(make_catalog: MakeCatalog) -> None:
    """Without a wildcard a reference is not looked up when it is expanded."""
    assert make_catalog().expand("builtin:nosuch?a=1") == (ModelRef("builtin", "nosuch", {"a": 1}),)


def test_a_wildcard_keeps_its_arguments(make_catalog: MakeCatalog) -> None:
    """Arguments after a wildcard go to every model that it matches."""
    expected = (ModelRef("builtin", "resnet18", {"classes": 10}), ModelRef("builtin", "resnet50", {"classes": 10}))
    assert expected == make_catalog().expand("builtin:resnet*?classes=10")


def test_a_wildcard_that_matches_nothing_is_unknown(make_catalog: MakeCatalog) -> None:
    """A wildcard without matches is an error, and not an empty run."""
    with pytest.raises(UnknownModel, match=r"nothing matches 'builtin:zz\*'"):
        make_catalog().expand("builtin:zz*")


def test_an_argument_without_a_value_is_told_how_to_be_written(make_catalog: MakeCatalog) -> None:
    """A ``?`` with no ``=`` behind it is a wildcard, which nobody means."""
    with pytest.raises(UnknownModel) as caught:
        make_catalog().expand("builtin:lenet5?classes")
    assert "write arguments as ?key=value" == caught.value.remedy


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("report.json", "a saved report is rendered with: reportgen render report.json"),
        ("zoo.toml", "a manifest is built with: reportgen build --manifest zoo.toml"),
        ("models.py", "write file:models.py:FACTORY"),
        ("notes.md", "see the names with: reportgen list"),
    ],
)
def test_a_file_in_place_of_a_model(make_catalog: MakeCatalog, tmp_path, monkeypatch, name: str, remedy: str) -> None:
    """Whoever names a file of theirs is told what it is for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).touch()
    with pytest.raises(UnknownModel) as caught:
        make_catalog().spec(name)
    assert (f"the catalogue has no {name!r}", remedy) == (str(caught.value), caught.value.remedy)


@pytest.mark.parametrize("text", ["file:models[1].py:Net", "acme:a*b"])
def test_wildcard_characters_in_a_real_name_are_no_wildcard(make_catalog: MakeCatalog, text: str) -> None:
    """A path with brackets and a listed name with a star stand for themselves."""
    assert make_catalog(acme=("a*b", "aXb")).expand(text) == (ModelRef.parse(text),)


def test_hostile_names_are_data(make_catalog: MakeCatalog, hostile_names: tuple[str, ...]) -> None:
    """Whatever another package calls its models is listed as it is."""
    listed = [name for _, name in make_catalog(acme=hostile_names).names(source="acme")]
    assert sorted(hostile_names) == sorted(listed)


def test_builtin_is_looked_up_first(make_catalog: MakeCatalog) -> None:
    """A bare name that builtin: has means that one, whoever else has it."""
    assert make_catalog(acme=("lenet5",)).spec("lenet5").ref == ModelRef("builtin", "lenet5")


def test_a_bare_name_is_looked_up_everywhere(make_catalog: MakeCatalog) -> None:
    """A bare name that one source has means that one, with its arguments."""
    assert make_catalog(acme=("tiny",)).spec("tiny?x=1").ref == ModelRef("acme", "tiny", {"x": 1})


def test_a_bare_name_of_several_sources_is_ambiguous(make_catalog: MakeCatalog) -> None:
    """A bare name that several sources have is an error that lists them."""
    with pytest.raises(AmbiguousModel, match="several sources have 'tiny'") as caught:
        make_catalog(zoo=("tiny",), acme=("tiny",)).spec("tiny")
    assert caught.value.remedy == "write acme:tiny or zoo:tiny"


def test_an_unknown_bare_name_names_the_closest(make_catalog: MakeCatalog) -> None:
    """A misspelt bare name is answered with close names of every source."""
    with pytest.raises(UnknownModel, match="the catalogue has no 'tinny'") as caught:
        make_catalog(acme=("tiny",)).spec("tinny")
    assert caught.value.remedy == "did you mean tiny?"


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        (
            "zoo:x",
            "there is no source 'zoo'",
            "use one of builtin:, torchvision:, timm:, transformers:, python:, file:, hub:",
        ),
        ("models.py:Net", "there is no source 'models.py'", "write file:models.py:FACTORY"),
    ],
)
def test_an_unknown_source_lists_the_known(make_catalog: MakeCatalog, text: str, message: str, remedy: str) -> None:
    """An unknown scheme is an error as soon as a reference is expanded, listed or resolved."""
    catalog = make_catalog()
    for ask in (catalog.expand, catalog.spec, lambda pattern: catalog.names([pattern])):
        with pytest.raises(RegistryError) as caught:
            ask(text)
        assert (message, remedy, "unknown-source") == (str(caught.value), caught.value.remedy, caught.value.code)


class Broken:
    """A source whose package fails whatever it is asked."""

    scheme = "broken"

    def names(self) -> tuple[str, ...]:
        """Fails."""
        raise OSError("disk\ngone")

    def spec(self, ref: ModelRef) -> None:
        """Fails."""
        raise KeyError(ref.name)


def test_a_broken_source_spoils_no_listing(make_catalog: MakeCatalog) -> None:
    """What cannot be listed is left out of a listing of everything, and an error where it was asked for."""
    catalog = make_catalog(broken=Broken, acme=("lenet6",))
    assert catalog.names(["lenet*"]) == [("builtin", "lenet5"), ("acme", "lenet6")]
    with pytest.raises(SourceUnavailable, match="source 'broken' cannot list its models: OSError: disk gone"):
        catalog.names(source="broken")
    with pytest.raises(RegistryError, match="source 'broken' failed on 'x': KeyError: 'x'"):
        catalog.spec("broken:x")


def test_a_source_that_does_not_load_says_why(make_catalog: MakeCatalog) -> None:
    """An entry point to something that fails, or is no source, is unavailable."""
    catalog = make_catalog(acme=object())
    with pytest.raises(SourceUnavailable, match="source 'acme' is no model source: acme_models:acme lacks names"):
        catalog.source("acme")
    with pytest.raises(SourceUnavailable, match="source 'gone' does not load: ModuleNotFoundError: No module named"):
        Catalog([EntryPoint("gone", "no_such_package:x", GROUP)]).source("gone")


def test_a_scheme_claimed_twice_is_unavailable(make_catalog: MakeCatalog) -> None:
    """No package takes a scheme from another; the error names both."""
    expected = "source 'builtin' is claimed by reportgen.registry.builtin:builtin and acme_models:builtin"
    with pytest.raises(SourceUnavailable) as caught:
        make_catalog(builtin=("lenet5",)).spec("builtin:lenet5")
    assert expected == str(caught.value)


def test_malformed_references_are_refused(make_catalog: MakeCatalog) -> None:
    """What is no reference is an error of its own kind."""
    with pytest.raises(ConfigError):
        make_catalog().expand("builtin:")


def test_expanding_plain_references_imports_no_torch() -> None:
    """A process that only hands references on stays light."""
    code = (
        "import sys; from reportgen.registry.catalog import Catalog; catalog = Catalog();"
        "print(*catalog.expand('torchvision:resnet50?a=1'), *catalog.expand('resnet50'), 'torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "torchvision:resnet50?a=1 resnet50 False\n"
