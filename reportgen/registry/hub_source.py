"""``hub:path/to/repo:entrypoint``: a folder with a ``hubconf.py``, as ``torch.hub`` has it; nothing is fetched."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.errors import ConfigError, RegistryError, UnknownModel
from reportgen.registry.lookup import home
from reportgen.registry.python_source import find, first_on_path, run_file, specify_attribute, split

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reportgen.registry.base import ModelRef, ModelSpec

CONFIGURATION = "hubconf.py"


class HubSource:
    """The entry points of local repositories; relative paths start at the current folder.

    A repository may import its own modules. They are kept apart as those of ``file:`` are.
    """

    scheme = "hub"

    def names(self) -> Iterable[str]:
        """None: whatever folder there is can be named."""
        return ()

    def spec(self, ref: ModelRef) -> ModelSpec:
        """Runs the folder's ``hubconf.py`` and describes what the entry point builds, without weights.

        Raises:
            UnknownModel: no such folder or entry point; the remedy names close ones.
            ConfigError: weights were asked for, or the reference is malformed.
            RegistryError: packages that it depends on are missing, it failed, or the entry point is no factory.
        """
        location, entrypoint = split(ref, "path/to/repo:entrypoint")
        path = (home() / Path(location).expanduser()).resolve() / CONFIGURATION
        if not path.is_file():
            raise UnknownModel(
                f"{ref}: there is no {CONFIGURATION} in {location!r}",
                remedy="name the folder that holds it; a repository on the net must be cloned first",
            )
        if ref.kwargs.get("pretrained"):
            raise ConfigError(
                f"{ref} asks for weights, and a report needs none", code="model-arguments", remedy="leave them out"
            )
        _check_dependencies(ref, path)
        module, entered = run_file(path, ref)
        target = find(module, entrypoint)
        if inspect.isroutine(target) and "pretrained" in inspect.signature(target).parameters:
            bound = replace(ref, kwargs={**ref.kwargs, "pretrained": False})
            return replace(specify_attribute(target, bound, entered), ref=ref)
        return specify_attribute(target, ref, entered)


def _check_dependencies(ref: ModelRef, path: Path) -> None:
    """Checks the list ``dependencies``, where it is written out, before anything runs: all that lack are told."""
    try:
        statements = ast.parse(path.read_bytes()).body
    except SyntaxError:
        return  # running the file says where
    names: list[Any] = []
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id="dependencies")], value=ast.List(elts=elements)):
                names += [each.value for each in elements if isinstance(each, ast.Constant)]
    with first_on_path(path.parent):
        missing = [name for name in names if find_spec(name.partition(".")[0]) is None]
    if missing:
        raise RegistryError(
            f"{ref} depends on packages that are not installed: {', '.join(missing)}",
            code="import-failed",
            remedy=f"pip install {' '.join(missing)}",
        )
