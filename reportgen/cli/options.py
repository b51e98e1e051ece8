"""Options that commands share, and what is made of their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Settings:
    """What the options that every command has were set to."""

    traceback: bool = False


def _set_traceback(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.find_object(Settings).traceback |= value  # type: ignore[union-attr]  # main put it there


def common(function: F) -> F:
    """The options that every command has."""
    return click.option(
        "--traceback",
        is_flag=True,
        expose_value=False,
        callback=_set_traceback,
        help="Show where in reportgen an error came from, too.",
    )(function)


def comma_separated(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """``--format md,html --format pdf`` is ``md``, ``html`` and ``pdf``; None where the option was not given."""
    return tuple(part.strip() for value in values for part in value.split(",")) or None


def or_none(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """None where the option was not given: a manifest's value then holds."""
    return values or None


def measuring_options(function: F) -> F:
    """How the models of references are measured, where a command takes references and saved reports alike."""
    for option in (
        click.option("--mode", metavar="MODE", help="For references: train (the default) or eval."),
        click.option(
            "--input", "inputs", multiple=True, metavar="SPEC", callback=or_none, help="For references, as in build."
        ),
        click.option("--device", metavar="NAME", help="For references: meta (the default), cpu, cuda and so on."),
    ):
        function = option(function)
    return function


def reference_options(function: F) -> F:
    """`measuring_options`, and for how long."""
    timed = click.option(
        "--timeout", type=float, metavar="SECONDS", default=600.0, show_default="600", help="For each reference."
    )
    return measuring_options(timed(function))


FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
APPEARANCE = (
    click.option("--markdown-flavor", metavar="NAME", help="github (the default), hub or plain."),
    click.option("--pdf-variant", metavar="NAME", help="pdf/ua-1 (the default), pdf/a-3a or plain."),
    click.option("--author", metavar="TEXT", help="Who publishes the report."),
    click.option("--description", type=FILE, help="Markdown to put at the start of the report."),
    click.option("--logo", type=FILE, help="A PNG, JPEG, WebP or SVG to put at the top."),
    click.option("--title", metavar="TEXT", help="The heading, in place of the model's name."),
    click.option("--css", type=FILE, help="A style sheet to add to reportgen's own, in HTML and PDF."),
    click.option(
        "--templates",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="A folder whose templates and style sheets replace reportgen's own of the same name.",
    ),
)


def run_options(function: F) -> F:
    """How a run of many models goes, and how it shows."""
    for option in (
        click.option(
            "--log-json",
            "log",
            metavar="[FILE]",
            is_flag=False,
            flag_value="-",
            callback=_log_file,
            help="Write the events of the run as JSON, one object a line, to FILE, or to standard error instead of all "
            "else.",
        ),
        click.option(
            "--timeout", type=float, metavar="SECONDS", default=600.0, show_default="600", help="For each model."
        ),
        click.option("--jobs", type=int, metavar="N", help="Models at a time. Default: one a core."),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
    ):
        function = option(function)
    return function


def _log_file(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A reference that follows ``--log-json`` is no file."""
    if value is not None and ":" in value and not Path(value).is_absolute():
        raise click.BadParameter(f"{value!r} is a model reference, not a file; put --log-json behind it")
    return value


def output_options(function: F) -> F:
    """Where reports go, in which formats, and how they look."""
    for option in (
        *APPEARANCE,
        click.option(
            "--format",
            "formats",
            multiple=True,
            metavar="LIST",
            callback=comma_separated,
            help="Any of md, html, pdf, json, and what installed packages add, separated by commas. Default: these "
            "four (PDF only where Pango is installed).",
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path("reports"),
            show_default=True,
            help="The folder to write to.",
        ),
    ):
        function = option(function)
    return function


def select_option(function: F) -> F:
    """Which rows of a report's tables are shown."""
    return click.option(
        "--select",
        multiple=True,
        metavar="GLOB",
        callback=or_none,
        help="Show only the parameters of these names in the tables: '*.weight'. Repeatable.",
    )(function)
