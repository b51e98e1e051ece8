"""All sources together: lists what there is, expands wildcards, and finds the model that a reference means.

Importing this module imports no torch, nor does expanding a reference without a wildcard; a source is loaded when it is
first asked for something. Sources of other packages are entry points of group ``reportgen.sources``, named like their
scheme: a `ModelSource`, or a class that makes one without arguments.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.errors import AmbiguousModel, RegistryError, ReportgenError, SourceUnavailable, UnknownModel
from reportgen.registry.base import ModelRef
from reportgen.registry.lookup import home, natural, unknown_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reportgen.registry.base import ModelSource, ModelSpec

GROUP = "reportgen.sources"
OWN = (
    EntryPoint("builtin", "reportgen.registry.builtin:builtin", GROUP),
    EntryPoint("torchvision", "reportgen.registry.torchvision_source:TorchvisionSource", GROUP),
    EntryPoint("timm", "reportgen.registry.timm_source:TimmSource", GROUP),
    EntryPoint("transformers", "reportgen.registry.transformers_source:TransformersSource", GROUP),
    EntryPoint("python", "reportgen.registry.python_source:PythonSource", GROUP),
    EntryPoint("file", "reportgen.registry.python_source:FileSource", GROUP),
    EntryPoint("hub", "reportgen.registry.hub_source:HubSource", GROUP),
)


class Catalog:
    """Every source known to this installation."""

    def __init__(self, plugins: Iterable[EntryPoint] | None = None) -> None:
        """``plugins``: the entry points of other packages; by default, those of the installed ones."""
        installed = _installed() if plugins is None else plugins
        self._providers: dict[str, dict[str, EntryPoint]] = {}  # scheme → what to load → its entry point
        for provider in (*OWN, *sorted(installed, key=lambda each: (each.name, each.value))):
            self._providers.setdefault(provider.name, {})[provider.value] = provider
        self._sources: dict[str, ModelSource] = {}
        self._names: dict[str, list[str]] = {}

    @property
    def schemes(self) -> tuple[str, ...]:
        """The scheme of every source: reportgen's own first, then those of other packages by name."""
        return tuple(self._providers)

    def source(self, scheme: str) -> ModelSource:
        """The source of that scheme.

        Raises:
            RegistryError: there is none.
            SourceUnavailable: it does not load, or several packages claim the scheme.
        """
        self._check(scheme)
        if scheme not in self._sources:
            self._sources[scheme] = _load(scheme, list(self._providers[scheme].values()))
        return self._sources[scheme]

    def names(self, patterns: Sequence[str] = (), source: str | None = None) -> list[tuple[str, str]]:
        """``(scheme, name)`` of every listed model that one of the patterns matches; no patterns match all.

        A pattern is ``resnet*`` or ``torchvision:resnet*``. Schemes come in their order, names in theirs, numbers in
        them compared as numbers. A source that is not available is left out, unless it was asked for by its scheme.

        Raises:
            ConfigError: a pattern is no reference.
            RegistryError: no source of that scheme.
            SourceUnavailable: a source that was asked for is not available.
        """
        refs = [ModelRef.parse(pattern) for pattern in patterns] or [ModelRef(source=None, name="*")]
        asked = [scheme for scheme in (source, *(ref.source for ref in refs)) if scheme is not None]
        for scheme in asked:
            self._check(scheme)
        found = []
        for scheme in self.schemes if source is None else (source,):
            wanted = [ref.name for ref in refs if ref.source in (None, scheme)]
            names = (self._listed if scheme in asked else self._listed_if_available)(scheme) if wanted else ()
            found += [(scheme, name) for name in names if any(fnmatchcase(name, pattern) for pattern in wanted)]
        return found

    def expand(self, text: str) -> tuple[ModelRef, ...]:
        """The references that ``text`` stands for: itself, or every listed model that its wildcard matches.

        A wildcard without a scheme matches in every source, as in `names`. A name that is listed as it stands, and any
        name of a source that lists none (``file:``), is no wildcard. Arguments after ``?`` go to each reference.

        Raises:
            ConfigError: the text is no reference.
            UnknownModel: the wildcard matches nothing.
            RegistryError: no source of that scheme.
            SourceUnavailable: the source of that scheme is not available.
        """
        ref = ModelRef.parse(text)
        if ref.source is not None:
            self._check(ref.source)
        if not ref.has_wildcard:
            return (ref,)
        if ref.source is not None and (not self._listed(ref.source) or ref.name in self._listed(ref.source)):
            return (ref,)
        found = self.names([str(replace(ref, kwargs={}))])
        if not found:
            remedy = "write arguments as ?key=value" if "?" in ref.name else "see the names with: reportgen list"
            raise UnknownModel(f"nothing matches {text!r}", remedy=remedy)
        return tuple(replace(ref, source=scheme, name=name) for scheme, name in found)

    def spec(self, ref: ModelRef | str) -> ModelSpec:
        """The model that a reference means. Without a scheme, ``builtin:`` is searched first, then every other source.

        Raises:
            ConfigError: the text is no reference, or its arguments are wrong.
            UnknownModel: there is no such model; the remedy names close ones.
            AmbiguousModel: several sources beside ``builtin:`` have the name.
            SourceUnavailable: the source is not available.
            RegistryError: no source of that scheme, or it failed.
        """
        ref = ModelRef.parse(ref) if isinstance(ref, str) else ref
        ref = replace(ref, source=self._home(ref.name) if ref.source is None else ref.source)
        source = self.source(str(ref.source))
        try:
            return source.spec(ref)
        except ReportgenError:
            raise
        except Exception as exc:
            raise RegistryError(
                f"source {ref.source!r} failed on {ref.name!r}: {_describe(exc)}",
                remedy="correct the model's package, or report this to its authors",
            ) from exc

    def _home(self, name: str) -> str:
        """The scheme of the one source that lists ``name``."""
        if name in self._listed("builtin"):
            return "builtin"
        homes = [scheme for scheme in self.schemes if name in self._listed_if_available(scheme)]
        if len(homes) > 1:
            choices = " or ".join(f"{scheme}:{name}" for scheme in homes)
            raise AmbiguousModel(f"several sources have {name!r}", remedy=f"write {choices}")
        if not homes:
            listed = (listed for _, listed in self.names())
            raise unknown_model("the catalogue", name, listed, remedy=_meant(name))
        return homes[0]

    def _listed(self, scheme: str) -> list[str]:
        if scheme not in self._names:
            try:
                self._names[scheme] = natural(self.source(scheme).names())
            except ReportgenError:
                raise
            except Exception as exc:
                raise SourceUnavailable(
                    f"source {scheme!r} cannot list its models: {_describe(exc)}",
                    remedy="correct its package, or report this to its authors",
                ) from exc
        return self._names[scheme]

    def _listed_if_available(self, scheme: str) -> list[str]:
        try:
            return self._listed(scheme)
        except SourceUnavailable:
            return []

    def _check(self, scheme: str) -> None:
        if scheme in self._providers:
            return
        remedy = f"use one of {', '.join(f'{known}:' for known in self.schemes)}"
        if scheme.endswith(".py"):
            remedy = f"write file:{scheme}:FACTORY"
        raise RegistryError(f"there is no source {scheme!r}", code="unknown-source", remedy=remedy)


def _meant(name: str) -> str | None:
    """What to do with a file that was named in place of a model."""
    if not (home() / name).is_file():
        return None
    return {
        ".json": f"a saved report is rendered with: reportgen render {name}",
        ".toml": f"a manifest is built with: reportgen build --manifest {name}",
        ".py": f"write file:{name}:FACTORY",
    }.get(Path(name).suffix)


@cache
def _installed() -> tuple[EntryPoint, ...]:
    """The sources of other packages; to find them, every installed package is looked at."""
    return tuple(entry_points(group=GROUP))


def _load(scheme: str, providers: list[EntryPoint]) -> ModelSource:
    if len(providers) > 1:
        claims = " and ".join(provider.value for provider in providers)
        raise SourceUnavailable(f"source {scheme!r} is claimed by {claims}", remedy="uninstall the package of one")
    provider = providers[0]
    try:
        loaded = provider.load()
        source: ModelSource = loaded() if isinstance(loaded, type) else loaded
    except Exception as exc:
        raise SourceUnavailable(
            f"source {scheme!r} does not load: {_describe(exc)}", remedy=f"install what {provider.value} needs"
        ) from exc
    if not callable(getattr(source, "names", None)) or not callable(getattr(source, "spec", None)):
        raise SourceUnavailable(
            f"source {scheme!r} is no model source: {provider.value} lacks names() or spec()",
            remedy="report this to the authors of its package",
        )
    return source


def _describe(exc: Exception) -> str:
    return f"{type(exc).__name__}: {' '.join(str(exc).split())}"
