"""As `warm`, which has done it all where it is imported, for work on records alone: imports no torch."""

import os
import sys
from contextlib import suppress

from reportgen.config import ProbeOptions, RenderOptions
from reportgen.errors import InstantiationError
from reportgen.probe import failed_report
from reportgen.registry.base import ModelRef
from reportgen.rendering import render
from reportgen.report import codec

if "reportgen.workers.warm" not in sys.modules:
    report = failed_report(ModelRef("builtin", "linear"), InstantiationError("not built"), ProbeOptions())
    codec.loads(codec.to_json(report))

    for file_format in os.environ.get("REPORTGEN_WARM", "").split():
        with suppress(Exception):  # what does not work says so where it is used
            render(report, file_format, RenderOptions())
