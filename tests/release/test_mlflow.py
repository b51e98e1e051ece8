"""Tests of `reportgen.release.mlflow`."""

from __future__ import annotations

import json

import msgspec
import pytest

from reportgen.errors import RenderError
from reportgen.release.mlflow import mlflow
from reportgen.report.schema import InputFacts, OutputFacts
from reportgen.report.totals import MemoryScaling


def read(report):
    """The signature, with the JSON texts in it read."""
    return {side: json.loads(text) for side, text in json.loads(mlflow(report)).items()}


def tensor(name, dtype, shape):
    """One tensor of a signature."""
    return {
        **({} if name is None else {"name": name}),
        "type": "tensor",
        "tensor-spec": {"dtype": dtype, "shape": shape},
    }


def sides(make_report, inputs, outputs):
    """A report whose model takes and gives tensors of these names and shapes."""
    return make_report(
        inputs=[InputFacts(name=name, shape=shape, dtype="float32", origin="user") for name, shape in inputs.items()],
        outputs=[OutputFacts(path=path, shape=shape, dtype="float32", in_loss=True) for path, shape in outputs.items()],
    )


def test_signature(tied_gpt):
    """Two sequences of 16 tokens went in, two came out: any number may."""
    assert {
        "inputs": [tensor("input_ids", "int64", [-1, 16])],
        "outputs": [tensor("logits", "float32", [-1, 16, 100])],
    } == read(tied_gpt)


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        ({"x": (1, 3, 8, 8)}, {"": (1, 10)}, [[-1, 3, 8, 8], [-1, 10]]),
        ({"x": (4,)}, {"": (2,)}, [[4], [2]]),
        ({"a": (2, 3), "b": (2, 5)}, {"loss": (), "logits": (2, 7)}, [[-1, 3], [-1, 5], [], [-1, 7]]),
        ({"a": (2, 3), "b": (4, 3)}, {"": (2, 3)}, [[2, 3], [4, 3], [2, 3]]),
        ({"x": (2, 3)}, {}, [[2, 3]]),
        ({"x": (2, 3)}, {"": (2, None)}, [[-1, 3], [-1, -1]]),
    ],
)
def test_batches(make_report, inputs, outputs, expected):
    """A first dimension that all tensors share is a batch, scalars aside; what is ragged has any size anyhow."""
    found = read(sides(make_report, inputs, outputs))
    assert expected == [row["tensor-spec"]["shape"] for side in found.values() for row in side]


def test_measured_by_batch(make_report):
    """Where the model ran with other batches, its outputs need not tell."""
    report = sides(make_report, {"x": (2, 3)}, {"": (6,)})
    line = MemoryScaling(batches=(2, 4), saved_for_backward=None, peak_training=None, peak_inference=None)
    memory = msgspec.structs.replace(report.totals.memory, scaling=line)
    totals = msgspec.structs.replace(report.totals, memory=memory)
    assert {
        "inputs": [tensor("x", "float32", [-1, 3])],
        "outputs": [tensor(None, "float32", [-1])],
    } == read(msgspec.structs.replace(report, totals=totals))


def test_forward_failed(forward_failed):
    """What went in is known, what would have come out is not."""
    assert {"inputs": [tensor("x", "float32", [1, 4])]} == read(forward_failed)


def test_no_inputs(constructor_failed):
    """MLflow refuses an empty schema."""
    with pytest.raises(RenderError, match="the report on unbuildable has none") as caught:
        mlflow(constructor_failed)
    assert "export-impossible" == caught.value.code


def test_dtypes_that_numpy_lacks(make_report):
    """Another one in its place would be a lie."""
    rows = [InputFacts(name="x", shape=(1, 4), dtype="bfloat16", origin="user")]
    with pytest.raises(RenderError, match="MLflow has no dtype bfloat16"):
        mlflow(make_report(inputs=rows))


@pytest.mark.filterwarnings("ignore")  # whatever MLflow itself has to say
def test_mlflow_reads_it(any_report):
    """MLflow itself, where it is installed."""
    signature = pytest.importorskip("mlflow.models.signature")
    if not any_report.probe.inputs:
        pytest.skip("nothing to sign")
    document = json.loads(mlflow(any_report))
    found = signature.ModelSignature.from_dict(document)
    rows = [(row.name, row.dtype) for row in any_report.probe.inputs]
    expected = [(name.replace("\ud800", "\\ud800"), dtype) for name, dtype in rows]
    assert expected == [(row.name, row.type.name) for row in found.inputs.inputs]
