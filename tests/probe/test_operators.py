"""Formulas for operators that come from outside torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import flop_registry, register_flop_formula

import reportgen
from reportgen.errors import ConfigError
from reportgen.registry import operators
from reportgen.report.schema import ModelReport
from reportgen.report.totals import UncountedOperation

Run = Callable[..., ModelReport]


@torch.library.custom_op("reportgen_test::rows", mutates_args=())
def rows(x: Tensor, times: int) -> Tensor:
    """The product of a matrix by its transpose, so many times."""
    return times * (x @ x.T)


@rows.register_fake
def _(x: Tensor, times: int) -> Tensor:
    return x.new_empty(x.shape[0], x.shape[0])


class Rows(nn.Module):
    """Calls the operator."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.reportgen_test.rows(x, 5)


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Leaves both registries as they were."""
    yield
    operators.FORMULAS.pop("reportgen_test::rows", None)
    flop_registry.pop(torch.ops.reportgen_test.rows, None)


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.usefixtures("forgotten")
def test_a_registered_formula(device: str, run: Run) -> None:
    """It gets the operator's arguments and its result; before it was there, the operator was named as uncounted."""
    before = run(Rows(), "3x4", device=device).totals.flops
    assert (before.forward, before.uncounted) == (0, (UncountedOperation("reportgen_test.rows", 1),))

    @reportgen.flop_formula("reportgen_test::rows")
    def flops(x: Tensor, times: int, *, out: Tensor) -> int:
        return 2 * times * out.numel() * x.shape[1]

    after = run(Rows(), "3x4", device=device).totals.flops
    assert (after.forward, after.exact) == (2 * 5 * 9 * 4, True)


@pytest.mark.usefixtures("forgotten")
def test_torchs_own_registry(run: Run) -> None:
    """A formula that was registered with torch is used, and one of ours comes before it."""
    register_flop_formula(torch.ops.reportgen_test.rows)(lambda x, times, out_shape=None, **_: 7 * times)
    assert run(Rows(), "3x4").totals.flops.forward == 35
    reportgen.flop_formula("reportgen_test::rows")(lambda x, times, *, out: None)
    assert run(Rows(), "3x4").totals.flops.uncounted == (UncountedOperation("reportgen_test.rows", 1),)


@pytest.mark.parametrize("name", ["rows", "reportgen_test::", "reportgen_test::rows.default", "a.b::c"])
def test_names_that_are_none(name: str) -> None:
    """An operator has a namespace and a name, and no overload here."""
    with pytest.raises(ConfigError, match="is not the name of an operator"):
        reportgen.flop_formula(name)


def test_registering_imports_no_torch() -> None:
    """A library can register its formulas without making every importer of it pay for torch."""
    code = "import sys, reportgen; reportgen.flop_formula('a::b')(lambda *, out: 1); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
