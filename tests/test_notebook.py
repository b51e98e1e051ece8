"""The example notebook, executed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import reportgen

ROOT = Path(reportgen.__file__).parent.parent
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def test_it_carries_no_outputs():
    """What it shows is made by whoever runs it, and differs with every version."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [([], None)] * 8 == [(cell["outputs"], cell["execution_count"]) for cell in code]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning", "ignore::ResourceWarning")
def test_it_runs(monkeypatch, tmp_path):
    """Every cell; reports show themselves as HTML and Markdown, and as one line of text."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources={}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown, live, unused, table, built, frame, counts, text = (cell.outputs for cell in code)
    assert {"text/html", "text/markdown", "text/plain"} == set(shown[0]["data"])
    assert "<ModelReport builtin:resnet18: complete, 11,689,512 parameters>" == shown[0]["data"]["text/plain"]
    assert "<strong>Tagger</strong>" in live[0]["data"]["text/html"]
    assert "['spare.weight', 'spare.bias']" == unused[0]["data"]["text/plain"]
    assert "layer1.0.conv1" in table[0]["data"]["text/html"]
    assert "2 models, all complete" in built[-1]["data"]["text/html"]
    assert "builtin:lenet5" in frame[0]["data"]["text/html"]
    assert "{'lenet5': 61706, 'resnet18': 11689512}" == counts[0]["data"]["text/plain"]
    assert text[0]["text"].startswith("# resnet18\n")
