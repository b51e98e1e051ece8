"""Whose results each module works on, and whose its own are, against diagrams drawn by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.probe.flow import LIMIT
from reportgen.registry.catalog import Catalog
from reportgen.report.schema import ModelReport

Run = Callable[..., ModelReport]
GIVEN = "given"


def sources(report: ModelReport) -> dict[str, tuple[str, ...] | None]:
    """Path → the paths of its sources, of all modules below the model."""
    return {row.path: named(report, row.sources) for row in report.modules if row.path}


def ends(report: ModelReport) -> dict[str, tuple[str, ...] | None]:
    """Path → the paths of its ends, of all modules that hold others."""
    holders = {row.path.rpartition(".")[0] for row in report.modules if row.path}
    return {row.path: named(report, row.ends) for row in report.modules if row.path in holders}


def named(report: ModelReport, indexes: tuple[int, ...] | None) -> tuple[str, ...] | None:
    """Paths in place of indexes."""
    return None if indexes is None else tuple(GIVEN if i == -1 else report.modules[i].path for i in indexes)


def linear() -> nn.Linear:
    """From four features to four."""
    return nn.Linear(4, 4)


class Net(nn.Module):
    """Modules by name, and a forward pass that is given as a function of the model and its inputs."""

    def __init__(self, forward: Callable[..., Tensor], **modules: nn.Module) -> None:
        super().__init__()
        self.steps = forward
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.steps(self, *inputs)


def test_a_chain(run: Run) -> None:
    """Each layer works on what the one before it gave, the first on what the model was given."""
    report = run(nn.Sequential(linear(), nn.ReLU(inplace=True), nn.Flatten(), linear()), "3x4")
    assert {"0": (GIVEN,), "1": ("0",), "2": ("1",), "3": ("2",)} == sources(report)
    assert {"": ("3",)} == ends(report)
    assert [(-1,)] * 4 == [report.modules[0].sources, *(row.ends for row in report.modules[1:4])]


def test_a_residual_block(run: Run) -> None:
    """What goes around a block arrives in what comes after the sum, in place or not."""

    def forward(net: Net, x: Tensor) -> Tensor:
        x = net.stem(x)
        x = x + net.body(x)
        y = net.other(x)
        y += x
        return net.head(y)

    report = run(
        Net(forward, stem=linear(), body=nn.Sequential(linear(), nn.Tanh()), other=linear(), head=linear()), "3x4"
    )
    assert {
        "stem": (GIVEN,),
        "body": ("stem",),
        "body.0": (GIVEN,),
        "body.1": ("body.0",),
        "other": ("stem", "body"),
        "head": ("stem", "body", "other"),
    } == sources(report)


def test_skips_of_a_unet(run: Run) -> None:
    """What goes up is concatenated with what went down at the same height, and views of it change nothing."""

    def forward(net: Net, x: Tensor) -> Tensor:
        first = net.down1(x)
        second = net.down2(first)
        y = net.middle(second)
        y = net.up2(torch.cat([y, second.view(-1, 4)], 1))
        return net.up1(torch.cat([y, first.unsqueeze(0).squeeze(0)], 1))

    parts = {"down1": linear(), "down2": linear(), "middle": linear(), "up2": nn.Linear(8, 4), "up1": nn.Linear(8, 4)}
    assert {
        "down1": (GIVEN,),
        "down2": ("down1",),
        "middle": ("down2",),
        "up2": ("down2", "middle"),
        "up1": ("down1", "up2"),
    } == sources(run(Net(forward, **parts), "3x4"))


def test_a_list_of_layers_is_never_called(run: Run) -> None:
    """It works on what its layers take from outside of it, and whoever takes a layer's result works on the list's."""

    def forward(net: Net, x: Tensor) -> Tensor:
        x = net.stem(x)
        for layer in net.layers:
            x = layer(x)
        return net.head(x)

    report = run(Net(forward, stem=linear(), layers=nn.ModuleList([linear(), linear()]), head=linear()), "3x4")
    assert {
        "stem": (GIVEN,),
        "layers": ("stem",),
        "layers.0": (GIVEN,),
        "layers.1": ("layers.0",),
        "head": ("layers",),
    } == sources(report)
    assert {"": ("head",), "layers": ("layers.1",)} == ends(report)


def test_what_a_result_was_made_from(run: Run) -> None:
    """Its ends: all terms of a sum, the layers of a list that others take from, and what was handed on."""

    def block(net: Net, x: Tensor) -> Tensor:
        return x + net.layers[1](net.layers[0](x))

    def forward(net: Net, x: Tensor) -> tuple[Tensor, ...]:
        high = net.down[0](x)
        low = net.down[1](high)
        y = net.block(net.up(high + low))
        return net.nothing(y), net.weight()

    parts = {
        "down": nn.ModuleList([linear(), linear(), linear()]),
        "up": linear(),
        "block": Net(block, layers=nn.ModuleList([linear(), linear()])),
        "nothing": nn.Sequential(),
        "weight": Net(lambda net: net.own),
    }
    model = Net(forward, **parts)
    model.weight.own = nn.Parameter(torch.ones(4))
    report = run(model, "3x4")
    assert {
        "": ("nothing", "weight"),
        "down": ("down.0", "down.1"),
        "block": (GIVEN, "block.layers"),
        "block.layers": ("block.layers.1",),
    } == ends(report)
    assert {"nothing": ("block",), "weight": (), "down.2": None} == {
        path: found for path, found in sources(report).items() if path in {"nothing", "weight", "down.2"}
    }
    assert {"nothing": (GIVEN,), "weight": ()} == {
        row.path: named(report, row.ends) for row in report.modules if row.path in {"nothing", "weight"}
    }


def test_called_twice(run: Run) -> None:
    """What a module gave and is given again is its own source, and comes into it from outside."""

    def forward(net: Net, x: Tensor) -> Tensor:
        return net.same(net.block(net.block(x)))

    block = nn.Sequential(linear(), nn.Tanh())
    report = run(Net(forward, block=block, same=block), "3x4")
    assert {"block": (GIVEN, "block"), "block.0": (GIVEN,), "block.1": ("block.0",)} == sources(report)


def test_counting_batches_is_no_result(run: Run) -> None:
    """A batch norm that serves two branches writes its buffers in both, and neither feeds the other."""

    def forward(net: Net, x: Tensor) -> Tensor:
        return net.norm(net.left(x)) + net.norm(net.right(x))

    report = run(Net(forward, left=linear(), right=linear(), norm=nn.BatchNorm1d(4)), "3x4")
    assert {"left": (GIVEN,), "right": (GIVEN,), "norm": ("left", "right")} == sources(report)


def test_two_inputs(run: Run) -> None:
    """Two branches meet; a third is never taken."""

    def forward(net: Net, x: Tensor, y: Tensor) -> Tensor:
        return net.join(torch.stack([net.left(x), net.right(y)]).sum(0))

    report = run(Net(forward, left=linear(), right=linear(), never=linear(), join=linear()), "3x4", "3x4")
    assert {"left": (GIVEN,), "right": (GIVEN,), "never": None, "join": ("left", "right")} == sources(report)


def test_encoder_and_decoder(run: Run) -> None:
    """Each is folded by name: the decoder works on the encoder, and its layers on what it was given."""

    def decode(net: Net, y: Tensor, memory: Tensor) -> Tensor:
        for layer in net.layers:
            y = layer(y + memory)
        return y

    def forward(net: Net, x: Tensor, y: Tensor) -> Tensor:
        return net.stacks["decoder"](y, net.stacks["encoder"](x))

    encoder = nn.Sequential(linear(), nn.LayerNorm(4))
    decoder = Net(decode, layers=nn.ModuleList([linear(), linear()]))
    model = Net(forward, stacks=nn.ModuleDict({"encoder": encoder, "decoder": decoder}))
    report = run(model, "3x4", "3x4")
    assert {
        "stacks": (GIVEN,),
        "stacks.encoder": (GIVEN,),
        "stacks.encoder.0": (GIVEN,),
        "stacks.encoder.1": ("stacks.encoder.0",),
        "stacks.decoder": (GIVEN, "stacks.encoder"),
        "stacks.decoder.layers": (GIVEN,),
        "stacks.decoder.layers.0": (GIVEN,),
        "stacks.decoder.layers.1": (GIVEN, "stacks.decoder.layers.0"),
    } == sources(report)
    assert {
        "": ("stacks",),
        "stacks": ("stacks.decoder",),
        "stacks.encoder": ("stacks.encoder.1",),
        "stacks.decoder": ("stacks.decoder.layers",),
        "stacks.decoder.layers": ("stacks.decoder.layers.1",),
    } == ends(report)


def test_parameters_and_constants_are_no_sources(run: Run) -> None:
    """A learnt query and a mask come from nowhere; an embedding of a constant is a result like any other."""

    def forward(net: Net, x: Tensor) -> Tensor:
        asked = net.query(net.start * torch.ones(4, device=x.device))
        places = net.places(torch.arange(3, device=x.device))
        return net.mix(asked + places + x)

    model = Net(forward, query=linear(), places=nn.Embedding(3, 4), mix=linear())
    model.start = nn.Parameter(torch.ones(1, 4))
    assert {"query": (), "places": (), "mix": (GIVEN, "query", "places")} == sources(run(model, "3x4"))


def test_identities_are_on_the_way(run: Run) -> None:
    """A module without operations gives on what it was given; of query, key and value each goes its own way."""

    def forward(net: Net, x: Tensor) -> Tensor:
        q, k, v = net.drop(net.qkv(x)).chunk(3, -1)
        q, k = net.q_norm(q), net.k_norm(k)
        return net.out(q.transpose(0, 1).t() * k + v)

    parts = {"qkv": nn.Linear(4, 12), "drop": nn.Dropout(0.0), "q_norm": nn.Identity(), "k_norm": nn.Identity()}
    assert {
        "qkv": (GIVEN,),
        "drop": ("qkv",),
        "q_norm": ("drop",),
        "k_norm": ("drop",),
        "out": ("drop", "q_norm", "k_norm"),
    } == sources(run(Net(forward, **parts, out=linear()), "3x4"))


def test_written_slice_by_slice(run: Run) -> None:
    """A new tensor, and a buffer, hold the results that were written into them."""

    def forward(net: Net, x: Tensor) -> Tensor:
        both = torch.empty(2, 3, 4, device=x.device)
        both[0] = net.left(x)
        both[1] = net.right(x)
        with torch.no_grad():
            net.cache.copy_(net.kept(x))
        return net.join(both).sum(0) + net.again(net.cache)

    parts = {name: linear() for name in ("left", "right", "kept", "join", "again")}
    model = Net(forward, **parts)
    model.register_buffer("cache", torch.zeros(3, 4))
    expected = {"left": (GIVEN,), "right": (GIVEN,), "kept": (GIVEN,), "join": ("left", "right"), "again": ("kept",)}
    assert expected == sources(run(model, "3x4"))


def test_called_from_elsewhere(run: Run) -> None:
    """A module counts where its name is, whoever calls it; one without a name is a part of who calls it."""

    def inside(net: Net, x: Tensor) -> Tensor:
        return net.own(net.borrowed[0](net.nameless[0](x)))

    def forward(net: Net, x: Tensor) -> Tensor:
        return net.tower.hidden.last(net.tower(x))

    shared = linear()
    tower = Net(inside, own=linear(), hidden=nn.ModuleDict({"last": nn.Tanh()}))
    tower.borrowed, tower.nameless = [shared], [nn.Sigmoid()]
    assert {
        "tower": (GIVEN, "tower", "shared"),
        "tower.own": (GIVEN,),
        "tower.hidden": (GIVEN,),
        "tower.hidden.last": (GIVEN,),
        "shared": ("tower",),
    } == sources(run(Net(forward, tower=tower, shared=shared), "3x4"))


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_memory_that_is_used_again_is_another_tensor(run: Run, device: str) -> None:
    """What is made where a freed result lay is not that result."""

    def forward(net: Net, x: Tensor) -> Tensor:
        with torch.no_grad():
            for _ in range(20):
                net.gone(x)
                net.fresh(torch.zeros(3, 4, device=x.device))
        return net.fresh(torch.ones(3, 4, device=x.device))

    report = run(Net(forward, gone=linear(), fresh=linear()), "3x4", device=device)
    assert {"gone": (GIVEN,), "fresh": ()} == sources(report)


def test_what_a_checkpoint_computes_again_counts_once(run: Run) -> None:
    """In backward the body runs again, and nothing flows there."""

    def forward(net: Net, x: Tensor) -> Tensor:
        return net.head(checkpoint(net.body, net.stem(x), use_reentrant=False))

    report = run(Net(forward, stem=linear(), body=nn.Sequential(linear(), nn.Tanh()), head=linear()), "3x4")
    assert {
        "stem": (GIVEN,),
        "body": ("stem",),
        "body.0": (GIVEN,),
        "body.1": ("body.0",),
        "head": ("body",),
    } == sources(report)


def test_many_sources_are_cut(run: Run) -> None:
    """Of 70 branches that meet, the last 64 are told."""

    def forward(net: Net, x: Tensor) -> Tensor:
        return net.join(sum(getattr(net, f"branch{index}")(x) for index in range(70)))

    branches = {f"branch{index}": nn.Tanh() for index in range(70)}
    (joined,) = [
        row.sources for row in run(Net(forward, **branches, join=linear()), "3x4").modules if row.path == "join"
    ]
    assert tuple(range(1 + 70 - LIMIT, 1 + 70)) == joined


def test_unknown_where_forward_fails(run: Run) -> None:
    """What the first layer worked on before the second one failed is not told."""
    assert {"0": None, "1": None} == sources(run(nn.Sequential(linear(), nn.Linear(5, 5)), "3x4"))


def test_lazy_layers(run: Run) -> None:
    """They are there from the start, whatever shape they take."""
    assert {"0": (GIVEN,), "1": ("0",)} == sources(run(lambda: nn.Sequential(nn.LazyLinear(4), nn.ReLU()), "3x4"))


def test_gpt2() -> None:
    """Tokens and positions are added; each block works on the one before it, and the norm on the last."""
    report = probe(Catalog().spec("builtin:gpt2"), ProbeOptions())
    found = {path: given for path, given in sources(report).items() if path.count(".") < 2}
    blocks = {f"h.{index}": (f"h.{index - 1}",) for index in range(1, 12)}
    assert {
        "wte": (GIVEN,),
        "wpe": (),
        "h": ("wte", "wpe"),
        "h.0": (GIVEN,),
        **blocks,
        "ln_f": ("h",),
        "lm_head": ("ln_f",),
    } == found


@pytest.mark.parametrize("make", [lambda: nn.Transformer(8, 2, 1, 1, 16, batch_first=True), lambda: nn.LSTM(8, 8, 2)])
def test_the_same_with_real_values(run: Run, make: Callable[[], nn.Module]) -> None:
    """Kernels differ between devices, and what flows where does not."""
    given = ("2x3x8", "2x3x8") if isinstance(make(), nn.Transformer) else ("2x3x8",)
    meta, cpu = (run(make, *given, device=device) for device in ("meta", "cpu"))
    assert (sources(meta), ends(meta)) == (sources(cpu), ends(cpu))
