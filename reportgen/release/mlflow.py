"""An MLflow model signature: what `mlflow.models.ModelSignature.from_dict` takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from reportgen.errors import RenderError
from reportgen.release.texts import json_text, sound

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

_ANY = -1  # a dimension of any size
# Signatures have numpy's dtypes, which lack bfloat16 and everything narrower than a byte.
_DTYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split()
)

Tensor = tuple[str, str, Sequence[int | None]]  # name, dtype, sizes


def mlflow(report: ModelReport) -> str:
    """The signature as a JSON object whose members ``inputs`` and ``outputs`` are JSON texts themselves.

    The first dimension is -1, of any size, where it is a batch: see `_is_batch`. Outputs are left out where the forward
    pass did not finish, or gave no tensor.

    Raises:
        RenderError: the report has no inputs, or a tensor has a dtype that numpy, and so MLflow, does not.
    """
    probe = report.probe
    if not probe.inputs:
        raise RenderError(
            f"a signature needs inputs, and the report on {sound(report.model.name)} has none",
            code="export-impossible",
            remedy="give the model's inputs with `reportgen build --input`",
        )
    inputs: list[Tensor] = [(row.name, row.dtype, row.shape) for row in probe.inputs]
    outputs: list[Tensor] = [(row.path, row.dtype, row.shape) for row in probe.outputs or ()]
    batch = report.totals.memory.scaling is not None or _is_batch([sizes for _, _, sizes in (*inputs, *outputs)])
    sides = {"inputs": inputs, "outputs": outputs}
    return json_text({side: _schema(tensors, batch=batch) for side, tensors in sides.items() if tensors})


def _is_batch(shapes: Iterable[Sequence[int | None]]) -> bool:
    """Whether all tensors, but for scalars, have the same first dimension.

    Measured memory by batch (`--batch-scaling`) proves more: that the model ran with others.
    """
    firsts = [sizes[0] for sizes in shapes if sizes]
    return len(firsts) > 1 and len(set(firsts)) == 1


def _schema(tensors: Sequence[Tensor], *, batch: bool) -> str:
    """One tensor without a name stays without one; where there are several, each needs one."""
    named = all(name for name, _, _ in tensors)
    return json.dumps(
        [
            {**({"name": sound(name)} if named else {}), "type": "tensor", "tensor-spec": _spec(dtype, sizes, batch)}
            for name, dtype, sizes in tensors
        ]
    )


def _spec(dtype: str, sizes: Sequence[int | None], batch: bool) -> dict[str, Any]:
    if dtype not in _DTYPES:
        raise RenderError(
            f"MLflow has no dtype {sound(dtype)}",
            code="export-impossible",
            remedy="make the report in a dtype that numpy has, with `reportgen build --dtype float32`",
        )
    shape = [_ANY if size is None else size for size in sizes]
    return {"dtype": dtype, "shape": [_ANY, *shape[1:]] if batch and shape else shape}
