"""Memory by batch, against lines worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from reportgen.report.schema import ModelReport
from reportgen.report.totals import BytesByBatch, MemoryScaling

Run = Callable[..., ModelReport]


class Fixed(nn.Linear):
    """Takes three rows and no others."""

    def forward(self, x: Tensor) -> Tensor:
        """(3, 4) → (3, 2)."""
        return super().forward(x.view(3, 4))


class Pooled(nn.Linear):
    """The mean of its rows: the first dimension does not come out."""

    def forward(self, x: Tensor) -> Tensor:
        """(rows, 4) → (2,)."""
        return super().forward(x).mean(0)


class Values(nn.Linear):
    """Adds what it is told for each row."""

    def forward(self, x: Tensor, shift: Tensor) -> Tensor:
        """(rows, 4), (rows,) → (rows, 2)."""
        return super().forward(x) + shift[:, None]


def told(report: ModelReport) -> list[str]:
    """What the diagnostics say of scaling."""
    return [row.message for row in report.diagnostics if row.code == "not-scaled"]


def test_every_byte_of_a_line(run: Run) -> None:
    """Linear(4→8), ReLU, Linear(8→2), with 232 bytes of parameters; of a row, the input has 16 bytes, the output 8.

    Kept for backward of each row: the input and what ReLU gave (32). Most is there when ReLU goes back: that, the two
    gradients that it is given and gives (32 each) and the output, beside the second layer's gradients (72), the loss
    and its gradient (4 each). Without autograd it is two times 32.
    """
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    expected = MemoryScaling(
        batches=(3072, 6144),
        saved_for_backward=BytesByBatch(0, 16 + 32),
        peak_training=BytesByBatch(232 + 72 + 8, 16 + 32 + 2 * 32 + 8),
        peak_inference=BytesByBatch(232, 16 + 2 * 32),
    )
    assert expected == run(model, "3x4", batch_scaling=True).totals.memory.scaling


def test_only_where_it_is_asked_for(run: Run) -> None:
    """It takes two more probes."""
    assert run(nn.Linear(4, 2), "3x4").totals.memory.scaling is None


def test_given_values_are_repeated(run: Run) -> None:
    """A row each; the parameters have 40 bytes, a row 16 and its shift 4, each sum 8."""
    report = run(lambda: Values(4, 2), "3x4", "shift=3:float32:[1,2,3]", batch_scaling=True)
    assert ([], (3072, 6144)) == (told(report), report.totals.memory.scaling and report.totals.memory.scaling.batches)
    assert report.totals.memory.scaling is not None
    assert BytesByBatch(40, 16 + 4 + 2 * 8) == report.totals.memory.scaling.peak_inference


@pytest.mark.parametrize(
    ("make", "inputs", "reason"),
    [
        (lambda: Pooled(4, 2), ("3x4",), "the first dimension of the outputs does not grow as that of the inputs does"),
        (
            lambda: nn.LSTM(4, 2),
            ("5x3x4",),
            "the first dimension of the outputs does not grow as that of the inputs does",
        ),
        (lambda: Values(4, 2), ("3x4", "shift=1"), "the inputs do not have the same first dimension"),
        (
            lambda: Fixed(4, 2),
            ("3x4",),
            (
                "with 32 times the first dimension of every input, the forward pass fails (RuntimeError: shape '[3, 4]'"
                " is invalid for input of size 384)"
            ),
        ),
        (lambda: nn.Linear(4, 2), ("3x5",), "the forward pass did not finish"),
    ],
)
def test_not_applicable(run: Run, make: Callable[[], nn.Module], inputs: tuple[str, ...], reason: str) -> None:
    """Why there is no line."""
    report = run(make, *inputs, batch_scaling=True)
    assert [f"No scaling of memory with the batch: {reason}."] == told(report)
    assert report.totals.memory.scaling is None


def test_a_real_run_is_not_scaled(run: Run) -> None:
    """Larger batches may not fit into a real machine."""
    report = run(nn.Linear(4, 2), "3x4", device="cpu", batch_scaling=True)
    reason = "the model runs with real values, for which larger batches may be too large"
    assert [f"No scaling of memory with the batch: {reason}."] == told(report)


def test_the_line_holds_beyond_its_probes(run: Run) -> None:
    """A small convolutional network, predicted for a batch of 200 by the line through much larger ones."""
    model = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 900, 10))
    torch.manual_seed(0)
    scaling = run(model, "2x3x32x32", batch_scaling=True).totals.memory.scaling
    larger = run(model, "200x3x32x32").totals.memory
    assert scaling is not None
    lines = (scaling.saved_for_backward, scaling.peak_training, scaling.peak_inference)
    figures = (larger.saved_for_backward, larger.peak_training, larger.peak_inference)
    assert figures == tuple(line.fixed + 200 * line.per_sample for line in lines if line is not None)
