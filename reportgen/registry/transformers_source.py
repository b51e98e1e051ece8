"""``transformers:``: a model type, a model's class, or a folder or file with a configuration; always without weights.

The model is built from its configuration alone. Nothing is fetched: the Hugging Face hub is off while it is built.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.errors import ConfigError, RegistryError, UnknownModel
from reportgen.registry.base import ModelSpec
from reportgen.registry.factory import summary_of
from reportgen.registry.library import load, stand_in_notes
from reportgen.registry.lookup import home, unknown_model, version
from reportgen.registry.transformers_experts import active_parameters, parts
from reportgen.registry.transformers_inputs import inputs_of, left_out

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn

    from reportgen.registry.base import InputSpec, ModelRef

CONFIGURATION = "config.json"
SIZES = ("batch", "sequence", "image_size")  # of the dummy inputs; every other argument is a field of the configuration

# The tasks whose model stands for a type that has no bare one.
_MAPPINGS = (
    "MODEL_MAPPING_NAMES",
    "MODEL_FOR_PRETRAINING_MAPPING_NAMES",
    "MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES",
    "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES",
    "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
    "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
    "MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES",
    "MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES",
    "MODEL_FOR_DEPTH_ESTIMATION_MAPPING_NAMES",
    "MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES",
    "MODEL_FOR_UNIVERSAL_SEGMENTATION_MAPPING_NAMES",
    "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES",
    "MODEL_FOR_BACKBONE_MAPPING_NAMES",
)


class TransformersSource:
    """The models of Hugging Face's transformers."""

    scheme = "transformers"

    def names(self) -> Iterable[str]:
        """Every model type that has a configuration and a model.

        Raises:
            SourceUnavailable: transformers is missing, or does not load.
        """
        return tuple(_classes())

    def spec(self, ref: ModelRef) -> ModelSpec:
        """The model of that type or class with its default configuration, or the one that a configuration describes.

        ``batch``, ``sequence`` and ``image_size`` among the arguments of ``ref`` shape the dummy inputs; the others
        are fields of the configuration.

        Raises:
            UnknownModel: no such type, class or file.
            ConfigError: a field that the configuration does not have, or a size that is none.
            RegistryError: the configuration refuses its values.
            SourceUnavailable: transformers is missing, or does not load, or the model needs another package.
        """
        with _quiet():
            recipe = _recipe(ref)
            sizes = _sizes(ref)
            config = recipe.config()
            inputs = inputs_of(recipe.model, config, sizes)
            return ModelSpec(
                ref=ref,
                build=partial(_build, recipe.model, config),
                inputs=inputs,
                reads_values=True,  # masks, packed sequences, grids of patches
                description=summary_of(recipe.model),
                package_version=version("transformers"),
                active_parameters=active_parameters(partial(_build, recipe.model, config), config),
                notes=(*_notes(recipe.model, inputs), *stand_in_notes()),
            )


def _notes(model: Any, inputs: tuple[InputSpec, ...]) -> tuple[str, ...]:
    others = left_out(model, inputs) if any(spec.name == "input_ids" for spec in inputs) else ()
    return (f"Fed without {', '.join(others)}: what reads them took no part.",) if others else ()


@dataclass(frozen=True, slots=True)
class _Recipe:
    """A model's class, its configuration's class, and what a configuration file says of it."""

    model: Any
    configuration: Any
    data: Mapping[str, Any]
    fields: Mapping[str, Any]  # of the reference
    ref: ModelRef

    def config(self) -> Any:
        """The configuration, with the fields of the reference, for one pass without caches and weights.

        Raises:
            ConfigError: a field that it does not have.
            RegistryError: it refuses its values.
        """
        try:
            default = self._configured(self.data)
            config = self._configured(self._merged(default)) if self.fields else default
        except ConfigError:
            raise
        except Exception as exc:
            raise RegistryError(
                f"{self.ref}: {self.configuration.__name__} refuses its values: {' '.join(str(exc).split())}",
                code="model-arguments",
                remedy="give other values: NAME?field=value",
            ) from exc
        for part in parts(config):
            for name in ("use_cache", "use_pretrained_backbone"):
                if getattr(part, name, None):
                    setattr(part, name, False)
        return config

    def _configured(self, data: Mapping[str, Any]) -> Any:
        """A configuration file's data go through the reader of such files; some readers refuse to read nothing."""
        return self.configuration.from_dict(dict(data)) if self.data else self.configuration(**data)

    def _merged(self, default: Any) -> dict[str, Any]:
        """The file's data with the fields of the reference, each in the part of the configuration that has it."""
        data = deepcopy(dict(self.data))
        for name, value in self.fields.items():
            homes = [part for part in ("", *default.sub_configs) if name in _fields(default, part)]
            if not homes and name == "image_size":
                continue  # this one is of the images alone
            if not homes:
                known = [field for part in ("", *default.sub_configs) for field in _fields(default, part)]
                raise ConfigError(
                    f"{self.ref}: {self.configuration.__name__} has no field {name!r}",
                    code="model-arguments",
                    remedy=unknown_model("", name, known, remedy=f"sizes are {', '.join(SIZES)}").remedy,
                )
            owner = getattr(default, homes[0]) if homes[0] else default
            fitting = _image_size_like(getattr(owner, name), value) if name == "image_size" else value
            if homes[0]:
                data[homes[0]] = {**(data.get(homes[0]) or {}), name: fitting}
            else:
                data[name] = fitting
        return data


def _fields(config: Any, part: str) -> list[str]:
    owner: Any = getattr(config, part, None) if part else config
    return [*owner.to_dict(), *owner.attribute_map] if hasattr(owner, "sub_configs") else []


def _image_size_like(usual: Any, size: int) -> Any:
    """A square of that size, written as the configuration writes its own."""
    if isinstance(usual, dict):
        return {"height": size, "width": size}
    return [size, size] if isinstance(usual, (list, tuple)) else size


def _recipe(ref: ModelRef) -> _Recipe:
    transformers = load("transformers")
    fields = {key: value for key, value in ref.kwargs.items() if key not in SIZES or key == "image_size"}
    if ref.name in _classes():
        configuration = transformers.CONFIG_MAPPING[ref.name]
        return _Recipe(_model_for(ref, ref.name, configuration), configuration, {}, fields, ref)
    named = Path(ref.name).expanduser()
    path = home() / named / CONFIGURATION if (home() / named).is_dir() else home() / named
    if path.is_file():
        return _from_file(ref, path, fields)
    if "/" in ref.name or path.suffix == ".json":
        raise UnknownModel(
            f"{ref}: there is no {named.as_posix()!r}",
            remedy="give a model type, a class, or a folder with config.json",
        )
    model = _model(ref, ref.name)
    return _Recipe(model, model.config_class, {}, fields, ref)


def _from_file(ref: ModelRef, path: Path, fields: Mapping[str, Any]) -> _Recipe:
    """What a ``config.json`` describes: the architecture it names, else the model of its type."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        kind = data["model_type"]
    except (OSError, ValueError, TypeError, KeyError) as exc:
        raise RegistryError(
            f"{ref}: {path.name} is no configuration of transformers: {type(exc).__name__}: {exc}",
            remedy="name the config.json that the model was published with",
        ) from exc
    mapping = load("transformers").CONFIG_MAPPING
    if kind not in mapping:
        raise unknown_model("transformers:", str(kind), mapping, remedy="its code is not part of transformers")
    named = [name for name in data.get("architectures") or () if hasattr(load("transformers"), name)]
    if not named and kind not in _classes():
        raise UnknownModel(f"{ref} names no architecture, and its type {kind!r} has no model of its own")
    model = _model(ref, named[0]) if named else _model_for(ref, kind, mapping[kind])
    return _Recipe(model, mapping[kind], data, fields, ref)


def _model_for(ref: ModelRef, kind: str, configuration: Any) -> Any:
    """The class of a type: the first that is built from such a configuration, and not from a part of one."""
    names = _classes()[kind]
    models = (_model(ref, name) for name in names)
    return next((model for model in models if issubclass(configuration, model.config_class)), _model(ref, names[0]))


def _model(ref: ModelRef, name: str) -> Any:
    """The model's class of that name."""
    transformers = load("transformers")
    try:
        found = getattr(transformers, name, None)
        is_model = isinstance(found, type) and issubclass(found, transformers.PreTrainedModel)
    except (ImportError, RuntimeError) as exc:
        raise RegistryError(
            f"{ref}: {name} does not load: {' '.join(str(exc).split())}",
            code="import-failed",
            remedy="install what it needs",
        ) from exc
    if needed := getattr(found, "_backends", None):  # a stand-in for a class that did not load
        raise RegistryError(
            f"{ref}: {name} needs {', '.join(needed)}", code="import-failed", remedy=f"pip install {' '.join(needed)}"
        )
    if not is_model or getattr(found, "config_class", None) is None:
        listed = [each for each in dir(transformers) if each.endswith("Model") or "For" in each]
        raise unknown_model("transformers:", name, [*_classes(), *listed])
    return found


@cache
def _classes() -> dict[str, tuple[str, ...]]:
    """Model type → the names of its classes, the barest first."""
    auto = load("transformers.models.auto.modeling_auto")
    known = load("transformers").CONFIG_MAPPING
    classes: dict[str, list[str]] = {}
    for mapping in _MAPPINGS:
        for kind, names in getattr(auto, mapping, {}).items():
            if kind in known:
                classes.setdefault(kind, []).append(names if isinstance(names, str) else names[0])
    return {kind: tuple(dict.fromkeys(names)) for kind, names in classes.items()}


def _sizes(ref: ModelRef) -> dict[str, int]:
    sizes = {name: ref.kwargs[name] for name in SIZES if name in ref.kwargs}
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise ConfigError(
                f"{ref}: {name} must be a positive integer", code="model-arguments", remedy=f"write ?{name}=32"
            )
    return sizes


def _build(model: Any, config: Any) -> nn.Module:
    with _quiet(), _offline():
        module: nn.Module = model._from_config(deepcopy(config))  # noqa: SLF001 (what AutoModel.from_config calls)
    return module


@contextmanager
def _offline() -> Iterator[None]:
    """Keeps constructors from asking the Hugging Face hub for anything."""
    constants: Any = load("huggingface_hub.constants")
    before, environment = constants.HF_HUB_OFFLINE, os.environ.get("HF_HUB_OFFLINE")
    constants.HF_HUB_OFFLINE = True
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
        if environment is None:
            del os.environ["HF_HUB_OFFLINE"]
        else:
            os.environ["HF_HUB_OFFLINE"] = environment


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps transformers from writing to standard error what contradicts itself in its own default configurations."""
    logging = load("transformers.utils.logging")
    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)
