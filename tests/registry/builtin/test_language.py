"""The language models compute what their papers say."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from reportgen.registry.base import ModelRef
from reportgen.registry.builtin import builtin
from reportgen.registry.builtin.llama import Attention, FeedForward, rotate, rotations
from reportgen.registry.builtin.mixtral import Experts

CPU = torch.device("cpu")
DECODERS = {
    "gpt2": {"vocabulary": 11, "context": 8, "width": 16, "layers": 2, "heads": 2},
    "llama2_7b": {"vocabulary": 11, "width": 16, "layers": 2, "heads": 2, "hidden": 24},
    "llama3_405b": {"vocabulary": 11, "width": 32, "layers": 2, "heads": 4, "kv_heads": 2, "hidden": 24},
}


@pytest.fixture(autouse=True)
def seed() -> None:
    """The same weights and tokens on every run."""
    torch.manual_seed(0)


def build(name: str, **arguments: object) -> nn.Module:
    """A built-in model on the CPU, in eval mode."""
    return builtin.spec(ModelRef("builtin", name, arguments)).build().eval()


@pytest.mark.parametrize(("name", "sizes"), DECODERS.items())
def test_decoders_do_not_look_ahead(name: str, sizes: dict[str, int]) -> None:
    """Another last token changes the last logits and none before."""
    model = build(name, **sizes)
    ids = torch.randint(0, 11, (1, 8))
    other = ids.clone()
    other[0, -1] = (ids[0, -1] + 1) % 11
    with torch.no_grad():
        before, after = model(ids), model(other)
    torch.testing.assert_close(before[:, :-1], after[:, :-1])
    assert not torch.equal(before[:, -1], after[:, -1])


def test_gpt2_head_is_the_token_embedding() -> None:
    """The two are one tensor, also on meta, and stay so in another dtype."""
    with torch.device("meta"):
        model = build("gpt2").to(torch.bfloat16)
    assert model.lm_head.weight is model.wte.weight


def test_bert_ignores_padding() -> None:
    """What stands at masked positions changes nothing at the others."""
    model = build("bert_base", vocabulary=11, width=16, layers=2, heads=2, hidden=24)
    ids, mask = torch.randint(0, 11, (1, 6)), torch.tensor([[1, 1, 1, 1, 0, 0]])
    other = ids.clone()
    other[0, 4:] = (ids[0, 4:] + 1) % 11
    with torch.no_grad():
        before, after = model(ids, attention_mask=mask), model(other, attention_mask=mask)
    torch.testing.assert_close(before["last_hidden_state"][:, :4], after["last_hidden_state"][:, :4])
    torch.testing.assert_close(before["pooler_output"], after["pooler_output"])


def test_bert_segments_default_to_the_first() -> None:
    """Without segment ids all tokens are of segment 0."""
    model = build("bert_base", vocabulary=11, width=16, layers=1, heads=2, hidden=24)
    ids = torch.randint(0, 11, (1, 6))
    with torch.no_grad():
        torch.testing.assert_close(model(ids)["pooler_output"], model(ids, torch.zeros_like(ids))["pooler_output"])


def test_rotation_of_one_pair() -> None:
    """At position 2 the first pair of a head turns by 2 radians, the second by 2 / 100 where theta is 10,000."""
    turned = rotate(torch.tensor([1.0, 0.0, 1.0, 0.0]).expand(1, 1, 3, 4), rotations(3, 4, 10_000.0, CPU))
    angles = torch.tensor([2.0, 0.02])
    expected = torch.stack((angles.cos(), angles.sin()), dim=-1).flatten()
    torch.testing.assert_close(turned[0, 0, 2], expected)


def test_rotation_depends_on_distance_alone() -> None:
    """The product of a rotated query and key is the same for all pairs of positions as far apart."""
    turns = rotations(8, 16, 10_000.0, CPU)
    query, key = (rotate(torch.randn(16).expand(1, 1, 8, 16), turns)[0, 0] for _ in range(2))
    products = query @ key.T
    torch.testing.assert_close(products[2:, :-2].diagonal(), products[2, 0].expand(6))


def test_groups_share_keys_and_values() -> None:
    """Two key-value heads for four queries act like four, of which neighbours are equal."""
    grouped, full = Attention(16, 4, 2), Attention(16, 4, 4)
    with torch.no_grad():
        full.wq.weight.copy_(grouped.wq.weight)
        full.wo.weight.copy_(grouped.wo.weight)
        for mine, theirs in ((full.wk, grouped.wk), (full.wv, grouped.wv)):
            mine.weight.copy_(theirs.weight.view(2, 1, 4, 16).expand(2, 2, 4, 16).reshape(16, 16))
        x, turns = torch.randn(1, 5, 16), rotations(5, 4, 10_000.0, CPU)
        torch.testing.assert_close(grouped(x, turns), full(x, turns))


def test_swiglu() -> None:
    """The perceptron is w2(silu(w1 x) · w3 x)."""
    layer, x = FeedForward(4, 6), torch.randn(2, 4)
    gate, up = x @ layer.w1.weight.T, x @ layer.w3.weight.T
    torch.testing.assert_close(layer(x), (functional.silu(gate) * up) @ layer.w2.weight.T)


def mixture(moe: Experts, x: Tensor) -> Tensor:
    """Mixtral's layer as its paper writes it: for each token, the softmax-weighted sum of its chosen experts."""
    rows = []
    for token in x.flatten(0, 1):
        scores, chosen = moe.gate(token).topk(moe.chosen)
        weights = scores.softmax(dim=-1)
        rows.append(sum(weight * moe.experts[int(index)](token) for weight, index in zip(weights, chosen, strict=True)))
    return torch.stack(rows).view_as(x)


@pytest.mark.parametrize("count", [1, 5, 8])
def test_experts_with_room_for_all_are_mixtrals(count: int) -> None:
    """Where no token is dropped, the layer is exactly the paper's."""
    moe, x = Experts(8, 12, experts=4, chosen=2, capacity_factor=2.0), torch.randn(1, count, 8)
    with torch.no_grad():
        torch.testing.assert_close(moe(x), mixture(moe, x))


def test_a_balanced_router_drops_nothing() -> None:
    """At equal shares of the tokens, experts with room for just their share give the paper's result too."""
    moe = Experts(4, 6, experts=4, chosen=1, capacity_factor=1.0)
    x = torch.eye(4).repeat(3, 1).unsqueeze(0)  # three tokens for each of four experts
    with torch.no_grad():
        moe.gate.weight.copy_(torch.eye(4))
        torch.testing.assert_close(moe(x), mixture(moe, x))


def test_beyond_capacity_the_lightest_are_dropped() -> None:
    """Four tokens all want experts 0 and 1, each with room for two: each keeps those that weigh most there."""
    moe = Experts(2, 3, experts=4, chosen=2, capacity_factor=1.0)
    scales = torch.tensor([4.0, 1.0, 3.0, 2.0])
    x = torch.stack((scales, torch.ones(4)), dim=-1)
    with torch.no_grad():
        moe.gate.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]]))
        weights = torch.stack((scales, torch.zeros(4)), dim=-1).softmax(dim=-1)
        first, second = weights[:, :1] * moe.experts[0](x), weights[:, 1:] * moe.experts[1](x)
        torch.testing.assert_close(moe(x[None])[0], torch.stack((first[0], second[1], first[2], second[3])))


def test_the_work_is_that_of_the_chosen_experts() -> None:
    """512 tokens with two experts each cost 512 × 2 perceptrons, and the router."""
    with torch.device("meta"):
        moe, x = Experts(64, 96, experts=8, chosen=2, capacity_factor=1.0), torch.randn(1, 512, 64)
    with FlopCounterMode(display=False) as counter:
        moe(x)
    assert counter.get_total_flops() == 2 * (512 * 2 * 3 * 64 * 96 + 512 * 64 * 8)
