"""Writes docs/truth.md: what this project says beside what is known, in figures.

    python scripts/truth [FILE]

Takes some minutes. Exits with 1 where a figure, estimates of memory apart, differs without a known cause. What is
compared is in tests/conformance/agreement.py, benchmarks/torchvision_truth.py and benchmarks/memory.py; this only sets
it as tables.
"""

from __future__ import annotations

import sys
import warnings
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("", "tests/conformance", "benchmarks")]

import sections  # noqa: E402 (its own imports are in these folders)

LIBRARIES = ("torch", "torchvision", "timm", "transformers")
OPENING = """\
# What is known, and what reportgen says

Written by `make truth`, with {versions}.

Every figure is of evaluation on meta, where nothing else is said; 1 GMAC is 10⁹ multiply-adds. *Explained* is a
difference whose cause is known and, taken into account, gives the published figure exactly.
"""


def main(target: Path) -> int:
    """Writes the page; gives the exit code."""
    warnings.simplefilter("ignore")  # libraries warn of themselves
    versions = ", ".join(f"{name} {metadata.version(name).partition('+')[0]}" for name in LIBRARIES)
    made = [section() for section in sections.ALL]
    lines = [
        OPENING.format(versions=versions),
        *sections.table(
            ("", "compared", "equal", "explained", "different"),
            (
                (section.title, section.compared, section.equal, section.explained, section.different)
                for section in made
            ),
        ),
    ]
    for section in made:
        lines += ["", f"## {section.title}", "", *section.lines]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 1 if any(section.different for section in made if not section.estimates) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs" / "truth.md"))
