"""The commands: ``reportgen list | build | render | diff`` and others. Only here, and in `console`, anything is told.

Everything heavy is imported by the command that needs it, so that ``--help`` answers at once.
"""

from __future__ import annotations

import json
import math
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reportgen.errors import ProbeError, ReportgenError, SourceUnavailable
from reportgen.saying import say
from reportgen.signals import ENDING
from reportgen.version import __version__

if TYPE_CHECKING:
    from reportgen.api import Build
    from reportgen.console import Display

F = TypeVar("F", bound=Callable[..., Any])
USAGE = 2
UNREPORTED = 3
INTERRUPTED = 130  # 128 and the number of SIGINT; other signals that end a run likewise
_IMPATIENCE = 1.0  # seconds within which Ctrl-C is pressed again because nothing seems to happen


@dataclass
class _Settings:
    """What the options that every command has were set to."""

    traceback: bool = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits.

    0 all good, 1 a check failed, 2 usage or configuration, 3 models that could not be reported, 130 stopped by Ctrl-C.
    """
    settings = _Settings()
    received = _interruptible()
    try:
        status = commands.main(arguments, prog_name="reportgen", standalone_mode=False, obj=settings)
    except click.exceptions.NoArgsIsHelpError as exc:
        exc.show()
        status = USAGE
    except click.ClickException as exc:
        where = exc.ctx.command_path if isinstance(exc, click.UsageError) and exc.ctx else "reportgen"
        _complain(exc.format_message(), f"see {where} --help")
        status = USAGE
    except ReportgenError as exc:
        for error in (exc, *getattr(exc, "others", ())):
            _complain(str(error), error.remedy)
        if settings.traceback:
            traceback.print_exception(exc)
        status = USAGE
    except SystemExit as exc:
        status = 0 if exc.code == 1 else exc.code  # click's way to say that nobody reads its help any more
    except click.Abort as exc:
        _ignore_interruptions()
        _end_workers()
        say(f"reportgen: {exc.__cause__ or 'interrupted'}", error=True)
        status = 128 + received[0] if received else INTERRUPTED
    sys.exit(status)


def _interruptible() -> list[int]:
    """Has every signal that asks us to end interrupt what is going on, as Ctrl-C does; gives those that came."""
    received: list[int] = []
    last = -math.inf

    def interrupt(number: int, _: FrameType | None) -> None:
        nonlocal last
        received.append(number)
        since, last = time.monotonic() - last, time.monotonic()
        if since > _IMPATIENCE:
            raise KeyboardInterrupt

    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, interrupt)
    return received


def _ignore_interruptions() -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _end_workers() -> None:
    """At once: the server of workers would only notice that we are gone when it has imported all that it imports."""
    if "reportgen.forkserver" in sys.modules:
        from reportgen.forkserver import end_server

        end_server()


def _complain(cause: str, remedy: str | None) -> None:
    say(f"reportgen: error: {_line(cause)}", error=True)
    if remedy is not None:
        say(f"  remedy: {_line(remedy)}", error=True)


def _note(text: str) -> None:
    say(f"reportgen: note: {_line(text)}", error=True)


def _line(text: str) -> str:
    """One line, with nothing in it that could play tricks on a terminal."""
    from reportgen.render.text import display

    return display(" ".join(text.split()))


def _set_traceback(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.find_object(_Settings).traceback |= value  # type: ignore[union-attr]  # main put it there


def _common(function: F) -> F:
    """The options that every command has."""
    return click.option(
        "--traceback",
        is_flag=True,
        expose_value=False,
        callback=_set_traceback,
        help="Show where in reportgen an error came from, too.",
    )(function)


def _comma_separated(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """``--format md,html --format pdf`` is ``md``, ``html`` and ``pdf``; None where the option was not given."""
    return tuple(part.strip() for value in values for part in value.split(",")) or None


def _or_none(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """None where the option was not given: a manifest's value then holds."""
    return values or None


_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_APPEARANCE = (
    click.option("--markdown-flavor", metavar="NAME", help="github (the default), hub or plain."),
    click.option("--pdf-variant", metavar="NAME", help="pdf/ua-1 (the default), pdf/a-3a or plain."),
    click.option("--author", metavar="TEXT", help="Who publishes the report."),
    click.option("--description", type=_FILE, help="Markdown to put at the start of the report."),
    click.option("--logo", type=_FILE, help="A PNG, JPEG, WebP or SVG to put at the top."),
    click.option("--title", metavar="TEXT", help="The heading, in place of the model's name."),
    click.option("--css", type=_FILE, help="A style sheet to add to reportgen's own, in HTML and PDF."),
    click.option(
        "--templates",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="A folder whose templates and style sheets replace reportgen's own of the same name.",
    ),
)


def _run_options(function: F) -> F:
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


def _output_options(function: F) -> F:
    """Where reports go, in which formats, and how they look."""
    for option in (
        click.option(
            "--select",
            multiple=True,
            metavar="GLOB",
            callback=_or_none,
            help="Show only the parameters of these names in the tables: '*.weight'. Repeatable.",
        ),
        *_APPEARANCE,
        click.option(
            "--format",
            "formats",
            multiple=True,
            metavar="LIST",
            callback=_comma_separated,
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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Reports on PyTorch models: parameters, gradients, shapes and costs, without the model's memory.

    A model is named by a reference: [SOURCE:]NAME[?key=value&key=value], say torchvision:resnet50,
    python:my.package:factory, file:models.py:Net, or with wildcards 'builtin:*'.
    """


@commands.command("list")
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@click.option("--source", metavar="NAME", help="Only the models of this source.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON list of objects.")
@_common
def list_models(patterns: tuple[str, ...], source: str | None, as_json: bool) -> int:
    """List the models that the installed sources know, all or those that fit a PATTERN ('resnet*')."""
    from reportgen.registry.base import ModelRef
    from reportgen.registry.catalog import Catalog

    catalog = Catalog()
    named = {source, *(ModelRef.parse(pattern).source for pattern in patterns)}
    names: list[tuple[str, str]] = []
    for scheme in catalog.schemes if source is None else (source,):
        try:
            names += catalog.names(patterns, scheme)
        except SourceUnavailable as exc:
            if scheme in named:
                raise
            _note(f"{exc}; {exc.remedy}")
    if not names:
        _note("no model fits")
    if as_json:
        models = [{"ref": f"{scheme}:{name}", "source": scheme, "name": name} for scheme, name in names]
        say(json.dumps(models, indent=2))
    else:
        for scheme, name in names:
            say(_line(f"{scheme}:{name}"))
    return 0


@commands.command()
@click.argument("refs", nargs=-1, metavar="[REF]...")
@click.option(
    "--manifest",
    metavar="FILE",
    help="A TOML file that lists the models, or 'bundled' for reportgen's own. Without it and any REF: reportgen.toml, "
    "else pyproject.toml with a table [tool.reportgen].",
)
@_output_options
@click.option("--device", metavar="NAME", help="meta (the default), cpu, cuda, cuda:N, mps, xpu or auto.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="SPEC",
    callback=_or_none,
    help="[NAME=]SHAPE[:DTYPE[:LOW-HIGH]], say 2x3x224x224 or ids=2x128:int64:0-999. Repeatable, positional first. A "
    "dotted NAME leads into lists and dictionaries: images.0=3x320x320, targets.0.boxes=1x4:float32:[8,8,24,24].",
)
@click.option(
    "--dtype",
    metavar="NAME",
    help="Cast the built model, and float32 inputs, to float64, float32, float16 or bfloat16, as model.to(dtype) does.",
)
@click.option("--mode", metavar="MODE", help="train (the default) or eval.")
@click.option("--loss", metavar="NAME", help="sum, cross_entropy, none or python:package.module:function.")
@click.option(
    "--freeze",
    multiple=True,
    metavar="GLOB",
    callback=_or_none,
    help="Freeze the parameters of these names: 'layer1.*'. Repeatable.",
)
@click.option(
    "--audit",
    is_flag=True,
    default=None,
    help="Count everything again by independent means; 1 is the exit code if it differs.",
)
@click.option(
    "--measure",
    is_flag=True,
    default=None,
    help="Take seconds and peak memory too, on a real --device; they are never the same twice.",
)
@click.option(
    "--batch-scaling",
    is_flag=True,
    default=None,
    help="Tell how memory grows with the batch, from two more probes at larger ones.",
)
@click.option("--seed", type=int, metavar="N", help="Of every random generator; 0 is the default.")
@click.option(
    "--max-real-memory",
    type=float,
    metavar="GIB",
    help="What a run with real values may take, where meta is not enough; 8 is the default, 0 forbids such runs.",
)
@click.option(
    "--memory-limit",
    type=float,
    metavar="GIB",
    help="For each model on meta and cpu, on top of what the bare process takes. Default: a fair share.",
)
@click.option("--allow-network", "network", is_flag=True, help="Let models reach other machines.")
@click.option("--shard", metavar="I/N", help="Only the I-th of N shares of the models; see reportgen merge.")
@click.option("--fresh", is_flag=True, help="Build everything anew, also what has not changed since the last run.")
@click.option(
    "--executor",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where the work is done: on this machine, or on the Dask cluster of --scheduler.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster: tcp://host:8786.")
@_run_options
@_common
def build(refs: tuple[str, ...], quiet: bool, log: str | None, executor: str, **options: Any) -> int:
    """Report on models: build each, measure it, and write its report and the index of all."""
    if (executor == "dask") != (options["scheduler"] is not None):
        raise click.UsageError("--executor dask and --scheduler ADDRESS go together")
    from reportgen import api
    from reportgen.console import progress

    if not refs and options["manifest"] is None:
        found = options["manifest"] = api.find_manifest()
        if found is not None and not quiet and log != "-":
            _note(f"the models of {found}")
    with progress(quiet=quiet, log=log) as display:
        built = api.build(refs, progress=display, **options)
        _tell(built, display)
    return _summarize(built, quiet)


@commands.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="REPORT.json...")
@_output_options
@_run_options
@_common
def render(reports: tuple[Path, ...], quiet: bool, log: str | None, **options: Any) -> int:
    """Render saved reports anew. Needs no torch."""
    from reportgen import api
    from reportgen.console import progress

    with progress(quiet=quiet, log=log, builds=False) as display:
        built = api.render_saved(reports, progress=display, **options)
        _tell(built, display)
    _summarize(built, quiet)
    return 0 if built.rendered else 3  # what a report says is no failure to render it


@commands.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False), metavar="DIR...")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to.")
@_common
def merge(folders: tuple[Path, ...], output: Path) -> int:
    """Put the reports of several runs, the shards of one say, into one folder, with one index."""
    from reportgen import api

    count = api.merge(folders, output=output)
    say(f"{count} models: {output / 'index.html'}")
    return 0


@commands.group("manifest")
def manifests() -> None:
    """Check a manifest, the TOML file that lists what to build, or print its JSON Schema."""


@manifests.command("check")
@click.argument("file", required=False, metavar="[FILE]")
@_common
def check_manifest(file: str | None) -> int:
    """Tell how many models each entry of FILE means, or everything that is wrong with it.

    FILE is by default what build takes: reportgen.toml, else pyproject.toml with a table [tool.reportgen]. No model is
    built.
    """
    from reportgen import api

    checked = api.check_manifest(file)
    say(f"{checked.path}: {_count(len(checked.entries), 'entry', 'entries')}, {_count(checked.models, 'model')}")
    for number, each in enumerate(checked.entries, start=1):
        left_out = f", {each.excluded:,} left out" if each.excluded else ""
        say(f"  [[model]] {number} ({_line(each.entry.ref)}): {_count(len(each.models), 'model')}{left_out}")
    for pattern in checked.idle:
        _note(f"exclude {pattern!r} leaves out no model; take it out, or correct it")
    return 0


@manifests.command("schema")
@_common
def print_schema() -> int:
    """Print the JSON Schema of manifests, for editors."""
    from reportgen import manifest_schema

    say(manifest_schema.text().rstrip())
    return 0


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


@commands.command()
@click.argument("old")
@click.argument("new")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="LIST",
    callback=_comma_separated,
    help="Any of md, html, json, text, separated by commas. Default: text on the terminal; with -o md, html and json.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to. Default: standard output for one format, else reports.",
)
@click.option(
    "--fail-on",
    "rules",
    multiple=True,
    metavar="RULE",
    help="1 is the exit code where it holds: 'parameters > +1%', 'flops.forward > 4.2e9', 'gradients.none > 0', "
    "'checkpoint.incompatible', 'differs'. Repeatable.",
)
@click.option("--device", metavar="NAME", help="For references: meta (the default), cpu, cuda and so on.")
@click.option(
    "--input", "inputs", multiple=True, metavar="SPEC", callback=_or_none, help="For references, as in build."
)
@click.option("--mode", metavar="MODE", help="For references: train (the default) or eval.")
@click.option("--timeout", type=float, metavar="SECONDS", default=600.0, show_default="600", help="For each reference.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and broken rules.")
@_common
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
    from reportgen import comparing
    from reportgen.console import progress

    wanted = comparing.check_formats(formats or (("text",) if output is None else ("md", "html", "json")))
    if output is None and len(wanted) > 1:
        output = Path("reports")
    comparing.check_rules(rules)
    try:
        with progress(quiet=quiet or output is None) as watcher:
            sides = comparing.records((old, new), progress=watcher, **options)
    except ProbeError as exc:
        _complain(str(exc), exc.remedy)
        return UNREPORTED
    comparison = comparing.Comparison.of(comparing.diff(*sides), rules)
    if output is not None:
        files = comparison.write(output, wanted)
        if not quiet:
            say(f"{comparison.page().badge}: {', '.join(map(str, files))}")
    elif not quiet or wanted != ("text",):
        comparison.show(wanted[0])
    for complaint in comparison.complaints:
        say(f"reportgen: broken: {_line(complaint)}", error=True)
    return 1 if comparison.broken else 0


@commands.command()
@_common
def doctor() -> int:
    """Tell what works here: versions, devices, formats, fonts and sources."""
    from reportgen.doctor import examine

    checks = examine()
    width = max(len(check.name) for check in checks)
    for check in checks:
        say(f"{'ok' if check.ok else '--'}  {check.name:<{width}}  {_line(check.finding)}")
        if check.remedy is not None:
            say(f"    {'':<{width}}  remedy: {_line(check.remedy)}")
    return 0 if all(check.ok or not check.required for check in checks) else 1


def _tell(built: Build, display: Display) -> None:
    for note in built.notes:
        display.note(note)
    for problem in built.problems:
        display.error(problem)


def _summarize(built: Build, quiet: bool) -> int:
    if not quiet:
        complete = sum(outcome.ok for outcome in built.outcomes)
        where = built.output if built.problems else built.output / "index.html"
        say(f"{complete} of {len(built.outcomes)} complete: {where}")
    return built.exit_code
