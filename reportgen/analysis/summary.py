"""A record in one row: what a model is found, sorted and compared by among many others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.report.comparison import Bound

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport
    from reportgen.report.totals import FlopTotals

_TORCH = "torch"
_MODELING = "modeling_"  # transformers keeps its model type ``bert`` in the module ``modeling_bert``


@dataclass(frozen=True, slots=True)
class Summary:
    """The facts of one model, exact; None is not known. Bytes, FLOPs and MACs are those of the probed inputs.

    ``bound`` says what ``flops``, ``macs`` and ``flops_backward`` are; ``approximate``: partly assumed and partly
    uncounted. ``code``, ``stage`` and ``module`` are those of the first error, whose words are the index's ``reason``.
    """

    source: str | None = None
    family: str | None = None
    tags: tuple[str, ...] = ()  # that the user gave it
    group: str | None = None  # of models that it is to be compared with
    trainable: int | None = None  # elements; with ``frozen`` they are all parameters
    frozen: int | None = None
    tensors: int | None = None  # of parameters; with a gradient and without one they are these
    gradients_computed: int | None = None
    gradients_none: int | None = None
    state_dict_bytes: int | None = None
    macs: int | None = None  # of the forward pass
    flops_backward: int | None = None
    bound: Bound | None = None
    saved_for_backward: int | None = None  # bytes, as the next two
    peak_training: int | None = None
    peak_inference: int | None = None
    code: str | None = None
    stage: str | None = None
    module: str | None = None


def summarise(report: ModelReport) -> Summary:
    """The row of a record."""
    totals = report.totals
    ran = report.probe.stages.backward == "ok"
    error = report.error
    return Summary(
        source=report.model.source,
        family=family(report.model.class_name),
        tags=report.model.tags,
        group=report.model.group,
        trainable=totals.parameters.trainable,
        frozen=totals.parameters.frozen,
        tensors=totals.parameters.tensors,
        gradients_computed=totals.gradients.computed if ran else None,
        gradients_none=totals.gradients.none if ran else None,
        state_dict_bytes=totals.state_dict_bytes,
        macs=totals.macs.forward,
        flops_backward=totals.flops.backward,
        bound=bound(totals.flops),
        saved_for_backward=totals.memory.saved_for_backward,
        peak_training=totals.memory.peak_training,
        peak_inference=totals.memory.peak_inference,
        code=None if error is None else error.code,
        stage=None if error is None else error.stage,
        module=None if error is None else error.module,
    )


def family(class_name: str | None) -> str | None:
    """The architecture, as far as a class tells it: ``resnet`` of ``timm.models.resnet.ResNet``, the module it is from.

    A class of torch's own says nothing of the architecture, and neither does a model that was never built.
    """
    module = (class_name or "").rpartition(".")[0]
    if not module or module.partition(".")[0] == _TORCH:
        return None
    return module.rpartition(".")[2].removeprefix(_MODELING)


def bound(flops: FlopTotals) -> Bound | None:
    """What the FLOPs of a record are; None where there are none."""
    if flops.forward is None:
        return None
    if flops.exact:
        return "exact"
    if not flops.upper_bound:
        return "lower"
    return "approximate" if flops.uncounted else "upper"
