"""Tests of `reportgen.analysis.keymap`."""

from __future__ import annotations

import pytest

from reportgen.analysis.keymap import prefix_rules, renamed


@pytest.mark.parametrize(
    ("renames", "others", "expected"),
    [
        ({"a.w": "module.a.w", "b.w": "module.b.w"}, (), {"": "module."}),
        ({"module.a.w": "a.w", "module.b.w": "b.w"}, (), {"module.": ""}),
        ({"l.0.w": "s.0.w", "l.1.w": "s.1.w"}, ("head.w",), {"l.": "s."}),
        ({"1.w": "2.w", "2.w": "3.w"}, ("0.w",), {"1.": "2.", "2.": "3."}),
        ({"a.weight": "a.weight_orig"}, ("a.bias",), {"a.weight": "a.weight_orig"}),
        ({"a.weight": "a.base.weight"}, ("a.bias",), None),
        ({"w": "v"}, ("w2",), None),
        ({"a.w": "b.w"}, ("b.w",), None),
        ({f"{chr(97 + index)}.w": f"{index}.w" for index in range(13)}, (), None),
    ],
)
def test_rules_rename_just_what_the_map_renames(renames, others, expected):
    """Few prefixes where they do, and none where one would rename more, or two keys would become one."""
    assert expected == prefix_rules(renames, (*renames, *others))


def test_the_longest_prefix_goes_first():
    """``a.b.`` before ``a.``; what fits none stays."""
    rules = {"a.": "x.", "a.b.": "y."}
    assert ["x.c", "y.c", "b.c"] == [renamed(key, rules) for key in ("a.c", "a.b.c", "b.c")]
