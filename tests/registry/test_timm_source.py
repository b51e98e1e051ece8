"""timm's models: what is listed, how each is built, and what goes in."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec

import pytest

if find_spec("timm") is None:
    pytest.skip("timm is not installed", allow_module_level=True)

from reportgen.config import ProbeOptions
from reportgen.errors import ConfigError, UnknownModel
from reportgen.probe import probe
from reportgen.registry.base import InputSpec, ModelRef
from reportgen.registry.timm_source import TimmSource


def test_every_name_of_timm_is_listed() -> None:
    """All of ``timm.list_models()``, 1,371 in version 1.0.31."""
    names = list(TimmSource().names())
    assert version("timm") != "1.0.31" or len(names) == 1371


def test_a_specification_says_its_source() -> None:
    """Description and citation come from timm's documentation, the version from its metadata."""
    spec = TimmSource().spec(ModelRef("timm", "volo_d5_512"))
    expected = ("VOLO-D5 model, Params: 296M.", "https://arxiv.org/abs/2106.13112", version("timm"))
    assert expected == (spec.description, spec.citation, spec.package_version)


@pytest.mark.parametrize(
    ("name", "citation"),
    [
        ("tnt_s_patch16_224", "https://arxiv.org/abs/2103.00112"),  # of the published weights
        ("vgg19_bn", "https://arxiv.org/abs/1409.1556"),  # of its own documentation
        ("xcit_tiny_24_p16_384", "https://arxiv.org/abs/2106.09681"),  # of its module
        ("vit_xsmall_patch16_clip_224", None),  # its module names several
    ],
)
def test_a_citation_is_the_models_own_or_none(name: str, citation: str | None) -> None:
    """No paper is named where it might be another model's."""
    assert citation == TimmSource().spec(ModelRef("timm", name)).citation


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("resnet50", "1x3x224x224"),
        ("resnet50?in_chans=1", "1x1x224x224"),
        ("resnet50?img_size=64", "1x3x64x64"),
        ("vit_tiny_patch16_224?img_size=[96, 64]", "1x3x96x64"),
        ("efficientnet_b7", "1x3x600x600"),
        ("vit_base_patch16_clip_224.openai", "1x3x224x224"),
        ("eva02_base_patch14_448", "1x3x448x448"),
    ],
)
def test_the_input_has_the_published_size(text: str, shape: str) -> None:
    """One image of the size of the published weights, unless the reference says otherwise."""
    assert (InputSpec.parse(shape),) == TimmSource().spec(ModelRef.parse(f"timm:{text}")).inputs


@pytest.mark.parametrize(
    ("text", "parameters", "gmacs"),
    [  # the first two from the papers and model zoos, the others from timm's benchmark table
        ("resnet18", 11_689_512, 1.81),
        ("vit_base_patch16_224", 86_567_656, 17.56),
        ("resnet50", 25_557_032, 4.09),
        ("mobilenetv3_large_100", 5_483_032, 0.22),
    ],
)
def test_a_model_has_its_published_figures(text: str, parameters: int, gmacs: float) -> None:
    """Parameters exactly, multiply-adds to two decimals of a GMAC."""
    totals = probe(TimmSource().spec(ModelRef("timm", text)), ProbeOptions(mode="eval", loss="none")).totals
    assert (parameters, gmacs) == (totals.parameters.unique, round((totals.macs.forward or 0) / 1e9, 2))


@pytest.mark.parametrize(
    ("text", "parameters"),
    [  # RepVGG's as in OpenMMLab's table of its models; resnet18 has nothing to fuse
        ("repvgg_a0", 9.11),
        ("repvgg_a0?reparameterize=true", 8.31),
        ("resnet18?reparameterize=true", 11.69),
    ],
)
def test_training_branches_are_fused_where_asked(text: str, parameters: float) -> None:
    """In training each block has a 3×3, a 1×1 and an identity branch; fused, one convolution. In millions."""
    totals = probe(TimmSource().spec(ModelRef.parse(f"timm:{text}")), ProbeOptions(mode="eval", loss="none")).totals
    assert parameters == round((totals.parameters.unique or 0) / 1e6, 2)


def test_fusing_is_asked_for_with_true_or_false() -> None:
    """Any other value is refused before anything is built."""
    with pytest.raises(ConfigError, match="reparameterize is true or false"):
        TimmSource().spec(ModelRef.parse("timm:repvgg_a0?reparameterize=yes"))


@pytest.mark.parametrize("name", ["resnet10t", "swin_tiny_patch4_window7_224", "levit_128s", "xcit_nano_12_p16_224"])
def test_whole_families_are_measured_completely(name: str) -> None:
    """Convolutions, windows, hybrids: constructor, forward and backward all succeed on meta."""
    report = probe(TimmSource().spec(ModelRef("timm", name)), ProbeOptions())
    assert ("complete", "meta") == (report.probe.status, report.probe.device.used)


def test_an_image_size_reaches_the_model() -> None:
    """A model of a fixed size is built for the size asked for, and counts its position embeddings."""
    report = probe(TimmSource().spec(ModelRef.parse("timm:vit_tiny_patch16_224?img_size=64")), ProbeOptions())
    shapes = {parameter.name: parameter.shape for parameter in report.parameters}
    assert ("complete", (1, 1 + (64 // 16) ** 2, 192)) == (report.probe.status, shapes["pos_embed"])


@pytest.mark.parametrize("key", ["pretrained=true", "checkpoint_path=weights.pth"])
def test_weights_are_refused(key: str) -> None:
    """A report downloads nothing."""
    with pytest.raises(ConfigError, match="asks for weights, and a report needs none"):
        TimmSource().spec(ModelRef.parse(f"timm:resnet18?{key}"))


def test_no_size_is_refused() -> None:
    """A size that is none is an error of the reference."""
    with pytest.raises(ConfigError, match="no channels and size of an image"):
        TimmSource().spec(ModelRef.parse("timm:resnet18?img_size=large"))


@pytest.mark.parametrize(
    ("name", "message", "remedy"),
    [
        ("resnet5O", "timm: has no 'resnet5O'", "did you mean resnet50, "),
        ("resnet50.a1_in1", "timm:resnet50 has no 'resnet50.a1_in1'", "did you mean resnet50.a1_in1k, "),
    ],
)
def test_an_unknown_name_names_the_closest(name: str, message: str, remedy: str) -> None:
    """A misspelt name or tag is answered with close ones."""
    with pytest.raises(UnknownModel) as caught:
        TimmSource().spec(ModelRef("timm", name))
    assert (message, True) == (str(caught.value), (caught.value.remedy or "").startswith(remedy))
