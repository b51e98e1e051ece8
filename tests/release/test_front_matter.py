"""Front matter: read, and added to without a change to what is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reportgen.errors import ConfigError
from reportgen.release.front_matter import add, length, licence
from reportgen.release.metadata import Metadata

TIMM = Metadata("timm", "image-classification", "apache-2.0", ("pytorch", "on edge"))
LINES = "library_name: timm\npipeline_tag: image-classification\nlicense: apache-2.0\n"


def extended(text: str, metadata: Metadata = TIMM) -> str:
    """The card with the metadata; a second time changes nothing."""
    new = add(text, metadata, file="README.md")
    assert new == add(new, metadata, file="README.md")
    return new


def test_none_yet():
    """A card without any gets one, behind its byte order mark, with its line ends."""
    expected = f'---\n{LINES}tags:\n- pytorch\n- "on edge"\n---\n\n# A\n'.replace("\n", "\r\n")
    assert f"\ufeff{expected}" == extended("\ufeff# A\r\n")


def test_nothing_that_is_there_changes():
    """Comments, quotes, order, spaces and 1.10 stay; what a person wrote wins; what is missing is added."""
    old = """---
# the team's card
version: 1.10   # not 1.1
license:   mit
"language": ['en', "de"]
tags:
    - 'vision'  # first

    -   pytorch
    # no more
pipeline_tag: other
model-index:
- name: a
  results: []
---
# A
"""
    expected = old.replace("-   pytorch\n", '-   pytorch\n    - "on edge"\n').replace(
        "results: []\n", "results: []\nlibrary_name: timm\n"
    )
    assert expected == extended(old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tags: [a, 'b']  # few\n", "tags: [a, 'b', pytorch, \"on edge\"]  # few\n"),
        ("tags: []\n", 'tags: [pytorch, "on edge"]\n'),
        ("tags:\nx: 1\n", 'tags:\n- pytorch\n- "on edge"\nx: 1\n'),
        ("tags:\n- a\n- |\n  b\nx: 1\n", 'tags:\n- a\n- |\n  b\n- pytorch\n- "on edge"\nx: 1\n'),
        ("tags:\n  - pytorch\n  - on edge\n", "tags:\n  - pytorch\n  - on edge\n"),
        ("", 'tags:\n- pytorch\n- "on edge"\n'),
        ("# nothing yet\n", '# nothing yet\ntags:\n- pytorch\n- "on edge"\n'),
        ("note: |\n  text\n", 'note: |\n  text\ntags:\n- pytorch\n- "on edge"\n'),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tags(old, new, end):
    """Tags go behind the last one, in the way that they are written."""
    metadata = Metadata(tags=("pytorch", "on edge"))
    card = "---\n{}---\n# A\n".replace("\n", end)
    assert card.format(new.replace("\n", end)) == extended(card.format(old.replace("\n", end)), metadata)


@pytest.mark.parametrize(
    ("yaml", "cause"),
    [
        ("a: [1\n", "README.md, line 3: the front matter is no YAML: "),
        ("a: 1\na: 2\n", "README.md, line 3: the front matter is no YAML: found duplicate key"),
        ("a: \x07\n", "README.md: the front matter is no YAML: "),
        ("- a\n", "README.md: its front matter has no keys and values"),
        ("tags: one\n", "README.md: the tags in its front matter are no list"),
        ("{a: 1}\n", "README.md: nothing can be added to its front matter as it is written"),
        ("tags: ~\n", "README.md: nothing can be added to its front matter as it is written"),
    ],
)
def test_refused(yaml, cause):
    """Front matter that cannot be read, or not be added to line by line, is told and left alone."""
    with pytest.raises(ConfigError) as caught:
        add(f"---\n{yaml}---\n", TIMM, file="README.md")
    assert ("card-front-matter", cause) == (caught.value.code, str(caught.value)[: len(cause)])
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\na: 1\n---\n# A\n", 13),
        ("\ufeff---  \r\n---\r\nA", 13),
        ("---\na\n---", 9),
        ("---\na\n", 0),
        ("\n---\na\n---\n", 0),
        ("----\na\n---\n", 0),
        ("---\na: |\n  ---\n---\n", 19),
    ],
)
def test_length(text, expected):
    """Front matter begins a file, and ends with a line of three hyphens."""
    assert expected == length(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\nlicense: mit\n---\n", "mit"),
        ("---\nlicense: other\nlicense_name: house-1.0\n---\n", "house-1.0"),
        ("---\nlicense: other\n---\n", "other"),
        ("---\nlicense:\n- mit\n- cc0-1.0\n---\n", "mit, cc0-1.0"),
        ("---\nlicense:\n---\n", None),
        ("# A\nlicense: mit\n", None),
    ],
)
def test_licence(text, expected):
    """As the Hub reads it."""
    assert expected == licence(text, file="README.md")


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])), max_size=4))
def test_any_tag(tags):
    """Whatever a tag is, YAML gives it back."""
    text = add("", Metadata(tags=("pytorch", *tags)), file="README.md")
    assert {"tags": list(dict.fromkeys(("pytorch", *tags)))} | {} == {
        key: list(dict.fromkeys(value))
        for key, value in YAML(typ="safe", pure=True).load(text.split("---\n")[1]).items()
    }


@pytest.mark.parametrize(
    ("source", "class_name", "expected"),
    [
        ("transformers", "transformers.models.gpt2.modeling_gpt2.GPT2LMHeadModel", ("transformers", None)),
        (
            "transformers",
            "transformers.models.llama.modeling_llama.LlamaForCausalLM",
            ("transformers", "text-generation"),
        ),
        ("transformers", "transformers.models.t5.modeling_t5.T5ForConditionalGeneration", ("transformers", None)),
        ("timm", "timm.models.resnet.ResNet", ("timm", None)),
        ("file", "models.MineForMaskedLM", (None, None)),
    ],
)
def test_what_a_record_knows(make_report, source, class_name, expected):
    """The library, and the task where a class of transformers names it; nothing is guessed."""
    report = make_report(modules={"": class_name}, model={"source": source, "tags": ("edge", "pytorch")})
    found = Metadata.of([report], licence="mit")
    assert Metadata(*expected, "mit", ("pytorch", "edge")) == found


def test_what_several_records_agree_in(make_report):
    """A card of models from two libraries names neither."""
    reports = [make_report(model={"source": source, "tags": (source,)}) for source in ("timm", "torchvision")]
    assert Metadata(tags=("pytorch", "timm", "torchvision")) == Metadata.of(reports)
