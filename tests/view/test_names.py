"""Names for the eye."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.fold import fold, walk
from reportgen.view.names import brief, compact, label, listing, path, repeats, simple, without_markup

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport

NAMES = st.from_regex(r"[ab0-3]{1,3}(\.[ab0-9]{1,2}){0,2}", fullmatch=True)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([f"h.{block}.mask" for block in range(12)], ("h.0–11.mask",)),
        (["norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"], ("norm1–2.weight", "norm1–2.bias")),
        ([f"{stage}.{block}" for stage in (1, 2) for block in (0, 1, 2)], ("1–2.0–2",)),
        (["1.0", "1.1", "2.0"], ("1.0–1", "2.0")),
        (["h.1.b", "h.0.b", "h.0.a", "h.3.b"], ("h.0–1.b", "h.3.b", "h.0.a")),
        (["h.0", "h.2"], ("h.0", "h.2")),
        (["h.01", "h.02"], ("h.01", "h.02")),
        (["bias", "weight"], ("bias", "weight")),
        (["h.1"], ("h.1",)),
        ([], ()),
    ],
)
def test_consecutive_numbers_are_one_pattern(names: list[str], expected: tuple[str, ...]) -> None:
    """Names become a range where every number of it is there, and stay as they are elsewhere."""
    assert expected == compact(names)


def expand(pattern: str) -> set[str]:
    """All names that a pattern stands for."""
    found = re.search(r"(\d+)–(\d+)", pattern)
    if not found:
        return {pattern}
    numbers = range(int(found[1]), int(found[2]) + 1)
    return {
        name for number in numbers for name in expand(f"{pattern[: found.start()]}{number}{pattern[found.end() :]}")
    }


@given(st.lists(NAMES, unique=True, max_size=12))
def test_patterns_stand_for_exactly_their_names(names: list[str]) -> None:
    """No name is lost in a pattern, and none is made up."""
    assert set(names) == {name for pattern in compact(names) for name in expand(pattern)}


def test_overlong_names_in_sentences() -> None:
    """A name that nobody gave by hand loses its middle in a sentence; one that somebody may have given stays whole."""
    assert brief("x" * 80) == "x" * 80
    assert brief("a" * 60 + "b" * 60) == "a" * 40 + "…" + "b" * 20


def test_long_lists_are_cut() -> None:
    """A sentence names a few and counts the rest."""
    assert ("a, b and 2 more", "a, b, (model)") == (listing(["a", "b", "c", "d"], limit=2), listing(["a", "b", ""]))


def test_folded_nodes_have_names_of_their_own(transformer12: ModelReport) -> None:
    """A run shows its first and last number, and how often it repeats; what is in it repeats as often."""
    chains = {path(chain): (label(chain), repeats(chain)) for chain in walk(fold(transformer12))}
    assert {
        "(model)": ("(model)", 1),
        "wte": ("wte", 1),
        "h": ("h", 1),
        "h.0–11": ("h.0–11 ×12", 12),
        "h.0–11.mlp": ("mlp", 12),
        "h.0–11.mlp.0": ("mlp.0", 12),
    } == {name: chains[name] for name in ("(model)", "wte", "h", "h.0–11", "h.0–11.mlp", "h.0–11.mlp.0")}


def test_simple_class_names() -> None:
    """A class is known by its last name."""
    assert ("Conv2d", "Net", "a.") == (simple("torch.nn.modules.conv.Conv2d"), simple("Net"), simple("a."))


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("`Paper <https://x.org/a_b>`__ by us", "Paper by us"),
        ("From [Deep Nets](https://x.org/a_(b)), ![a net](x.png)", "From Deep Nets, a net"),
        ("A :class:`~torch.nn.Linear` and :py:meth:`a.b`, ``code`` and `x`", "A torch.nn.Linear and a.b, code and x"),
        (
            "With the [~AutoModel.from_config] method, a [CLS] token [1]",
            "With the AutoModel.from_config method, a [CLS] token [1]",
        ),
        ("**Bold** and *slanted*, but 2*3*4 and a ** b", "Bold and slanted, but 2*3*4 and a ** b"),
        ("Plain_words, <b> & C#.", "Plain_words, <b> & C#."),
    ],
)
def test_words_without_markup(written: str, plain: str) -> None:
    """Of a docstring's links and emphasis the words stay; what is no markup stays as it is."""
    assert plain == without_markup(written)
