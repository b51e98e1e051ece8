"""Imported after `reportgen.warm` where PDF is asked for: reading its fonts takes as long as ten pages."""

import gc
from contextlib import suppress

from reportgen.config import RenderOptions
from reportgen.warm import REPORT
from reportgen.write import render

with suppress(Exception):  # as there
    render(REPORT, "pdf", RenderOptions())

gc.freeze()
