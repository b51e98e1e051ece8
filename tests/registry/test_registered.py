"""Registering and describing factories, and the specifications that come of it."""

from __future__ import annotations

import pytest
from torch import nn

from reportgen.errors import ConfigError, RegistryError, UnknownModel
from reportgen.registry import Registry, describe
from reportgen.registry.base import InputSpec, ModelRef
from reportgen.registry.factory import annotation_of, specify, summary_of


@pytest.fixture
def zoo() -> Registry:
    """A registry of one model, whose inputs have an argument of their own."""
    registry = Registry("zoo", package_version="1.2")

    def inputs(*, batch: int = 1, width: int = 8) -> tuple[str, ...]:
        return (f"input={batch}x{width}",)

    @registry.register("line", inputs=inputs, loss="cross_entropy", citation="a book", active=7, notes=("mind",))
    def line(*, width: int = 8) -> nn.Module:
        """A line, described.

        More about it.
        """
        return nn.Linear(width, 1)

    return registry


def test_specification_says_what_was_registered(zoo: Registry) -> None:
    """Inputs, loss, description (from the docstring), citation, version, active parameters and notes are all there."""
    spec = zoo.spec(ModelRef("zoo", "line"))
    facts = (spec.inputs, spec.loss, spec.description, spec.citation, spec.package_version, spec.active_parameters)
    expected = ((InputSpec((1, 8), name="input"),), "cross_entropy", "A line, described.", "a book", "1.2", 7)
    assert (expected, ("mind",)) == (facts, spec.notes)


def test_arguments_reach_the_factory_and_the_inputs(zoo: Registry) -> None:
    """An argument goes to whoever takes it: the width to both, the batch to the inputs alone."""
    spec = zoo.spec(ModelRef("zoo", "line", {"width": 3, "batch": 2}))
    assert (InputSpec((2, 3), name="input"),) == spec.inputs
    assert {"weight": (1, 3), "bias": (1,)} == {key: tuple(p.shape) for key, p in spec.build().named_parameters()}


def test_every_build_is_a_fresh_module(zoo: Registry) -> None:
    """Building twice gives two modules."""
    spec = zoo.spec(ModelRef("zoo", "line"))
    assert spec.build() is not spec.build()


def test_duplicate_is_refused(zoo: Registry) -> None:
    """A name can be registered once."""
    with pytest.raises(RegistryError, match="zoo:line is registered twice") as caught:
        zoo.register("line")
    assert caught.value.code == "duplicate-model"


def test_unknown_name_names_the_closest(zoo: Registry) -> None:
    """A misspelt name is answered with the right one."""
    with pytest.raises(UnknownModel, match="zoo: has no 'lime'") as caught:
        zoo.spec(ModelRef("zoo", "lime"))
    assert caught.value.remedy == "did you mean line?"


def test_unknown_argument_names_the_accepted(zoo: Registry) -> None:
    """A misspelt argument is answered with all that the model and its inputs take."""
    with pytest.raises(ConfigError, match="has an unknown argument 'with'") as caught:
        zoo.spec(ModelRef("zoo", "line", {"with": 3}))
    assert (caught.value.code, caught.value.remedy) == ("model-arguments", "it takes width, batch")


def test_missing_argument_is_named() -> None:
    """A factory that cannot do without an argument says so before it is called."""

    def line(width: int) -> nn.Module:
        return nn.Linear(width, 1)

    with pytest.raises(ConfigError, match="zoo:line lacks the argument 'width'") as caught:
        specify(line, annotation_of(line), ModelRef("zoo", "line"))
    assert caught.value.remedy == "write zoo:line?width=VALUE"


def test_what_is_no_module_is_refused() -> None:
    """A factory that gives something else is an error that says what it gave."""
    spec = specify(dict, annotation_of(dict), ModelRef("zoo", "dict"))
    with pytest.raises(RegistryError, match=r"zoo:dict gave a dict, not a torch\.nn\.Module") as caught:
        spec.build()
    assert caught.value.code == "not-a-module"


def test_describe_annotates_classes_and_functions() -> None:
    """The decorator leaves a class as it is, and its inputs may be a single text."""

    @describe(inputs="1x4", description="Described.")
    class Net(nn.Linear):
        """Not this."""

    spec = specify(Net, annotation_of(Net), ModelRef("zoo", "Net", {"in_features": 4, "out_features": 2}))
    assert (spec.inputs, spec.description, type(spec.build())) == ((InputSpec((1, 4)),), "Described.", Net)


def test_failing_inputs_are_reported() -> None:
    """A function of inputs that fails is an error of the registry, with its type and message."""

    def inputs() -> tuple[str, ...]:
        raise KeyError("size")

    @describe(inputs=inputs)
    def net() -> nn.Module:
        return nn.Identity()

    with pytest.raises(RegistryError, match="what describes zoo:net failed: KeyError: 'size'"):
        specify(net, annotation_of(net), ModelRef("zoo", "net"))


def test_summary_is_the_first_paragraph_without_markup() -> None:
    """Code, roles and links of a docstring become plain words; what has no docstring of its own has no summary."""

    class Undocumented(nn.Linear):
        pass

    def net() -> None:
        """A ``Linear`` from `a paper <https://arxiv.org/abs/1>`__, :class:`x`."""

    assert (summary_of(net), summary_of(Undocumented)) == ("A Linear from a paper, x.", None)
