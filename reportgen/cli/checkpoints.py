"""``reportgen checkpoint``: whether a file of weights fits a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reportgen.cli.options import FILE, common, reference_options
from reportgen.cli.reading import read
from reportgen.cli.telling import BROKEN, UNREPORTED, complain
from reportgen.saying import say


@click.command()
@click.argument("file", type=FILE)
@click.argument("side", metavar="REF_OR_REPORT.json")
@click.option(
    "--checkpoint-key", "key", metavar="KEY", help="Where in FILE the tensors are, if there are several lots."
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["text", "md", "html", "json"]),
    default="text",
    show_default=True,
    help="json is the model's record with the checkpoint in it.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write. Default: the terminal."
)
@reference_options
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors, and why the file does not fit.")
@common
def checkpoint(
    file: Path, side: str, *, key: str | None, file_format: str, output: Path | None, quiet: bool, **options: Any
) -> int:
    """Tell whether a file of weights fits a model, as load_state_dict would; 1 is the exit code if not.

    FILE is a .safetensors, .pt, .pth, .bin or .ckpt file, or the .index.json of a sharded one. Nothing in it is run,
    and no value read. The model is a saved report.json, or a reference, which is built.
    """
    from reportgen.checkpoints import with_checkpoint
    from reportgen.rendering import render_checkpoint
    from reportgen.write import write_file

    reports = read((side,), quiet=quiet or output is None, **options)
    if reports is None:
        return UNREPORTED
    report = with_checkpoint(reports[0], file, key=key)
    made = render_checkpoint(report, file_format)
    if output is not None:
        write_file(output, made)
    if not quiet:
        say(made.decode().removesuffix("\n") if output is None else str(output))
    if report.checkpoint is not None and report.checkpoint.fits:
        return 0
    for row in report.diagnostics:
        if row.severity == "error" and row.stage == "ledger" and (quiet or output is not None):
            complain(row.message, row.remedy)
    return BROKEN
