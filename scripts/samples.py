"""Makes sample_reports/ anew, and notes what laid out its PDFs and diagrams.

python scripts/samples.py [FOLDER]
"""

from __future__ import annotations

import json
import shutil
import sys
from importlib import metadata
from pathlib import Path

import reportgen
from reportgen.runs.stamps import FOLDER as STAMPS

SAMPLES = Path(__file__).resolve().parent.parent / "sample_reports"
TYPESETTERS = ("weasyprint", "pydyf", "fonttools", "tinycss2", "tinyhtml5", "pyphen")


def typesetters() -> dict[str, str]:
    """The versions that the bytes of a PDF depend on, Pango's and Graphviz' among them."""
    from weasyprint.text.ffi import pango

    from reportgen.render.charts import graphviz

    version = pango.pango_version()
    versions = {name: metadata.version(name) for name in TYPESETTERS}
    versions["pango"] = f"{version // 10000}.{version // 100 % 100}.{version % 100}"
    return versions | {"graphviz": graphviz.version() or "none"}


BACKBONES = tuple(
    f"torchvision:{name}" for name in ("resnet50", "convnext_tiny", "swin_t", "efficientnet_b0", "vit_b_16")
)


def compare(output: Path) -> None:
    """Builds the backbones, and puts them side by side in ``output``."""
    reportgen.compare(BACKBONES, appearance={"title": "Five backbones"}).write(output)


def main(output: Path = SAMPLES) -> None:
    """Builds the manifest of samples into ``output``, and a comparison beside them."""
    result = reportgen.build(manifest=SAMPLES / "manifest.toml", output=output, fresh=True)
    shutil.rmtree(output / STAMPS)  # they are of this machine
    for outcome in result.outcomes:
        print(f"{outcome.ref}: {outcome.status}")
    compare(output / "compare")
    text = json.dumps(typesetters(), indent=2, sort_keys=True)
    (output / "typesetters.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
