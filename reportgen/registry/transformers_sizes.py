"""How large a model of transformers is in each direction that its inputs have, from its configuration alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Any, Literal, TypeVar

Part = Literal["text", "vision", "audio", "decoder", "action"]
T = TypeVar("T")

SEQUENCE = 32  # tokens, where the model takes as many
SAMPLES = 16_000  # of a waveform: a second
SIDE = 12  # of the grid of patches, for vision encoders that take a list of patches and the grid they were cut from

# model types → height and width of their images, where the configuration does not say it, or halves it
IMAGES: tuple[tuple[str, int], ...] = (
    (r"depth_pro", 1536),
    (r"pe_.*video.*", 336),
    (r"rf_detr", 560),
    (r"seggpt|tvp", 448),
)

# symbol → its part of the configuration, the fields that may hold it, and its value where none does
FIELDS: dict[str, tuple[Part, tuple[str, ...], int]] = {
    "vocabulary": ("text", ("vocab_size", "src_vocab_size", "text_vocab_size"), 2),
    "hidden": ("text", ("d_model", "hidden_size"), 768),
    "channels": ("vision", ("num_channels", "in_channels", "in_chans", "num_input_channels"), 3),
    "frames": ("vision", ("num_frames", "frames_per_clip"), 8),
    "patch_size": ("vision", ("patch_size",), 14),
    "temporal_patch": ("vision", ("temporal_patch_size", "patch_temporal"), 1),
    "merge": ("vision", ("spatial_merge_size",), 1),
    "mels": (
        "audio",
        ("feature_projection_input_dim", "num_mel_bins", "n_mels", "input_feat_per_channel", "input_dim"),
        80,
    ),
    "stacked_mels": ("audio", ("input_size",), 560),
    "audio_frames": ("text", ("audio_length_per_tok",), 8),
    "encoder_hidden": ("text", ("encoder_hidden_size",), 768),
    "flattened": ("vision", ("patch_embed_hidden_size",), 768),
    "spectrogram": ("audio", ("max_length",), 1024),
    "state": ("text", ("state_dim",), 17),
    "action": ("text", ("act_dim",), 4),
    "actions": ("text", ("chunk_size",), 50),
    "action_hidden": ("action", ("hidden_size",), 1024),
    "codebook": ("decoder", ("vocab_size",), 2048),
    "codebooks": ("decoder", ("num_codebooks",), 4),
    "task": ("text", ("task_seq_len",), 77),
    "block": ("text", ("block_size",), 16),
    "time_features": ("text", ("num_time_features",), 1),
}


def of_type(table: tuple[tuple[str, T], ...], model_type: str, default: T) -> T:
    """The entry of the first pattern that fits the whole type."""
    return next((value for pattern, value in table if re.fullmatch(pattern, model_type)), default)


class Sizes:
    """The size that a symbol has in one configuration; ``a*b`` and ``a+1`` are what they look like."""

    def __init__(self, config: Any, asked: Mapping[str, int]) -> None:
        self._config = config
        self._asked = asked

    def __getitem__(self, symbol: str) -> int:
        if "+" in symbol:
            return sum(self[term] for term in symbol.split("+"))
        if "*" in symbol:
            return prod(self[factor] for factor in symbol.split("*"))
        if symbol.isdigit():
            return int(symbol)
        derived: Callable[[], int] | None = getattr(self, f"_{symbol}", None)
        if derived is not None:
            return derived()
        part, names, default = FIELDS[symbol]
        return self._field(part, names, default)

    def values(self, kind: str) -> tuple[int | None, int | None]:
        """The range of an integer tensor's values."""
        if kind in {"vocabulary", "decoder_vocabulary", "codebook"}:
            return 0, self[kind] - 1
        constant = {"one": 1, "zero": 0, "side": SIDE}.get(kind)
        return constant, constant

    def data(self, kind: str) -> tuple[float, ...] | None:
        """The values themselves, row by row, of a tensor whose integers belong together; None for any other."""
        if kind == "grid":  # frames, rows and columns of patches: pictures
            return (1, SIDE, SIDE) * self["batch"]
        if kind == "positions":  # column and row of each patch
            return tuple(place for patch in range(SIDE**2) for place in (patch % SIDE, patch // SIDE)) * self["batch"]
        return None

    def _field(self, part: Part, names: tuple[str, ...], default: int) -> int:
        for config in _parts_for(self._config, part):
            for name in names:
                value = getattr(config, name, None)
                if isinstance(value, (list, tuple)) and value:
                    value = value[0]
                if isinstance(value, int) and value > 0:
                    return value
        return default

    def _batch(self) -> int:
        return self._asked.get("batch", 1)

    def _sequence(self) -> int:
        limits = ("max_position_embeddings", "n_positions", "max_target_positions", "max_seq_len")
        usual = min(SEQUENCE, self._field("text", limits, SEQUENCE))
        if getattr(self._config, "axial_pos_embds", False):  # factors of the one length that it trains with
            usual = prod(self._config.axial_pos_shape)
        return self._asked.get("sequence", usual)

    def _decoder_vocabulary(self) -> int:
        return self._field("text", ("decoder_vocab_size", "tgt_vocab_size"), self["vocabulary"])

    def _image(self) -> tuple[int, int]:
        asked = self._asked.get("image_size")
        if asked is None:
            asked = of_type(IMAGES, self._config.model_type, None)
        if asked is not None:
            return asked, asked
        for config in _parts_for(self._config, "vision"):
            for name in ("image_size", "img_size", "input_size"):
                value = getattr(config, name, None)
                if isinstance(value, dict):
                    value = (value.get("height"), value.get("width"))
                if isinstance(value, int) and value > 0:
                    return value, value
                if (
                    isinstance(value, (list, tuple))
                    and len(value) == 2
                    and all(isinstance(each, int) for each in value)
                ):
                    return value[0], value[1]
        return 224, 224

    def _height(self) -> int:
        return self._image()[0]

    def _width(self) -> int:
        return self._image()[1]

    def _samples(self) -> int:
        return SAMPLES

    def _time(self) -> int:
        """Frames of a spectrogram: whisper's kind takes exactly twice its positions."""
        return 2 * self._field("audio", ("max_source_positions",), 128)

    def _targets(self) -> int:
        """Layers of another model, whose states it is given side by side."""
        return len(self._config.target_layer_ids)

    def _past(self) -> int:
        """A time series reaches back by its context and its largest lag."""
        lags: list[int] = getattr(self._config, "lags_sequence", None) or [0]
        return self._field("text", ("context_length", "seq_length"), 64) + max(lags)

    def _square(self) -> int:
        return SIDE**2

    def _patch(self) -> int:
        return self["channels"] * self["temporal_patch"] * self["patch_size"] ** 2


_PART_NAMES = {
    "text": r"text|decoder|generator|llm|language",
    "vision": r"vision|image|backbone|vit|video",
    "audio": r"audio|speech|encoder|acoustic",
    "decoder": r"decoder",
    "action": r"dit|action",
}


def _parts_for(config: Any, part: Part) -> Iterator[Any]:
    """The parts of a configuration that a symbol belongs to, then the whole, then its other parts."""
    subs = {name: getattr(config, name, None) for name in config.sub_configs}
    subs = {name: sub for name, sub in subs.items() if hasattr(sub, "sub_configs")}
    own = [name for name in subs if re.search(_PART_NAMES[part], name)]
    for name in own:
        yield from _parts_for(subs[name], part)
    yield config
    for name in subs:
        if name not in own:
            yield from _parts_for(subs[name], part)
