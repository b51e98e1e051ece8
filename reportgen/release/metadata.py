"""What the Hub asks of a model card in its front matter, as far as records truly know it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.release.bill import task
from reportgen.render.text import display

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

_LIBRARIES = {"timm", "torchvision", "transformers"}
# What the Hub calls the tasks of transformers' classes. Others, such as ConditionalGeneration, may be several of its.
_TASKS: Mapping[str, str] = {
    "CausalLM": "text-generation",
    "MaskedLM": "fill-mask",
    "SequenceClassification": "text-classification",
    "TokenClassification": "token-classification",
    "QuestionAnswering": "question-answering",
    "MultipleChoice": "multiple-choice",
    "ImageClassification": "image-classification",
    "VideoClassification": "video-classification",
    "AudioClassification": "audio-classification",
    "ObjectDetection": "object-detection",
    "SemanticSegmentation": "image-segmentation",
    "DepthEstimation": "depth-estimation",
    "CTC": "automatic-speech-recognition",
}


@dataclass(frozen=True, slots=True)
class Metadata:
    """Keys and values of front matter. Results (``model-index``) are not among them: no record has any."""

    library_name: str | None = None
    pipeline_tag: str | None = None
    license: str | None = None
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, reports: Sequence[ModelReport], *, licence: str | None = None) -> Metadata:
        """Of the models of one card: what they agree in, and all their tags. ``licence`` is what a person gave."""
        tags = [display(tag) for report in reports for tag in report.model.tags]
        return cls(
            library_name=_common(map(_library, reports)),
            pipeline_tag=_common(_TASKS.get(task(report) or "") for report in reports),
            license=licence,
            tags=tuple(dict.fromkeys(("pytorch", *tags))),
        )

    def scalars(self) -> Iterator[tuple[str, str]]:
        """All that is known but the tags."""
        for key in ("library_name", "pipeline_tag", "license"):
            value = getattr(self, key)
            if value is not None:
                yield key, value


def _common(values: Iterable[str | None]) -> str | None:
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _library(report: ModelReport) -> str | None:
    return report.model.source if report.model.source in _LIBRARIES else None
