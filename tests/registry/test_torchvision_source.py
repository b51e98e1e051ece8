"""torchvision's models: what is listed, how each is built, and what goes in."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import pytest
import torch

from reportgen.config import ProbeOptions
from reportgen.errors import ConfigError, UnknownModel
from reportgen.probe import probe
from reportgen.registry.base import InputSpec, ModelRef

if find_spec("torchvision") is None:
    pytest.skip("torchvision is not installed", allow_module_level=True)

from reportgen.registry.library import STAND_INS
from reportgen.registry.torchvision_source import TorchvisionSource


def test_every_name_of_torchvisions_registry_is_listed() -> None:
    """The names are those that torchvision lists itself, 121 of them in version 0.28."""
    names = list(TorchvisionSource().names())
    from torchvision.models import list_models  # only after the source has made it importable

    assert names == list_models()
    if version("torchvision").startswith("0.28"):
        assert len(names) == 121


def test_stand_ins_are_noted_where_operators_do_not_load() -> None:
    """The note appears exactly where torchvision's own operators are missing."""
    notes = TorchvisionSource().spec(ModelRef("torchvision", "resnet18")).notes
    from torchvision.extension import _has_ops  # only after the source has made it importable

    assert (() if _has_ops() else (STAND_INS,)) == notes


def test_a_specification_says_its_source() -> None:
    """Description and citation come from torchvision's own documentation, the version from its metadata."""
    spec = TorchvisionSource().spec(ModelRef("torchvision", "resnet50"))
    expected = (
        "ResNet-50 from Deep Residual Learning for Image Recognition.",
        "https://arxiv.org/abs/1512.03385",
        version("torchvision"),
    )
    assert expected == (spec.description, spec.citation, spec.package_version)


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("resnet50", ["1x3x224x224"]),
        ("inception_v3", ["1x3x299x299"]),
        ("efficientnet_b7", ["1x3x600x600"]),
        ("vit_h_14", ["1x3x224x224"]),
        ("vit_b_16?image_size=384", ["1x3x384x384"]),
        ("regnet_y_128gf", ["1x3x224x224"]),
        ("quantized_resnet18", ["1x3x224x224"]),
        ("fcn_resnet50", ["1x3x520x520"]),
        ("deeplabv3_resnet50", ["1x3x520x520"]),
        ("r3d_18", ["1x3x16x112x112"]),
        ("mvit_v2_s", ["1x3x16x224x224"]),
        ("raft_small", ["image1=1x3x512x512", "image2=1x3x512x512"]),
    ],
)
def test_inputs_have_the_published_size(text: str, inputs: list[str]) -> None:
    """Each kind of model gets what its published figures were measured on, in training and in evaluation."""
    spec = TorchvisionSource().spec(ModelRef.parse(f"torchvision:{text}"))
    assert tuple(map(InputSpec.parse, inputs)) == spec.inputs_in("train") == spec.inputs_in("eval")


BOX = "targets.0.boxes=1x4:float32:[32,32,192,192]"
LABEL = "targets.0.labels=1:int64:1-1"


@pytest.mark.parametrize(
    ("text", "images", "targets"),
    [
        ("fasterrcnn_resnet50_fpn", ["images.0=3x320x320"], [BOX, LABEL]),
        (
            "fcos_resnet50_fpn?min_size=100",
            ["images.0=3x100x100"],
            [BOX.replace("32,32,192,192", "10,10,60,60"), LABEL],
        ),
        ("retinanet_resnet50_fpn_v2?min_size=[640, 320]", ["images.0=3x320x320"], [BOX, LABEL]),
        ("ssd300_vgg16", ["images.0=3x300x300"], ["targets.0.boxes=1x4:float32:[30,30,180,180]", LABEL]),
        ("maskrcnn_resnet50_fpn", ["images.0=3x320x320"], [BOX, LABEL, "targets.0.masks=1x320x320:uint8:1-1"]),
        (
            "keypointrcnn_resnet50_fpn?min_size=30",
            ["images.0=3x30x30"],
            [
                *("targets.0.boxes=1x4:float32:[3,3,18,18]", LABEL),
                f"targets.0.keypoints=1x17x3:float32:[{','.join(['10,10,1'] * 17)}]",
            ],
        ),
    ],
)
def test_detectors_train_with_targets(text: str, images: list[str], targets: list[str]) -> None:
    """A list of images as large as the model resizes them to, and what its losses need; in evaluation images alone."""
    spec = TorchvisionSource().spec(ModelRef.parse(f"torchvision:{text}"))
    assert tuple(map(InputSpec.parse, [*images, *targets])) == spec.inputs_in("train")
    assert (InputSpec.parse(images[0]),) == spec.inputs_in("eval")


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("text", "mode", "outputs"),
    [
        ("ssdlite320_mobilenet_v3_large", "train", ["bbox_regression", "classification"]),
        (
            "fasterrcnn_mobilenet_v3_large_320_fpn?min_size=64",
            "train",
            ["loss_classifier", "loss_box_reg", "loss_objectness", "loss_rpn_box_reg"],
        ),
        ("fasterrcnn_mobilenet_v3_large_320_fpn?min_size=64", "eval", ["0.boxes", "0.labels", "0.scores"]),
    ],
)
def test_detectors_are_complete(text: str, mode: Any, outputs: list[str]) -> None:
    """Without regions and with them: losses in training, detections in evaluation, nothing uncounted."""
    report = probe(TorchvisionSource().spec(ModelRef.parse(f"torchvision:{text}")), ProbeOptions(mode=mode))
    assert ("complete", outputs, ()) == (
        report.probe.status,
        [row.path for row in report.probe.outputs or ()],
        report.totals.flops.uncounted,
    )


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("googlenet", "Built with aux_logits=False, as its published weights are."),
        ("fcn_resnet50", "Built with aux_loss=True, as its published weights are."),
        (
            "fcos_resnet50_fpn",
            (
                "Built with min_size=320, the shorter side that it resizes images to, so that a run with real values"
                " takes seconds; its operations are published for ?min_size=800."
            ),
        ),
        (
            "fasterrcnn_mobilenet_v3_large_320_fpn",
            "How many regions reach its heads follows from the values of image and weights, which are random here.",
        ),
        (
            "retinanet_resnet50_fpn",
            "With published weights its backbone's batch normalisation is frozen, and its parameters are buffers.",
        ),
    ],
)
def test_what_differs_from_the_builder_is_noted(text: str, note: str) -> None:
    """Auxiliary heads are told, unless the reference sets them itself."""
    assert note in TorchvisionSource().spec(ModelRef.parse(f"torchvision:{text}")).notes
    changed = TorchvisionSource().spec(ModelRef.parse("torchvision:googlenet?aux_logits=true")).notes
    assert "Built with aux_logits=False, as its published weights are." not in changed


def test_skipping_initialisation_changes_no_count() -> None:
    """GoogLeNet has the same parameters whether or not it is initialised."""
    counts = []
    for initialise in ("true", "false"):
        with torch.device("meta"):
            model = TorchvisionSource().spec(ModelRef.parse(f"torchvision:googlenet?init_weights={initialise}")).build()
        counts.append({name: tuple(parameter.shape) for name, parameter in model.named_parameters()})
    assert counts[0] == counts[1]


def test_weights_are_refused() -> None:
    """A report downloads nothing."""
    with pytest.raises(ConfigError, match="asks for weights, and a report needs none"):
        TorchvisionSource().spec(ModelRef.parse("torchvision:resnet18?weights=DEFAULT"))


def test_an_unknown_name_names_the_closest() -> None:
    """A misspelt name is answered with close ones."""
    with pytest.raises(UnknownModel, match="torchvision: has no 'alexnett'") as caught:
        TorchvisionSource().spec(ModelRef("torchvision", "alexnett"))
    assert caught.value.remedy == "did you mean alexnet?"


def test_its_frames_are_told() -> None:
    """A folder whose name only begins with torch's is none of torch: the line that called the layer is told."""
    spec = TorchvisionSource().spec(ModelRef("torchvision", "resnet18"))
    report = probe(spec, ProbeOptions(inputs=(InputSpec.parse("1x4x64x64"),)))
    (found,) = [row for row in report.diagnostics if row.severity == "error"]
    assert "conv1" == found.module
    assert 'File "torchvision/models/resnet.py"' in (found.traceback or "")
    assert "x = self.conv1(x)" in (found.traceback or "")
