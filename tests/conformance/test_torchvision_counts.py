"""Parameter counts of torchvision's models, against the ``num_params`` published with their weights."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
import torch

from reportgen.registry.base import ModelRef

if find_spec("torchvision") is None:
    pytest.skip("torchvision is not installed", allow_module_level=True)

from reportgen.registry.torchvision_source import TorchvisionSource


@pytest.fixture
def regnets_on_meta(monkeypatch: pytest.MonkeyPatch) -> None:
    """RegNets compute their widths with tensors and read them back, so those few numbers are made on the CPU."""
    TorchvisionSource().names()  # makes torchvision importable
    from torchvision.models.regnet import BlockParams

    original = BlockParams.from_init_params

    def from_init_params(*args: Any, **kwargs: Any) -> BlockParams:
        with torch.device("cpu"):
            return original(*args, **kwargs)

    monkeypatch.setattr(BlockParams, "from_init_params", from_init_params)


@pytest.mark.slow
@pytest.mark.usefixtures("regnets_on_meta")
def test_counts_are_the_published_ones() -> None:
    """Every model but the detectors has exactly the published number of parameters, as built by default.

    Detectors differ by design: their published weights freeze batch normalisation, whose parameters become buffers.
    vit_h_14 was published for two image sizes, and the count for the builder's own, 224, is the one to agree with.
    """
    source = TorchvisionSource()
    from torchvision.models import get_model_builder, get_model_weights

    names = [name for name in source.names() if ".detection." not in get_model_builder(name).__module__]
    published = {name: get_model_weights(name).DEFAULT.meta["num_params"] for name in names}
    published["vit_h_14"] = get_model_weights("vit_h_14").IMAGENET1K_SWAG_LINEAR_V1.meta["num_params"]
    counts = {}
    for name in names:
        with torch.device("meta"):
            model = source.spec(ModelRef("torchvision", name)).build()
        counts[name] = sum(parameter.numel() for parameter in model.parameters())
    assert published == counts
