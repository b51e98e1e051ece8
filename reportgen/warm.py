"""Imported by the server that workers are forked from: does once, on the smallest model, what each would do anew.

That is three seconds of imports and of first uses: torch's shape rules for ``meta``, templates, style sheets, fonts.
"""

import gc
from contextlib import suppress

from reportgen.config import ProbeOptions, RenderOptions
from reportgen.probe import probe
from reportgen.registry.catalog import Catalog
from reportgen.write import render

REPORT = probe(Catalog().spec("builtin:linear"), ProbeOptions())

with suppress(Exception):  # a format that cannot be made says so where it is asked for
    render(REPORT, "html", RenderOptions())
    render(REPORT, "md", RenderOptions())

gc.freeze()  # what is here stays; a worker's collector need not go through it
