"""Names for the eye: runs of numbered names written as one, long lists cut short."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from math import prod
from typing import TYPE_CHECKING

from reportgen.analysis.fold import Node
from reportgen.view import numbers

if TYPE_CHECKING:
    from reportgen.report.schema import InputFacts

_DIGITS = 12  # of a fingerprint
_BRIEF = 80  # characters
MODEL = "(model)"  # what the path "" of the model itself is shown as
_NUMBER = re.compile(r"(?<![0-9])(0|[1-9][0-9]{0,8})(?![0-9])")  # one that counting up and writing gives back

_MARKUP = (
    (re.compile(r"(?::[\w:]+:)?`+~?([^`]*?)(?:\s*<[^<>`]*>)?`+_*"), r"\1"),  # ``x``, :class:`~x`, `words <address>`__
    (re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\([^()]*\)[^()\s]*)?\)"), r"\1"),  # [words](address)
    (re.compile(r"\[~([\w.]+)\]"), r"\1"),  # [~Class.method]
    (re.compile(r"(?<![\w*])(\*{1,2})(?=\S)([^*]+)(?<=\S)\1(?![\w*])"), r"\2"),  # *words*, **words**
)


def run(node: Node) -> str:
    """A node's name, ``0–31`` where it is a run: the first one's name, then the last one's number."""
    if node.count == 1:
        return node.name
    last = re.search(r"[0-9]+\Z", node.nth(node.count - 1))
    return f"{node.name}–{last[0]}" if last else node.name


def path(chain: Sequence[Node]) -> str:
    """The whole path of the last node of a chain: ``layers.0–31.attention``."""
    return ".".join(run(node) for node in chain if node.name) or MODEL


def label(chain: Sequence[Node]) -> str:
    """The last node's own name, ``layers.0–31 ×32`` where it is a run; bare numbers take the names above along."""
    parts: list[str] = []
    for node in reversed(chain):
        if node.name:
            parts.insert(0, run(node))
        if not node.name or not node.name[0].isdigit():
            break
    name = ".".join(parts) or MODEL
    return f"{name} ×{chain[-1].count:,}" if chain[-1].count > 1 else name


def last(path: str) -> str:
    """The last name of a path, ``layers.3`` where it is a bare number."""
    above, _, name = path.rpartition(".")
    return f"{last(above)}.{name}" if above and name[:1].isdigit() else name or MODEL


def repeats(chain: Sequence[Node]) -> int:
    """How many modules the last node of a chain stands for."""
    return prod(node.count for node in chain)


def simple(class_name: str) -> str:
    """``Conv2d`` of ``torch.nn.modules.conv.Conv2d``."""
    last = class_name.rpartition(".")[2]
    return last if last.isidentifier() else class_name


def without_markup(text: str) -> str:
    """Plain text of what a docstring says in reStructuredText or Markdown: words stay, addresses and marks go."""
    for pattern, words in _MARKUP:
        text = pattern.sub(words, text)
    return text


def inputs(rows: Iterable[InputFacts]) -> str:
    """What went in: ``x 1×3×224×224 float32, mask 1×128 int64``."""
    return ", ".join(f"{row.name} {numbers.shape(row.shape)} {row.dtype}" for row in rows)


def fingerprint(text: str | None) -> str | None:
    """A fingerprint as far as the eye compares one: ``sha256:4a1b2c3d4e5f``."""
    return text and text[: text.find(":") + 1 + _DIGITS]


def compact(names: Sequence[str]) -> tuple[str, ...]:
    """Names that differ in consecutive numbers only, as one: ``h.0.mask`` … ``h.11.mask`` as ``h.0–11.mask``.

    A pattern stands for exactly the names it came from: every number of every range, each once.
    """
    groups: dict[tuple[str, ...], list[tuple[int, ...]]] = {}
    for name in names:
        parts = _NUMBER.split(name)
        groups.setdefault(tuple(parts[::2]), []).append(tuple(map(int, parts[1::2])))
    return tuple(pattern for texts, numbers in groups.items() for pattern in _patterns(texts, numbers))


def _patterns(texts: tuple[str, ...], numbers: Sequence[tuple[int, ...]]) -> list[str]:
    if len(set(numbers)) < len(numbers):
        return [_weave(texts, map(str, row)) for row in numbers]
    return [_weave(texts, ranges) for ranges in _fold(numbers)]


def _fold(rows: Sequence[tuple[int, ...]]) -> list[tuple[str, ...]]:
    """Rows of numbers as ranges: consecutive first numbers that the same rest follows are one."""
    if not rows or not rows[0]:
        return [()] if rows else []
    rests: dict[int, list[tuple[int, ...]]] = {}
    for row in sorted(rows):
        rests.setdefault(row[0], []).append(row[1:])
    runs: list[list[int]] = []
    for first, rest in rests.items():
        if runs and first == runs[-1][-1] + 1 and rest == rests[runs[-1][-1]]:
            runs[-1].append(first)
        else:
            runs.append([first])
    return [(_range(run), *folded) for run in runs for folded in _fold(rests[run[0]])]


def _range(run: Sequence[int]) -> str:
    return str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}"


def _weave(texts: Sequence[str], numbers: Iterable[str]) -> str:
    return "".join(text + number for text, number in zip_longest(texts, numbers, fillvalue=""))


def brief(name: str, most: int = _BRIEF) -> str:
    """A name for a sentence: what is longer than any that a person gave loses its middle; tables have it whole."""
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-most // 4 :]}"


def listing(names: Sequence[str], *, limit: int = 6) -> str:
    """Names for a sentence, runs as one, the rest as a number: ``a, h.0–11.mask and 3 more``."""
    patterns = compact([name or MODEL for name in names])
    if len(patterns) <= limit:
        return ", ".join(patterns)
    return f"{', '.join(patterns[:limit])} and {len(patterns) - limit:,} more"
