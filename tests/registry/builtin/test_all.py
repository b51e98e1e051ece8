"""What every built-in model promises: it runs forward and backward anywhere, and says where it comes from."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from reportgen.registry.base import InputSpec, ModelRef, ModelSpec
from reportgen.registry.builtin import builtin

SMALL = {
    "linear": "",
    "mlp": "?layers=3",
    "frozen_sequential": "",
    "batchnorm_mlp": "",
    "simplenet": "",
    "lenet5": "?batch=2",
    "unet": "?width=2&image_size=188",
    "lstm_classifier": "?vocabulary=10&embedding=4&width=8&sequence=5",
    "vae": "?pixels=9&width=8&latent=2&batch=2",
    "resnet18": "?image_size=32&batch=2&classes=3",
    "resnet50": "?image_size=32&batch=2&classes=3",
    "vit_b_16": "?image_size=32&width=16&layers=2&heads=2&hidden=32&classes=3",
    "bert_base": "?vocabulary=10&width=16&layers=2&heads=2&hidden=32&sequence=7&batch=2",
    "gpt2": "?vocabulary=10&context=8&width=16&layers=2&heads=2&sequence=8",
    "llama2_7b": "?vocabulary=10&width=16&layers=2&heads=2&hidden=32&sequence=8",
    "llama3_405b": "?vocabulary=10&width=32&layers=2&heads=4&kv_heads=2&hidden=48&sequence=8",
    "mixtral_8x7b": "?vocabulary=10&width=32&layers=2&heads=4&kv_heads=2&hidden=48&experts=4&sequence=8",
}


def specification(text: str) -> ModelSpec:
    """The specification of a built-in model."""
    return builtin.spec(ModelRef.parse(f"builtin:{text}"))


def dummy(spec: InputSpec) -> Tensor:
    """A tensor as the specification asks for, on the current device."""
    if spec.dtype == "int64":
        return torch.randint(spec.low or 0, (spec.high or 0) + 1, spec.shape)
    return torch.randn(spec.shape)


def run(spec: ModelSpec, device: str) -> tuple[nn.Module, list[Tensor]]:
    """The model after forward and the backward of the sum of its outputs, and those outputs."""
    with torch.device(device):
        module = spec.build()
        output = module(**{str(each.name): dummy(each) for each in spec.inputs})
    leaves = list(output.values()) if isinstance(output, dict) else [output] if isinstance(output, Tensor) else output
    torch.stack([leaf.sum() for leaf in leaves]).sum().backward()
    return module, list(leaves)


def test_every_model_has_a_small_variant() -> None:
    """No built-in model goes unchecked."""
    assert sorted(SMALL) == sorted(builtin.names())


@pytest.mark.parametrize(("name", "arguments"), SMALL.items())
def test_small_variants_train_alike_on_meta_and_cpu(name: str, arguments: str) -> None:
    """Outputs have the same shapes on both, finite on the CPU, and each trainable parameter gets a gradient."""
    spec = specification(name + arguments)
    on_meta, on_cpu = run(spec, "meta"), run(spec, "cpu")
    assert [leaf.shape for leaf in on_meta[1]] == [leaf.shape for leaf in on_cpu[1]]
    assert all(bool(leaf.isfinite().all()) for leaf in on_cpu[1])
    for module, _ in (on_meta, on_cpu):
        assert [key for key, each in module.named_parameters() if each.requires_grad and each.grad is None] == []


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("unet", [(1, 2, 388, 388)]),
        ("resnet50", [(1, 1000)]),
        ("bert_base", [(1, 512, 768), (1, 768)]),
        ("gpt2", [(1, 1024, 50_257)]),
        ("llama2_7b?layers=1", [(1, 2048, 32_000)]),
        ("mixtral_8x7b?layers=1", [(1, 2048, 32_000)]),
        ("llama3_405b?layers=1", [(1, 4096, 128_256)]),
        ("llama3_405b?layers=1&sequence=16&dtype=bfloat16", [(1, 16, 128_256)]),
    ],
)
def test_outputs_have_the_expected_shapes(name: str, shapes: list[tuple[int, ...]]) -> None:
    """At full width, the default inputs give the outputs that the papers describe."""
    _, outputs = run(specification(name), "meta")
    assert shapes == [tuple(output.shape) for output in outputs]


def test_dtype_reaches_every_parameter() -> None:
    """A decoder in bfloat16 has no other parameters."""
    with torch.device("meta"):
        module = specification("llama2_7b?layers=1&dtype=bfloat16").build()
    assert {parameter.dtype for parameter in module.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("name", SMALL)
def test_every_model_says_what_it_is(name: str) -> None:
    """Each has a description in plain words and a citation that is an address."""
    spec = specification(name)
    assert (spec.description or "").endswith(".")
    assert "`" not in (spec.description or "")
    assert (spec.citation or "").startswith("https://")
