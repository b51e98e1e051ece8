"""Parameter counts of the built-in models, against published figures and sums worked out by hand."""

from __future__ import annotations

import pytest
import torch

from reportgen.registry.base import ModelRef
from reportgen.registry.builtin import builtin

COUNTS = {
    "linear": 4 * 2 + 2,
    "mlp": (8 * 16 + 16) + (16 * 16 + 16) + (16 * 4 + 4),
    "frozen_sequential": (8 * 16 + 16) + (16 * 4 + 4),
    "batchnorm_mlp": (8 * 16 + 16) + 2 * 16 + (16 * 4 + 4),
    "simplenet": (16 * 3 * 9 + 16) + (16 * 26 * 26 * 10 + 10),
    "lenet5": 61_706,  # 156 + 2,416 + 48,120 + 10,164 + 850
    # contracting 18,842,048 · expanding 12,188,480, of which up-convolutions 2,786,240 · output 130
    "unet": 18_842_048 + 12_188_480 + 130,
    # embedding · two directions of layer 1 on 128 inputs, of layer 2 on 512 · output
    "lstm_classifier": 20_000 * 128 + 2 * 1024 * (128 + 256 + 2) + 2 * 1024 * (512 + 256 + 2) + (512 * 2 + 2),
    "vae": (784 * 400 + 400) + 2 * (400 * 20 + 20) + (20 * 400 + 400) + (400 * 784 + 784),
    "resnet18": 11_689_512,  # torchvision's ResNet18_Weights.meta["num_params"]
    "resnet50": 25_557_032,  # ResNet50_Weights
    "vit_b_16": 86_567_656,  # ViT_B_16_Weights
    "bert_base": 109_482_240,  # bert-base-uncased, the encoder with its pooler
    "gpt2": 124_439_808,  # the published checkpoint, embedding and output layer counted once
    "llama2_7b": 6_738_415_616,  # Llama-2-7B
    "mixtral_8x7b": 46_702_792_704,  # Mixtral-8x7B-v0.1
    "llama3_405b": 405_853_388_800,  # Llama-3.1-405B
}


def build(text: str) -> torch.nn.Module:
    """The built-in model of that reference, without memory."""
    with torch.device("meta"):
        return builtin.spec(ModelRef.parse(f"builtin:{text}")).build()


def test_every_model_has_a_count_to_agree_with() -> None:
    """No built-in model goes unchecked."""
    assert sorted(COUNTS) == sorted(builtin.names())


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_count_is_the_published_one(name: str, count: int) -> None:
    """The number of parameters is exactly the published one."""
    assert count == sum(parameter.numel() for parameter in build(name).parameters())


def test_active_parameters_of_the_mixture() -> None:
    """A token meets all of Mixtral but six of eight experts in each of 32 layers: 12.9 of 46.7 billion parameters."""
    unused = 32 * 6 * 3 * 4096 * 14_336
    expected = {"mixtral_8x7b": 46_702_792_704 - unused, "mixtral_8x7b?chosen=8": 46_702_792_704, "gpt2": None}
    active = {text: builtin.spec(ModelRef.parse(f"builtin:{text}")).active_parameters for text in expected}
    assert expected == active
    assert active["mixtral_8x7b"] == 12_879_925_248


def test_frozen_and_buffered_elements() -> None:
    """The first layer of the frozen Sequential needs no gradient; batch normalisation has 33 buffer elements."""
    frozen = [name for name, parameter in build("frozen_sequential").named_parameters() if not parameter.requires_grad]
    buffers = {name: buffer.numel() for name, buffer in build("batchnorm_mlp").named_buffers()}
    assert frozen == ["0.weight", "0.bias"]
    assert buffers == {"1.running_mean": 16, "1.running_var": 16, "1.num_batches_tracked": 1}
