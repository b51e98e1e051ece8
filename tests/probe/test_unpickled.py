"""Tests of `reportgen.probe.unpickled`: checkpoints of torch, none of whose code is ever run."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn

from reportgen.errors import CheckpointError
from reportgen.probe.unpickled import Held, read
from reportgen.report.checkpoint import StoredTensor


class Evil:
    """A value whose pickle makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def saved(folder: Path, content: object, **options: object) -> Path:
    """What ``torch.save`` makes of it."""
    torch.save(content, folder / "m.pt", **options)
    return folder / "m.pt"


LINEAR = (StoredTensor("weight", (3, 2), "float32", 24), StoredTensor("bias", (3,), "float32", 12))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_state_dict(tmp_path, zipped):
    """Its tensors in order, and the versions of its modules; also in the format of torch before 1.6."""
    path = saved(tmp_path, nn.Linear(2, 3).state_dict(), _use_new_zipfile_serialization=zipped)
    assert Held(None, LINEAR, {"": 1}) == read(path, None)


def test_a_training_checkpoint(tmp_path):
    """The one mapping of names to tensors is found, whatever it is called; the optimizer's is none."""
    model = nn.Linear(2, 3)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    content = {"epoch": 3, "nets": {"student": model.state_dict()}, "optimizer": optimizer.state_dict()}
    assert Held("nets.student", LINEAR, {"": 1}) == read(saved(tmp_path, content), None)


def test_several_lots_of_tensors(tmp_path):
    """Which one is meant has to be said, by the place that the error names."""
    path = saved(tmp_path, {"model": nn.Linear(2, 3).state_dict(), "ema": {"w": torch.zeros(1)}})
    with pytest.raises(CheckpointError, match=r"^m.pt holds 2 state dicts: model, ema$"):
        read(path, None)
    assert LINEAR == read(path, "model").tensors
    with pytest.raises(CheckpointError, match=r"^m.pt has no state dict at net$") as caught:
        read(path, "net")
    assert "it has model, ema" == caught.value.remedy
    whole = saved(tmp_path, nn.Linear(2, 3).state_dict())
    with pytest.raises(CheckpointError) as caught:
        read(whole, "net")
    assert "leave the key out: the file is a state dict as a whole" == caught.value.remedy


def test_tensors_and_other_things_in_one_mapping(tmp_path):
    """What is no tensor is a key without a shape."""
    held = read(saved(tmp_path, {"w": torch.zeros(1), "epoch": 3}), None)
    assert (StoredTensor("w", (1,), "float32", 4), StoredTensor("epoch", None, None, None)) == held.tensors


def test_memory_that_keys_share(tmp_path):
    """A tied tensor is in the file once; so says its second key. A part of another is one of its own."""
    w = torch.zeros(4, 2)
    held = read(saved(tmp_path, OrderedDict(a=w, b=w, c=w[:2])), None)
    assert ((None, "a", None), (32, 32, 16)) == (
        tuple(row.same_as for row in held.tensors),
        tuple(row.bytes for row in held.tensors),
    )


@pytest.mark.filterwarnings("ignore:.*jit:DeprecationWarning")
def test_code_is_refused_and_not_run(tmp_path):
    """A pickle that calls something, a whole model, and a TorchScript archive: cause, code, and a remedy."""
    torch.jit.save(torch.jit.trace(nn.Linear(2, 3), torch.ones(1, 2)), tmp_path / "script.pt")
    torch.save(nn.Linear(2, 3), tmp_path / "whole.pt")
    torch.save({"w": torch.zeros(1), "x": Evil(tmp_path / "made")}, tmp_path / "evil.pt")
    for name, what in (
        ("script.pt", "script.pt is a TorchScript archive, a program and no checkpoint"),
        (
            "whole.pt",
            "whole.pt can only be read by running code, torch.nn.modules.linear.Linear; nothing of it was run",
        ),
        ("evil.pt", "evil.pt can only be read by running code, posix.mkdir; nothing of it was run"),
    ):
        with pytest.raises(CheckpointError) as caught:
            read(tmp_path / name, None)
        assert (what, "checkpoint-needs-code") == (str(caught.value), caught.value.code)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a pickle", b"\x80\x02K\x01."])
def test_damaged_files(tmp_path, content):
    """Whatever torch says of it, it is a damaged file of that name."""
    (tmp_path / "m.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"^m.pt (is no sound checkpoint of torch: \S|holds no mapping of names)"):
        read(tmp_path / "m.pt", None)


def test_advice_to_run_a_damaged_file_is_not_passed_on(tmp_path):
    """Torch says what it stumbled over, and how to have the file run all the same; only the former is told."""
    (tmp_path / "m.pt").write_bytes(bytes([131]))
    with pytest.raises(CheckpointError) as caught:
        read(tmp_path / "m.pt", None)
    assert "m.pt is no sound checkpoint of torch: Unsupported operand 131" == str(caught.value)


def test_a_checkpoint_without_tensors(tmp_path):
    """A list, say."""
    with pytest.raises(CheckpointError, match=r"^m.pt holds no mapping of names to tensors, but list$"):
        read(saved(tmp_path, [torch.zeros(1)]), None)
