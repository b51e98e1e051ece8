"""Models of transformers: by type, by class and by configuration, and what goes into them."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import nn

if find_spec("transformers") is None:
    pytest.skip("transformers is not installed", allow_module_level=True)

from reportgen.config import ProbeOptions
from reportgen.errors import ConfigError, RegistryError, UnknownModel
from reportgen.probe import probe
from reportgen.registry.base import InputSpec, ModelRef, ModelSpec
from reportgen.registry.transformers_source import TransformersSource

pytestmark = pytest.mark.filterwarnings("ignore")  # transformers warns of its own ways


def specified(text: str) -> ModelSpec:
    """The specification of a reference without its scheme."""
    return TransformersSource().spec(ModelRef.parse(f"transformers:{text}"))


def built(text: str) -> nn.Module:
    """The model of that reference, on meta."""
    with torch.device("meta"):
        return specified(text).build()


def test_every_type_with_a_model_is_listed() -> None:
    """All 605 types of AutoModel in version 5.23, and those that only have a model for a task, such as ColPali."""
    names = set(TransformersSource().names())
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    assert set(MODEL_MAPPING_NAMES) <= names
    assert "colpali" in names


def test_a_specification_says_its_source() -> None:
    """Description and version come from the library."""
    spec = specified("vit")
    expected = (
        "The bare Vit Model outputting raw hidden-states without any specific head on top.",
        version("transformers"),
    )
    assert expected == (spec.description, spec.package_version)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [  # of the published checkpoints of these very configurations
        ("bert", 109_482_240),
        ("BertForMaskedLM", 109_514_298),
        ("gpt2", 124_439_808),
        ("distilbert", 66_362_880),
        ("vit", 86_389_248),
        ("clip", 151_277_313),
        ("t5", 60_506_624),
    ],
)
def test_a_default_configuration_is_the_published_one(text: str, parameters: int) -> None:
    """bert-base-uncased, gpt2, vit-base, clip-vit-base-patch32, t5-small: the counts that everyone knows."""
    assert parameters == sum(parameter.numel() for parameter in built(text).parameters())


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("bert", ["input_ids=1x32:int64:0-30521"]),
        ("bert?batch=2&sequence=128", ["input_ids=2x128:int64:0-30521"]),
        ("t5", ["input_ids=1x32:int64:0-32127", "decoder_input_ids=1x32:int64:0-32127"]),
        ("vit", ["pixel_values=1x3x224x224"]),
        ("vit?image_size=64", ["pixel_values=1x3x64x64"]),
        ("clip", ["input_ids=1x32:int64:0-49407", "pixel_values=1x3x224x224"]),
        ("whisper", ["input_features=1x80x3000", "decoder_input_ids=1x32:int64:0-51864"]),
        ("wav2vec2", ["input_values=1x16000"]),
        ("qwen2_vl", ["input_ids=1x32:int64:0-152063"]),
    ],
)
def test_inputs_come_from_signature_and_configuration(text: str, inputs: list[str]) -> None:
    """Text, images, both, sound: each in the size that the configuration expects; text alone where it suffices."""
    assert tuple(map(InputSpec.parse, inputs)) == specified(text).inputs


def test_what_is_left_out_is_noted() -> None:
    """A model that could be given images and gets text alone says so."""
    note = "Fed without pixel_values, pixel_values_videos: what reads them took no part."
    assert (True, False) == (note in specified("qwen2_vl").notes, note in specified("clip").notes)


@pytest.mark.parametrize(
    "text",
    [
        "bert?num_hidden_layers=1",
        "BertForSequenceClassification?num_hidden_layers=1",
        "llama?num_hidden_layers=1&sequence=4096",
        "mixtral?num_hidden_layers=1",
        "t5?num_layers=1",
        "udop?num_layers=1&num_decoder_layers=1",
        "vit?image_size=64&num_hidden_layers=1",
        "swin?depths=[1, 1]&num_heads=[2, 4]",
        "videomae?num_hidden_layers=1",
        "detr?encoder_layers=1&decoder_layers=1",
        "clip?num_hidden_layers=1",
        "vilt?num_hidden_layers=1",
        "siglip2_vision_model?num_hidden_layers=1",
        "gemma4_vision?num_hidden_layers=1",
        "qwen3_vl_vision?depth=1&deepstack_visual_indexes=[0]",
        "wav2vec2?num_hidden_layers=1",
        "whisper?encoder_layers=1&decoder_layers=1",
        "fastspeech2_conformer",
        "patchtst",
    ],
)
def test_models_are_measured_completely(text: str) -> None:
    """Of every kind a model or two: constructor, forward and backward all succeed in training, on meta."""
    facts = probe(specified(text), ProbeOptions()).probe
    assert ("complete", "train", "meta") == (facts.status, facts.mode, facts.device.used)


def test_patches_come_with_their_grid() -> None:
    """A picture of 12 by 12 patches, each with its column and row; as many pictures as asked for."""
    patches, grid = specified("qwen2_5_vl_vision?batch=2").inputs
    assert ((288, 1176), (2, 3), (1, 12, 12, 1, 12, 12)) == (patches.shape, grid.shape, grid.data)
    _, positions = specified("gemma4_vision").inputs
    assert ((1, 144, 2), (0, 0, 1, 0), (11, 11)) == (positions.shape, positions.data[:4], positions.data[-2:])


def test_a_type_is_built_by_a_class_that_takes_its_configuration() -> None:
    """The barest class of MusicGen is its decoder, which takes another configuration."""
    assert "MusicgenForConditionalGeneration" == specified("musicgen").build.args[0].__name__


def test_a_class_that_did_not_load_names_what_it_needs() -> None:
    """The library has stand-ins for classes whose packages are missing."""
    if find_spec("torchaudio") is not None:
        pytest.skip("torchaudio is installed")
    with pytest.raises(RegistryError, match="HiggsAudioV2TokenizerModel needs torchaudio") as caught:
        specified("higgs_audio_v2_tokenizer")
    assert "pip install torchaudio" == caught.value.remedy


def test_a_field_reaches_the_part_that_has_it() -> None:
    """A field of the text model alone is set there; one of the whole is set on the whole."""
    config = built("clip?vocab_size=1000&projection_dim=64").config
    assert (1000, 64, 512) == (config.text_config.vocab_size, config.projection_dim, config.text_config.hidden_size)


def test_an_image_size_builds_the_model_for_it() -> None:
    """A vision transformer asked for another image size gets the position embeddings for it."""
    shape = built("vit?image_size=64").embeddings.position_embeddings.shape
    assert (1, 1 + (64 // 16) ** 2, 768) == tuple(shape)


@pytest.mark.parametrize(
    ("text", "active"),
    [
        # mistral.ai: 46.7 B parameters, 12.9 B of them used per token
        ("MixtralForCausalLM", 12_879_925_248),
        # arXiv:2412.19437: 671 B parameters, 37 B of them activated for each token
        ("DeepseekV3ForCausalLM", 37_552_282_624),
        ("bert", None),
    ],
)
def test_active_parameters_leave_out_idle_experts(text: str, active: int | None) -> None:
    """Two of eight experts a layer, eight of 256 beside a shared one; a dense model has no such figure."""
    assert active == specified(text).active_parameters


@pytest.mark.parametrize("form", ["folder", "folder/config.json"])
def test_a_configuration_file_builds_its_architecture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """A folder or its config.json gives the architecture that it names, in the dtype that it says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    data = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": 1, "n_embd": 24, "n_head": 2}
    text = json.dumps({**data, "vocab_size": 100, "dtype": "bfloat16"})
    (tmp_path / "folder" / "config.json").write_text(text, encoding="utf-8")
    spec = specified(f"{form}?n_positions=16")
    weight = spec.build().transformer.wpe.weight
    assert ((16, 24), "torch.bfloat16") == (tuple(weight.shape), str(weight.dtype))
    assert (InputSpec.parse("input_ids=1x16:int64:0-99"),) == spec.inputs


def test_what_is_no_configuration_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is missing, is no JSON, or names a type that transformers does not have."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownModel, match=r"there is no 'no/config.json'"):
        specified("no/config.json")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RegistryError, match=r"config[.]json is no configuration of transformers: KeyError"):
        specified("config.json")
    (tmp_path / "config.json").write_text('{"model_type": "bertt"}', encoding="utf-8")
    with pytest.raises(UnknownModel) as caught:
        specified("config.json")
    assert (caught.value.remedy or "").startswith("did you mean bert")


def test_an_unknown_name_names_the_closest() -> None:
    """A misspelt type or class is answered with close ones."""
    for name, close in (("mixtrall", "mixtral"), ("BertForMaskedML", "BertForMaskedLM")):
        with pytest.raises(UnknownModel) as caught:
            specified(name)
        assert close in (caught.value.remedy or "")


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("bert?num_hiden_layers=2", "BertConfig has no field 'num_hiden_layers'", "did you mean num_hidden_layers"),
        ("bert?batch=0", "batch must be a positive integer", "write [?]batch=32"),
        ("bert?num_hidden_layers=many", "BertConfig refuses its values", "give other values"),
    ],
)
def test_wrong_arguments_are_told(text: str, message: str, remedy: str) -> None:
    """A field that is not there, a size that is none, and a value of the wrong type."""
    with pytest.raises((ConfigError, RegistryError), match=message) as caught:
        specified(text)
    assert (caught.value.remedy or "").startswith(remedy.replace("[?]", "?"))


def test_nothing_is_fetched_and_nothing_stays_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub is off while a model is built, and as it was afterwards; backbones come without their weights."""
    from huggingface_hub import constants
    from transformers import DetrModel

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    seen = []

    def build(config: object) -> None:
        seen.append((constants.HF_HUB_OFFLINE, os.environ["HF_HUB_OFFLINE"], config.use_cache))

    spec = specified("bert")
    monkeypatch.setattr(spec.build.args[0], "_from_config", build)
    before = constants.HF_HUB_OFFLINE
    spec.build()
    assert ([(True, "1", False)], before, None) == (seen, constants.HF_HUB_OFFLINE, os.environ.get("HF_HUB_OFFLINE"))
    assert DetrModel is specified("detr").build.args[0]
