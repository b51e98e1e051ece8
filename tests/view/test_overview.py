"""Identity, conditions, and how to make a report again."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.registry.base import InputSpec
from reportgen.report.schema import DeviceFacts, InputFacts, OutputFacts
from reportgen.view.build import build
from reportgen.view.overview import command
from reportgen.view.page import Code, Facts

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.view.page import Page, Section

MakeReport = Callable[..., "ModelReport"]
NET: dict[str, Any] = {"modules": {"": "models.Net"}, "parameters": {"w": (1,)}}


def _identity(report: ModelReport) -> Section:
    return next(section for section in build(report).sections if section.id == "identity")


def test_identity_of_a_model(make_report: MakeReport, facts_of: Callable[[Page, str], dict[str, str]]) -> None:
    """Which model, from where, and the conditions that its figures hold for."""
    report = make_report(
        **NET,
        model={
            "ref": "torchvision:resnet50?width=2",
            "source": "torchvision",
            "package_version": "0.28.0",
            "kwargs": {"width": 2, "norm": "batch"},
            "citation": "https://arxiv.org/abs/1512.03385",
        },
        probe={"device": DeviceFacts(requested="meta", used="cpu"), "mode": "eval", "freeze": ("a*", "b")},
    )
    assert {
        "Reference": "torchvision:resnet50?width=2",
        "Class": "models.Net",
        "Source": "torchvision 0.28.0",
        "Arguments": "width=2, norm='batch'",
        "Published": "https://arxiv.org/abs/1512.03385",
        "Device": "cpu, where meta was asked for",
        "Mode": "eval",
        "Loss": "sum",
        "Seed": "0",
        "Frozen": "a*, b",
        "Measured with": "python 3.11.7, torch 2.13.0, reportgen 1.0.0",
        "Fingerprint": report.fingerprint,
    } == facts_of(build(report), "identity")


@pytest.mark.parametrize(
    ("citation", "href"),
    [
        ("He et al. 2015 (https://arxiv.org/abs/1512.03385).", "https://arxiv.org/abs/1512.03385"),
        ("He et al. 2015", None),
        ("javascript:alert(1)", None),
    ],
)
def test_citations_link_to_what_they_cite(make_report: MakeReport, citation: str, href: str | None) -> None:
    """Only web addresses become links."""
    facts = _identity(make_report(**NET, model={"citation": citation})).blocks[0]
    assert isinstance(facts, Facts)
    assert [href] == [cell.href for label, cell in facts.items if label == "Published"]


def test_what_a_model_printed(make_report: MakeReport) -> None:
    """It stands there as it was printed; a model that was silent has no such section."""
    loud = build(msgspec.structs.replace(make_report(**NET), printed="two\n  lines"))
    assert [Code("two\n  lines")] == [block for part in loud.sections if part.id == "printed" for block in part.blocks]
    assert [] == [part.id for part in build(make_report(**NET)).sections if part.id == "printed"]


def test_what_a_manifest_says_of_a_model(make_report: MakeReport) -> None:
    """Tags, group and dtype have a line each, and none where there are none."""
    labels = ("Tags", "Group", "Dtype")

    def shown(report: ModelReport) -> list[str]:
        (facts,) = (block for block in _identity(report).blocks if isinstance(block, Facts))
        return [cell.text for label, cell in facts.items if label in labels]

    assert [] == shown(make_report(**NET))
    model, probe = {"tags": ("small", "<b>"), "group": "teaching"}, {"dtype": "bfloat16"}
    assert ["small, <b>", "teaching", "bfloat16: the built model and its float32 inputs were cast"] == shown(
        make_report(**NET, model=model, probe=probe)
    )


def test_defaults_are_left_out_of_the_command(make_report: MakeReport) -> None:
    """A model measured in the usual way needs its reference only."""
    assert "reportgen build builtin:net" == command(make_report(**NET))


@pytest.mark.parametrize(("origin", "options"), [("source", ""), ("user", " --loss sum")])
def test_the_loss_is_in_the_command_where_the_user_chose_it(make_report: MakeReport, origin: str, options: str) -> None:
    """A source brings its own loss; the user's is said even where it is what other sources would take."""
    report = make_report(**NET, probe={"loss": "sum", "loss_origin": origin})
    assert f"reportgen build builtin:net{options}" == command(report)


def test_all_conditions_are_in_the_command(make_report: MakeReport) -> None:
    """Everything that differs from the defaults is said, quoted for a shell; inputs only where the user gave them."""
    report = make_report(
        **NET,
        model={"ref": "file:my models.py:Net?name=a b"},
        inputs=(
            InputFacts(name="ids", shape=(2, 16), dtype="int64", origin="user", values=(0, 99)),
            InputFacts(name="0", shape=(), dtype="float32", origin="user"),
            InputFacts(name="targets.0.boxes", shape=(1, 4), dtype="float32", origin="user", data=(8, 8, 24.5, 24)),
        ),
        probe={
            "device": DeviceFacts(requested="cuda:1", used="cuda:1"),
            "mode": "eval",
            "loss": "cross_entropy",
            "loss_origin": "user",
            "seed": 7,
            "dtype": "bfloat16",
            "freeze": ("0.*", "-x"),
        },
    )
    assert (
        "reportgen build 'file:my models.py:Net?name=a b' --device cuda:1 --dtype bfloat16 --mode eval --loss"
        " cross_entropy --seed 7"
        " --input ids=2x16:int64:0-99 --input scalar --input 'targets.0.boxes=1x4:float32:[8,8,24.5,24]'"
        " --freeze '0.*' --freeze=-x --select '*.weight'"
    ) == command(report, select=("*.weight",))


@given(
    shape=st.lists(st.integers(0, 512), max_size=4).map(tuple),
    dtype=st.sampled_from(["float32", "int64", "bfloat16", "bool"]),
    name=st.sampled_from(["x", "input_ids", "0", "images.0"]),
)
def test_inputs_in_the_command_can_be_read_back(
    make_report: MakeReport, shape: tuple[int, ...], dtype: str, name: str
) -> None:
    """What the command says of an input is what ``--input`` makes of it."""
    inputs = (InputFacts(name=name, shape=shape, dtype=dtype, origin="user"),)
    words = shlex.split(command(make_report(**NET, inputs=inputs)))
    given_name = None if name == "0" else name
    assert InputSpec(shape=shape, dtype=dtype, name=given_name) == InputSpec.parse(words[words.index("--input") + 1])


def test_a_live_module_has_no_command(make_report: MakeReport) -> None:
    """No command line can find a module that was handed over in Python."""
    section = _identity(make_report(**NET, model={"source": "live", "ref": "live:Net"}))
    assert (None, [Facts]) == (section.intro, [type(block) for block in section.blocks])


def test_the_command_is_a_block_of_its_own(make_report: MakeReport) -> None:
    """It stands under the facts, ready to copy."""
    assert Code("reportgen build builtin:net", "sh") == _identity(make_report(**NET)).blocks[1]


def test_inputs_and_outputs(make_report: MakeReport, texts_of: Callable[[Page, str], list[tuple[str, ...]]]) -> None:
    """Every tensor that went in and came out."""
    page = build(
        make_report(
            **NET,
            inputs=(InputFacts(name="input_ids", shape=(2, 16), dtype="int64", origin="inferred"),),
            outputs=(
                OutputFacts(path="logits", shape=(2, 16, 100), dtype="float32", in_loss=True),
                OutputFacts(path="ids", shape=(), dtype="int64", in_loss=False),
            ),
        )
    )
    assert [("name", "shape", "dtype", "given by"), ("input_ids", "2×16", "int64", "the first layer")] == texts_of(
        page, "inputs"
    )
    assert [
        ("name", "shape", "dtype", "in the loss"),
        ("logits", "2×16×100", "float32", "yes"),
        ("ids", "()", "int64", "no"),
    ] == texts_of(page, "outputs")


def test_values_of_inputs(make_report: MakeReport, texts_of: Callable[[Page, str], list[tuple[str, ...]]]) -> None:
    """Where the values of an input were chosen, its row says which; many of them only that they were."""
    page = build(
        make_report(
            **NET,
            inputs=(
                InputFacts(name="images.0", shape=(3, 32, 32), dtype="float32", origin="source"),
                InputFacts(name="targets.0.labels", shape=(1,), dtype="int64", origin="source", values=(1, 90)),
                InputFacts(name="targets.0.masks", shape=(1, 9), dtype="uint8", origin="source", values=(1, 1)),
                InputFacts(name="targets.0.boxes", shape=(1, 4), dtype="float32", origin="source", data=(8, 8, 24, 24)),
                InputFacts(name="targets.0.keypoints", shape=(3, 3), dtype="float32", origin="source", data=(1,) * 9),
            ),
        )
    )
    assert [
        ("name", "shape", "dtype", "values", "given by"),
        ("images.0", "3×32×32", "float32", "–", "the source"),
        ("targets.0.labels", "1", "int64", "1–90", "the source"),
        ("targets.0.masks", "1×9", "uint8", "1", "the source"),
        ("targets.0.boxes", "1×4", "float32", "8, 8, 24, 24", "the source"),
        ("targets.0.keypoints", "3×3", "float32", "given", "the source"),
    ] == texts_of(page, "inputs")
