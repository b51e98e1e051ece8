"""A source made of decorated factories: what ``builtin:`` is, and what a package of your own can offer.

    models = Registry("acme")

    @models.register("tiny", inputs=("x=1x8",))
    def tiny(*, width: int = 8) -> nn.Module: ...

With ``acme = "acme_models:models"`` among the package's entry points of group ``reportgen.sources``, ``acme:tiny``
works wherever a model is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from reportgen.errors import RegistryError
from reportgen.registry.factory import Annotation, F, Facts, specify
from reportgen.registry.lookup import unknown_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reportgen.registry.base import ModelRef, ModelSpec


class Registry:
    """Factories by name; a `ModelSource`."""

    def __init__(self, scheme: str, *, package_version: str | None = None) -> None:
        self.scheme = scheme
        self._package_version = package_version
        self._entries: dict[str, tuple[Callable[..., Any], Annotation]] = {}

    def register(self, name: str, **facts: Unpack[Facts]) -> Callable[[F], F]:
        """Decorates a factory to make it known under ``name``; the facts are those of `describe`.

        Raises:
            RegistryError: the name is taken.
        """
        if name in self._entries:
            raise RegistryError(
                f"{self.scheme}:{name} is registered twice", code="duplicate-model", remedy="choose another name"
            )
        annotation = Annotation(**facts)

        def enter(factory: F) -> F:
            self._entries[name] = (factory, annotation)
            return factory

        return enter

    def names(self) -> Iterable[str]:
        """Every registered name, in the order of registration."""
        return tuple(self._entries)

    def spec(self, ref: ModelRef) -> ModelSpec:
        """The model registered under ``ref.name``.

        Raises:
            UnknownModel: nothing is.
            ConfigError: arguments that its factory does not take.
        """
        if ref.name not in self._entries:
            raise unknown_model(f"{self.scheme}:", ref.name, self._entries)
        factory, annotation = self._entries[ref.name]
        return specify(factory, annotation, ref, package_version=self._package_version)
