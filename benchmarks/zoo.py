"""Probes every model of a source and prints how many are complete, and what stopped the others.

    python benchmarks/zoo.py PATTERN… [--mode train|eval] [--jobs N] [--timeout S] [-o DIR]

One worker process a model, as `reportgen build` has it, with the records alone. CPU seconds are the workers' own: the
constructor, the probe and the writing, without the imports that all workers share.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from reportgen.batch import Job, Outcome, Progress, local, run
from reportgen.config import BatchOptions, ProbeOptions, RenderOptions
from reportgen.manifest import ModelEntry
from reportgen.report.codec import load
from reportgen.workers import Processes


def timed(function: Callable[[Any], Any], task: Any) -> tuple[Any, float]:
    """What the function gives, and the CPU seconds of this process."""
    start = time.process_time()
    return function(task), time.process_time() - start


class Timing:
    """An executor that adds up its workers' CPU seconds."""

    def __init__(self, executor: Processes) -> None:
        self._executor = executor
        self.seconds: dict[str, float] = {}

    def map(
        self, function: Callable[[Any], Any], tasks: Iterable[Any], started: Callable[[Any], object] = lambda _: None
    ) -> Iterator[tuple[Any, Any]]:
        """As `Processes.map`."""
        from zoo import (
            timed as by_name,
        )  # workers import it from here: this script's own `__main__` is hidden from them

        for task, result in self._executor.map(partial(by_name, function), tasks, started):
            if isinstance(result, tuple):
                self.seconds[str(getattr(task, "ref", task))] = result[1]
                yield task, result[0]
            else:
                yield task, result


class Dots(Progress):
    """A line of progress every hundred models."""

    done = 0

    def finished(self, job: Job, outcome: Outcome) -> None:  # noqa: ARG002 (what `Progress` is told)
        """Counts."""
        self.done += 1
        if self.done % 100 == 0:
            print(f"… {self.done}", file=sys.stderr, flush=True)


def cause(outcome: Outcome) -> str:
    """The reason with its numbers, shapes and quoted names taken out, so that like reasons fall together."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"|\[[\d, ]*\]|\([\d, ]*\)|\d+", "…", outcome.reason or "no reason")
    return " ".join(text.split())[:150]


def main() -> None:
    """Prints the table and the causes; the records stay in the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="+")
    parser.add_argument("--mode", default="train", choices=("train", "eval"))
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--memory-limit", type=float)
    parser.add_argument("-o", "--output", type=Path, default=Path("zoo"))
    parser.add_argument("--names", action="store_true", help="name every model that is not complete")
    asked = parser.parse_args()
    options = BatchOptions(asked.output, asked.jobs, asked.timeout, asked.memory_limit)
    render = RenderOptions(formats=("json",))
    entries = [ModelEntry(pattern, ProbeOptions(mode=asked.mode)) for pattern in asked.patterns]
    schemes = [pattern.partition(":")[0] for pattern in asked.patterns]
    executor = Timing(local(options, ["json", *schemes]))
    outcomes = run(entries, render, options, progress=Dots(), executor=executor)
    for scheme in dict.fromkeys(schemes):
        mine = tuple(outcome for outcome in outcomes if outcome.ref.startswith(f"{scheme}:"))
        print(f"\n{scheme}, {asked.mode}")
        report(mine, [executor.seconds.get(outcome.ref, 0.0) for outcome in mine], asked.output, names=asked.names)


def report(outcomes: tuple[Outcome, ...], seconds: list[float], output: Path, *, names: bool) -> None:
    """Counts by status and device, CPU seconds, and the causes with the most models first."""
    devices = Counter(
        load(output / outcome.slug / "report.json").probe.device.used
        for outcome in outcomes
        if outcome.status == "complete"
    )
    statuses = Counter(outcome.status for outcome in outcomes)
    counts = " · ".join(f"{statuses[status]} {status}" for status in ("complete", "partial", "failed"))
    print(f"{len(outcomes)} models: {counts}")
    print("complete on " + ", ".join(f"{device}: {count}" for device, count in sorted(devices.items())))
    ordered = sorted(seconds)
    if ordered:
        middle, late = ordered[len(ordered) // 2], ordered[len(ordered) * 95 // 100]
        print(
            f"{sum(ordered):.0f} CPU s; a model {middle:.2f} (median), {late:.2f} (95th percentile), {ordered[-1]:.2f}"
        )
    causes = defaultdict(list)
    for outcome in outcomes:
        if outcome.status != "complete":
            causes[f"{outcome.status}: {cause(outcome)}"].append(outcome.ref)
    for text, refs in sorted(causes.items(), key=lambda item: (-len(item[1]), item[0])):
        shown = refs if names else refs[:3]
        print(f"{len(refs):5} {text}\n      {', '.join(shown)}{'' if len(shown) == len(refs) else ', …'}")


if __name__ == "__main__":
    main()
