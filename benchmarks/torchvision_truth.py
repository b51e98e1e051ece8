"""Torchvision's published figures, one weight entry after the other, beside the probe's.

    python benchmarks/torchvision_truth.py [PATTERN…]

Every entry of torchvision's weights says how many parameters it has (``num_params``) and how many 1e9 multiply-adds a
forward pass takes (``_ops``): of one image or clip of the size that the entry's transforms give, of a pair of 512 × 512
for RAFT, of one image of 800 × 800 for detectors without a size of their own. The probe counts under these conditions,
and where a figure differs, it does so by a known amount, exactly:

* The first detectors were published with the batch normalisation of their backbone frozen: its parameters are buffers.
* How many regions and objects reach the heads of an R-CNN follows from the values of its weights, which are random
  here. Each costs the same, and what was published is the figure for all 1000 regions that may pass, or for none, and
  for a whole number of objects.

Quantised entries publish the figures of the float model, which is what is built here too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.registry.base import InputSpec, ModelRef
from reportgen.registry.torchvision_source import FRAMES, TorchvisionSource
from reportgen.report.schema import ModelReport

ROUNDING = 0.00051  # of GMACs published to three decimals
REGIONS = 1000  # that reach the heads of an R-CNN at most, as it is built by default


class Entry(NamedTuple):
    """What one weight entry says of itself."""

    model: str
    weights: str
    parameters: int
    gmacs: float
    size: tuple[int, int] | None  # height and width that its transforms give; None where images stay as they are
    family: str  # "", "detection", "optical_flow", "quantization", "segmentation" or "video"


class Comparison(NamedTuple):
    """An entry beside the probe's own figures; they agree if ``why`` makes up the whole difference."""

    entry: Entry
    parameters: int | None
    gmacs: float | None
    why: tuple[str, ...]
    agrees: bool


def entries() -> list[Entry]:
    """All weight entries of all listed models: 166 of 121 in torchvision 0.28."""
    names = list(TorchvisionSource().names())  # makes torchvision importable
    import torchvision.models as zoo

    listed = []
    for name in names:
        family = zoo.get_model_builder(name).__module__.removeprefix("torchvision.models.").rpartition(".")[0]
        for weights in zoo.get_model_weights(name):
            keywords = getattr(weights.transforms, "keywords", {})
            side = keywords.get("crop_size", keywords.get("resize_size"))
            size = None if side is None else (side, side) if isinstance(side, int) else (side[0], side[1])
            meta = weights.meta
            listed.append(Entry(name, weights.name, meta["num_params"], meta["_ops"], size, family))
    return listed


def compare(entry: Entry) -> Comparison:
    """Both figures of an entry, measured: on meta, but for detectors, which take some seconds each on the CPU."""
    report = measured(entry.model, entry.size, entry.family)
    parameters, macs = report.totals.parameters.unique, report.totals.macs.forward
    if parameters is None or macs is None:
        return Comparison(entry, parameters, None, ("the forward pass did not finish",), agrees=False)
    why = []
    frozen = parameters_of_batch_normalisation(report) if freezes(entry) else 0
    if frozen:
        why.append(f"{frozen:,} parameters of frozen batch normalisation are buffers there")
    off = macs / 1e9 - entry.gmacs
    fewer = explained_by_heads(report, off) if abs(off) > ROUNDING else None
    if fewer is not None:
        why.append(fewer)
    agrees = parameters - frozen == entry.parameters and (fewer is not None or abs(off) <= ROUNDING)
    return Comparison(entry, parameters, macs / 1e9, tuple(why), agrees)


@cache
def measured(model: str, size: tuple[int, int] | None, family: str) -> ModelReport:
    """The record of a forward pass in evaluation, under the conditions of what was published."""
    reference = ModelRef("torchvision", model, dict(_arguments(model, size, family)))
    inputs: tuple[InputSpec, ...] = ()
    if size is not None:
        inputs = (InputSpec((1, 3, FRAMES, *size) if family == "video" else (1, 3, *size)),)
    device = "cpu" if family == "detection" else "meta"
    options = ProbeOptions(mode="eval", loss="none", device=device, inputs=inputs)
    return probe(TorchvisionSource().spec(reference), options)


def _arguments(model: str, size: tuple[int, int] | None, family: str) -> Iterator[tuple[str, Any]]:
    if model.startswith("vit_") and size is not None:
        yield "image_size", size[0]  # its positions are parameters
    if family == "detection" and "320" not in model and "300" not in model:
        yield "min_size", 800
    if "rcnn" in model:
        yield "rpn_nms_thresh", 1.0  # no region goes for overlapping another
    if model.startswith(("mask", "keypoint")):
        yield "box_score_thresh", 0.0  # no object goes for being unlikely


def freezes(entry: Entry) -> bool:
    """Whether the entry's model has frozen batch normalisation: detectors of version 1, but for SSDs."""
    return entry.family == "detection" and not entry.model.startswith("ssd") and not entry.model.endswith("_v2")


def parameters_of_batch_normalisation(report: ModelReport) -> int:
    """In the backbone of a detector."""
    return sum(
        module.own_parameters or 0
        for module in report.modules
        if module.path.startswith("backbone.body.") and module.class_name.endswith(".BatchNorm2d")
    )


def explained_by_heads(report: ModelReport, off: float) -> str | None:
    """The regions and objects that make up ``off`` GMACs: all that may pass or no region, a whole number of objects."""
    heads = {kind: _head(report, kind) for kind in ("box", "mask", "keypoint")}
    regions, per_region = heads.pop("box")
    objects, per_object = max(heads.values())
    if not regions:
        return None
    for passed in (REGIONS, 0):
        rest = off + (passed - regions) * per_region
        fewer = round(rest / per_object) if per_object else 0
        if fewer <= objects and abs(rest - fewer * per_object) <= ROUNDING:
            there, here = f"{passed} regions", f"{regions}"
            if objects:
                there, here = f"{there} and {objects - fewer} objects", f"{here} and {objects}"
            return f"{there} reached the heads there, {here} here"
    return None


def _head(report: ModelReport, kind: str) -> tuple[int, float]:
    """How many regions a head of an R-CNN got, and GMACs for each; (0, 0) where there is no such head."""
    parts = [
        module for module in report.modules if module.path in {f"roi_heads.{kind}_head", f"roi_heads.{kind}_predictor"}
    ]
    count = parts[0].inputs[0][0] if parts and parts[0].inputs else 0
    return count, sum(part.flops_forward or 0 for part in parts) / 2e9 / count if count else 0.0


def report_on(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """A line for each entry that needs a word, then the counts."""
    rows = list(comparisons)
    for row in rows:
        if row.why or not row.agrees:
            gmacs = "–" if row.gmacs is None else f"{row.gmacs:.3f}"
            yield (
                f"{'explained' if row.agrees else 'DIFFERENT':9}  {row.entry.model} {row.entry.weights}: published"
                f" {row.entry.parameters:,} and {row.entry.gmacs} GMACs, measured {row.parameters:,} and {gmacs};"
                f" {'; '.join(row.why) or 'no reason known'}"
            )
    equal = sum(row.agrees and not row.why for row in rows)
    agree = sum(row.agrees for row in rows)
    yield f"{len(rows)} entries: {equal} equal, {agree - equal} explained, {len(rows) - agree} different"


def main() -> None:
    """Prints the comparison of all entries, or of those whose models fit a pattern."""
    patterns = sys.argv[1:] or ["*"]
    chosen = [entry for entry in entries() if any(fnmatchcase(entry.model, pattern) for pattern in patterns)]
    print(*report_on(map(compare, chosen)), sep="\n")


if __name__ == "__main__":
    main()
