"""Findings, as data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from reportgen.analysis.findings import Finding, Item, findings
from reportgen.report.schema import DeviceFacts, OutputFacts, StageFacts

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

MakeReport = Callable[..., "ModelReport"]
NET: dict[str, Any] = {"": "models.Net"}
SKIPPED = StageFacts(instantiate="ok", forward="ok", backward="skipped")


def test_a_plain_model_has_nothing_to_notice(make_report: MakeReport) -> None:
    """No finding is invented."""
    assert () == findings(make_report(modules=NET, parameters={"weight": (2, 2)}, flops={"": 8}))


@pytest.mark.parametrize(
    ("reason", "code"),
    [("unused", "unused-parameters"), ("detached", "detached-parameters"), ("frozen", "frozen-parameters")],
)
def test_parameters_without_gradient(make_report: MakeReport, reason: str, code: str) -> None:
    """Each reason for having no gradient is a finding of its own, with the elements concerned; ties count once."""
    report = make_report(
        modules=NET,
        parameters={
            "a": (2, 2),
            "b": {"shape": (3,), "reason": reason, "trainable": reason != "frozen"},
            "c": {"shape": (3,), "reason": reason, "trainable": reason != "frozen", "tied_to": "b"},
        },
    )
    assert Finding(code, (Item("b", 3),), 3, 7) == findings(report)[0]


def test_ties_save_what_is_declared_twice(tied_gpt: ModelReport) -> None:
    """The head is the embedding: 800 of 3,424 declared elements are no further memory."""
    (tied,) = [finding for finding in findings(tied_gpt) if finding.code == "tied-parameters"]
    assert Finding("tied-parameters", (Item("head.weight", 800, "wte.weight"),), 800, 3_424) == tied


def test_a_small_language_model(tied_gpt: ModelReport) -> None:
    """Ties, dropout and masks that state_dict leaves out, in that order."""
    assert (
        Finding("tied-parameters", (Item("head.weight", 800, "wte.weight"),), 800, 3_424),
        Finding("mode-dependent", (Item("Dropout", 2),)),
        Finding("transient-buffers", (Item("h.0.attn.mask", 1024), Item("h.1.attn.mask", 1024)), 2048, 2048),
    ) == findings(tied_gpt)


def test_only_the_topmost_module_that_never_ran_is_named(make_report: MakeReport) -> None:
    """Neither its children are named, nor containers that are never called, nor modules whose weights were read."""
    idle = {"calls": 0}
    report = make_report(
        modules={
            "": "models.Net",
            "layers": "ModuleList",
            "layers.0": "Linear",
            "attention": "MultiheadAttention",
            "attention.out_proj": {"class_name": "Linear", **idle},
            "aux": {"class_name": "Sequential", **idle},
            "aux.0": {"class_name": "Linear", **idle},
            "spare": "ModuleList",
            "spare.0": {"class_name": "Linear", **idle},
            "empty": "ModuleList",
            "frozen": {"class_name": "Linear", **idle},
            "act": {"class_name": "ReLU", **idle},
        },
        parameters={
            "layers.0.weight": (2, 2),
            "attention.out_proj.weight": (2, 2),
            "aux.0.weight": {"shape": (2, 3), "reason": "unused"},
            "spare.0.weight": {"shape": (2, 5), "reason": "unused"},
            "frozen.weight": {"shape": (2, 2), "trainable": False},
        },
    )
    (never,) = [finding for finding in findings(report) if finding.code == "modules-never-ran"]
    assert Finding("modules-never-ran", (Item("aux", 6), Item("spare", 10), Item("act", 0))) == never


def test_mixed_dtypes(make_report: MakeReport) -> None:
    """Each dtype is named with its elements, the largest first."""
    report = make_report(modules=NET, parameters={"scale": (2,), "weight": {"shape": (3, 3), "dtype": "float16"}})
    assert (Finding("mixed-dtypes", (Item("float16", 9), Item("float32", 2)), whole=11),) == findings(report)


def test_shared_storage(make_report: MakeReport) -> None:
    """Two parameters over one storage are two tensors, but not twice the memory."""
    report = make_report(modules=NET, parameters={"a": (4,), "b": (4,)}, shared_elements=4)
    assert (Finding("shared-storage", amount=4, whole=8),) == findings(report)


def test_uncounted_operations(make_report: MakeReport) -> None:
    """Operations without a formula are named with their calls."""
    report = make_report(modules=NET, parameters={"a": (4,)}, uncounted={"aten._fft_r2c": 2})
    assert (Finding("uncounted-operations", (Item("aten._fft_r2c", 2),)),) == findings(report)


def test_lazy_parameters(make_report: MakeReport) -> None:
    """A lazy parameter that no forward pass materialised is named."""
    report = make_report(modules=NET, parameters={"a": {"shape": None, "reason": "not_run"}})
    assert (Finding("lazy-parameters", (Item("a"),)),) == findings(report)


@pytest.mark.parametrize(
    ("requested", "used", "fell_back"),
    [
        ("meta", "meta", False),
        ("cuda", "cuda:0", False),
        ("cuda:1", "cuda:0", True),
        ("auto", "cpu", False),
        ("meta", "cpu", True),
    ],
)
def test_device_fallback(make_report: MakeReport, requested: str, used: str, fell_back: bool) -> None:
    """Another device than the one asked for is a finding; the number that an unnumbered device got is not."""
    device = DeviceFacts(requested=requested, used=used)
    report = make_report(modules=NET, parameters={"a": (4,)}, probe={"device": device})
    expected = (Finding("device-fallback", (Item(used, of=requested),)),) if fell_back else ()
    assert expected == findings(report)


def test_no_differentiable_output(make_report: MakeReport) -> None:
    """A model that returns nothing a gradient can start from, though it has trainable parameters."""
    report = make_report(
        modules=NET,
        parameters={"a": {"shape": (4,), "reason": "non_differentiable"}},
        outputs=(OutputFacts(path="ids", shape=(1,), dtype="int64", in_loss=False),),
        probe={"stages": SKIPPED},
    )
    assert (Finding("no-differentiable-output", (Item("ids"),)),) == findings(report)


def test_a_loss_that_was_not_wanted_is_no_finding(make_report: MakeReport) -> None:
    """Without a loss there is no backward pass, by request."""
    parameters = {"a": {"shape": (4,), "reason": "not_run"}}
    assert () == findings(make_report(modules=NET, parameters=parameters, probe={"stages": SKIPPED, "loss": "none"}))


def test_mode_dependent_layers(make_report: MakeReport) -> None:
    """Dropout and batch norm in all their forms are counted; frozen ones and layers that never ran are not."""
    report = make_report(
        modules={
            "": "models.Net",
            "a": "BatchNorm1d",
            "b": "timm.layers.norm_act.BatchNormAct2d",
            "c": "torchvision.ops.misc.FrozenBatchNorm2d",
            "d": {"class_name": "Dropout", "calls": 0},
            "e": "timm.layers.drop.DropPath",
            "f": "BatchNorm1d",
        },
        parameters={"d": (1,)},
    )
    assert (
        Finding("mode-dependent", (Item("BatchNorm1d", 2), Item("BatchNormAct2d", 1), Item("DropPath", 1))),
    ) == findings(report)


def test_no_parameters(no_parameters: ModelReport) -> None:
    """A model of activations only says so, and is not blamed for having no gradient."""
    assert (
        Finding("mode-dependent", (Item("Dropout", 1),)),
        Finding("no-parameters"),
    ) == findings(no_parameters)


def test_what_failed_hides_no_facts_and_invents_none(
    forward_failed: ModelReport, constructor_failed: ModelReport
) -> None:
    """That nothing ran is no finding about parameters or modules."""
    assert ((), ()) == (findings(forward_failed), findings(constructor_failed))
