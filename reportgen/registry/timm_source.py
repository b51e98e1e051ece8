"""``timm:``: every model that timm lists, built without weights.

A name may carry the tag of published weights (``resnet50.a1_in1k``), whose image size it then gets.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from reportgen.errors import ConfigError
from reportgen.registry.base import InputSpec, ModelSpec
from reportgen.registry.factory import summary_of
from reportgen.registry.library import load, stand_in_notes
from reportgen.registry.lookup import unknown_model, version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reportgen.registry.base import ModelRef

_PAPER = re.compile(r"https?://arxiv\.org/(?:abs|pdf)/(\d+\.\d+)")


class TimmSource:
    """The models of ``timm.list_models()``."""

    scheme = "timm"

    def names(self) -> Iterable[str]:
        """Every listed name, without tags.

        Raises:
            SourceUnavailable: timm is missing, or does not load.
        """
        names: list[str] = load("timm").list_models()
        return names

    def spec(self, ref: ModelRef) -> ModelSpec:
        """The model of that name; the arguments of ``ref`` go to ``timm.create_model``.

        ``in_chans`` and ``img_size`` shape the dummy input too; a model that takes images of any size is not built
        differently for ``img_size``. ``reparameterize=true`` fuses the branches that a model has for training only, as
        `timm.utils.reparameterize_model` does before inference; it changes nothing in a model without any.

        Raises:
            UnknownModel: timm lists no such name, or knows no such tag of it.
            ConfigError: weights were asked for, a size that is none, or ``reparameterize`` is neither true nor false.
            SourceUnavailable: timm is missing, or does not load.
        """
        timm = load("timm")
        name, _, tag = ref.name.partition(".")
        if name not in timm.list_models(name):  # as a pattern: timm sorts all that it lists
            raise unknown_model("timm:", name, timm.list_models())
        if tag and ref.name not in timm.list_models(f"{name}.*", pretrained=True):
            raise unknown_model(f"timm:{name}", ref.name, timm.list_models(f"{name}.*", pretrained=True))
        if any(ref.kwargs.get(key) for key in ("pretrained", "checkpoint_path")):
            raise ConfigError(
                f"{ref} asks for weights, and a report needs none", code="model-arguments", remedy="leave them out"
            )
        published = timm.get_pretrained_cfg(ref.name)
        kwargs = {"pretrained": False, **ref.kwargs}
        fused = kwargs.pop("reparameterize", False)
        if not isinstance(fused, bool):
            raise ConfigError(
                f"{ref}: reparameterize is true or false", code="model-arguments", remedy="write ?reparameterize=true"
            )
        if not published.fixed_input_size:
            kwargs.pop("img_size", None)  # such a constructor knows no image size: timm itself hands it none either
        entrypoint = timm.model_entrypoint(name)
        build = partial(timm.create_model, ref.name, **kwargs)
        return ModelSpec(
            ref=ref,
            build=partial(_fused, build) if fused else build,
            inputs=(InputSpec(_image(ref, published.input_size)),),
            description=summary_of(entrypoint),
            citation=_citation(entrypoint, published.paper_ids),
            package_version=version("timm"),
            notes=stand_in_notes(),
        )


def _fused(build: Callable[[], Any]) -> Any:
    """The model as it is for inference: in evaluation, its training branches folded into single layers."""
    return load("timm.utils").reparameterize_model(build().eval(), inplace=True)


def _image(ref: ModelRef, published: tuple[int, int, int]) -> tuple[int, ...]:
    """One image: batch, channels, height, width."""
    size = ref.kwargs.get("img_size", published[1:])
    sides = [size, size] if isinstance(size, int) else list(size)
    shape = (1, ref.kwargs.get("in_chans", published[0]), *sides)
    if len(shape) != 4 or not all(isinstance(length, int) and length > 0 for length in shape):
        raise ConfigError(
            f"{ref}: these are no channels and size of an image", code="model-arguments", remedy="write ?img_size=256"
        )
    return shape


def _citation(entrypoint: Callable[..., Any], published: str | None) -> str | None:
    """The paper named by the model's own documentation, by its weights, or by its module where that names only one."""
    module = sys.modules[entrypoint.__module__]
    for text in (entrypoint.__doc__, (published or "").replace("arXiv:", "https://arxiv.org/abs/"), module.__doc__):
        papers = set(_PAPER.findall(text or ""))
        if len(papers) == 1:
            return f"https://arxiv.org/abs/{papers.pop()}"
    return None
