"""``reportgen export | show``: one report in the formats of others, and on the terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from reportgen.cli.options import common, reference_options
from reportgen.cli.reading import read
from reportgen.cli.telling import UNREPORTED
from reportgen.errors import ConfigError
from reportgen.saying import say


@click.command()
@click.argument("sides", nargs=-1, required=True, metavar="REF_OR_REPORT.json...")
@click.option(
    "--to",
    "to",
    required=True,
    metavar="FORMAT",
    help="cyclonedx (1.6), cyclonedx-1.7, spdx (3.0.1), mlflow, csv, parquet or latex.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: standard output.")
@click.option(
    "--table",
    type=click.Choice(["parameters", "buffers", "modules"]),
    default="parameters",
    show_default=True,
    help="For csv and parquet: which ledger.",
)
@click.option("--model-version", metavar="TEXT", help="For bills of materials: the version of the model.")
@click.option("--license", metavar="SPDX", help="Its licence, as an SPDX expression: Apache-2.0.")
@click.option("--supplier", metavar="TEXT", help="Who supplies it.")
@click.option("--download-url", metavar="URL", help="Where it is to be had.")
@reference_options
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@common
def export(
    sides: tuple[str, ...],
    *,
    to: str,
    output: Path | None,
    table: Any,
    model_version: str | None,
    license: str | None,  # noqa: A002 - the option's name
    supplier: str | None,
    download_url: str | None,
    quiet: bool,
    **options: Any,
) -> int:
    """Write what a report says in a format of others: a bill of materials, a signature, a table.

    Saved report.json files are read, without torch; references are built. latex takes several models. Bills of
    materials carry a time only where SOURCE_DATE_EPOCH is set.
    """
    from reportgen.release import formats
    from reportgen.release.bill import Publication, publication_time
    from reportgen.write import write_file

    formats.check_format(to, len(sides))
    if output is None and formats.FORMATS[to].binary:
        raise ConfigError(f"{to} is no text for a terminal", remedy="name a file with -o")
    published = Publication(
        version=model_version or None,
        license=license or None,
        supplier=supplier or None,
        url=download_url or None,
        time=publication_time(os.environ.get("SOURCE_DATE_EPOCH")),
    )
    reports = read(sides, quiet=quiet or output is None, **options)
    if reports is None:
        return UNREPORTED
    made = formats.export(reports, to, table=table, published=published)
    if output is None:
        say(made.decode().removesuffix("\n"))
    else:
        write_file(output, made)
        if not quiet:
            say(str(output))
    return 0


@click.command()
@click.argument("side", metavar="REF_OR_REPORT.json")
@click.option(
    "--depth", type=click.IntRange(min=0), default=3, show_default=True, help="How deep into the module tree."
)
@click.option("--width", type=click.IntRange(min=40), help="Columns. Default: the terminal's, or 120.")
@reference_options
@common
def show(side: str, *, depth: int, width: int | None, **options: Any) -> int:
    """Show a model in the terminal: key figures, and its modules with shapes, parameters and work.

    Equal blocks in a row are one line. A saved report.json is read, without torch; a reference is built.
    """
    from reportgen.render import terminal
    from reportgen.view.short import build_short

    reports = read((side,), quiet=True, **options)
    if reports is None:
        return UNREPORTED
    page = build_short(reports[0], depth=depth)
    if sys.stdout.isatty():
        terminal.show(page, width=width, rows=None)
    else:
        say(terminal.plain(page, width=width or terminal.WIDTH, rows=None).removesuffix("\n"))
    return 0
