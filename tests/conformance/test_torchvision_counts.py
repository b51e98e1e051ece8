"""torchvision's models against the figures published with their weights: ``num_params``, and ``_ops`` in GMACs."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

if find_spec("torchvision") is None:
    pytest.skip("torchvision is not installed", allow_module_level=True)

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.registry.base import ModelRef
from reportgen.registry.torchvision_source import TorchvisionSource


def published(name: str) -> tuple[int, float]:
    """Parameters and GMACs of the weights that were measured at the builder's own image size."""
    from torchvision.models import get_model_weights

    weights = get_model_weights(name)
    own = ("IMAGENET1K_V1", "IMAGENET1K_SWAG_LINEAR_V1")  # the others of these were fine-tuned for larger images
    entry = next((weights[key] for key in own if key in weights.__members__), weights.DEFAULT)
    return entry.meta["num_params"], entry.meta["_ops"]


def measured(name: str) -> tuple[int | None, float | None]:
    """The same figures of the probe: one image, in evaluation, as published."""
    spec = TorchvisionSource().spec(ModelRef("torchvision", name))
    totals = probe(spec, ProbeOptions(mode="eval", loss="none")).totals
    macs = totals.macs.forward
    return totals.parameters.unique, None if macs is None else round(macs / 1e9, 3)


def names(*families: str) -> list[str]:
    """The listed models of these families, which are modules of ``torchvision.models``; "" for classification."""
    listed = TorchvisionSource().names()  # makes torchvision importable
    import torchvision.models as zoo

    modules = {name: zoo.get_model_builder(name).__module__.removeprefix("torchvision.models.") for name in listed}
    return [name for name, module in modules.items() if module.rpartition(".")[0] in families]


@pytest.mark.slow
@pytest.mark.parametrize(("family", "count"), [("", 80), ("video", 9), ("segmentation", 6), ("quantization", 12)])
def test_published_figures(family: str, count: int) -> None:
    """Parameters exactly, multiply-adds to the third decimal of a GMAC; nothing left out.

    Not here: detectors, which take lists of images, and RAFT, whose operations were not published for its own size.
    """
    listed = names(family)
    assert len(listed) == count
    assert {name: measured(name) for name in listed} == {name: published(name) for name in listed}
