"""Tests of `reportgen.analysis.lines`: each difference in as few lines as tell it."""

from __future__ import annotations

import pytest
from torch import nn

from reportgen.analysis.diff import diff
from reportgen.analysis.lines import lines
from reportgen.report.difference import Repeat, Run


@pytest.fixture
def told(record):
    """What is told of modules and tensors, as the words with the old and new names."""

    def run(old, new):
        found = lines(diff(record(old), record(new)))
        modules = [
            (line.what, [row.path for row in line.old], [row.path for row in line.new]) for line in found.modules
        ]
        tensors = [
            (line.what, [row.name for row in line.old], [row.name for row in line.new]) for line in found.tensors
        ]
        return modules, tensors, found

    return run


def test_blocks_put_on_are_one_line(net, told):
    """``layers.0–2 ×3 → layers.0–4 ×5``, with the twenty tensors of the two new ones."""
    modules, tensors, found = told(net, lambda: net(depth=5))
    (line,) = found.modules
    block = "conftest.Block" if "." in line.new[0].class_name else line.new[0].class_name
    assert [(("added",), [], ["layers.3", "layers.4"])] == modules
    assert [] == tensors
    assert line.tensors == 20
    assert line.repeat is not None
    assert Repeat(Run("layers.0", 3, line.new[0].class_name), Run("layers.0", 5, line.new[0].class_name)) == line.repeat
    assert block.endswith("Block")


def test_a_renamed_stage_is_one_line(net, told):
    """Thirty tensors carry its name, and are none of their own."""
    modules, tensors, found = told(net, lambda: net(stage="blocks"))
    assert [(("renamed",), ["layers"], ["blocks"])] == modules
    assert ([], 30) == (tensors, found.carried)


def test_a_wrapped_model_is_one_line(net, told):
    """The wrapper is named, and no module of its own."""
    modules, _, found = told(net, lambda: nn.DataParallel(net()))
    assert [(("wrapped",), [""], ["module"])] == modules
    assert "torch.nn.parallel.data_parallel.DataParallel" == found.modules[0].wrapper
    assert [(("unwrapped",), ["module"], [""])] == told(lambda: nn.DataParallel(net()), net)[0]


def test_what_lies_in_an_added_module_goes_with_it(told):
    """Of a new branch of three modules the topmost is told, with all of its tensors."""
    old = nn.ModuleDict({"a": nn.Linear(2, 2)})
    new = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))})
    modules, tensors, found = told(lambda: old, lambda: new)
    assert [(("added",), [], ["b"])] == modules
    assert ([], 2 + 5) == (tensors, found.modules[0].tensors)


def test_equal_changes_are_one_line(net, told):
    """The same tensor of every block."""
    _, tensors, _ = told(net, lambda: net(width=16))
    whole = [f"layers.{index}.norm.weight" for index in range(3)]
    assert (("reshaped",), whole, whole) in tensors
    assert 13 - 1 == len(tensors)  # of ten in a block and three more all but the head's bias
