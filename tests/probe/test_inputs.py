"""Dummy inputs: where they come from, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reportgen.config import ProbeOptions
from reportgen.errors import ConfigError, InputError
from reportgen.probe import probe
from reportgen.probe.inputs import make_inputs
from reportgen.registry.base import InputSpec, ModelRef, ModelSpec
from reportgen.report.schema import InputFacts, ModelReport

Run = Callable[..., ModelReport]


def test_the_users_inputs_come_before_the_sources() -> None:
    """``--input`` replaces what the source suggests, and the report says whose they were."""
    spec = ModelSpec(ref=ModelRef("test", "m"), build=lambda: nn.Linear(4, 2), inputs=(InputSpec((1, 4)),))
    theirs = probe(spec, ProbeOptions(inputs=(InputSpec((7, 4)),)))
    suggested = probe(spec, ProbeOptions())
    assert theirs.probe.inputs == (InputFacts(name="input", shape=(7, 4), dtype="float32", origin="user"),)
    assert suggested.probe.inputs == (InputFacts(name="input", shape=(1, 4), dtype="float32", origin="source"),)


@pytest.mark.parametrize(
    ("module", "shape", "dtype"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(6, 2)), (2, 6), "float32"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), (2, 3, 64, 64), "float32"),
        (nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 2)), (2, 16), "int64"),
        (nn.LSTM(5, 6), (16, 2, 5), "float32"),
        (nn.GRU(5, 6, batch_first=True), (2, 16, 5), "float32"),
    ],
)
def test_inputs_are_worked_out_from_the_first_layer(
    run: Run, module: nn.Module, shape: tuple[int, ...], dtype: str
) -> None:
    """A model of one argument needs no help, and the report says that its input was inferred."""
    report = run(module)
    assert [(row.shape, row.dtype, row.origin) for row in report.probe.inputs] == [(shape, dtype, "inferred")]
    assert report.probe.status == "complete"


def test_a_model_without_arguments_needs_no_inputs(run: Run) -> None:
    """A forward that takes nothing gets nothing."""

    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.value = nn.Parameter(torch.ones(3))

        def forward(self) -> Tensor:
            return self.value * 2

    report = run(Constant())
    assert (report.probe.inputs, report.probe.status) == ((), "complete")


def test_values_are_in_range() -> None:
    """Integers stay within LOW-HIGH, booleans are true, floats are drawn anew for each seed."""
    model = nn.Identity()
    specs = tuple(InputSpec.parse(text) for text in ("500:int64:3-7", "4:bool", "6:float16"))

    class Three(nn.Module):
        def forward(self, a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, ...]:
            return a, b, c

    model = Three()
    made = make_inputs(model, torch.device("cpu"), specs, ())
    assert sorted(set(made.args[0].tolist())) == [3, 4, 5, 6, 7]
    assert made.args[1].tolist() == [True] * 4
    assert made.args[2].dtype is torch.float16
    assert [fact.name for fact in made.facts] == ["a", "b", "c"]


class Detector(nn.Module):
    """Takes a list of images and, in training, a dictionary for each; gives the arguments back."""

    def forward(self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None) -> Any:
        return images, targets


def test_paths_lead_into_lists_and_dictionaries() -> None:
    """``images.0`` is the first of a list, ``targets.0.boxes`` a value of a dictionary; the facts keep the paths."""
    texts = (
        "images.1=3x8x9",
        "images.0=3x4x5",
        "targets.0.boxes=1x4:float32:[1,2,3.5,4]",
        "targets.0.labels=1:int64:7-7",
    )
    made = make_inputs(Detector(), torch.device("cpu"), tuple(map(InputSpec.parse, texts)), ())
    images, targets = made.kwargs["images"], made.kwargs["targets"]
    assert [(3, 4, 5), (3, 8, 9)] == [tuple(image.shape) for image in images]
    assert [{"boxes": [[1, 2, 3.5, 4]], "labels": [7]}] == [
        {key: tensor.tolist() for key, tensor in target.items()} for target in targets
    ]
    assert ["images.1", "images.0", "targets.0.boxes", "targets.0.labels"] == [fact.name for fact in made.facts]
    assert [None, None, (1, 2, 3.5, 4), None] == [fact.data for fact in made.facts]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("images.1=2",), "the parts of images are no list: 1"),
        (("images.0=2", "images.2=2"), "the parts of images are no list: 0, 2"),
        (("images.0=2", "images.00=2"), "the parts of images are no list: 0, 00"),
        (("images.0=2", "images.a=2"), "the parts of images are no list: 0, a"),
        (("images=2", "images.0=2"), "the input images.0 is given twice, or is also a part of another"),
        (("images.0=2", "images=2"), "the input images is given twice, or is also a part of another"),
        (("images.0=2", "images.0=3"), "the input images.0 is given twice, or is also a part of another"),
        (("images.0=2", "boxes.0=2"), "the inputs do not fit forward"),
    ],
)
def test_paths_that_make_no_list_or_dictionary_are_refused(texts: tuple[str, ...], message: str) -> None:
    """Gaps in a list, indices beside keys, and one place taken twice say so."""
    with pytest.raises(InputError, match=re.escape(message)):
        make_inputs(Detector(), torch.device("cpu"), tuple(map(InputSpec.parse, texts)), ())


def test_a_model_may_take_other_inputs_in_evaluation() -> None:
    """A source says what goes in for training and, where that is something else, for evaluation."""
    images, boxes = InputSpec.parse("images.0=3x4x4"), InputSpec.parse("targets.0.boxes=1x4:float32:[0,0,1,1]")
    spec = ModelSpec(ref=ModelRef("t", "m"), build=Detector, inputs=(images, boxes), eval_inputs=(images,))
    names = [
        [row.name for row in probe(spec, ProbeOptions(mode=mode, loss="none")).probe.inputs]
        for mode in ("train", "eval")
    ]
    assert [["images.0", "targets.0.boxes"], ["images.0"]] == names


@pytest.mark.parametrize(
    "text", ["2x3x224x224", "input_ids=2x128:int64:0-999", "scalar", "x=3:bfloat16", "mask=2x5:bool", "4:int64:-3--1"]
)
def test_input_texts_read_back(text: str) -> None:
    """What an input is printed as is what it is read from."""
    assert str(InputSpec.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "is not [NAME=]SHAPE"),
        ("2x", "is not [NAME=]SHAPE"),
        ("2x3:int65", "unknown dtype 'int65'"),
        ("2x3:int64:9-1", "empty range"),
        ("a b=2x3", "no argument name"),
    ],
)
def test_wrong_input_texts_are_refused(text: str, cause: str) -> None:
    """A wrong input says what is wrong with it."""
    with pytest.raises(ConfigError) as found:
        InputSpec.parse(text)
    assert cause in str(found.value)
