"""``reportgen release``: reports as the files of a release."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reportgen.cli.options import comma_separated, common
from reportgen.cli.telling import note
from reportgen.saying import say


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="DIR")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("dist"),
    show_default=True,
    help="The folder to write to.",
)
@click.option("--name", default="model-reports", show_default=True, help="Of the archive, without its suffix.")
@click.option(
    "--assets",
    multiple=True,
    metavar="LIST",
    callback=comma_separated,
    help="Formats whose files also go beside the archive, one a model: pdf,html.",
)
@click.option(
    "--max-assets",
    type=click.IntRange(min=3),
    default=1000,
    show_default=True,
    metavar="N",
    help="Files that the release may have, the archive, index and checksums included. 1000 is GitHub's limit.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@common
def release(
    folder: Path, *, output: Path, name: str, assets: tuple[str, ...] | None, max_assets: int, quiet: bool
) -> int:
    """Pack the reports that a build left in DIR: one archive, an index, checksums, and a text for the release.

    The same reports give the same bytes. Files in the archive have the time of SOURCE_DATE_EPOCH, where that is set.
    """
    from reportgen.release.bill import publication_time
    from reportgen.releasing import release as pack
    from reportgen.view.numbers import plural

    time = publication_time(os.environ.get("SOURCE_DATE_EPOCH"))
    made = pack(folder, output=output, name=name, assets=assets or (), max_assets=max_assets, time=time)
    if not quiet:
        for line in made.left_out:
            note(f"left out: {line}")
        say(f"{plural(made.models, 'model')} in {plural(len(made.files), 'file')}: {made.text}")
    return 0
