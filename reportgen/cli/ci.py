"""``reportgen ci github | gitlab | junit``: a run, as systems for continuous integration show it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reportgen.cli.options import common
from reportgen.cli.telling import BROKEN, UNREPORTED, note
from reportgen.errors import WriteError
from reportgen.saying import say

if TYPE_CHECKING:
    from reportgen.view.checks import Checks

F = TypeVar("F", bound=Callable[..., Any])


@click.group("ci")
def surfaces() -> None:
    """Tell a system for continuous integration what a build left in a folder: what failed, broke a rule, changed.

    The exit code is 3 where models could not be reported completely, else 1 where a rule is broken.
    """


def _what(function: F) -> F:
    """Which run, and what it is held against."""
    for option in (
        click.option(
            "--fail-on",
            multiple=True,
            metavar="RULE",
            help="1 is the exit code where a model breaks it: 'flops.forward > 4.2e9', or with --against 'parameters > "
            "+1%'. Repeatable.",
        ),
        click.option(
            "--against",
            type=click.Path(path_type=Path, exists=True),
            metavar="DIR_OR_FILE",
            help="What the models were: a folder that a build left, or a baseline.",
        ),
        click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="DIR"),
    ):
        function = option(function)
    return function


@surfaces.command()
@_what
@common
def github(folder: Path, **options: Any) -> int:
    """For GitHub Actions: annotations on standard output, and the summary and outputs of the step.

    These go to the files that GITHUB_STEP_SUMMARY and GITHUB_OUTPUT name. action.yml does all of it.
    """
    from reportgen.release.github import SUMMARY, annotate, counts, outputs, summary

    checks = _checks(folder, **options)
    page, values = os.environ.get("GITHUB_STEP_SUMMARY"), os.environ.get("GITHUB_OUTPUT")
    if page:
        there = Path(page).stat().st_size if Path(page).exists() else 0
        text = summary(checks, SUMMARY - there)
        _append(Path(page), text)
        if not text:
            note("the summary of the step is full already, and says nothing of the models")
    if values:
        _append(Path(values), outputs({**counts(checks), "reports": str(folder)}))
    if not (page or values):
        note("not on GitHub: neither GITHUB_STEP_SUMMARY nor GITHUB_OUTPUT is set")
    told = annotate(checks)
    if told:
        say(told.removesuffix("\n"))
    return _exit_code(checks)


def _append(path: Path, text: str) -> None:
    """To a file that is the runner's own, with what other commands of the step wrote there."""
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as exc:
        raise WriteError(
            f"cannot write {path}: {exc.strerror or exc}", remedy="the runner names this file: see its log"
        ) from exc


@surfaces.command()
@_what
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="The folder to write to. Default: DIR."
)
@common
def gitlab(folder: Path, *, output: Path | None, **options: Any) -> int:
    """For GitLab: metrics.txt for artifacts:reports:metrics, and junit.xml for artifacts:reports:junit."""
    from reportgen.release.junit import junit as cases
    from reportgen.release.openmetrics import openmetrics
    from reportgen.write import write_file

    checks = _checks(folder, **options)
    for name, text in {"metrics.txt": openmetrics(checks), "junit.xml": cases(checks)}.items():
        write_file((output or folder) / name, text.encode())
    return _tell(checks)


@surfaces.command()
@_what
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: standard output.")
@common
def junit(folder: Path, *, output: Path | None, **options: Any) -> int:
    """JUnit XML, for any system: a test case a model, with broken rules as failures."""
    from reportgen.release.junit import junit as cases
    from reportgen.write import write_file

    checks = _checks(folder, **options)
    text = cases(checks)
    if output is None:
        say(text.removesuffix("\n"))
        return _exit_code(checks)
    write_file(output, text.encode())
    return _tell(checks)


def _checks(folder: Path, *, against: Path | None, fail_on: tuple[str, ...]) -> Checks:
    from reportgen import ci

    return ci.check(folder, against=against, fail_on=fail_on)


def _tell(checks: Checks) -> int:
    """A line for the log on each model that did not pass; gives the exit code."""
    from reportgen.cli.telling import tell_broken
    from reportgen.view.numbers import plural

    tell_broken(f"{check.name}: {line}" for check in checks.models for line in check.broken)
    passed = len(checks.having("passed"))
    say(f"{passed} of {plural(len(checks.models), 'model')} passed")
    return _exit_code(checks)


def _exit_code(checks: Checks) -> int:
    if not all(check.complete for check in checks.models):
        return UNREPORTED
    return BROKEN if checks.having("broken") else 0
