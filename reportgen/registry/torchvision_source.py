"""``torchvision:``: every model that torchvision's own registry lists, built without weights.

A model is built as its published weights need it, so that its count is the published one, and its dummy input has the
size at which its operations were published (``weights.meta["num_params"]`` and ``["_ops"]``).
"""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from reportgen.errors import ConfigError
from reportgen.registry.base import InputSpec, ModelSpec
from reportgen.registry.factory import summary_of
from reportgen.registry.library import load, stand_in_notes
from reportgen.registry.lookup import unknown_model, version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reportgen.registry.base import ModelRef

FRAMES = 16  # of a video, in the published operation counts
FLOW_SIZE = (512, 512)  # height and width of the frames of an optical flow, there too
DETECTION_SIZE = (
    320  # shorter side of a detector's image, unless the model has a size of its own: a real run in seconds
)
_KEYPOINTS = 17  # of a person


class TorchvisionSource:
    """The models of ``torchvision.models.list_models()``: classification, video, segmentation, detection, flow."""

    scheme = "torchvision"

    def names(self) -> Iterable[str]:
        """Every listed name.

        Raises:
            SourceUnavailable: torchvision is missing, or does not load.
        """
        names: list[str] = load("torchvision.models").list_models()
        return names

    def spec(self, ref: ModelRef) -> ModelSpec:
        """The model of that name; the arguments of ``ref`` go to torchvision's builder.

        Raises:
            UnknownModel: torchvision lists no such name.
            ConfigError: weights were asked for.
            SourceUnavailable: torchvision is missing, or does not load.
        """
        models = load("torchvision.models")
        if ref.name not in models.list_models():
            raise unknown_model("torchvision:", ref.name, models.list_models())
        if any(ref.kwargs.get(key) is not None for key in ("weights", "weights_backbone")):
            raise ConfigError(
                f"{ref} asks for weights, and a report needs none", code="model-arguments", remedy="leave them out"
            )
        builder = models.get_model_builder(ref.name)
        defaults = _defaults(ref.name, builder)
        inputs = _inputs(ref, builder, models.get_model_weights(ref.name))
        link = re.search(r"<(https?://[^>]+)>", (builder.__doc__ or "").partition("Args:")[0])
        return ModelSpec(
            ref=ref,
            build=partial(builder, **{**defaults, **ref.kwargs}),
            inputs=inputs,
            eval_inputs=tuple(spec for spec in inputs if spec.name == "images.0") if _detects(builder) else None,
            reads_values=_detects(builder),
            description=summary_of(builder),
            citation=link[1] if link else None,
            package_version=version("torchvision"),
            notes=_notes(ref, builder, defaults),
        )


def _defaults(name: str, builder: Callable[..., Any]) -> dict[str, Any]:
    """What the builder is given where the reference says nothing: no weights, else what the published ones need."""
    accepted = inspect.signature(builder).parameters
    defaults: dict[str, Any] = {"weights": None, "progress": False}
    if "weights_backbone" in accepted:
        defaults["weights_backbone"] = None
    if "aux_loss" in accepted:
        defaults["aux_loss"] = True
    if name.endswith("googlenet"):
        defaults["aux_logits"] = False
    if name.endswith(("googlenet", "inception_v3")):
        defaults["init_weights"] = False  # takes long on a CPU, and sets nothing but values
    if _detects(builder) and _own_size(name) is None:
        defaults["min_size"] = DETECTION_SIZE
    return defaults


def _detects(builder: Callable[..., Any]) -> bool:
    return ".detection." in builder.__module__


def _own_size(name: str) -> int | None:
    """The side of the images that a detector is made for, where its name says so: ``ssd300_vgg16``."""
    size = re.search(r"3[02]0", name)
    return int(size[0]) if size else None


def _inputs(ref: ModelRef, builder: Callable[..., Any], weights: Iterable[Any]) -> tuple[InputSpec, ...]:
    """The dummy inputs for training; those for evaluation are the same, but for a detector's targets."""
    family = builder.__module__
    if _detects(builder):
        return _detection_inputs(ref)
    if ".optical_flow." in family:
        return tuple(InputSpec((1, 3, *FLOW_SIZE), name=name) for name in ("image1", "image2"))
    size = _published_size(weights)
    if ".video." in family:
        return (InputSpec((1, 3, FRAMES, *size)),)
    if "image_size" in ref.kwargs:
        size = [ref.kwargs["image_size"]] * 2
    return (InputSpec((1, 3, *size)),)


def _published_size(weights: Iterable[Any]) -> list[int]:
    """Height and width of the input that the smallest of the published weights were measured at.

    Where there are several, the larger are fine-tuned for larger images than the builder expects by default.
    """
    keywords = (entry.transforms.keywords for entry in weights)
    crops = [keyword.get("crop_size", keyword.get("resize_size")) for keyword in keywords]
    return min([crop, crop] if isinstance(crop, int) else list(crop) for crop in crops)


def _detection_inputs(ref: ModelRef) -> tuple[InputSpec, ...]:
    """A square image with one object in it; the parts of the target that the model's losses take."""
    sizes = ref.kwargs.get("min_size", _own_size(ref.name) or DETECTION_SIZE)  # one, or several to choose from
    side: int = sizes[-1] if isinstance(sizes, list) else sizes
    low, middle, high = side // 10, side // 3, side * 3 // 5
    target = [
        InputSpec((1, 4), name="boxes", data=(low, low, high, high)),
        InputSpec((1,), "int64", "labels", low=1, high=1),
    ]
    if "maskrcnn" in ref.name:
        target.append(InputSpec((1, side, side), "uint8", "masks", low=1, high=1))
    if "keypointrcnn" in ref.name:
        target.append(InputSpec((1, _KEYPOINTS, 3), name="keypoints", data=(middle, middle, 1) * _KEYPOINTS))
    images = 2 if "ssdlite" in ref.name else 1  # its last map is one position, too few for batch normalisation
    return (
        *(InputSpec((3, side, side), name=f"images.{index}") for index in range(images)),
        *(replace(part, name=f"targets.{index}.{part.name}") for index in range(images) for part in target),
    )


def _notes(ref: ModelRef, builder: Callable[..., Any], defaults: dict[str, Any]) -> tuple[str, ...]:
    heads = [key for key in ("aux_logits", "aux_loss") if key in defaults and key not in ref.kwargs]
    notes = [f"Built with {key}={defaults[key]}, as its published weights are." for key in heads]
    if _detects(builder):
        notes += _detection_notes(ref)
    return (*notes, *stand_in_notes())


def _detection_notes(ref: ModelRef) -> Iterator[str]:
    if _own_size(ref.name) is None and "min_size" not in ref.kwargs:
        yield (
            f"Built with min_size={DETECTION_SIZE}, the shorter side that it resizes images to, so that a run with real"
            " values takes seconds; its operations are published for ?min_size=800."
        )
    if "rcnn" in ref.name:
        yield "How many regions reach its heads follows from the values of image and weights, which are random here."
    if not ref.name.startswith("ssd") and not ref.name.endswith("_v2"):
        yield "With published weights its backbone's batch normalisation is frozen, and its parameters are buffers."
