"""Tests of `reportgen.analysis.keymap`."""

from __future__ import annotations

import pytest
import torch

from reportgen.analysis.diff import diff
from reportgen.analysis.keymap import prefix_rules, renamed


@pytest.mark.parametrize(
    ("renames", "others", "expected"),
    [
        ({"a.w": "module.a.w", "b.w": "module.b.w"}, (), {"": "module."}),
        ({"module.a.w": "a.w", "module.b.w": "b.w"}, (), {"module.": ""}),
        ({"l.0.w": "s.0.w", "l.1.w": "s.1.w"}, ("head.w",), {"l.": "s."}),
        ({"1.w": "2.w", "2.w": "3.w"}, ("0.w",), {"1.": "2.", "2.": "3."}),
        ({"a.weight": "a.weight_orig"}, ("a.bias",), {"a.weight": "a.weight_orig"}),
        ({"a.weight": "a.base.weight"}, ("a.bias",), None),
        ({"w": "v"}, ("w2",), None),
        ({"a.w": "b.w"}, ("b.w",), None),
        ({f"{chr(97 + index)}.w": f"{index}.w" for index in range(13)}, (), None),
    ],
)
def test_rules_rename_just_what_the_map_renames(renames, others, expected):
    """Few prefixes where they do, and none where one would rename more, or two keys would become one."""
    assert expected == prefix_rules(renames, (*renames, *others))


def test_the_longest_prefix_goes_first():
    """``a.b.`` before ``a.``; what fits none stays."""
    rules = {"a.": "x.", "a.b.": "y."}
    assert ["x.c", "y.c", "b.c"] == [renamed(key, rules) for key in ("a.c", "a.b.c", "b.c")]


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")  # torch.compile imports what is deprecated
@pytest.mark.parametrize("form", ["parallel", "compiled", "adapted", "pruned", "renamed", "head", "deeper"])
def test_the_key_map_really_loads(net, record, variants, form):
    """Torch takes the renamed state dict, misses what the verdict says, and has the old values in the new places."""
    torch.manual_seed(1)
    old, new = net(), variants[form]()
    told = diff(record(net), record(variants[form])).checkpoint
    state = {told.renames.get(key, key): tensor for key, tensor in old.state_dict().items()}
    missing, unexpected = new.load_state_dict(state, strict=False)
    assert told.renamed.missing == tuple(missing)
    assert told.renamed.unexpected == tuple(unexpected)
    loaded = new.state_dict()
    assert all(torch.equal(loaded[told.renames.get(key, key)], tensor) for key, tensor in old.state_dict().items())
