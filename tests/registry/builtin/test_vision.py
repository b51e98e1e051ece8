"""The vision models compute what torchvision's do, given the same weights."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import torch
from torch import nn

from reportgen.registry.base import ModelRef
from reportgen.registry.builtin import builtin

if find_spec("torchvision") is None:
    pytest.skip("torchvision is not installed", allow_module_level=True)

from reportgen.registry.torchvision_source import TorchvisionSource


@pytest.fixture(autouse=True)
def seed() -> None:
    """The same weights and pixels on every run."""
    torch.manual_seed(0)


def transplant(values: list[torch.Tensor], receiver: nn.Module) -> None:
    """Copies weights and statistics, one by one; the shapes are the same in the same order."""
    names = receiver.state_dict()
    assert [value.shape for value in values] == [value.shape for value in names.values()]
    receiver.load_state_dict(dict(zip(names, values, strict=True)))


def same_output(donor: nn.Module, receiver: nn.Module, size: int) -> None:
    """Both give the same logits for the same image."""
    image = torch.randn(2, 3, size, size)
    with torch.no_grad():
        torch.testing.assert_close(receiver.eval()(image), donor.eval()(image))


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_resnets_are_torchvisions(name: str) -> None:
    """Names, shapes and outputs are torchvision's."""
    donor = TorchvisionSource().spec(ModelRef("torchvision", name)).build()
    receiver = builtin.spec(ModelRef("builtin", name)).build()
    assert list(donor.state_dict()) == list(receiver.state_dict())
    transplant(list(donor.state_dict().values()), receiver)
    same_output(donor, receiver, 64)


def test_vit_is_torchvisions() -> None:
    """Shapes and outputs are torchvision's, at a smaller size."""
    TorchvisionSource().names()  # makes torchvision importable
    from torchvision.models import VisionTransformer

    donor = VisionTransformer(image_size=32, patch_size=16, num_layers=2, num_heads=4, hidden_dim=32, mlp_dim=64)
    nn.init.normal_(donor.heads[0].weight)  # zero by default, which would hide every difference
    sizes = {"image_size": 32, "layers": 2, "heads": 4, "width": 32, "hidden": 64}
    receiver = builtin.spec(ModelRef("builtin", "vit_b_16", sizes)).build()
    values = donor.state_dict()
    class_token, positions = values.pop("class_token"), values.pop("encoder.pos_embedding")
    transplant([class_token, positions, *values.values()], receiver)
    same_output(donor, receiver, 32)
