"""How a factory becomes a `ModelSpec`.

A factory is any callable that gives a ``torch.nn.Module``: a function, or a module's class. `describe` notes on it what
its signature cannot say, such as how to call the module; a reference's arguments are checked before anything is built.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

from reportgen.errors import ConfigError, RegistryError, ReportgenError
from reportgen.registry.base import InputSpec, LossName, ModelRef, ModelSpec

if TYPE_CHECKING:
    import torch

F = TypeVar("F", bound=Callable[..., Any])
Inputs = str | Iterable[str] | Callable[..., Iterable[str]]
_ATTRIBUTE = "__reportgen__"


class Facts(TypedDict, total=False):
    """What can be said about a factory.

    ``inputs``: the dummy inputs as ``--input`` texts, or a function that gives them; it may take keyword arguments of
    its own (``batch``, ``image_size``), which a reference then sets like those of the factory. ``active``: the
    parameters used per token of a mixture of experts, or a function that gives them, likewise. ``description``: a
    sentence or two; else the first paragraph of the factory's docstring is taken. ``citation``: where the architecture
    was published. ``notes``: what the reader of a report must know.
    """

    inputs: Inputs
    loss: LossName
    description: str | None
    citation: str | None
    active: int | Callable[..., int] | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Annotation:
    """`Facts` with their defaults."""

    inputs: Inputs = ()
    loss: LossName = "sum"
    description: str | None = None
    citation: str | None = None
    active: int | Callable[..., int] | None = None
    notes: tuple[str, ...] = ()


def describe(**facts: Unpack[Facts]) -> Callable[[F], F]:
    """Decorates a factory, or a module's class, with what a report should know about it.

    >>> @describe(inputs=("x=1x3x32x32",), loss="cross_entropy", description="A small classifier.")
    ... def classifier(*, classes: int = 10): ...
    """
    annotation = Annotation(**facts)

    def annotate(factory: F) -> F:
        setattr(factory, _ATTRIBUTE, annotation)
        return factory

    return annotate


def annotation_of(factory: object) -> Annotation:
    """What `describe` noted on it; a class also has what was noted on its bases."""
    annotation = getattr(factory, _ATTRIBUTE, None)
    return annotation if isinstance(annotation, Annotation) else Annotation()


def summary_of(factory: object) -> str | None:
    """The first paragraph of its docstring as one line of plain text."""
    text = inspect.cleandoc(factory.__doc__ or "") if inspect.isfunction(factory) or inspect.isclass(factory) else ""
    line = " ".join(text.partition("\n\n")[0].split())
    return re.sub(r"(?::\w+:)?`+(.*?)(?: <[^>]*>)?`+_*", r"\1", line) or None  # ``code``, :role:`x`, `link <address>`__


def specify(
    factory: Callable[..., Any], annotation: Annotation, ref: ModelRef, *, package_version: str | None = None
) -> ModelSpec:
    """The specification of what ``factory`` builds with the arguments of ``ref``; nothing is built yet.

    Raises:
        ConfigError: an argument that neither the factory nor its inputs take, a missing one, or a malformed input.
        RegistryError: the function that gives the inputs or the active parameters failed.
    """
    extras = [function for function in (annotation.inputs, annotation.active) if callable(function)]
    _check_arguments(ref, factory, extras)
    inputs = _evaluate(annotation.inputs, ref)
    return ModelSpec(
        ref=ref,
        build=partial(_build, factory, _select(factory, ref.kwargs), ref),
        inputs=tuple(InputSpec.parse(text) for text in ([inputs] if isinstance(inputs, str) else inputs)),
        loss=annotation.loss,
        description=annotation.description or summary_of(factory),
        citation=annotation.citation,
        package_version=package_version,
        active_parameters=_evaluate(annotation.active, ref),
        notes=annotation.notes,
    )


def _build(factory: Callable[..., Any], kwargs: Mapping[str, Any], ref: ModelRef) -> torch.nn.Module:
    from torch import nn  # only now: listing and parsing do without torch

    module = factory(**kwargs)
    if not isinstance(module, nn.Module):
        raise RegistryError(
            f"{ref} gave a {type(module).__name__}, not a torch.nn.Module",
            code="not-a-module",
            remedy="name a class derived from torch.nn.Module, or a function that returns an instance of one",
        )
    return module


def _evaluate(fact: Any, ref: ModelRef) -> Any:
    if not callable(fact):
        return fact
    try:
        return fact(**_select(fact, ref.kwargs))
    except ReportgenError:
        raise
    except Exception as exc:
        raise RegistryError(
            f"what describes {ref} failed: {type(exc).__name__}: {exc}",
            remedy="correct the inputs or active function given to describe() or register()",
        ) from exc


def _check_arguments(ref: ModelRef, factory: Callable[..., Any], extras: list[Callable[..., Any]]) -> None:
    parameters = _parameters(factory)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    accepted = list(dict.fromkeys(name for taker in (factory, *extras) for name in _keywords(taker)))
    required = [parameter.name for parameter in parameters if parameter.name in accepted and _is_required(parameter)]
    remedy = f"it takes {', '.join(accepted)}" if accepted else "it takes no arguments"
    for key in ref.kwargs:
        if key not in accepted:
            raise ConfigError(f"{ref} has an unknown argument {key!r}", code="model-arguments", remedy=remedy)
    for key in required:
        if key not in ref.kwargs:
            raise ConfigError(
                f"{ref} lacks the argument {key!r}",
                code="model-arguments",
                remedy=f"write {replace(ref, kwargs={})}?{key}=VALUE",
            )


def _select(function: Callable[..., Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    parameters = _parameters(function)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return dict(kwargs)
    accepted = _keywords(function)
    return {key: value for key, value in kwargs.items() if key in accepted}


def _keywords(function: Callable[..., Any]) -> list[str]:
    by_keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [parameter.name for parameter in _parameters(function) if parameter.kind in by_keyword]


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # written in C and silent about its arguments: let it judge them itself
        return [inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)]
