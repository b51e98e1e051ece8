"""``reportgen diff``: what differs between two models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reportgen.cli.options import comma_separated, common, reference_options
from reportgen.cli.reading import read
from reportgen.cli.telling import BROKEN, UNREPORTED, tell_broken
from reportgen.saying import say


@click.command()
@click.argument("old")
@click.argument("new")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="LIST",
    callback=comma_separated,
    help="Any of md, html, pdf, json, text, separated by commas. Default: text on the terminal; with -o md, html "
    "and json.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to. Default: standard output for one format but PDF, else reports.",
)
@click.option(
    "--fail-on",
    "rules",
    multiple=True,
    metavar="RULE",
    help="1 is the exit code where it holds: 'parameters > +1%', 'flops.forward > 4.2e9', 'gradients.none > 0', "
    "'checkpoint.incompatible', 'differs'. Repeatable.",
)
@reference_options
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and broken rules.")
@common
def diff(
    old: str,
    new: str,
    *,
    formats: tuple[str, ...] | None,
    output: Path | None,
    rules: tuple[str, ...],
    quiet: bool,
    **options: Any,
) -> int:
    """Tell what differs between two models: saved report.json files, or references, which are built.

    What was added, removed, renamed or reshaped, what an old checkpoint meets in the new model, and every figure.
    """
    from reportgen import differences

    wanted = differences.check_formats(formats or (("text",) if output is None else ("md", "html", "json")))
    if output is None and (len(wanted) > 1 or "pdf" in wanted):
        output = Path("reports")
    differences.check_rules(rules)
    sides = read((old, new), quiet=quiet or output is None, **options)
    if sides is None:
        return UNREPORTED
    told = differences.Diff.of(differences.diff(*sides), rules)
    if output is not None:
        files = told.write(output, wanted)
        if not quiet:
            say(f"{told.page().badge}: {', '.join(map(str, files))}")
    elif not quiet or wanted != ("text",):
        told.show(wanted[0])
    tell_broken(told.complaints)
    return BROKEN if told.broken else 0
