"""The steps of a run for one model, without the processes that perform them."""

from __future__ import annotations

from pathlib import Path

import reportgen
from reportgen.config import RenderOptions
from reportgen.manifest.entries import ModelEntry
from reportgen.registry.base import ModelRef
from reportgen.report import codec
from reportgen.runs.tasks import Job, Probing, Rendering
from reportgen.workers.serving import Lost


def test_frames_of_a_process_that_was_lost(tmp_path: Path) -> None:
    """Reportgen's own are left out, and those of a file beside it whose name begins like its folder's are not."""
    job = Job(ModelRef("file", "net.py:Net"), ModelEntry("file:net.py:Net"), tmp_path, RenderOptions(("json",)), None)
    package = Path(reportgen.__file__).parent
    theirs = f'File "{package}_models.py", line 7 in __init__'
    frames = (f'File "{package}/probe/attempt.py", line 5 in build', theirs)
    step = Probing(job).next(Lost("was killed by SIGSEGV", frames), "")
    assert isinstance(step, Rendering)
    (told,) = codec.loads(step.record.text, where="here").diagnostics
    assert (theirs, "instantiate") == (told.traceback, told.stage)
