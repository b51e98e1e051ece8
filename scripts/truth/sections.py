"""The sections of docs/truth.md: each makes one comparison and sets it as text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import agreement
import memory as allocator
import torchvision_truth

WITHIN = 0.05  # of the real allocator's peak


@dataclass(frozen=True, slots=True)
class Section:
    """A title, Markdown below it, and how many figures or models agree."""

    title: str
    lines: tuple[str, ...]
    compared: int
    equal: int
    explained: int = 0
    estimates: bool = False  # predictions, which may be off: no reason to fail

    @property
    def different(self) -> int:
        """Those that neither agree nor have a known cause."""
        return self.compared - self.equal - self.explained


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A Markdown table; numbers are set with thousands separators, at the right."""
    heads, cells = tuple(heads), [tuple(row) for row in rows]
    right = [all(isinstance(row[column], int | float) for row in cells) for column in range(len(heads))]
    yield _line(heads)
    yield _line("---:" if numeric else "---" for numeric in right)
    for row in cells:
        yield _line(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def hand() -> Section:
    """Small cases that anyone can work out."""
    heads = ("case", "figure", "reportgen", "true", "because", "others")
    return _cases("Values known by hand", "known_values.toml", heads, "others")


def counts() -> Section:
    """Published parameter counts."""
    heads = ("model", "figure", "reportgen", "true", "source")
    return _cases("Parameter counts published with models of transformers", "published_counts.toml", heads)


def _cases(title: str, file: str, heads: tuple[str, ...], *more: str) -> Section:
    rows: list[tuple[Any, ...]] = []
    for case in agreement.cases(file):
        said = agreement.said(case)
        rows += [
            (case["title"], f"`{figure}`", said[figure], true, case["why"], *(case[name] for name in more))
            for figure, true in case["values"].items()
        ]
    return Section(title, tuple(table(heads, rows)), len(rows), sum(row[2] == row[3] for row in rows))


def torchvision() -> Section:
    """Every weight entry of torchvision."""
    rows = [torchvision_truth.compare(entry) for entry in torchvision_truth.entries()]
    equal = sum(row.agrees and not row.why for row in rows)
    explained = sum(row.agrees for row in rows) - equal
    others = [
        (
            f"{row.entry.model} {row.entry.weights}",
            "–" if row.parameters is None else row.parameters,
            row.entry.parameters,
            "–" if row.gmacs is None else f"{row.gmacs:.3f}",
            f"{row.entry.gmacs:.3f}",
            "; ".join(row.why) or "no cause known",
        )
        for row in rows
        if row.why or not row.agrees
    ]
    text = (
        "`num_params` exactly, `_ops` to the third decimal of a GMAC, at the size that the weights' transforms give.",
        "Not equal are:",
        "",
    )
    heads = ("weights", "parameters", "published", "GMACs", "published", "because")
    return Section("torchvision's weights", (*text, *table(heads, others)), len(rows), equal, explained)


def timm() -> Section:
    """Every row of timm's published table."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        results = list(pool.map(agreement.compare_timm, agreement.timm_rows(), chunksize=20))
    equal = sum(result.agrees for result in results)
    explained = sum(result.explained for result in results) - equal
    others = [
        (
            f"{result.row.model} at {result.row.img_size}",
            _two(result.params),
            _two(result.row.params),
            _two(result.gmacs),
            _two(result.row.gmacs),
            f"{result.gmacs / result.row.gmacs - 1:+.1%}",
            result.cause if result.explained else f"no cause known ({result.cause})",
        )
        for result in results
        if not result.agrees
    ]
    within = sum(abs(result.gmacs / result.row.gmacs - 1) <= 0.01 for result in results)
    text = (
        "Millions of parameters and GMACs in fvcore's convention, both to the two published decimals, after timm's own",
        f"`reparameterize_model`. GMACs of {within:,} rows are within 1 %. Not equal to the last digit are:",
        "",
    )
    heads = ("model and size", "parameters", "published", "GMACs", "published", "off", "because")
    return Section("timm's benchmark table", (*text, *table(heads, others)), len(results), equal, explained)


def memory() -> Section:
    """Predicted peaks beside what the CPU's allocator gave out."""
    rows, near = [], 0
    for reference, *inputs in allocator.MODELS:
        row = allocator.compare(reference, *inputs)
        cells: list[object] = [f"`{reference}`"]
        for predicted, measured, error in zip(row.predicted, row.measured, row.errors(), strict=True):
            near += error is not None and abs(error) <= WITHIN
            cells += ["–" if predicted is None else predicted, measured, "–" if error is None else f"{error:+.1%}"]
        rows.append(cells)
    text = (
        "Peak bytes of a training step and of an inference: predicted on meta, and measured as the events of the CPU's",
        f"allocator in a real run. *Equal* is within {WITHIN:.0%} here.",
        "",
    )
    heads = ("model", "training step", "measured", "off", "inference", "measured", "off")
    return Section("Memory", (*text, *table(heads, rows)), 2 * len(rows), near, estimates=True)


def _two(value: float) -> str:
    return f"{value:.2f}"


ALL = (hand, counts, torchvision, timm, memory)
