"""Reports on every model of a source, and prints how many are complete, what stopped the others, and what it took.

    python benchmarks/zoo.py PATTERN… [--format md,html,json,pdf] [--mode train|eval] [--jobs N] [--timeout S]
                                      [--memory-limit GiB] [--shard I/N] [--names] [-o DIR]

A run as `reportgen build` makes it, everything anew; with --shard 1/23 a sample of every 23rd model. CPU seconds are
those of processors, not of clocks, by the stages of the work; the imports that all workers share are told apart.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from stages import REST, STAGES, Watching

from reportgen.config import BatchOptions, ProbeOptions, RenderOptions, Shard, parse_formats
from reportgen.manifest.entries import ModelEntry
from reportgen.report.codec import load
from reportgen.runs.batch import Model, Progress, run
from reportgen.runs.tasks import Outcome, Probing, Rendering, Saving
from reportgen.workers.executors import local

_MIB = 2**20
_STATUSES = ("complete", "partial", "failed")


class Lines(Progress):
    """A line of progress every hundred models."""

    done = 0

    def finished(self, model: Model, outcome: Outcome) -> None:  # noqa: ARG002 (what `Progress` is told)
        """Counts."""
        self.done += 1
        if self.done % 100 == 0:
            print(f"… {self.done}", file=sys.stderr, flush=True)


def main() -> None:
    """Prints the tables; the reports stay in the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="+")
    parser.add_argument("--format", default="json")
    parser.add_argument("--mode", default="train", choices=("train", "eval"))
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--timeout", type=float, default=600.0)
    parser.add_argument("--memory-limit", type=float)
    parser.add_argument("--shard", type=Shard.parse)
    parser.add_argument("-o", "--output", type=Path, default=Path("zoo"))
    parser.add_argument("--names", action="store_true", help="name every model that is not complete")
    asked = parser.parse_args()
    options = BatchOptions(asked.output, asked.jobs, asked.timeout, asked.memory_limit, fresh=True, shard=asked.shard)
    render = RenderOptions(formats=parse_formats(asked.format.split(",")))
    entries = [ModelEntry(pattern, ProbeOptions(mode=asked.mode)) for pattern in asked.patterns]
    schemes = dict.fromkeys(pattern.partition(":")[0] for pattern in asked.patterns)
    executor = Watching(local(options, [*render.formats, *schemes]), render.formats)
    start = time.monotonic()
    outcomes = run(entries, render, options, progress=Lines(), executor=executor).outcomes
    seconds = time.monotonic() - start
    print(f"{len(outcomes):,} rows in {seconds:,.0f} s: {len(outcomes) / seconds:.2f} rows/s\n")
    print(*by_source(outcomes, executor), sep="\n")
    print(*by_stage(executor, len(outcomes)), sep="\n")
    print(*memory(executor), sep="\n")
    print(*causes(outcomes, names=asked.names), sep="\n")
    print(*devices(outcomes, asked.output), sep="\n")


def by_source(outcomes: Sequence[Outcome], executor: Watching) -> Iterator[str]:
    """A line for each source, and one for all: rows by status, and CPU seconds."""
    cost: Counter[str] = Counter()
    for step, taken in executor.taken:
        if isinstance(step, Probing | Saving | Rendering):
            cost[str(step.job.ref)] += sum(taken.seconds.values())
    groups = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.ref.partition(":")[0]].append(outcome)
    if len(groups) > 1:
        groups["all"] = list(outcomes)
    titles = ("source", "rows", *_STATUSES, "CPU s", "median", "95th %", "most")
    yield f"{titles[0]:14}" + "".join(f"{title:>10}" for title in titles[1:])
    for name, rows in groups.items():
        statuses = Counter(outcome.status for outcome in rows)
        ordered = sorted(cost[outcome.ref] for outcome in rows)
        times = (sum(ordered), ordered[len(ordered) // 2], ordered[len(ordered) * 95 // 100], ordered[-1])
        counts = (len(rows), *(statuses[status] for status in _STATUSES))
        yield f"{name:14}" + "".join(f"{count:10,}" for count in counts) + "".join(f"{each:10,.2f}" for each in times)
    yield ""


def by_stage(executor: Watching, rows: int) -> Iterator[str]:
    """A line for each stage: CPU milliseconds a model, and its share."""
    total: Counter[str] = Counter()
    for step, taken in executor.taken:
        if not isinstance(step, str):
            total.update(taken.seconds)
    known = total.total()
    servers = {taken.server for _, taken in executor.taken}
    own = ended = 0.0
    for server in servers:
        mine, children = _spent(server)
        own, ended = own + mine, ended + children
    for stage in (*STAGES, REST):
        if total[stage]:
            yield f"{stage:14}{1000 * total[stage] / rows:10,.1f} ms a row {total[stage] / known:8.1%}"
    yield f"{'all stages':14}{1000 * known / rows:10,.1f} ms a row"
    yield f"{'processes':14}{1000 * (ended - known) / rows:10,.1f} ms a row, from fork to end, beside the stages"
    yield f"{'server':14}{own:10,.1f} s, imports and forking"
    yield f"{'parent':14}{time.process_time():10,.1f} s\n"


def _spent(pid: int) -> tuple[float, float]:
    """CPU seconds of a process, and those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    user, system, children_user, children_system = (int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:15])
    return user + system, children_user + children_system


def memory(executor: Watching) -> Iterator[str]:
    """The most that a worker, the server and the parent had."""
    step, most = max(((step, taken.memory) for step, taken in executor.taken), key=lambda pair: pair[1])
    what = step if isinstance(step, str) else f"{type(step).__name__.lower()} {step.job.ref}"
    middle = median(taken.memory for _, taken in executor.taken)
    yield f"a worker, beside the server: {middle / _MIB:,.0f} MiB (median), {most / _MIB:,.0f} ({what})"
    for server in {taken.server for _, taken in executor.taken}:
        status = Path(f"/proc/{server}/status").read_text(encoding="utf-8")
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        yield f"the server: {int(peak.split()[1]) / 1024:,.0f} MiB"
    yield f"the parent: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB\n"


def devices(outcomes: Sequence[Outcome], output: Path) -> Iterator[str]:
    """On which devices the complete ones ran."""
    found = Counter(
        load(output / outcome.slug / "report.json").probe.device.used
        for outcome in outcomes
        if outcome.status == "complete"
    )
    yield "complete on " + ", ".join(f"{device}: {count:,}" for device, count in sorted(found.items()))


def cause(outcome: Outcome) -> str:
    """The reason with its numbers, shapes and quoted names taken out, so that like reasons fall together."""
    reason = outcome.reason or next(iter(outcome.problems), "no reason")
    text = re.sub(r"'[^']*'|\"[^\"]*\"|\[[\d, ]*\]|\([\d, ]*\)|\d+", "…", reason)
    return " ".join(text.split())[:150]


def causes(outcomes: Sequence[Outcome], *, names: bool) -> Iterator[str]:
    """What stopped those that are not complete, sound and in every format, the most frequent first."""
    found = defaultdict(list)
    for outcome in outcomes:
        if not (outcome.ok and outcome.sound):
            found[f"{outcome.status}: {cause(outcome)}"].append(outcome.ref)
    for text, refs in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        shown = refs if names else refs[:3]
        yield f"{len(refs):5} {text}\n      {', '.join(shown)}{'' if len(shown) == len(refs) else ', …'}"


if __name__ == "__main__":
    main()
