"""What GitHub Actions shows of a run: annotations, the summary of a step, outputs; each within its limits.

The limits are those of GitHub's documentation: 1 MiB for the summary of a step, 10 annotations of a kind for a step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Literal

from reportgen.render import markdown
from reportgen.render.text import display
from reportgen.view import names, numbers
from reportgen.view.checks import Check, Checks, build_checks
from reportgen.view.diff import build_diff

SUMMARY = 2**20  # bytes
ANNOTATIONS = 10
_LISTING = 300_000  # bytes of the summary for models in rows; what differs in them, part by part, has the rest

Level = Literal["error", "warning", "notice"]


def annotate(checks: Checks, most: int = ANNOTATIONS) -> str:
    """Workflow commands, a line each, the gravest first; where there are more, the last one says how many."""
    lines = [
        *_of_models("error", "failed", checks),
        *_of_models("error", "broken", checks),
        *_of_models("warning", "partial", checks),
        *_changes(checks),
    ]
    if len(lines) > most:
        more = numbers.plural(len(lines) - most + 1, "more remark")
        lines[most - 1 :] = [command("warning", f"{more}: see the summary of the step", title="Model reports")]
    return "".join(f"{line}\n" for line in lines)


def _of_models(level: Level, verdict: Literal["failed", "broken", "partial"], checks: Checks) -> Iterator[str]:
    for check in checks.having(verdict):
        said = {"failed": "no report", "broken": "broken rule", "partial": "not complete"}[verdict]
        yield command(level, "\n".join(check.complaints), title=f"{names.brief(check.name)}: {said}")


def _changes(checks: Checks) -> Iterator[str]:
    changed = [names.brief(check.name) for check in checks.changed]
    if changed:
        title = f"{numbers.plural(len(changed), 'model')} changed"
        yield command("notice", names.listing(changed), title=title)


def command(level: Level, message: str, *, title: str) -> str:
    """One workflow command, ``::error title=…::…``. No text in it can end it, or begin another one."""
    shown = display(message, multiline=True)
    return f"::{level} title={_property(display(title))}::{_data(shown)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def outputs(values: Mapping[str, str | int]) -> str:
    """Lines for the file of ``GITHUB_OUTPUT``. Each value stands between two marks that it cannot contain."""
    return "".join(_output(name, str(value)) for name, value in values.items())


def _output(name: str, value: str) -> str:
    mark = f"end-{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return f"{name}<<{mark}\n{value}\n{mark}\n"


def counts(checks: Checks) -> dict[str, int]:
    """What a workflow may want to decide by."""
    failed = len(checks.having("failed"))
    return {
        "models": len(checks.models),
        "failed": failed,
        "partial": sum(not check.complete for check in checks.models) - failed,
        "broken": sum(bool(check.broken) for check in checks.models),
        "changed": len(checks.changed) + len(checks.removed),
    }


def summary(checks: Checks, size: int = SUMMARY) -> str:
    """Markdown for the file of ``GITHUB_STEP_SUMMARY``, of at most ``size`` bytes.

    What is known to differ part by part folds away below the models, each with an equal share of what room is left;
    what that is not enough for is left out. Where there is no room for the models either, the text is empty.
    """
    text = markdown.fitted(build_checks(checks), min(_LISTING, size)).decode()
    if len(text.encode()) > size:
        return ""
    detailed = [check for check in checks.models if check.difference is not None]
    left = size - len(text.encode())
    for number, check in enumerate(detailed):
        folded = _folded(check, left // (len(detailed) - number))
        text += folded
        left -= len(folded.encode())
    return text


def _folded(check: Check, size: int) -> str:
    """What differs in one model, in at most ``size`` bytes; nothing where that is too little."""
    if check.difference is None:
        return ""
    head = f"\n<details>\n<summary>{escape(display(names.brief(check.name)))}: what differs</summary>\n\n"
    end = "\n</details>\n"
    room = size - len((head + end).encode())
    inside = markdown.fitted(build_diff(check.difference), max(room, 1)).decode()
    return head + inside + end if len(inside.encode()) <= room else ""
