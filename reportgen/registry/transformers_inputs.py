"""What to feed a model of transformers: worked out from its forward's signature and its configuration alone.

Which arguments: those that must be given, the one the model calls its main input, and the companions without which it
says that something is missing. A model that generates text from text and something else gets text alone, because images
and sounds take their places in the text by the values of its tokens.

Of what shape: `ARGUMENTS` says it in symbols, `FAMILIES` where some have habits of their own, and else what the library
says of the argument itself (``of shape (batch_size, height, width)``). `Sizes` knows what a symbol stands for.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from reportgen.registry.base import InputSpec
from reportgen.registry.transformers_experts import parts
from reportgen.registry.transformers_sizes import Sizes, of_type

MODALITIES = ("input_ids", "pixel_values", "input_features", "input_values", "pixel_values_videos", "bbox")
PLACEHOLDER = re.compile(r"(image|video|audio|speech)_token_(id|index)")

# argument → shape in symbols | dtype, and for integers what their values are
ARGUMENTS: dict[str, str] = {
    "input_ids": "batch sequence | int64 vocabulary",
    "decoder_input_ids": "batch sequence | int64 decoder_vocabulary",
    "qformer_input_ids": "batch sequence | int64 vocabulary",
    "attention_mask": "batch sequence | int64 one",
    "mm_token_type_ids": "batch sequence | int64 zero",
    "bbox": "batch sequence 4 | int64 zero",
    "pixel_values": "batch channels height width",
    "pixel_values_videos": "batch frames channels height width",
    "grid_thw": "batch 3 | int64 grid",
    "image_grid_thw": "batch 3 | int64 grid",
    "merge_sizes": "batch | int64 one",
    "hidden_states": "batch*square patch",
    "pixel_position_ids": "batch square 2 | int64 positions",
    "input_values": "batch samples",
    "input_features": "batch mels time",
    "input_features_mask": "batch time | int64 one",
    "audio_mel": "batch time mels",
    "audio_mel_mask": "batch time | bool",
    "past_values": "batch past",
    "past_time_features": "batch past time_features",
    "past_observed_mask": "batch past",
    "past_values_padding": "batch past | int64 zero",
    "freq": "batch 1 | int64 zero",
    "inputs": "batch sequence hidden",
}

# model types → arguments that are their own, or have a shape of their own; an empty one is not given at all
FAMILIES: tuple[tuple[str, dict[str, str]], ...] = (
    (r"gemma4_audio|gemma3n_audio", {"input_features": "batch time 128", "audio_mel": "batch time 128"}),
    (
        r"canary|cohere_asr|lasr_.*|nemotron.*|parakeet_.*|seamless_m4t.*|speech_to_text|univnet|wav2vec2-bert",
        {"input_features": "batch 256 mels"},
    ),
    (r"granite_speech5.*", {"input_features": "batch 256 mels*4"}),
    (
        r"qwen3_asr_encoder",
        {"input_features": "batch mels 200", "input_features_mask": "batch 200 | int64 one"},
    ),
    (
        r"fun_asr_nano_encoder",
        {"input_features": "batch 256 stacked_mels", "input_features_mask": "batch 256 | int64 one"},
    ),
    (r"voxtral_realtime", {"input_features": "batch mels sequence*audio_frames"}),
    (
        r"fastspeech2_conformer.*",
        {
            "spectrogram_labels": "batch sequence mels",
            "duration_labels": "batch sequence | int64 one",
            "pitch_labels": "batch sequence 1",
            "energy_labels": "batch sequence 1",
        },
    ),
    (r"blip_2_qformer", {"encoder_hidden_states": "batch square encoder_hidden"}),
    (r"speecht5", {"input_values": "batch sequence hidden", "decoder_input_values": "batch sequence hidden"}),
    (r"speech-encoder-decoder", {"inputs": "", "input_features": ""}),
    (r"mimi_decoder|pocket_tts_audio_tokenizer_decoder", {"latents": "batch hidden sequence"}),
    (r"vibevoice_acoustic_tokenizer", {"input_values": "batch 1 samples"}),
    (r"vibevoice_acoustic_tokenizer_encoder", {"hidden_states": "batch 1 samples"}),
    (r"vibevoice_acoustic_tokenizer_decoder", {"hidden_states": "batch hidden sequence"}),
    (r"clap|clap_audio_model", {"input_features": "batch 1 time mels"}),
    (r"neucodec|xcodec2", {"input_values": "batch 1 samples", "input_features": "batch 50 mels"}),
    (r"dac|encodec|mimi|mimi_encoder|pocket_tts.*|pe_audio.*|xcodec", {"input_values": "batch 1 samples"}),
    (r"audioflamingo3_encoder|moss_transcribe.*", {"input_features_mask": ARGUMENTS["input_features_mask"]}),
    (r"audio-spectrogram-transformer", {"input_values": "batch spectrogram mels"}),
    (r"muse_spark_audio", {"input_values": "batch 19200"}),
    (
        r"siglip2.*",
        {
            "pixel_values": "batch square patch",
            "pixel_attention_mask": "batch square | int64 one",
            "spatial_shapes": "batch 2 | int64 side",
        },
    ),
    (r"gemma4_vision", {"pixel_values": "batch square patch"}),
    (r"inkling2_vision", {"pixel_values": "batch*square merge*patch_size merge*patch_size channels"}),
    (r"kimi_k25_vision", {"pixel_values": "batch*square channels patch_size patch_size"}),
    (r"pix2struct.*", {"flattened_patches": "batch 64 flattened+2"}),
    (
        r"minicpm.*_vision",
        {
            "pixel_values": "batch channels patch_size patch_size*square",
            "target_sizes": "batch 2 | int64 side",
        },
    ),
    (r"efficientloftr|lightglue|superglue", {"pixel_values": "batch 2 channels height width"}),
    (r"instructblipvideo|videomae|vivit|timesformer|tvp|xclip", {"pixel_values": "batch frames channels height width"}),
    (r"idefics3_vision|smolvlm_vision", {"pixel_values": "batch channels height width"}),
    (
        r"kosmos-2",
        {
            "pixel_values": ARGUMENTS["pixel_values"],
            "input_ids": "batch 64 | int64 vocabulary",
            "image_embeds_position_mask": "batch 64 | int64 one",
        },
    ),
    (
        r"idefics",
        {"pixel_values": "batch 1 channels height width", "image_attention_mask": "batch sequence 1 | int64 one"},
    ),
    (
        r"pi0",
        {
            "action_embeds": "batch actions action_hidden",
            "pixel_values": "batch 1 channels height width",
            "pixel_attention_mask": "batch 1 | bool",
        },
    ),
    (r"oneformer", {"task_inputs": "batch task"}),
    (r"udop", {"bbox": "batch sequence 4"}),
    (r"xmod", {"lang_ids": "batch | int64 zero"}),
    (
        r"muse_glimmer_assistant",
        {"noise_embeds": "batch block hidden", "context_hidden_states": "batch sequence hidden*targets"},
    ),
    (r"pp_formulanet", {"input_ids": "", "pixel_values": ARGUMENTS["pixel_values"]}),
    (r"molmo2", {"mm_token_type_ids": ARGUMENTS["mm_token_type_ids"]}),
    (r"lxmert", {"visual_feats": "batch 36 2048", "visual_pos": "batch 36 4"}),
    (r"musicgen.*", {"decoder_input_ids": "batch*codebooks sequence | int64 codebook"}),
    (r"dia", {"decoder_input_ids": "batch sequence 9 | int64 decoder_vocabulary"}),
    (r"kyutai_speech_to_text", {"input_ids": "batch sequence 33 | int64 vocabulary"}),
    (r"patchtst|patchtsmixer", {"past_values": "batch past channels"}),
    (
        r"decision_transformer",
        {
            "states": "batch sequence state",
            "actions": "batch sequence action",
            "rewards": "batch sequence 1",
            "returns_to_go": "batch sequence 1",
            "timesteps": "batch sequence | int64 zero",
            "attention_mask": ARGUMENTS["attention_mask"],
        },
    ),
    (
        r"omdet-turbo",
        {
            "classes_input_ids": "batch sequence | int64 vocabulary",
            "classes_attention_mask": "batch sequence | int64 one",
            "tasks_input_ids": "batch sequence | int64 vocabulary",
            "tasks_attention_mask": "batch sequence | int64 one",
            "classes_structure": "batch | int64 one",
        },
    ),
)


def inputs_of(model_class: Any, config: Any, asked: Mapping[str, int]) -> tuple[InputSpec, ...]:
    """The dummy inputs of a model of this class and configuration; none where one cannot be known.

    ``asked`` may set ``batch``, ``sequence`` and ``image_size``.
    """
    sizes = Sizes(config, asked)
    own = of_type(FAMILIES, config.model_type, {})
    names = _arguments(model_class, config, own)
    flat = {"pixel_values": "batch*square patch"} if {"grid_thw", "image_grid_thw"} & set(names) else {}
    described = {**ARGUMENTS, **flat, **own}
    texts = [described.get(name) or _documented(name, model_class) for name in names]
    if None in texts:
        return ()
    return tuple(_spec(name, str(text), sizes) for name, text in zip(names, texts, strict=True))


def left_out(model_class: Any, inputs: Iterable[InputSpec]) -> tuple[str, ...]:
    """Images and sounds that the model could be given beside these inputs, in the order of its signature."""
    others = {*MODALITIES} - {"input_ids", "bbox", *(spec.name for spec in inputs)}
    return tuple(name for name in inspect.signature(model_class.forward).parameters if name in others)


def _arguments(model_class: Any, config: Any, own: Mapping[str, str]) -> list[str]:
    """The arguments to give, in the order of the signature."""
    parameters = inspect.signature(model_class.forward).parameters
    required = {
        parameter.name
        for parameter in list(parameters.values())[1:]
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }
    held = any(PLACEHOLDER.fullmatch(name) for part in parts(config) for name in vars(part))
    if "input_ids" in parameters and ("past_key_values" in parameters or held):
        wanted = {"input_ids"}
    else:
        main = model_class.main_input_name
        wanted = {*MODALITIES, *([main] if isinstance(main, str) else main)}
    wanted |= {"decoder_input_ids", *required, *own}
    if "pixel_values" in parameters:
        wanted -= {"pixel_values_videos"} - required
    return [name for name in parameters if name in wanted and own.get(name) != ""]


def _spec(name: str, text: str, sizes: Sizes) -> InputSpec:
    shape, _, values = text.partition("|")
    dtype, kind = [*values.split(), "", ""][:2]
    low, high = sizes.values(kind)
    return InputSpec(
        tuple(sizes[symbol] for symbol in shape.split()),
        dtype=dtype or "float32",
        name=name,
        low=low,
        high=high,
        data=sizes.data(kind),
    )


# the library's words for sizes → ours
_DOCUMENTED = {
    "batch_size": "batch",
    "bs": "batch",
    "sequence_length": "sequence",
    "seq_len": "sequence",
    "seq_length": "past",
    "input_ids_length": "sequence",
    "target_sequence_length": "sequence",
    "hidden_size": "hidden",
    "hidden_dim": "hidden",
    "dim": "hidden",
    "num_channels": "channels",
    "image_size": "height",
    "height": "height",
    "width": "width",
    "num_frames": "frames",
    "num_mel_bins": "mels",
    "feature_dim": "mels",
}


def _documented(name: str, model_class: Any) -> str | None:
    """An argument as its documentation has it, in the form of `ARGUMENTS`; None where it says nothing of use."""
    pattern = rf"^\s*{name} \(`?(?P<type>[\w.]+)`?\s+of shape\s*`?\((?P<shape>[^)]*)\)"
    match = re.search(pattern, model_class.forward.__doc__ or "", re.MULTILINE)
    if match is None:
        return None
    words = [word.strip() for word in match["shape"].split(",") if word.strip()]
    if not all(word in _DOCUMENTED or word.isdigit() for word in words):
        return None
    values = {"torch.LongTensor": " | int64 one", "torch.BoolTensor": " | bool"}.get(match["type"], "")
    return " ".join(_DOCUMENTED.get(word, word) for word in words) + values
