"""``reportgen baseline write | check``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reportgen.cli.options import common, or_none, run_options
from reportgen.cli.telling import BROKEN, UNREPORTED, line, note, tell, tell_broken
from reportgen.saying import say

if TYPE_CHECKING:
    from reportgen.baseline import Held

F = TypeVar("F", bound=Callable[..., Any])


@click.group("baseline")
def baselines() -> None:
    """Keep the fingerprints and totals of models in a small file, and check that they are still as it says."""


def _models(function: F) -> F:
    """Which models, and how they are measured."""
    for option in (
        click.option("--mode", metavar="MODE", help="train (the default) or eval."),
        click.option(
            "--input", "inputs", multiple=True, metavar="SPEC", callback=or_none, help="What goes in, as in build."
        ),
        click.option("--device", metavar="NAME", help="meta (the default), cpu, cuda and so on."),
        click.option(
            "--manifest",
            metavar="FILE",
            help="A TOML file that lists the models. Without it and any REF: reportgen.toml, else pyproject.toml with "
            "a table [tool.reportgen].",
        ),
        click.argument("refs", nargs=-1, metavar="[REF]..."),
    ):
        function = option(function)
    return function


@baselines.command()
@_models
@click.option(
    "-o",
    "--output",
    "baseline",
    metavar="FILE",
    help="Where to. Default: what the manifest names, else reportgen.baseline.json.",
)
@run_options
@common
def write(**options: Any) -> int:
    """Write down what the models are. With REFs, what the file says of others stays.

    Tells how that differs from what the file said before.
    """
    from reportgen import baseline
    from reportgen.view.baseline import line as told
    from reportgen.view.numbers import plural

    held = _run(baseline.write, **options)
    for drift in held.drifts:
        if drift.loses or not options["quiet"]:
            note(told(drift))
    if not options["quiet"]:
        say(f"{plural(len(held.models), 'model')}: {line(str(held.path))}")
    return 0 if held.build.ok else UNREPORTED


@baselines.command()
@_models
@click.option(
    "--baseline", metavar="FILE", help="The file. Default: what the manifest names, else reportgen.baseline.json."
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="RULE",
    help="Fail where it holds of a model, 'parameters > +1%' or 'flops.forward > +0', not on every difference. "
    "Repeatable.",
)
@run_options
@common
def check(**options: Any) -> int:
    """Tell which models are not as the baseline says.

    One line each, and 1 is the exit code. With REFs, only these are looked at.
    """
    from reportgen import baseline
    from reportgen.view.baseline import line as told
    from reportgen.view.numbers import plural

    held, ruled = _run(baseline.check, **options), bool(options["fail_on"])
    for drift in held.drifts:
        if not ruled:
            say(f"reportgen: differs: {line(told(drift))}", error=True)
    tell_broken(held.broken)
    count = len(held.broken if ruled else held.drifts)
    if not options["quiet"]:
        same = "no rule is broken" if ruled else f"as {line(str(held.path))} says"
        other = plural(count, "broken rule") if ruled else plural(count, "difference")
        say(f"{plural(len(held.models), 'model')}: {other if count else same}")
    return BROKEN if count else 0


def _run(action: Callable[..., Held], *, quiet: bool, log: str | None, **options: Any) -> Held:
    """Builds the models, with what a run tells."""
    from reportgen import api
    from reportgen.console import progress

    if not options["refs"] and options["manifest"] is None:
        options["manifest"] = api.find_manifest()
    with progress(quiet=quiet, log=log) as display:
        held = action(progress=display, **options)
        tell(held.build, display)
    return held
