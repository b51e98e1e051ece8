"""Builds the same models with one job and with two, in turns, and prints how much faster two are.

    python benchmarks/scaling.py [REF…] [--format json,md,html,pdf] [--rounds 3] [--jobs 2]

Each run is a process of its own, from its start to its end: imports, the server's warming up and the index are in it.
The load before each run tells what else the machine does: with much of it the ratio means nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

MODELS = ("torchvision:resnet*", "torchvision:vgg*", "torchvision:densenet*", "torchvision:mobilenet*", "builtin:*net*")


def timed(command: list[str]) -> float:
    """Seconds on the wall that a command takes."""
    start = time.monotonic()
    subprocess.run(command, check=False, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("refs", nargs="*", default=MODELS)
    parser.add_argument("--format", default="json,md,html,pdf")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    walls: dict[int, list[float]] = {1: [], asked.jobs: []}
    print(f"{'jobs':>5} {'wall s':>8} {'load':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(asked.rounds):
            for jobs, taken in walls.items():
                output = Path(folder) / f"{jobs}"
                load = os.getloadavg()[0]
                command = [sys.executable, "-m", "reportgen", "build", *asked.refs, "--fresh", "-o", str(output)]
                wall = timed([*command, "--format", asked.format, "--jobs", str(jobs)])
                taken.append(wall)
                print(f"{jobs:5} {wall:8.1f} {load:6.1f}", flush=True)
    one, more = median(walls[1]), median(walls[asked.jobs])
    print(f"{asked.jobs} jobs: {one / more:.2f} times as fast ({one:.1f} s and {more:.1f} s, medians)")


if __name__ == "__main__":
    main()
