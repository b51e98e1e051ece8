"""References and input texts."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.errors import ConfigError
from reportgen.registry.base import DTYPES, InputSpec, ModelRef

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resnet50", ModelRef(None, "resnet50")),
        ("torchvision:resnet50", ModelRef("torchvision", "resnet50")),
        ("torchvision:resnet?8", ModelRef("torchvision", "resnet?8")),
        ("builtin:gpt2?layers=2&dtype=bfloat16", ModelRef("builtin", "gpt2", {"layers": 2, "dtype": "bfloat16"})),
        ("a1:b?x=1.5&y=true&z=null&w=[1, 2]", ModelRef("a1", "b", {"x": 1.5, "y": True, "z": None, "w": [1, 2]})),
        (r"file:C:\models.py:Net", ModelRef("file", r"C:\models.py:Net")),
        (r"C:\models.py:Net", ModelRef(None, r"C:\models.py:Net")),
    ],
)
def test_reference_is_read(text: str, expected: ModelRef) -> None:
    """A reference splits into its source, name and arguments."""
    assert expected == ModelRef.parse(text)


@pytest.mark.parametrize("text", ["", "torchvision:", "a?x=1&y", "a?x=1&x=2"])
def test_malformed_reference_is_refused(text: str) -> None:
    """A reference without a name, with a part that is no argument, or with an argument twice is an error."""
    with pytest.raises(ConfigError) as caught:
        ModelRef.parse(text)
    assert caught.value.code == "model-reference"


@example({"k": "a&b=c"})
@given(st.dictionaries(st.from_regex(r"[a-z_]+", fullmatch=True), SCALARS, max_size=3))
def test_reference_is_written_so_that_it_reads_back(kwargs: dict[str, object]) -> None:
    """Whatever its arguments, the canonical text of a reference means the same reference."""
    ref = ModelRef("builtin", "gpt2", kwargs)
    assert ref == ModelRef.parse(str(ref))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2x3x224x224", InputSpec((2, 3, 224, 224))),
        ("input_ids=2x128:int64:0-999", InputSpec((2, 128), "int64", "input_ids", 0, 999)),
        ("scalar:float64", InputSpec((), "float64")),
        ("7:int8:-3-3", InputSpec((7,), "int8", None, -3, 3)),
        ("images.0=3x32x32", InputSpec((3, 32, 32), name="images.0")),
        ("t.0.boxes=1x4:float32:[8,8,24.5,24]", InputSpec((1, 4), name="t.0.boxes", data=(8, 8, 24.5, 24))),
    ],
)
def test_input_is_read_and_written(text: str, expected: InputSpec) -> None:
    """An input's text splits into name, shape, dtype and range, and is what its specification prints as."""
    assert (expected, text) == (InputSpec.parse(text), str(expected))


@pytest.mark.parametrize(
    "text",
    [
        *("", "2x", "2xthree", "2x3:float33", "2:int64:9-0", "=2x3", "a b=2x3", "0.a=2", "a..b=2", "a.=2"),
        *("2:float32:[1]", "2:float32:[1,true]", "1:float32:[NaN]", "1:float32:[1", "0:float32:1]", "1:float32:[a]"),
    ],
)
def test_malformed_input_is_refused(text: str) -> None:
    """A shape, dtype, range or name that is none is an error."""
    with pytest.raises(ConfigError) as caught:
        InputSpec.parse(text)
    assert caught.value.code == "input-spec"


@given(
    st.builds(
        InputSpec,
        shape=st.lists(st.integers(0, 999), max_size=5).map(tuple),
        dtype=st.sampled_from(sorted(DTYPES)),
        name=st.none() | st.from_regex(r"[a-z_][a-z0-9_]*(\.[a-z0-9_]+)*", fullmatch=True),
    )
    | st.builds(
        lambda data: InputSpec((len(data),), data=tuple(data)),
        st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False), max_size=5),
    )
)
def test_input_is_written_so_that_it_reads_back(spec: InputSpec) -> None:
    """Whatever its shape, dtype and name, an input's text means the same input."""
    assert spec == InputSpec.parse(str(spec))
