"""How much a forward pass read."""

from __future__ import annotations

import pytest

from reportgen.analysis.work import InputSize, input_size
from reportgen.report.schema import InputFacts

SIZES = {
    "text": ([((2, 16), "int64")], InputSize("token", 32)),
    "text and its mask": ([((2, 16), "int64"), ((2, 16), "int64")], InputSize("token", 32)),
    "image": ([((2, 3, 32, 24), "float32")], InputSize("pixel", 2 * 32 * 24)),
    "half-precision image": ([((1, 1, 8, 8), "bfloat16")], InputSize("pixel", 64)),
    "image and text": ([((2, 16), "int64"), ((2, 3, 32, 32), "float32")], None),
    "texts of two lengths": ([((2, 16), "int64"), ((2, 8), "int64")], None),
    "feature map": ([((2, 64, 32, 32), "float32")], None),
    "table": ([((2, 16), "float32")], None),
    "nothing": ([], None),
}


@pytest.mark.parametrize("case", SIZES)
def test_input_size(case: str) -> None:
    """Tokens of texts, pixels of images; nothing where there is neither, or no one answer."""
    given, expected = SIZES[case]
    rows = [
        InputFacts(name=f"x{i}", shape=shape, dtype=dtype, origin="source") for i, (shape, dtype) in enumerate(given)
    ]
    assert input_size(rows) == expected
