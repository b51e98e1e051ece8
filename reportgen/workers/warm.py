"""Imported by the server that workers are forked from: does once, on a small model, what each would do anew.

That is seconds of imports and first uses: of torch's shape rules for ``meta``, templates, style sheets, fonts. The
model's report has findings and charts, so that hardly a template is left out. What else a run is going to use, formats
and sources, stands in the environment variable ``REPORTGEN_WARM``, separated by spaces.
"""

import gc
import os
from contextlib import suppress

from reportgen.config import FORMATS, ProbeOptions, RenderOptions
from reportgen.probe import probe
from reportgen.registry.catalog import Catalog
from reportgen.registry.lookup import version
from reportgen.rendering import render
from reportgen.runs import tasks  # noqa: F401 - with which every worker begins
from reportgen.workers import sandbox

catalog = Catalog()
report = probe(catalog.spec("builtin:batchnorm_mlp"), ProbeOptions())

for wish in os.environ.get("REPORTGEN_WARM", "").split():
    with suppress(Exception):  # what does not work says so where it is used
        if wish in FORMATS:
            render(report, wish, RenderOptions())
        else:
            list(catalog.source(wish).names())
            version(wish)

sandbox.files_of_modules()
gc.freeze()  # what is here stays; a worker's collector need not go through it
