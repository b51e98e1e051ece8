"""``reportgen compare``: many models on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

from reportgen.cli.options import common, measuring_options, output_options, run_options
from reportgen.cli.telling import UNREPORTED
from reportgen.saying import say


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL MODEL...")
@output_options
@click.option(
    "--baseline",
    metavar="MODEL",
    help="The one that the others are told against, as it was given or by its name. Default: the first.",
)
@click.option("--only-differing", is_flag=True, help="Leave out the rows in which all models are the same.")
@measuring_options
@run_options
@common
def compare(
    models: tuple[str, ...],
    *,
    output: Path,
    formats: tuple[str, ...] | None,
    baseline: str | None,
    only_differing: bool,
    quiet: bool,
    log: str | None,
    **options: Any,
) -> int:
    """Put 2 to 50 models side by side on one page: saved report.json files, or references, which are built."""
    from reportgen import side_by_side
    from reportgen.appearance import Appearance
    from reportgen.console import progress

    appearance = {key: options.pop(key) for key in Appearance.__annotations__}
    with progress(quiet=quiet, log=log) as display:
        made = side_by_side.compare(
            models,
            baseline=baseline or 0,
            only_differing=only_differing,
            formats=formats,
            appearance=cast(Appearance, appearance),
            progress=display,
            **options,
        )
        for note in made.notes:
            display.note(note)
        files = made.write(output)
    if not quiet:
        say(f"{len(models)} models side by side: {', '.join(map(str, files))}")
    return UNREPORTED if made.failed else 0
