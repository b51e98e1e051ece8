"""Tests of `reportgen.example_inputs`, and of live modules that are given examples."""

from __future__ import annotations

from collections import UserDict

import pytest
import torch
from torch import nn

import reportgen
from reportgen.errors import ConfigError
from reportgen.example_inputs import specs_of
from reportgen.registry.base import InputSpec

IMAGE, IDS = torch.ones(2, 3), torch.tensor([[3, 9], [5, 4]])


def detector(images, targets, scale=None):
    """A forward of lists and dictionaries."""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), ()),
        ("2x3", (InputSpec((2, 3)),)),
        (["2x3", "ids=4:int64"], (InputSpec((2, 3)), InputSpec((4,), "int64", "ids"))),
        (InputSpec((1,)), (InputSpec((1,)),)),
        (IMAGE, (InputSpec((2, 3)),)),
        ((IMAGE, IDS), (InputSpec((2, 3)), InputSpec((2, 2), "int64", None, 3, 9))),
        ({"x": IMAGE.half(), "ids": IDS}, (InputSpec((2, 3), "float16", "x"), InputSpec((2, 2), "int64", "ids", 3, 9))),
        (UserDict(mask=IMAGE.bool()), (InputSpec((2, 3), "bool", "mask"),)),
        (IMAGE.numpy(), (InputSpec((2, 3)),)),
        (IDS.to("meta"), (InputSpec((2, 2), "int64"),)),
        (torch.zeros(0, 2, dtype=torch.int32), (InputSpec((0, 2), "int32"),)),
        (torch.tensor(1.5), (InputSpec(()),)),
        (
            ([IMAGE, IMAGE], [{"boxes": IMAGE}]),
            (
                InputSpec((2, 3), "float32", "images.0"),
                InputSpec((2, 3), "float32", "images.1"),
                InputSpec((2, 3), "float32", "targets.0.boxes"),
            ),
        ),
    ],
)
def test_specifications(given, expected):
    """Texts are read; of tensors shape and dtype are taken, and the range of integers that have values."""
    assert expected == specs_of(given, detector)


@pytest.mark.parametrize(
    ("given", "forward", "what"),
    [
        ((IMAGE, None), detector, "the input targets is a NoneType, and no tensor"),
        ({"x": 3}, None, "the input x is a int, and no tensor"),
        (([IMAGE],), None, "nothing says what the arguments of these inputs are called"),
        (torch.zeros(2, dtype=torch.uint16), None, "the input given has the dtype uint16, which no report can make"),
    ],
)
def test_what_is_no_tensor(given, forward, what):
    """Each thing that a report cannot make is named."""
    with pytest.raises(ConfigError) as caught:
        specs_of(given, forward)
    assert what == str(caught.value)


class Net(nn.Module):
    """An embedding, dropout and a head, half of it with a gradient from before."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(10, 4)
        self.drop = nn.Dropout()
        self.head = nn.Linear(4, 2)

    def forward(self, ids, scale):
        """One row of words after the other."""
        return self.head(self.drop(self.words(ids))) * scale


def test_a_live_module_is_left_as_it_was():
    """Values, gradients, modes, hooks, flags and random numbers; the examples as well."""
    net = Net().eval()
    net.drop.train()
    net.words.weight.requires_grad_(False)
    net.head.weight.grad = torch.ones(2, 4)
    calls: list[int] = []
    net.register_forward_hook(lambda *_: calls.append(1))
    state = {name: value.clone() for name, value in net.state_dict().items()}
    ids, scale, drawn = IDS.clone(), torch.full((1,), 2.0), torch.get_rng_state()
    report = reportgen.probe(net, (ids, scale))
    assert [("ids", (2, 2), (3, 9)), ("scale", (1,), None)] == [
        (row.name, row.shape, row.values) for row in report.probe.inputs
    ]
    assert ("complete", 50) == (report.probe.status, report.totals.parameters.unique)
    assert torch.equal(drawn, torch.get_rng_state())
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert (False, True, False) == (net.training, net.drop.training, net.words.weight.requires_grad)
    assert torch.equal(net.head.weight.grad, torch.ones(2, 4))
    assert net.head.bias.grad is None
    assert torch.equal(ids, IDS)
    assert report == reportgen.probe(net, {"ids": ids, "scale": scale})
    net(ids, scale)
    assert calls[-1] == 1
