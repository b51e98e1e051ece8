"""Lines for people that commands share, and what their exit codes mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reportgen.saying import say

if TYPE_CHECKING:
    from reportgen.built import Build
    from reportgen.console import Display

BROKEN = 1
USAGE = 2
UNREPORTED = 3
INTERRUPTED = 130  # 128 and the number of SIGINT; other signals that end a run likewise


def complain(cause: str, remedy: str | None) -> None:
    """An error: one line of cause, one of remedy."""
    say(f"reportgen: error: {line(cause)}", error=True)
    if remedy is not None:
        say(f"  remedy: {line(remedy)}", error=True)


def note(text: str) -> None:
    """A remark."""
    say(f"reportgen: note: {line(text)}", error=True)


def line(text: str) -> str:
    """One line, with nothing in it that could play tricks on a terminal."""
    from reportgen.render.text import one_line

    return one_line(text)


def tell(built: Build, display: Display) -> None:
    """Remarks on a run, and problems of the whole of it."""
    for note in built.notes:
        display.note(note)
    for problem in built.problems:
        display.error(problem)


def tell_broken(lines: Iterable[str]) -> None:
    """One line for each broken rule."""
    for told in lines:
        say(f"reportgen: broken: {line(told)}", error=True)


def summarize(built: Build, quiet: bool) -> int:
    """The last lines of a run: the rules that models break, and how many are complete; gives its exit code."""
    tell_broken(built.broken)
    if not quiet:
        complete = sum(outcome.ok for outcome in built.outcomes)
        where = built.output if built.problems else built.output / "index.html"
        say(f"{complete} of {len(built.outcomes)} complete: {where}")
    return built.exit_code
