"""Builds thousands of tiny models in one run, and prints what that leaves in the process that runs it.

    python benchmarks/leaks.py [--models 10000] [--format json] [--jobs N] [--every 1000]

Memory, open files, processes and zombies of the parent must stay what they are, however many models came before; so
must its processor time a model. Seconds are the wall clock's, and depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reportgen.config import BatchOptions, RenderOptions, parse_formats
from reportgen.manifest.reading import manifest_of
from reportgen.registry.base import InputSpec
from reportgen.runs.batch import Model, Progress, run
from reportgen.runs.tasks import Outcome

SOURCE = """
from torch import nn

def __getattr__(name):
    if not name[1:].isdecimal():
        raise AttributeError(name)
    return lambda: nn.Linear(1, int(name[1:]) % 7 + 1)
"""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What this process holds."""

    memory: int  # bytes, resident
    files: int
    processes: int  # that it, or what it started, has started
    zombies: int
    objects: int  # that Python's collector knows

    @classmethod
    def taken(cls) -> Footprint:
        """Now."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        states = list(_descendants(os.getpid()))
        files = len(list(Path("/proc/self/fd").iterdir()))
        memory = pages * os.sysconf("SC_PAGE_SIZE")
        return cls(memory, files, len(states), states.count("Z"), len(gc.get_objects()))


def _descendants(root: int) -> Sequence[str]:
    """The states of the processes below one."""
    parents: dict[int, tuple[int, str]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent = (place / "stat").read_text(encoding="utf-8").rpartition(") ")[2].split()[:2]
            parents[int(place.name)] = int(parent), state
    below, states = {root}, []
    for pid in sorted(parents):
        above = pid
        while above in parents and above not in below:
            above = parents[above][0]
        if above in below and pid != root:
            below.add(pid)
            states.append(parents[pid][1])
    return states


class Rows(Progress):
    """Takes a footprint every so many models; ``show`` gets the number of models, the footprint and the seconds."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._done = 0
        self._since: tuple[float, float] | None = None
        self.rows: list[tuple[int, Footprint, float, float]] = []  # with wall and own seconds a model

    def started(self, model: Model, stage: str) -> None:  # noqa: ARG002 (what `Progress` is told)
        """The clock begins when workers are warm."""
        self._since = self._since or (time.monotonic(), time.process_time())

    def finished(self, model: Model, outcome: Outcome) -> None:  # noqa: ARG002 (what `Progress` is told)
        """Counts."""
        self._done += 1
        if self._done % self._every == 0 and self._since is not None:
            wall, own = time.monotonic() - self._since[0], time.process_time() - self._since[1]
            self.rows.append((self._done, Footprint.taken(), wall / self._every, own / self._every))
            print(row(*self.rows[-1]), flush=True)
            self._since = time.monotonic(), time.process_time()


def row(models: int, now: Footprint, wall: float, own: float) -> str:
    """One line of the table."""
    return (
        f"{models:8,} {now.memory / 2**20:9.1f} {now.files:6} {now.processes:10} {now.zombies:8} {now.objects:9,}"
        f" {1000 * wall:9.1f} {1000 * own:9.2f}"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1_000)
    parser.add_argument("--format", default="json")
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args()
    render = RenderOptions(parse_formats(asked.format.split(",")))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "tiny.py"
        source.write_text(SOURCE, encoding="utf-8")
        manifest = manifest_of(
            [f"file:{source}:m{number}" for number in range(asked.models)], {"inputs": (InputSpec((1, 1)),)}
        )
        print("  models   RSS MiB  files  processes  zombies   objects  ms/model parent ms")
        options = BatchOptions(Path(folder) / "out", asked.jobs)
        done = run(manifest.models, render, options, progress=Rows(asked.every))
        wrong = [outcome.reason for outcome in done.outcomes if not outcome.ok]
        print(f"{len(done.outcomes) - len(wrong):,} complete, {len(wrong):,} not", *wrong[:1], *done.problems)


if __name__ == "__main__":
    main()
