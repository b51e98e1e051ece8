"""The user's own code: ``python:pkg.module:attribute`` and ``file:path/to/models.py:attribute``.

The attribute is a factory (a function, or a module's class) or a ready ``torch.nn.Module``, of which a copy is taken.
Code is imported when a specification is asked for, never when names are listed.
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from reportgen.errors import ConfigError, RegistryError, UnknownModel
from reportgen.registry.factory import annotation_of, specify
from reportgen.registry.lookup import home, natural, unknown_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    from reportgen.registry.base import ModelRef, ModelSpec


class PythonSource:
    """``python:pkg.module:attribute``, found as ``python -m`` finds it: the current folder comes first."""

    scheme = "python"

    def names(self) -> Iterable[str]:
        """None: whatever can be imported can be named."""
        return ()

    def spec(self, ref: ModelRef) -> ModelSpec:
        """Imports the module and describes what the attribute builds.

        Raises:
            UnknownModel: no such module or attribute; the remedy names close attributes.
            RegistryError: the reference is malformed, the import failed, or the attribute is no factory.
        """
        module_name, attribute = split(ref, "pkg.module:factory")
        with first_on_path(home()):
            try:
                module = importlib.import_module(module_name)
            except ModuleNotFoundError as exc:
                if exc.name is None or not f"{module_name}.".startswith(f"{exc.name}."):
                    raise _import_failed(ref, exc) from exc
                raise UnknownModel(
                    f"{ref}: there is no module {exc.name!r}", remedy="install it, or run from the folder that holds it"
                ) from exc
            except (Exception, SystemExit) as exc:
                raise _import_failed(ref, exc) from exc
        return specify_attribute(find(module, attribute), ref, partial(first_on_path, home()))


class FileSource:
    """``file:path/to/models.py:attribute``; relative paths start at the current folder.

    The file may import its neighbours, as a script may. Each specification reads the file and its neighbours anew and
    keeps them to itself, so two files of the same name, or an edited one, are never mistaken for one another.
    """

    scheme = "file"

    def names(self) -> Iterable[str]:
        """None: whatever file there is can be named."""
        return ()

    def spec(self, ref: ModelRef) -> ModelSpec:
        """Runs the file and describes what the attribute builds.

        Raises:
            UnknownModel: no such file or attribute; the remedy names close attributes.
            RegistryError: the reference is malformed, the file failed, or the attribute is no factory.
        """
        location, attribute = split(ref, "path/to/models.py:factory")
        path = (home() / Path(location).expanduser()).resolve()
        if not path.is_file():
            raise UnknownModel(f"{ref}: there is no file {location!r}", remedy="give its path from the current folder")
        module, entered = run_file(path, ref)
        return specify_attribute(find(module, attribute), ref, entered)


Entered = Callable[[], AbstractContextManager[None]]
"""Makes code importable, and what it imports findable, for the time of a ``with``."""


def run_file(path: Path, ref: ModelRef) -> tuple[ModuleType, Entered]:
    """The module that the file is, and what its functions must run within so that they find its neighbours.

    Raises:
        RegistryError: the file failed.
    """
    neighbourhood = _Neighbourhood(path.parent)
    with neighbourhood.entered():
        try:
            return _run(path), neighbourhood.entered
        except (Exception, SystemExit) as exc:
            raise _import_failed(ref, exc) from exc


class _Neighbourhood:
    """A folder's own modules, importable and in ``sys.modules`` only while it is entered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._modules: dict[str, ModuleType] = {}

    @contextmanager
    def entered(self) -> Iterator[None]:
        outside = dict(sys.modules)
        sys.modules.update(self._modules)
        try:
            with first_on_path(self._folder):
                yield
        finally:
            self._modules = {
                name: module
                for name, module in sys.modules.items()
                if outside.get(name) is not module and self._holds(sys.modules.get(name.partition(".")[0]))
            }
            for name in self._modules:
                del sys.modules[name]
                if name in outside:
                    sys.modules[name] = outside[name]

    def _holds(self, module: ModuleType | None) -> bool:
        """Whether the top-level module is a file or a package that lies directly in the folder."""
        file = getattr(module, "__file__", None)
        places = [*getattr(module, "__path__", ()), *([file] if file else [])]
        return any(Path(place).parent == self._folder for place in places)


@contextmanager
def first_on_path(folder: Path) -> Iterator[None]:
    """Lets modules be imported from the folder, before all others."""
    importlib.invalidate_caches()  # the folder may have changed since it was last looked at
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))


def split(ref: ModelRef, form: str) -> tuple[str, str]:
    """The place and the attribute that a reference of the given form names.

    Raises:
        ConfigError: it does not name both, or names many.
    """
    place, _, attribute = ref.name.rpartition(":")
    if "*" in attribute:
        raise ConfigError(
            f"{ref}: a wildcard matches names that are listed, and {ref.source}: lists none",
            code="model-reference",
            remedy=f"name each: {ref.source}:{form}",
        )
    if not place or not all(part.isidentifier() for part in attribute.split(".")):
        raise ConfigError(
            f"{ref} does not say what to take from where",
            code="model-reference",
            remedy=f"write {ref.source}:{form}",
        )
    return place, attribute


def _run(path: Path) -> ModuleType:
    """Runs the file as the module of its own name, whatever its suffix: the names of its classes tell no path."""
    name = path.stem.replace(".", "_")
    loader = SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise ImportError(f"cannot run {path.name!r}", path=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def specify_attribute(target: Any, ref: ModelRef, entered: Entered) -> ModelSpec:
    """The specification of what an attribute builds; it is built inside ``entered`` too, so that it may import more.

    Raises:
        ConfigError: arguments that it does not take.
        RegistryError: it is no factory.
    """
    factory = (lambda: copy.deepcopy(target)) if isinstance(target, nn.Module) else target
    if not callable(factory):
        raise RegistryError(
            f"{ref} is of type {type(target).__name__}, which builds nothing",
            code="not-a-factory",
            remedy="name a function, a class or an instance of torch.nn.Module",
        )
    spec = specify(factory, annotation_of(target), ref)
    return replace(spec, build=partial(_build_within, entered, spec.build))


def _build_within(entered: Entered, build: Callable[[], nn.Module]) -> nn.Module:
    with entered():
        return build()


def find(module: ModuleType, attribute: str) -> Any:
    """The module's attribute of that (dotted) name.

    Raises:
        UnknownModel: there is none; the remedy names close ones.
    """
    target: Any = module
    for part in attribute.split("."):
        try:
            target = getattr(target, part)
        except AttributeError as exc:
            own = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
            remedy = f"it has {', '.join(natural(own)[:20])}" if own else "it holds no function or class"
            raise unknown_model(f"module {module.__name__!r}", attribute, own, remedy=remedy) from exc
    return target


def _import_failed(ref: ModelRef, exc: BaseException) -> RegistryError:
    relative = isinstance(exc, ImportError) and "relative import" in str(exc)
    remedy = "correct the module; --traceback shows where it fails"
    if relative:
        remedy = "a file with relative imports is part of a package: name it python:package.module:factory"
    return RegistryError(
        f"importing {ref} failed: {type(exc).__name__}: {' '.join(str(exc).split())}",
        code="import-failed",
        remedy=remedy,
    )
