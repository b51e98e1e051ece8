"""The probe puts everything back, on success and on failure."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_modules

from reportgen.report.schema import ModelReport

Run = Callable[..., ModelReport]


class Meddler(nn.Module):
    """Changes every global state it can reach, draws random numbers, and may fail after that."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout()
        self.fails = fails

    def forward(self, x: Tensor) -> Tensor:
        torch.rand(3)
        random.random()  # noqa: S311 (not for secrets)
        np.random.rand()  # noqa: NPY002 (the global generator is what is meant)
        torch.manual_seed(99)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(True)
        torch.use_deterministic_algorithms(mode=True)
        torch.set_num_threads(1 + torch.get_num_threads())
        torch.set_float32_matmul_precision("medium")
        torch.autograd.set_detect_anomaly(mode=True)
        torch.backends.cudnn.benchmark = not torch.backends.cudnn.benchmark
        torch.backends.cuda.enable_flash_sdp(enabled=False)
        torch_modules.register_module_forward_hook(lambda *_: None)
        os.environ["REPORTGEN_TEST"] = "1"
        os.chdir("/")
        sys.setrecursionlimit(5000)
        if self.fails:
            raise RuntimeError("after the damage")
        return self.drop(self.norm(x))


def world() -> dict[str, Any]:
    """Every global thing that a probe could leave changed."""
    return {
        "torch": torch.get_rng_state().tolist(),
        "random": random.getstate(),
        "numpy": str(np.random.get_state()),  # noqa: NPY002 (as above)
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "fastpath": torch.backends.mha.get_fastpath_enabled(),
        "threads": torch.get_num_threads(),
        "precision": torch.get_float32_matmul_precision(),
        "anomaly": torch.is_anomaly_enabled(),
        "cudnn": torch.backends.cudnn.benchmark,
        "attention": torch.backends.cuda.flash_sdp_enabled(),
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "recursion": sys.getrecursionlimit(),
        "hooks": [
            len(getattr(torch_modules, name))
            for name in vars(torch_modules)
            if name.startswith("_global_") and isinstance(getattr(torch_modules, name), dict)
        ],
        "modes": torch.overrides._len_torch_function_stack(),
        "dispatch": torch._C._len_torch_dispatch_stack(),  # type: ignore[attr-defined]
    }


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_the_world_is_as_it_was(run: Run, device: str, fails: bool) -> None:
    """Generators, defaults, modes, hooks: all as before."""
    torch.manual_seed(5)
    before = world()
    with torch.no_grad():
        inside = world()
        report = run(Meddler(fails=fails), "3x4", device=device)
        assert world() == inside
    assert report.probe.stages.forward == ("failed" if fails else "ok")
    assert world() == before


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_live_module_is_as_it_was(run: Run, device: str) -> None:
    """Values, buffers, gradients, modes, trainability and hooks of a live module are untouched."""
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout()).eval()
    model[1].train()
    model[0].bias.requires_grad_(requires_grad=False)
    model(torch.ones(2, 4)).sum().backward()
    seen: list[str] = []
    handle = model[0].register_forward_hook(lambda *_: None)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    gradients = [parameter.grad for parameter in model.parameters()]
    parameters = list(model.parameters())
    run(model, "3x4", device=device, mode="train", freeze=("*",))
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert [parameter.grad for parameter in model.parameters()] == gradients
    assert all(one is other for one, other in zip(model.parameters(), parameters, strict=True))
    assert [module.training for module in model.modules()] == [False, False, True, False]
    assert [parameter.requires_grad for parameter in parameters] == [True, False, True, True]
    assert (len(model[0]._forward_hooks), seen) == (1, [])
    handle.remove()


def test_the_same_probe_twice_gives_the_same_record(run: Run) -> None:
    """The user's generators do not leak in."""
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout())
    first = run(model, "3x4", device="cpu")
    torch.rand(17)
    assert run(model, "3x4", device="cpu") == first


def test_a_default_device_is_kept(run: Run) -> None:
    """A default device that was set before is set after."""
    torch.set_default_device("meta")
    try:
        run(nn.Linear(4, 2), "3x4", device="cpu")
        assert torch.get_default_device() == torch.device("meta")
    finally:
        torch.set_default_device(None)


def test_a_live_lazy_module_stays_lazy(run: Run) -> None:
    """The copy takes shape; the module itself can still take another."""
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d())
    reports = [run(model, "2x3x8x8", device=device) for device in ("meta", "cpu", "meta")]
    assert [report.probe.status for report in reports] == ["complete"] * 3
    assert [nn.parameter.is_lazy(tensor) for tensor in (*model.parameters(), model[1].running_mean)] == [True] * 5
    assert model(torch.ones(2, 5, 8, 8)).shape == (2, 4, 6, 6)
