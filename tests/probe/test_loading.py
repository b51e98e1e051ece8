"""Tests of `reportgen.probe.loading`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from reportgen.report.state import ClassVersion, ModuleSlot, StateFacts

BATCH_NORM = ClassVersion(
    class_name="torch.nn.modules.batchnorm.BatchNorm1d", version=2, fills=("num_batches_tracked",)
)


def test_second_paths_and_empty_places(run):
    """A module under a second path stands there with all below it; a place that holds None is one too."""

    def make() -> nn.Module:
        block = nn.Sequential(nn.Linear(2, 2))
        model = nn.ModuleDict({"a": block, "b": nn.ReLU(), "c": block})
        model.register_module("d", None)
        return model

    expected = StateFacts(
        slots=(
            ModuleSlot(path="d", before=1, module=None),
            ModuleSlot(path="c", before=4, module=1),
            ModuleSlot(path="c.0", before=4, module=2),
        )
    )
    assert expected == run(make).state


def test_versions_of_classes(run):
    """Batch norms have version 2, in which their counter came."""
    assert StateFacts(versions=(BATCH_NORM,)) == run(nn.Sequential(nn.BatchNorm1d(2)), "2x2").state


class Released(nn.Module):
    """Keeps the version of its release where torch looks for a number."""

    _version = "v2.1"

    def forward(self, x):
        return x


def test_a_version_that_is_no_number(run):
    """Is none of torch's; as if there were none."""
    assert StateFacts() == run(Released(), "2x2").state


class Extra(nn.Module):
    """Saves more than tensors."""

    def get_extra_state(self) -> int:
        """A number."""
        return 1

    def set_extra_state(self, state: int) -> None:
        """Takes any."""


class Saves(nn.Module):
    """Saves in a way of its own."""

    def _save_to_state_dict(self, *arguments) -> None:
        super()._save_to_state_dict(*arguments)


def hooked() -> nn.Module:
    """Has a hook on its state dict."""
    model = nn.Linear(2, 2)
    model.register_state_dict_post_hook(lambda *_: None)
    return model


def quiet_norm() -> nn.Module:
    """Its counter stays, though it was told not to count."""
    model = nn.BatchNorm1d(2)
    model.track_running_stats = False
    return model


@pytest.mark.parametrize("make", [Extra, Saves, hooked, quiet_norm, lambda: nn.LazyLinear(2)])
def test_who_saves_or_loads_in_a_way_of_its_own(run, make):
    """Extra state, methods and hooks, and a batch norm whose counter is not as it says."""
    report = run(lambda: nn.Sequential(nn.Identity(), make()), mode="eval")
    assert (2,) == report.state.custom


def test_usual_models_load_in_torchs_way(run):
    """Layers of torch, wrappers and instance norms have nothing of their own."""
    layers = (nn.LSTM(2, 2), nn.MultiheadAttention(2, 1), nn.InstanceNorm1d(2), nn.BatchNorm1d(2, affine=False))
    assert (
        ()
        == run(lambda: nn.DataParallel(nn.ModuleList([*layers, nn.Embedding(2, 2), torch.nn.GRU(2, 2)]))).state.custom
    )
